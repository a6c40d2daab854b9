"""The script that makes the virtual environment says what is wrong where it cannot."""

import subprocess
import sys
from pathlib import Path

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
