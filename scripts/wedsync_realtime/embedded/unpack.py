"""Unpack Debian's server packages into a folder, for tests by users who may not install any."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from wedsync_realtime.embedded.binaries import Server, inspect
from wedsync_realtime.embedded.install import Report, newest_major, package_names, run

_TOO_LARGE = ("libllvm", "libz3")  # for just-in-time compilation, which the tests can do without


def server(folder: Path, extensions: Sequence[str], report: Report) -> Server | None:
    """Return the server in a folder, unpacked there if need be; None where that is not possible.

    extensions: the last parts of the packages' names, such as `cron`.
    Sets LD_LIBRARY_PATH to the libraries that came along.
    """
    if not _bindirs(folder):
        if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
            return None
        unfinished = folder.with_suffix(".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        if not _unpack(unfinished, extensions, report):
            shutil.rmtree(unfinished, ignore_errors=True)
            return None
        unfinished.rename(folder)
    libraries = [str(path) for path in folder.glob("usr/lib/*-linux-*")]
    if libraries:
        os.environ["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)
    return inspect(_bindirs(folder)[0])


def _bindirs(folder: Path) -> list[Path]:
    return list(folder.glob("usr/lib/postgresql/*/bin"))


def _unpack(folder: Path, extensions: Sequence[str], report: Report) -> bool:
    downloads = folder / "apt"
    for part in ("lists/partial", "cache/archives/partial"):
        (downloads / part).mkdir(parents=True)
    options = ["-o", f"Dir::State::Lists={downloads}/lists", "-o", f"Dir::Cache={downloads}/cache"]
    report("apt-get update, into a folder of our own …")
    if not run(["apt-get", "-q", *options, "update"], report):
        return False
    major = newest_major(extensions, options=options)
    if major is None:
        return False
    packages = package_names(major, extensions)
    packages = [*packages, f"postgresql-client-{major}"]
    packages = list(dict.fromkeys([*packages, *_missing_packages(packages, options)]))
    report(f"apt-get download {' '.join(packages)} …")
    download = ["apt-get", "-q", *options, "download", *packages]
    if not run(download, report, folder=downloads):
        return False
    for package in downloads.glob("*.deb"):
        if not run(["dpkg-deb", "-x", str(package), str(folder)], report):
            return False
    for library in folder.glob("usr/lib/postgresql/*/lib/llvmjit*.so"):
        library.unlink()
    shutil.rmtree(downloads)
    return True


def _missing_packages(packages: Sequence[str], options: Sequence[str]) -> list[str]:
    simulate = ["apt-get", *options, "--simulate", "--no-install-recommends", "install", *packages]
    printed = subprocess.run(simulate, check=False, capture_output=True, text=True).stdout
    names = re.findall(r"^Inst (\S+)", printed, re.MULTILINE)
    return [name for name in names if not name.startswith(_TOO_LARGE)]
