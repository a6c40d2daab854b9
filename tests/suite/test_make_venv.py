"""The script that makes the virtual environment says what is wrong where it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

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
