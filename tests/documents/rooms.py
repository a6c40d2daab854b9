"""Read from the files of functions/ which room calls which."""

import re
from collections import defaultdict
from pathlib import Path

from wedsync_realtime.source.scripts import Kind, discover

# Comments; quoted text, which is advice, unless it wires a trigger; and what follows a body.
_COMMENT = re.compile(r"--.*")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_AFTER = re.compile(r"^(?:comment on|revoke|grant)\b.*?;\s*$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"\b(?:public|wedsync_realtime)\.([a-z_0-9]+)\b")


def calls(root: Path) -> dict[str, dict[str, set[str]]]:
    """Return for each room the rooms that its functions and views call, and by what calls.

    root: of the package.
    """
    scripts = [each for each in discover(root) if each.kind in (Kind.FUNCTION, Kind.VIEW)]
    rooms = {Path(each.path).stem: Path(each.path).parts[1] for each in scripts}
    found: dict[str, dict[str, set[str]]] = {room: defaultdict(set) for room in rooms.values()}
    for script in scripts:
        caller = Path(script.path).stem
        text = _AFTER.sub("", _COMMENT.sub("", script.text))
        for name in _NAME.findall(_QUOTED.sub(_wiring, text)):
            if rooms.get(name, rooms[caller]) != rooms[caller]:
                found[rooms[caller]][rooms[name]].add(f"{caller} calls {name}")
    return found


def _wiring(quoted: re.Match[str]) -> str:
    return quoted[0] if "execute function" in quoted[0] else "''"
