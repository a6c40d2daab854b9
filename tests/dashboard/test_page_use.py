"""The page in headless Chromium: for the keyboard, for every eye and window, with many tenants."""

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import (
    Browser,
    Page,
    expect,
)

from tests.dashboard.page import options, rows
from tests.support.callers.people import People, install_helpers
from tests.support.pages.browser import new_context
from tests.support.pages.dashboard import play_season, report_relays, serving
from tests.support.postgres.cluster import Cluster

CONTRAST = 4.5  # of text, by WCAG 2.2 level AA
# Contrast by WCAG of every element that has text of its own, against the ground under it.
MEASURE = """() => {
  const known = {};
  const parse = (colour) => known[colour] ??= drawn(colour);
  const drawn = (colour) => {
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const shown = [...document.querySelectorAll("body *")].filter((element) =>
    element.checkVisibility() && !element.disabled
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()));
  return shown.map((element) => {
    const [high, low] = [light(parse(getComputedStyle(element).color)), light(ground(element))]
      .sort((a, b) => b - a);
    return [(high + 0.05) / (low + 0.05), element.textContent.trim()];
  });
}"""

# Resolves when what follows a change of the window's size has been drawn, charts too.
DRAWN = """() => new Promise((done) =>
  requestAnimationFrame(() => requestAnimationFrame(() => done())))"""


def test_keyboard_alone_finds_and_explains(open_page: Callable[[], Page], people: People) -> None:
    bloom = people.supplier("Bloom")
    people.supplier("Bloomers")
    user = people.supplier_user(bloom)
    page = open_page()
    page.keyboard.press("/")
    page.keyboard.type("bloo")
    expect(options(page)).to_have_count(2)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#found [aria-selected=true]")).to_contain_text(str(bloom))
    page.keyboard.press("Enter")
    expect(page.locator("#explain .people button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#explain-who")).to_contain_text(str(user))
    expect(page.locator("#explain select")).to_be_focused()
    page.keyboard.type("form")
    expect(page.locator("#explain .verdict")).to_have_text("Would be admitted to form-responses.")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")  # core-fields, which is for couples
    expect(page.locator("#explain .verdict")).to_contain_text("couple_id required")
    assert page.locator("#explain .steps > li").count() == 6
    page.keyboard.press("Escape")
    expect(page.locator("#explain")).to_be_hidden()
    expect(page.locator("#find")).to_be_focused()


def test_everything_that_can_be_pressed_is_reached_by_tab(
    open_page: Callable[[], Page], people: People
) -> None:
    play_season(people.url, 20)
    page = open_page()
    expect(page.locator("#tenants tbody tr")).to_have_count(12)
    wanted = page.locator(
        "a[href], button:enabled:visible, input:visible, select:visible, summary:visible"
    ).count()
    reached = set()
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate(
                "[...document.querySelectorAll('a[href], button, input, select, summary')]"
                ".indexOf(document.activeElement)"
            )
        )
    assert len(reached - {-1}) == wanted


def test_five_hundred_suppliers_are_searched_sorted_and_paged(
    open_page: Callable[[], Page], people: People
) -> None:
    play_season(people.url, 500)
    page = open_page()
    count, body = page.locator("#tenants-count"), page.locator("#tenants tbody")
    expect(count).to_have_text("1–12 of 500")
    expect(page.locator("#tenants th[aria-sort=descending]")).to_have_text("Used")
    assert rows(page, "tenants")[0][1:] == ["250", "1,000", "1,000", "100 %"]
    page.locator("#tenants-next").click()
    expect(count).to_have_text("13–24 of 500")
    page.locator("#tenants thead button", has_text="Name").click()
    expect(count).to_have_text("1–12 of 500")
    expect(body.locator("tr").first).to_contain_text("Bloom")
    page.locator("#tenants-search").fill("velvet")
    expect(count).to_have_text("1–12 of 20")
    for _ in range(3):  # an update changes neither order nor page
        with page.expect_response("**/api/tenants?*"):
            pass
    expect(body.locator("tr").first).to_contain_text("Velvet")
    page.locator("#tenants-search").fill("no such")
    expect(body).to_contain_text("Nobody is connected by this name.")


@pytest.fixture(scope="module")
def crowded(cluster: Cluster, template: str, browser: Browser) -> Iterator[Page]:
    """Yield the page of twenty suppliers and three relays, with names as wide as can be."""
    with cluster.database(template) as url:
        with psycopg.connect(url) as connection:
            install_helpers(connection)
        play_season(url, 20)
        report_relays(url)
        with psycopg.connect(url) as connection:
            connection.execute("update public.suppliers set business_name = repeat('W', 300)")
            connection.execute("update wedsync_realtime.relays set last_error = repeat('W', 300)")
        with serving(url) as site:
            context = new_context(browser)
            page = context.new_page()
            page.goto(site.address)
            yield page
            context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(crowded: Page, scheme: Any) -> None:
    crowded.emulate_media(color_scheme="dark" if scheme == "light" else "light")
    crowded.locator("#theme").select_option(scheme)  # against what the system wants
    expect(crowded.locator("#live")).to_have_text("Live")
    crowded.reload()
    assert crowded.url.endswith("/")
    expect(crowded.locator("#tenants tbody tr")).to_have_count(12)
    assert crowded.evaluate("getComputedStyle(document.body).colorScheme") == scheme
    measured = crowded.evaluate(MEASURE)
    assert len(measured) > 50
    assert [found for found in measured if found[0] < CONTRAST] == []


@pytest.mark.parametrize("width", [360, 800, 1440, 2560])
def test_nothing_is_wider_than_the_window(crowded: Page, width: int) -> None:
    expect(crowded.locator("#tenants tbody tr")).to_have_count(12)
    crowded.set_viewport_size({"width": width, "height": 800})
    if width == 360:  # it is also opened so
        crowded.reload()
        expect(crowded.locator("#tenants tbody tr")).to_have_count(12)
    crowded.evaluate(DRAWN)
    assert crowded.evaluate("innerWidth") == width
    assert crowded.evaluate("document.documentElement.scrollWidth") <= width
