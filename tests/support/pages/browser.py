"""Headless Chromium, driven by Playwright."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.support import tools
from tests.support.waiting import PATIENCE

# A page's timers of seconds, of updates and new attempts, run in a twentieth of the time; those
# that end what hangs are left alone. To be added to a page before it is opened.
HASTE = """{
    const { setTimeout } = window
    window.setTimeout = (act, time, ...rest) =>
        setTimeout(act, time < 10_000 ? time / 20 : time, ...rest)
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run a browser for the time of the context; skip the test where it cannot be had."""
    path = tools.find(tools.HEADLESS) or tools.program("chromium")
    if sys.platform == "linux" and (missing := tools.missing_libraries()):
        pytest.skip(f"Playwright needs {' '.join(missing)}, a package that is not on this machine")
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        # as root Chromium runs without its sandbox only
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox"], timeout=PATIENCE * 1000
        )
        yield browser
        browser.close()


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """Open a context that is as patient as the tests."""
    context = browser.new_context(**options)
    context.set_default_timeout(PATIENCE * 1000)
    return context
