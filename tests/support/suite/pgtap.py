"""Collect pgTAP stories: run a file with psql, show each of its assertions as a test."""

import fcntl
import os
import pickle
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tap.line import Diagnostic, Plan, Result  # type: ignore[import-untyped]
from tap.parser import Parser  # type: ignore[import-untyped]

from tests.support.callers.people import install_helpers
from tests.support.postgres.cluster import Cluster, ClusterError
from tests.support.postgres.deploy import DeployError

SEARCH_PATH = "public,tap"
TIME_LIMIT = 600  # seconds for one story that hangs


@dataclass
class Assertion:
    """One line `ok` or `not ok`, with the diagnostics that follow it."""

    number: int | None
    name: str
    ok: bool
    skip: str | None
    todo: str | None
    diagnostics: list[str] = field(default_factory=list)


Outcome = tuple[list[Assertion], list[str]]  # the assertions, and what is wrong with the whole


def parse(output: str, exit_code: int) -> Outcome:
    """Return the assertions that psql printed, and what is wrong with the run as a whole."""
    assertions: list[Assertion] = []
    plan: int | None = None
    problems = [f"psql ended with exit code {exit_code}"] if exit_code else []
    for line in Parser().parse_text(output):
        if isinstance(line, Result):
            name = line.description.strip().removeprefix("- ") or f"assertion {line.number}"
            reason = line.directive.reason or line.directive.text
            skip, todo = reason if line.skip else None, reason if line.todo else None
            assertions.append(Assertion(line.number, name, line.ok, skip, todo))
        elif isinstance(line, Diagnostic) and assertions:
            assertions[-1].diagnostics.append(line.text)
        elif isinstance(line, Plan):
            plan = line.expected_tests
    if not assertions:
        problems.append("no assertion ran")
    if plan is None:
        problems.append("no plan")
    elif [each.number for each in assertions] != list(range(1, plan + 1)):
        problems.append(f"{plan} assertions were planned, {len(assertions)} ran")
    return assertions, problems


def install_pgtap(url: str) -> None:
    """Install pgTAP in schema tap and the helpers in schema tests, callable by every role."""
    with psycopg.connect(url) as connection:
        install_helpers(connection)
        create_extension(connection)
        connection.execute("grant usage on schema tap to public")
        connection.execute("grant execute on all functions in schema tap to public")


def create_extension(connection: psycopg.Connection) -> None:
    """Create pgTAP in schema tap; skip the test where the server comes without it."""
    query = "select from pg_available_extensions where name = 'pgtap'"
    if connection.execute(query).fetchone() is None:
        pytest.skip("the server comes without pgTAP")
    connection.execute("create schema tap")
    connection.execute("create extension pgtap schema tap")


def run_story(psql: str, url: str, path: Path) -> Outcome:
    """Run a file; return its assertions and, unless all went well, what is wrong with the run."""
    done = subprocess.run(
        [psql, "-X", "-qAt", "-v", "ON_ERROR_STOP=1", "-d", url, "-f", path],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
        env=os.environ | {"PGOPTIONS": f"-c search_path={SEARCH_PATH}"},
    )
    assertions, problems = parse(done.stdout, done.returncode)
    if problems:
        problems += [done.stdout, done.stderr]
    return assertions, problems


@dataclass
class Stories:
    """Runs stories, each once, also where several processes collect the same tests.

    prepare: returns cluster and template; slow when first called.
    asked: the stories of this run.
    shared: the folder in which processes leave each other what they found; None where there is one.
    """

    prepare: Callable[[], tuple[Cluster, str]]
    asked: list[Path]
    shared: Path | None = None

    def outcome(self, path: Path) -> Outcome:
        """Return the outcome of a story."""
        if self.shared is None:
            return self._run(path)
        while self.asked:  # none is waited for while another is left to do
            self._claim(self.asked.pop(0), fcntl.LOCK_EX | fcntl.LOCK_NB)
        outcome = self._claim(path, fcntl.LOCK_EX)
        assert outcome
        return outcome

    def left(self, path: Path) -> Path:
        """Return the file in which the outcome of a story is left to the others."""
        assert self.shared
        return self.shared / f"{path.parent.name}-{path.name}"

    def _claim(self, path: Path, lock: int) -> Outcome | None:
        """Return the outcome, by running the story if nobody has; None where somebody is at it."""
        with self.left(path).open("ab+") as file:
            try:
                fcntl.flock(file, lock)
            except BlockingIOError:
                return None
            file.seek(0)
            if left := file.read():
                found: Outcome = pickle.loads(left)
                return found
            outcome = self._run(path)
            file.write(pickle.dumps(outcome))
            return outcome

    def _run(self, path: Path) -> Outcome:
        try:
            cluster, template = self.prepare()
            with cluster.database(template) as url:
                return run_story(cluster.psql(), url, path)
        except pytest.skip.Exception as reason:
            return [Assertion(1, "runs to its end", True, str(reason), None)], []
        except (ClusterError, DeployError, psycopg.Error, subprocess.TimeoutExpired) as error:
            # Raised here, it would keep pytest from running anything else.
            return [], [str(error)]


class Story(pytest.File):
    """A file of tests/db; it runs when it is collected, since only a run tells the names."""

    stories: Stories

    def collect(self) -> Iterator[pytest.Item]:
        """Run the file in a database of its own and yield one item per assertion."""
        assertions, problems = self.stories.outcome(self.path)
        for assertion in assertions:
            yield AssertionItem.from_parent(self, name=assertion.name, assertion=assertion)
        if problems:
            yield BrokenStory.from_parent(self, name="runs to its end", problems=problems)


class StoryError(Exception):
    """An assertion or a whole story failed; the message is what pgTAP or psql said."""


class StoryItem(pytest.Item):
    """A result that is known already."""

    def reportinfo(self) -> tuple[Path, None, str]:
        """Return what a report calls this test."""
        return self.path, None, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the message alone: a traceback would tell nothing about SQL."""
        if isinstance(excinfo.value, StoryError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)


class AssertionItem(StoryItem):
    """One assertion of a story."""

    def __init__(self, assertion: Assertion, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.assertion = assertion

    def runtest(self) -> None:
        """Report the assertion."""
        if self.assertion.skip is not None:
            pytest.skip(self.assertion.skip)
        if self.assertion.ok:
            return
        if self.assertion.todo is not None:
            pytest.xfail(self.assertion.todo)
        raise StoryError("\n".join(self.assertion.diagnostics))


class BrokenStory(StoryItem):
    """Something wrong with a whole story: an error, a wrong plan, no assertion at all."""

    def __init__(self, problems: list[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.problems = problems

    def runtest(self) -> None:
        """Fail with psql's output."""
        raise StoryError("\n".join(self.problems))
