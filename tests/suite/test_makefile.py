"""The Makefile takes what stands on its command line, not what the shell calls the same."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_help_lists_the_targets() -> None:
    shown = subprocess.run(["make"], check=True, cwd=ROOT, capture_output=True, text=True).stdout
    assert re.search(r"^migrate    deploy to DATABASE_URL", shown, re.MULTILINE)
    assert "\t" not in shown


@pytest.mark.parametrize(("given", "user"), [((), ""), (("USER=abc",), "abc")])
def test_user_of_the_shell_is_not_a_user_of_the_application(
    monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], user: str
) -> None:
    monkeypatch.setenv("USER", "somebody")
    shown = subprocess.run(
        ["make", "--dry-run", "listen", "CHANNEL=form-responses", *given],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout
    assert f'listen "form-responses" "{user}"' in shown


@pytest.mark.parametrize(("given", "option"), [((), ""), (("BROWSER=1",), " --browser")])
def test_browser_of_the_shell_is_not_asked_for(
    monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], option: str
) -> None:
    monkeypatch.setenv("BROWSER", "firefox")
    shown = subprocess.run(
        # under make itself there would be lines about folders
        ["make", "--no-print-directory", "--dry-run", "demo", *given],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    ).stdout
    assert shown.splitlines()[-1].strip().endswith(f"demo{option}")
