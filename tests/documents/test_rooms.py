"""The map of functions/ is true, and calls go down it; that of tests/ names every folder."""

import re

from tests.documents.rooms import calls
from tests.support.documents import ROOT, page
from wedsync_realtime.source.scripts import default_root

ROW = re.compile(r"^\| `(\w+)/` \|.*\| (.*) \|$", re.MULTILINE)
CODE = re.compile(r"`(\w+)`")


def rooms_on_the_map() -> dict[str, set[str]]:
    """Return the rooms from the top down, with what the map says that they call."""
    text = (default_root() / "functions/README.md").read_text()
    return {room: set(CODE.findall(called)) for room, called in ROW.findall(text)}


def test_map_names_each_room_and_what_it_calls() -> None:
    assert rooms_on_the_map() == {room: set(to) for room, to in calls(default_root()).items()}


def test_rooms_call_downwards() -> None:
    floors = list(rooms_on_the_map())
    upwards = [
        f"{room}/ stands below {to}/ and calls it: {', '.join(sorted(how))}"
        for room, called in calls(default_root()).items()
        for to, how in called.items()
        if floors.index(to) < floors.index(room)
    ]
    assert not upwards


def test_walks_name_functions() -> None:
    root = default_root() / "functions"
    named = re.findall(r"`(\w+/\w+)`", (root / "README.md").read_text())
    assert not [name for name in named if not (root / f"{name}.sql").exists()]


def test_page_of_the_tests_names_each_folder() -> None:
    files = (ROOT / "tests").rglob("[!_]*.*")
    folders = {file.parent.name for file in files if file.suffix != ".pyc"} - {"tests"}
    assert not [name for name in folders if f"`{name}/" not in page("tests/README.md")]
