"""The wheel: everything inside, and it deploys from any folder, on every Python that is here."""

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.deployment.conftest import values
from tests.deployment.dump import schema
from wedsync_realtime import __version__
from wedsync_realtime.source.scripts import default_root, discover

ROOT = Path(__file__).parents[2]
PIP = [sys.executable, "-m", "pip"]
COMMANDS = (
    *("migrate", "plan", "status", "verify", "baseline", "rollback", "uninstall", "maintain"),
    *("up", "stop", "clean", "psql", "bundle", "metrics", "demo", "listen", "bench"),
    *("dashboard", "top"),
)
# Each in a fork of a process that has imported what all of them do.
FORKS = """
import os, sys
from wedsync_realtime.entry.cli import main
for command in sys.argv[1:]:
    if os.fork() == 0:
        sys.exit(main(command.split()))
    assert os.wait()[1] == 0, command
"""


def find_python(minor: int) -> str:
    """Return an interpreter that can make environments; skip the test where there is none."""
    own = [str(folder) for folder in Path.home().glob(".pyenv/versions/*/bin")]
    for folder in [str(Path(sys.base_prefix) / "bin"), *os.environ["PATH"].split(os.pathsep), *own]:
        program = shutil.which(f"python3.{minor}", path=folder)
        command = [program or "", "-c", "import venv"]
        if program and subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return program
    pytest.skip(f"Python 3.{minor} is not on this machine")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    done = subprocess.run(
        [*PIP, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", folder, ROOT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return Path(wheel)


def test_wheel_holds_everything_and_nothing_else(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for script in discover(ROOT):
        assert f"wedsync_realtime/sql/{script.path}" in names
    for file in (ROOT / "scripts/wedsync_realtime").rglob("*"):
        if file.suffix in (".py", ".sql"):
            assert file.relative_to(ROOT / "scripts").as_posix() in names
    folders = {name.split("/")[0] for name in names}
    assert folders == {"wedsync_realtime", f"wedsync_realtime-{__version__}.dist-info"}
    metadata = zipfile.ZipFile(wheel).read(
        f"wedsync_realtime-{__version__}.dist-info/METADATA"
    ).decode()  # fmt: skip
    assert re.search(r"^Requires-Python: >=3\.11$", metadata, re.MULTILINE)


def test_checkout_is_the_source_of_both() -> None:
    assert default_root() == ROOT


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("minor", range(11, 15))
def test_wheel_deploys_from_any_folder(
    wheel: Path, minor: int, tmp_path: Path, deployed_schema: list[str], empty_database: str
) -> None:
    if minor != sys.version_info[1] and not os.environ.get("WEDSYNC_LONG"):
        pytest.skip("WEDSYNC_LONG=1 tries the other Pythons too")
    new = [find_python(minor), "-m", "venv", "--without-pip", str(tmp_path / "venv")]
    subprocess.run(new, check=True)
    bin_folder = tmp_path / "venv" / "bin"
    # what is never imported need not be compiled
    pip = [*PIP, "--python", f"{bin_folder}/python", "install", "--quiet", "--no-compile"]
    installed = subprocess.run([*pip, wheel], capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    environment = {
        "DATABASE_URL": empty_database,
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }

    def run(*arguments: str, program: str = "wedsync-realtime", code: int = 0) -> str:
        done = subprocess.run(
            [bin_folder / program, *arguments],
            cwd=elsewhere, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    assert run("--version").strip() == __version__

    def run_all(*commands: str) -> str:
        return run("-c", FORKS, *commands, program="python")

    help_text, help_texts = run("--help"), run_all(*(f"{name} --help" for name in COMMANDS))
    for command in COMMANDS:
        assert re.search(rf"^ +{command} ", help_text, re.MULTILINE), command
        assert f"usage: wedsync-realtime {command} " in help_texts
    fix = json.loads(run("dashboard", "--json", code=1))["fix"]
    assert fix.startswith(f"Run `{bin_folder}/python")
    assert " -m pip install 'starlette" in fix
    program = f"{bin_folder}/wedsync-realtime"
    assert json.loads(run("maintain", "--json", code=1))["fix"] == f"Run `{program} migrate`."
    run("plan", code=3)
    run("migrate")
    assert schema(empty_database) == deployed_schema
    told = run_all("migrate", "plan --json", "status --json", "verify --json", "maintain --json")
    assert "nothing to do" in told
    assert values(empty_database, "select version from wedsync_realtime.deployments") == [
        __version__
    ]
    run("uninstall", "--yes")
    assert list(elsewhere.iterdir()) == []
