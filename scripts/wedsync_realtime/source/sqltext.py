"""Find statements and lines in SQL text, to say where something went wrong."""

import re
from functools import lru_cache

_TOKEN = re.compile(
    r"""
      (?P<space> \s+ | --[^\n]* | /\*.*?\*/ )
    | (?P<quoted> (?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag)
        | [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" )
    | (?P<word> [^\W\d][\w$]* )
    | (?P<end> ; )
    | .
    """,
    re.VERBOSE | re.DOTALL,
)
_INLINE_BLOCK_LINE = re.compile(r"function inline_code_block line (\d+) at")


@lru_cache(maxsize=1024)  # a program may deploy the same files more than once
def statements(text: str) -> tuple[tuple[int, str], ...]:
    """Return the offset and the first word, in lower case, of every statement."""
    found: list[tuple[int, str]] = []
    inside = False
    depth = 0  # of begin atomic … end, where semicolons separate nothing
    previous = ""
    for token in _TOKEN.finditer(text):
        if token["space"]:
            continue
        word = token[0].lower()
        if token["end"]:
            inside = inside and depth > 0
        elif not inside:
            found.append((token.start(), word))
            inside = True
        elif (previous, word) == ("begin", "atomic") or (depth and word == "case"):
            depth += 1
        elif depth and word == "end":
            depth -= 1
        previous = word
    return tuple(found)


def is_ended(text: str) -> bool:
    """Tell whether the last statement has its semicolon; true where there is no statement."""
    last = None
    for token in _TOKEN.finditer(text):
        if not token["space"]:
            last = token
    return last is None or last["end"] is not None


def line_at(text: str, offset: int) -> int:
    """Return the line, from 1, that holds the character at offset."""
    return text.count("\n", 0, offset) + 1


def error_line(
    text: str,
    completed: int,
    position: str | None = None,
    internal: tuple[str | None, str | None] = (None, None),
    context: str | None = None,
) -> int:
    """Return the line, from 1, of an error that the server reported for a script.

    completed: statements that had succeeded.
    position: the error's character in the script, from 1.
    internal: the error's character, from 1, in a query of its own, and that query's text.
    context: the server's call stack.
    Source: PostgreSQL, "Error and Notice Message Fields".
    """
    if position:
        return line_at(text, int(position) - 1)
    internal_position, internal_query = internal
    if internal_position and internal_query and internal_query in text:
        return line_at(text, text.index(internal_query) + int(internal_position) - 1)
    starts = [offset for offset, _ in statements(text)]
    start = starts[min(completed, len(starts) - 1)] if starts else 0
    block = _INLINE_BLOCK_LINE.search(context or "")
    if block:
        for token in _TOKEN.finditer(text, start):
            if token["tag"]:
                return line_at(text, token.start()) + int(block[1]) - 1
    return line_at(text, start)
