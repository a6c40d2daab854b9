"""What the tests run of others, and what workers tell each other and people."""

import fcntl
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support import tools
from tests.support.suite.pgtap import Assertion, Outcome, Stories
from wedsync_realtime.embedded import install


@pytest.mark.parametrize("name", ["promtool", "pgbouncer", "chromium"])
def test_program_that_is_missing_is_skipped_with_the_command(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(shutil, "which", lambda found, **_: found if found == "apt-get" else None)
    package = (tools.UNPACKED | tools.INSTALLED)[name]
    with pytest.raises(pytest.skip.Exception, match=f"sudo apt-get install -y {package}"):
        tools.program(name)


def test_without_apt_get_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)
    monkeypatch.setattr(install, "run", lambda *_: pytest.fail("it ran something"))
    tools.bring(pytest.fail)


class Counted(Stories):
    """Stories that are not run, but noted."""

    def __init__(self, ran: list[str], *arguments: Any) -> None:
        super().__init__(*arguments)
        self.ran = ran

    def _run(self, path: Path) -> Outcome:
        self.ran.append(path.name)
        return [Assertion(1, path.stem, True, None, None)], []


def test_story_is_run_once_by_all_workers_together(tmp_path: Path) -> None:
    paths = [tmp_path / "stories" / f"{name}.sql" for name in "abc"]
    shared = tmp_path / "shared"
    shared.mkdir()
    first: list[str] = []
    second: list[str] = []
    workers = [
        Counted(ran, lambda: pytest.fail("no cluster"), list(paths), shared)
        for ran in (first, second)
    ]
    for path in paths:
        for worker in workers:
            assert worker.outcome(path) == ([Assertion(1, path.stem, True, None, None)], [])
    assert sorted(first + second) == ["a.sql", "b.sql", "c.sql"]


def test_story_that_another_worker_is_at_is_left_to_it(tmp_path: Path) -> None:
    """The others are run meanwhile; this one is waited for at the end."""
    ran: list[str] = []
    paths = [tmp_path / f"{name}.sql" for name in "ab"]
    shared = tmp_path / "shared"
    shared.mkdir()
    worker = Counted(ran, lambda: pytest.fail("no cluster"), list(paths), shared)
    with worker.left(paths[0]).open("ab+") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        worker.outcome(paths[1])
        assert ran == ["b.sql"]
    worker.outcome(paths[0])
    assert ran == ["b.sql", "a.sql"]
