"""Read what a migration says about undoing it."""

import re
from dataclasses import dataclass

_UNDO = re.compile(r"^-- Undo:\s*(?P<text>.*?\))\.?\s*$", re.MULTILINE | re.DOTALL)
_PARTS = re.compile(
    r"(?P<statement>[^(].*?)\s*\((?P<loss>[^()]*(?:\([^()]*\)[^()]*)*)\)", re.DOTALL
)
_SQL = re.compile(
    r"(alter|create|delete|drop|grant|insert|revoke|truncate|update)\s", re.IGNORECASE
)


@dataclass(frozen=True)
class Undo:
    """How a migration is undone.

    statement: SQL, or None where it cannot be undone by itself. loss: what goes with it.
    """

    statement: str | None
    loss: str


def header(text: str) -> str | None:
    """Return what stands after `-- Undo:` in the opening comment of a migration, on one line."""
    comment = re.match(r"(?:--[^\n]*\n)*", text)
    found = _UNDO.search(comment[0] if comment else "")
    if not found:
        return None
    return re.sub(r"\s*\n--\s*", " ", found["text"]).strip()


def parse(said: str | None) -> Undo:
    """Return statement and loss of a text `<statements> (<what is lost>)`."""
    parts = _PARTS.fullmatch(said or "")
    if not parts:
        return Undo(None, "unknown")
    statement = parts["statement"].strip()
    return Undo(statement if _SQL.match(statement) else None, parts["loss"])
