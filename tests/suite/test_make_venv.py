"""The script that makes the virtual environment says what is wrong where it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "make_venv.py"


def test_path_with_a_colon_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    done = subprocess.run(
        [sys.executable, SCRIPT, ".venv"], check=False, cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert f"the path {folder}/.venv holds a ':'" in done.stderr
    assert "move the checkout" in done.stderr
    assert "python3-venv" not in done.stderr
    assert not list(folder.iterdir())


def test_folder_that_may_not_be_written_is_named() -> None:
    is_root = os.geteuid() == 0
    with TemporaryDirectory(dir="/var/tmp") as place:  # which others may enter
        script, folder = Path(shutil.copy(SCRIPT, place)), Path(place) / "checkout"
        folder.mkdir(mode=0o555)
        Path(place).chmod(0o755)
        done = subprocess.run(
            ["/usr/bin/python3" if is_root else sys.executable, script, ".venv"],
            check=False, cwd=folder, capture_output=True, text=True,
            user=65534 if is_root else None,
        )  # fmt: skip
    assert done.returncode == 1
    error, fix = done.stderr.splitlines()
    assert error.startswith(f"error: you may not write into {folder}, where")
    assert "a clone of your own" in fix


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with what pip looks into, where the environment is made once."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(SCRIPT.parents[1] / name, folder)
    return folder


@pytest.mark.parametrize("retries", ["0", "1"])
def test_without_a_network_the_fix_is_named_and_pip_is_silent(checkout: Path, retries: str) -> None:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("PIP_")}
    environment |= {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "http://127.0.0.1:1/simple",
        "PIP_RETRIES": retries,
    }
    done = subprocess.run(
        [sys.executable, SCRIPT, ".venv"],
        check=False, cwd=checkout, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert done.returncode == 1
    error, fix = done.stderr.splitlines()
    assert error.startswith("error: pip did not reach the package index")
    assert "HTTPS_PROXY" in fix
    assert done.stdout == ""
