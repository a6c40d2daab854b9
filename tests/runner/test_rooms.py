"""The rooms of the Python package import downwards only, as the map in scripts/README.md says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documents import ROOT, page
from wedsync_realtime.entry.cli import TOOLS

PACKAGE = ROOT / "scripts" / "wedsync_realtime"
NAME = PACKAGE.name
ROW = re.compile(r"^\| `(\w+)` \|.*\|(.*)\|$", re.MULTILINE)
# any room may raise errors, and name commands, so that the map leaves both out
BOTTOM = {"errors", "started"}
OPEN = "listener"  # docs/clients.md has programs import from it


def room_of(file: Path) -> str:
    """Return the room of a module: its folder, the first of several."""
    first = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return {"__main__": "entry"}.get(first, first)


def imported(tree: ast.Module) -> Iterator[str]:
    """Yield the rooms that a module imports from, those it imports by a variable name too."""
    for node in ast.walk(tree):
        names = []
        match node:
            case ast.Import():
                names = [name.name for name in node.names]
            case ast.ImportFrom():
                assert not node.level, "a relative import"
                names = [f"{node.module}.{name.name}" for name in node.names]
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module")):
                assert ast.unparse(node.args[0]) == f"f'{NAME}.{{folder}}.main'"
                yield from (folder for folder, _ in TOOLS.values())
        for name in names:
            package, _, rest = name.partition(".")
            if package == NAME and rest != "__version__":
                yield rest.partition(".")[0]


def imports() -> dict[str, set[str]]:
    """Return for every room the other rooms that it imports from."""
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        if file != PACKAGE / "__init__.py":
            room = room_of(file)
            found.setdefault(room, set()).update(imported(ast.parse(file.read_bytes())))
            found[room].discard(room)
    return found


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    """Read the map: every room, top down, and the rooms it imports from."""
    found = ROW.findall(page("scripts/README.md"))
    assert len(found) == len(dict(found))
    return {room: re.findall(r"`(\w+)`", cell) for room, cell in found}


def test_map_names_every_room(rows: dict[str, list[str]]) -> None:
    assert rows.keys() == imports().keys()


def test_map_says_what_a_room_imports_from(rows: dict[str, list[str]]) -> None:
    assert {room: set(below) for room, below in rows.items()} == {
        room: below - BOTTOM for room, below in imports().items()
    }


def test_no_room_imports_upwards(rows: dict[str, list[str]]) -> None:
    order = list(rows)
    upwards = [
        f"{room} imports from {other}"
        for room, others in imports().items()
        for other in others
        if order.index(other) <= order.index(room)
    ]
    assert not upwards


def test_opening_of_a_room_says_what_it_is_for_and_no_more() -> None:
    for file in PACKAGE.glob("*/__init__.py"):
        tree = ast.parse(file.read_bytes())
        assert ast.get_docstring(tree), file
        assert len(tree.body) == 1 or file.parent.name == OPEN, file


def test_package_itself_imports_nothing() -> None:
    tree = ast.parse((PACKAGE / "__init__.py").read_bytes())
    assert not list(imported(tree))
