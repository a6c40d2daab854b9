"""The page's script: its TypeScript, the client and nats-core, made one file by esbuild."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from wedsync_realtime.demo import modules
from wedsync_realtime.embedded import place
from wedsync_realtime.errors import RunnerError

STATIC = Path(__file__).parent / "static"
PACKAGES = {"@nats-io/nats-core": "3.4.0", "esbuild": "0.28.2"}


def build(client: str, packages: Path) -> bytes:
    """Return the script. client: the printed realtime.ts. packages: their folder.

    Raises RunnerError.
    """
    (esbuild,) = packages.glob("@esbuild/*/bin/esbuild")  # a program that needs no Node
    with TemporaryDirectory(prefix="wedsync-page-") as folder:
        for file in STATIC.glob("*.ts"):
            shutil.copy(file, folder)
        Path(folder, "realtime.ts").write_text(client)
        done = subprocess.run(
            [esbuild, "page.ts", "--bundle", "--format=esm", "--target=es2022"],
            check=False,
            cwd=folder,
            env=os.environ | {"NODE_PATH": str(packages)},
            capture_output=True,
        )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip()
        raise RunnerError(f"The page cannot be built: {said}", "Correct what esbuild says.")
    return done.stdout


def packages(report: Callable[[str], None]) -> Path:
    """Return the folder with the packages; raises NoNodeError."""
    home = place.default_home()
    place.make_home(home)
    wanted = json.dumps({"private": True, "dependencies": PACKAGES})
    return modules.installed(wanted, home / "page", report)
