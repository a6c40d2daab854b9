"""Programs of others that tests run: found on this machine, or brought there by `make test`."""

import os
import re
import shutil
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest

from wedsync_realtime.embedded import install, place
from wedsync_realtime.errors import RunnerError

# Debian's packages by program. The first are unpacked beside the checkout's other files instead of
# installed: installing them would start a server of each, now and at every boot.
UNPACKED = {
    "promtool": "prometheus",
    "prometheus": "prometheus",
    "prometheus-postgres-exporter": "prometheus-postgres-exporter",
    "pgbouncer": "pgbouncer",
}
INSTALLED = {"chromium": "chromium"}
HEADLESS = "chromium-headless-shell"  # Chromium without its windows, at a third of the work
LIBRARIES = {"atomic": "libatomic1"}  # of the Node.js that Playwright brings
WRAPPER = """#!/bin/sh
export LD_LIBRARY_PATH={libraries}
exec {program} "$@"
"""


def find(name: str) -> str | None:
    """Return the path of a program, None where it is not here."""
    return _installed(name) or shutil.which(name, path=_folder() / "bin")


def program(name: str) -> str:
    """Return the path of a program; skip the test where it is not here."""
    path = find(name)
    if path is None:
        package = (UNPACKED | INSTALLED)[name]
        fix = f"`sudo apt-get install -y {package}`" if shutil.which("apt-get") else package
        pytest.skip(f"{name} is not on this machine; it comes with {fix}")
    return path


def bring(report: install.Report) -> None:
    """Get what is missing, as far as this user may; what stays missing is skipped."""
    can_unpack = shutil.which("apt-get") and shutil.which("dpkg-deb")
    if can_unpack and not all(map(find, UNPACKED)):
        # what was unpacked before is unpacked again: the folder is made as a whole
        _unpack(sorted({UNPACKED[name] for name in UNPACKED if not _installed(name)}), report)
    if packages := [*_browsers(), *missing_libraries()]:
        install.apt(packages, report)


def missing_libraries() -> list[str]:
    """Return the packages of the shared libraries that are not on this machine."""
    return [package for name, package in LIBRARIES.items() if not find_library(name)]


def _browsers() -> list[str]:
    """Return the packages to install for a browser, none where the one we want is here."""
    known: list[str] = []
    if shutil.which("apt-cache"):
        install.run(["apt-cache", "pkgnames", HEADLESS], lambda line: None, told=known.append)
    if HEADLESS in known:
        return [] if find(HEADLESS) else [HEADLESS]
    return [package for name, package in INSTALLED.items() if not find(name)]


def _installed(name: str) -> str | None:
    """Return the path of a program of this machine's own."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))


def _folder() -> Path:
    """Return where programs are unpacked."""
    return place.programs() / "test-tools"


def _unpack(packages: list[str], report: install.Report) -> None:
    place.make_programs()
    finished = _folder()
    folder = finished.with_suffix(".new")
    shutil.rmtree(folder, ignore_errors=True)
    lists = ["-o", f"Dir::State::Lists={folder}/lists", "-o", f"Dir::Cache={folder}/cache"]
    for part in ("debs", "bin", "lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    report(f"apt-get download {' '.join(packages)}, and unpack them into {finished} …")
    if not _download(packages, folder / "debs", [], lambda line: None):
        # the system's lists are missing or old, and only root may write them
        install.run(["apt-get", "-q", *lists, "update"], report)
        if not _download(packages, folder / "debs", lists, report):
            shutil.rmtree(folder)
            return
    for package in (folder / "debs").glob("*.deb"):
        install.run(["dpkg-deb", "-x", str(package), str(folder)], report)
    for part in ("debs", "lists", "cache"):
        shutil.rmtree(folder / part)
    libraries = os.pathsep.join(
        str(finished / path.relative_to(folder)) for path in folder.glob("usr/lib/*-linux-*")
    )
    for name in UNPACKED:
        for path in (*folder.glob(f"usr/bin/{name}"), *folder.glob(f"usr/sbin/{name}")):
            wrapper = folder / "bin" / name
            where = finished / path.relative_to(folder)
            wrapper.write_text(WRAPPER.format(libraries=libraries, program=where))
            wrapper.chmod(0o755)
    folder.chmod(0o755)
    shutil.rmtree(finished, ignore_errors=True)
    folder.rename(finished)


def _download(
    packages: list[str], folder: Path, options: list[str], report: install.Report
) -> bool:
    """Download packages with the shared libraries that they need; tell whether it succeeded."""
    simulate = ["apt-get", *options, "--simulate", "--no-install-recommends", "install", *packages]
    printed = subprocess.run(simulate, check=False, capture_output=True, text=True).stdout
    libraries = re.findall(r"^Inst (lib(?!js-)\S+)", printed, re.MULTILINE)
    command = ["apt-get", "-q", *options, "download", *dict.fromkeys([*packages, *libraries])]
    return install.run(command, report, folder)


if __name__ == "__main__":
    try:
        bring(lambda line: print(line, file=sys.stderr, flush=True))
    except (RunnerError, OSError) as error:  # the tests that want them are skipped
        print(error, file=sys.stderr)
