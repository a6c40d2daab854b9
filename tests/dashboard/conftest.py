"""Fixtures: the dashboard of a database, its reader, and its page in headless Chromium."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.pages.browser import HASTE, chromium, new_context
from tests.support.pages.dashboard import Dashboard, running_dashboard, serving
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.monitoring.reader import Reader


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = new_context(browser, viewport={"width": 1440, "height": 900})
    context.add_init_script(HASTE)
    yield context
    context.close()


@pytest.fixture
def open_page(database: str, context: BrowserContext) -> Iterator[Callable[[], Page]]:
    """Return a function that opens the page; the browser may have nothing to complain of."""
    complaints: list[str] = []
    with serving(database) as dashboard:

        def open_page() -> Page:
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text))
            page.goto(dashboard.address)
            expect(page.locator("#live")).to_have_text("Live")
            return page

        yield open_page
    assert complaints == []


@pytest.fixture(scope="module")
def resting(cluster: Cluster, template: str) -> Iterator[Dashboard]:
    """Yield the dashboard of a database in which nothing happens, shared by a module's tests."""
    with cluster.database(template) as url, running_dashboard(url) as running:
        yield running


@pytest.fixture
def dashboard(database: str) -> Iterator[Dashboard]:
    with running_dashboard(database) as running:
        yield running


@pytest.fixture
def reader(database: str) -> Iterator[Reader]:
    reader = Reader(database, "test")
    yield reader
    reader.close()
