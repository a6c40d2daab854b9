"""npm, this machine's or the one that pip put beside Python, and what it installs."""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from wedsync_realtime.embedded.install import Report, run

# a second retry would come a minute later
_OPTIONS = [
    "--no-audit", "--no-fund", "--no-package-lock", "--no-save", "--no-update-notifier",
    "--ignore-scripts", "--loglevel=error", "--fetch-retries=1",
]  # fmt: skip
_PREFIXES = ("npm error", "npm ERR!")
_UNTOLD = ("code ", "errno ", "syscall ", "A complete log", "network This is", "network In most")


def search_path() -> str:
    """Return PATH with what pip put beside Python: npm and its packages look for node there."""
    return os.pathsep.join([os.environ.get("PATH", ""), str(Path(sys.executable).parent)])


def npm() -> str | None:
    """Return the path of npm, None where it is not here."""
    return shutil.which("npm", path=search_path())


def install(program: str, folder: Path, report: Report, packages: Sequence[str] = ()) -> str | None:
    """Install packages in a folder with npm, those of its package.json if none are named.

    Their scripts are not run. Returns in a line why it failed, None if it did not.
    """
    options = [*_OPTIONS, f"--prefix={folder}"]
    said: list[str] = []
    command = ["env", f"PATH={search_path()}", program, "install", *options, *packages]
    if run(command, lambda line: None, folder, said.append):
        return None
    return _reason(said) + _advice(said)


def _reason(said: Sequence[str]) -> str:
    """Return why npm failed, of all that it said."""
    for prefix in _PREFIXES:
        for line in said:
            told = line.removeprefix(prefix).strip()
            if line.startswith(prefix) and told and not told.startswith(_UNTOLD):
                return told.rstrip(".")
    return next((line for line in reversed(said) if line), "npm said nothing").rstrip(".")


def _advice(said: Sequence[str]) -> str:
    is_untrusted = any("CERT" in line or "certificate" in line for line in said)
    return " (NODE_EXTRA_CA_CERTS names the file of an authority of your own)" * is_untrusted
