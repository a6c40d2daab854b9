"""How far the workers are, line by line, for people who wait."""

import time
from collections.abc import Generator

import pytest

INTERVAL = 10  # seconds between two lines, at least


class Progress:
    """Prints how many tests are done and what is running, and each failure when it happens."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.begin = self.told = time.monotonic()
        self.done = self.total = 0
        self.running: dict[str, float] = {}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Learn how many tests there are."""
        self.total = len(ids)

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Note that a test runs."""
        self.running[nodeid] = time.monotonic()

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Note that a test has run, and print a line when it is time."""
        self.running.pop(nodeid, None)
        self.done += 1
        now = time.monotonic()
        if now - self.told >= INTERVAL or self.done == self.total:
            self.told = now
            self._print(self._line(now))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Print what fails at once; the reasons follow at the end."""
        if report.failed:
            self._print(f"FAILED {report.nodeid} ({report.when})")

    @pytest.hookimpl(wrapper=True)
    def pytest_report_teststatus(
        self,
    ) -> Generator[None, tuple[str, str, object], tuple[str, str, object]]:
        """Print no letter for a test, which would stand in the way of the lines."""
        category, _, word = yield
        return category, "", word

    def _line(self, now: float) -> str:
        minutes, seconds = divmod(int(now - self.begin), 60)
        line = f"{self.done} of {self.total} tests, {minutes} min {seconds} s"
        if self.running:
            longest = min(self.running, key=lambda nodeid: self.running[nodeid])
            line += f"; running: {longest}"
        return line

    def _print(self, line: str) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter:
            reporter.ensure_newline()
            reporter.write_line(line)
