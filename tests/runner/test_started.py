"""What is printed to be run, runs as it stands, in whichever way we were started."""

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import ROOT, page
from wedsync_realtime import started
from wedsync_realtime.entry import commands
from wedsync_realtime.errors import MissingToolError, RunnerError

PACKAGE = ROOT / "scripts" / "wedsync_realtime"
MAKEFILE = page("Makefile")
TARGETS = set(re.findall(r"^([a-z-]+):.*##", MAKEFILE, re.MULTILINE))
COMMANDS = TARGETS - {"help", "wheel", "test", "test-all", "lint", "fmt"}
QUOTED = re.compile(r"`([^`]*)`")
MAKE = re.compile(r"\bmake ([a-z-]+)((?: [A-Z]+=[^\s`'),.;]+)*)")

# What is put together when it is printed, and by which test it is run or read.
COMPUTED = {
    "{command}": "tests/embedded/test_machine.py",
    "{steps.statement}": "tests/deployment/test_rollback.py",
    "grant {ROLE} to {user}": "tests/dashboard/test_reader.py",
    "{program()} relay --print-config": "tests/relay/test_start.py",
    "{f'make {target or name}' if is_checkout() else install_command(extra)}": __file__,
}
NO_COMMAND = {"create index concurrently if not exists", "{word}"}  # names of what is forbidden


def texts(file: Path) -> Iterator[str]:
    """Yield the texts of a module that are no docstrings, with what is computed in braces."""
    tree = ast.parse(file.read_text())
    parts: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr):
                parts.add(id(first.value))
        if isinstance(node, ast.JoinedStr):
            parts.update(id(value) for value in node.values)
            yield "".join(
                str(value.value)
                if isinstance(value, ast.Constant)
                else f"{{{ast.unparse(value.value)}}}"  # type: ignore[attr-defined]
                for value in node.values
            )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts:
            yield node.value


def told() -> dict[str, list[str]]:
    """Return all texts that may be printed, by the file that they stand in."""
    found = {str(file): list(texts(file)) for file in sorted(PACKAGE.rglob("*.py"))}
    for file in sorted((ROOT / "functions").rglob("*.sql")):
        code = re.sub(r"^\s*--.*$", "", file.read_text(), flags=re.MULTILINE)
        # neighbouring literals are one text
        found[str(file)] = [re.sub(r"'\s*\n\s*'", "", code)]
    return found


def test_what_stands_in_backticks_is_a_command() -> None:
    quoted = [
        (file, each)
        for file, all_ in told().items()
        for text in all_
        for each in QUOTED.findall(text)
    ]
    assert len(quoted) > 10
    for file, each in quoted:
        assert not re.search(r"<[^>]*>|…", each), f"{file}: `{each}` is to be filled in"
        is_make = re.fullmatch(MAKE, each)
        assert is_make or each in COMPUTED or each in NO_COMMAND, f"{file}: `{each}`"


def test_make_is_told_of_targets_and_variables_that_there_are() -> None:
    for file, all_ in told().items():
        for text in all_:
            for target, variables in MAKE.findall(text):
                assert target in TARGETS or not variables, f"{file}: make {target}"
                recipe = MAKEFILE.partition(f"\n{target}:")[2].partition("\n\n")[0]
                for variable in variables.split():
                    assert f"$({variable.partition('=')[0]})" in recipe, f"{file}: {variable}"


def test_every_command_of_the_makefile_is_translated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    for target in COMMANDS:
        assert started.as_started(f"Run make {target}.") == f"Run wedsync-realtime {target}."


@pytest.mark.parametrize(
    ("text", "translated"),
    [
        ("keep make maintain EVERY=60 running.", "keep {} maintain --every 60 running."),
        ("pass --yes (make clean YES=1).", "pass --yes ({} clean --yes)."),
        ("then `make rollback TO=0008 YES=1`", "then `{} rollback --to 0008 --yes`"),
        ("make it the same", "make it the same"),
    ],
)
def test_elsewhere_commands_go_by_the_programs_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, translated: str
) -> None:
    monkeypatch.chdir(ROOT)
    assert started.as_started(text) == text
    monkeypatch.chdir(tmp_path)
    assert started.as_started(text) == translated.format("wedsync-realtime")
    # as it was called, where PATH has another or none
    program = tmp_path / "bin" / "wedsync-realtime"
    monkeypatch.setattr(sys, "argv", [str(program), "status"])
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert started.as_started(text) == translated.format(program)
    monkeypatch.setattr(shutil, "which", lambda name: str(program))
    assert started.as_started(text) == translated.format("wedsync-realtime")
    monkeypatch.setattr(sys, "argv", ["/x/wedsync_realtime/__main__.py"])
    assert started.as_started(text) == translated.format(f"{sys.executable} -m wedsync_realtime")


def test_translated_commands_are_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    for text in ("make maintain EVERY=60", "make clean YES=1", "make rollback TO=0008 YES=1"):
        words = started.as_started(text).split()
        assert commands._parser().parse_args(words[1:])


def test_fix_is_told_as_we_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert RunnerError("", "Run `make migrate`.").fix == "Run `wedsync-realtime migrate`."
    fix = MissingToolError("top", "textual").fix
    assert fix.startswith(f"Run `{sys.executable} -m pip install ")
    assert "textual" in fix
    monkeypatch.chdir(ROOT)
    assert MissingToolError("top", "textual").fix == "Run `make top`."


def test_folder_that_is_gone_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert started.as_started("make migrate") == "wedsync-realtime migrate"
