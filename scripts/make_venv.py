"""Make the virtual environment with this package, and say what is wrong where that fails.

Runs on Python 3.7 too, so that an old one gets a message and no syntax error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)


# pip names no versions of what it could not ask for
UNREACHED = ("Retrying (", "NewConnectionError", "(from versions: none)", "timed out")


def main(folder: Path, *extras: str) -> None:
    """Install the package, with what extras need, in an environment that is made if need be.

    Exits with a message where that fails.
    """
    make(folder)
    package = f".[{','.join(extras)}]" if extras else "."
    pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--disable-pip-version-check"]
    done = subprocess.run(
        # what is imported is compiled then, which is the smaller part of it
        [*pip, "--quiet", "--no-compile", "--editable", package],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode == 0:
        return
    said = done.stdout.decode(errors="replace")
    if any(word in said for word in UNREACHED):
        sys.exit(
            f"error: pip did not reach the package index, so that {package} is not installed.\n"
            "fix: connect to the network, or set HTTPS_PROXY or PIP_INDEX_URL, then run make again."
        )
    lines = [line.strip() for line in said.splitlines() if "error" in line.lower()]
    sys.exit(
        "\n".join([f"error: pip could not install {package}:", *(lines or [said])[-5:]])
        + "\nfix: correct what it says, then run make again."
    )


def make(folder: Path) -> None:
    """Make the environment in a folder, unless it is there; exit with a message otherwise."""
    python = newest_python()
    if python is None:
        sys.exit(
            f"error: this is Python {sys.version.split()[0]}; 3.11 or newer is needed.\n"
            "fix: install it, then run make PYTHON=/path/to/python3.11."
        )
    inside = str(folder / "bin" / "python")
    if os.pathsep in str(folder.resolve()):
        sys.exit(
            f"error: the path {folder.resolve()} holds a '{os.pathsep}', which separates the "
            "folders of PATH: no virtual environment can stand there.\n"
            "fix: move the checkout to a folder without one, then run make again."
        )
    if run(inside, "-m", "pip", "--version"):  # a system upgrade may have broken it
        return
    closed = folder if folder.exists() else folder.resolve().parent
    if not os.access(closed, os.W_OK):
        sys.exit(
            f"error: you may not write into {closed.resolve()}, where the virtual environment "
            "stands.\n"
            "fix: run make as its owner, or in a clone of your own."
        )
    create = [python, "-m", "venv", "--clear", str(folder)]
    if run(*create) or (install_venv(python) and run(*create)):
        return
    if run(*create, "--without-pip") and (
        # another Python's pip, or one that anybody may download and unpack
        run(python, "-m", "pip", "--python", inside, "install", "pip")
        or unpack_pip(folder / "apt", inside)
    ):
        return
    sys.exit(
        f"error: {python} cannot make a virtual environment: its venv module is incomplete.\n"
        f"fix: sudo apt-get install -y {venv_package(python)}, then run make again."
    )


def newest_python() -> str | None:
    """Return this Python if it is new enough, else one that stands beside it under its number."""
    if sys.version_info >= OLDEST:
        return sys.executable
    for minor in range(14, OLDEST[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return found
    return None


def install_venv(python: str) -> bool:
    """Install Debian's package for venv, if we may."""
    prefix = ["env"] if os.geteuid() == 0 else ["sudo", "-n", "env"]
    apt = [*prefix, "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    if not run(*apt, "--version"):
        return False
    package = venv_package(python)
    print(f"apt-get install {package} …", file=sys.stderr)
    install = [*apt, "-y", "--no-install-recommends", "install", package]
    return run(*install) or (run(*apt, "update") and run(*install))


def unpack_pip(folder: Path, python: str) -> bool:
    """Install pip for a Python with the pip of a Debian package, unpacked in a folder."""
    print("apt-get download python3-pip-whl …", file=sys.stderr)
    for part in ("lists/partial", "cache/archives/partial"):
        (folder / part).mkdir(parents=True)
    state = folder.resolve()
    apt = ["apt-get", "-q", "-o", f"Dir::State::Lists={state}/lists"]
    apt += ["-o", f"Dir::Cache={state}/cache"]
    run(*apt, "update")
    run(*apt, "download", "python3-pip-whl", folder=folder)
    for package in folder.glob("*.deb"):
        run("dpkg-deb", "-x", str(package), str(folder))
    wheels = list(folder.glob("usr/share/python-wheels/pip-*.whl"))
    done = bool(wheels) and run(python, f"{wheels[0]}/pip", "install", "pip")
    shutil.rmtree(folder)
    return done


def venv_package(python: str) -> str:
    """Return the name of Debian's package that makes venv complete."""
    name = "import sys; print(f'python3.{sys.version_info[1]}-venv')"
    return subprocess.check_output([python, "-c", name]).decode().strip()


def run(*command: str, folder: Path | None = None) -> bool:
    """Run a command in a folder without showing its output; tell whether it succeeded."""
    try:
        done = subprocess.run(
            command, check=False, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except OSError:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
