"""Fixtures: the demo's page in headless Chromium."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.support.pages.browser import chromium
from tests.support.pages.dashboard import Dashboard
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE
from wedsync_realtime.demo import script
from wedsync_realtime.errors import NoNodeError

COMMAND = [sys.executable, "-m", "wedsync_realtime", "demo", "--browser", "--port", "0"]


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> Iterator[Dashboard]:
    """Yield the page's server, behind the dashboard's guard; Ctrl-C ends it as in a terminal."""
    try:
        script.packages(lambda line: None)
    except NoNodeError as error:
        pytest.skip(error.message)
    with subprocess.Popen(
        [*COMMAND, "--database-url", cluster.dsn("postgres")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            found = re.search(r"Open (http://\S+) ", line)
            assert found, (line, process.communicate())
            yield Dashboard(found[1], process)
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=PATIENCE)
            assert process.returncode == 0, said
            assert said.endswith("Stopped; the database is removed.\n"), said
        finally:
            process.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def opened(browser: Browser, site: Dashboard) -> Iterator[Page]:
    """Yield the page; the browser may have nothing to complain of."""
    complaints: list[str] = []
    # an animation takes more of the processor than what it follows
    page = browser.new_page(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    page.set_default_timeout(PATIENCE * 1000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(site.address)
    yield page
    page.close()
    # the browser mentions each WebSocket that the cut network closes
    assert [each for each in complaints if not each.startswith("WebSocket connection")] == []
