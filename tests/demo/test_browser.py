"""The demo's page in headless Chromium: what is typed arrives where it may, and nowhere else."""

import json
from http.client import HTTPConnection
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.documents import page as text_of
from tests.support.pages.dashboard import Dashboard
from tests.support.waiting import PATIENCE
from wedsync_realtime.demo.script import PACKAGES

FOCUS = """() => {
    const focus = document.activeElement
    const label = focus.labels?.[0]?.textContent.trim() ?? focus.ariaLabel ?? focus.textContent
    return [label, getComputedStyle(focus).outlineStyle]
}"""


def card(page: Page, name: str) -> Locator:
    return page.locator(".card", has=page.get_by_role("heading", name=name))


def state(page: Page, name: str, state: str) -> None:
    expect(card(page, name)).to_have_attribute("data-state", state)


def field(page: Page, name: str, field: str) -> Locator:
    return card(page, name).locator(f"[data-field={field}]")


def test_form_fills_the_dashboards_of_who_works_for_them(opened: Page) -> None:
    for name in ("Bloom", "Lens"):
        state(opened, name, "live")
    state(opened, "Cake", "stopped")
    opened.get_by_label("Venue").press_sequentially("The old orchard")
    opened.get_by_label("Date").fill("2027-06-12")
    opened.get_by_label("Guests").fill("80")
    for name in ("Bloom", "Lens"):
        expect(field(opened, name, "venue")).to_have_text("The old orchard")
        expect(field(opened, name, "wedding_date")).to_have_text("June 12, 2027")
        expect(field(opened, name, "guests")).to_have_text("80")
    expect(opened.locator("#saved")).to_have_text("Saved")
    expect(card(opened, "Cake").locator(".code")).to_have_text("forbidden_channel")
    assert set(card(opened, "Cake").locator("dd").all_inner_texts()) == {""}


def test_dashboard_of_who_is_unlinked_closes(opened: Page) -> None:
    state(opened, "Bloom", "live")
    state(opened, "Lens", "live")
    opened.get_by_label("Menu").fill("Trout")
    expect(field(opened, "Bloom", "menu")).to_have_text("Trout")
    opened.get_by_role("button", name="Unlink Bloom Flowers").click()
    state(opened, "Bloom", "stopped")
    expect(card(opened, "Bloom").locator(".code")).to_have_text("forbidden_channel")
    opened.get_by_label("Menu").fill("Secret")
    expect(field(opened, "Lens", "menu")).to_have_text("Secret")
    assert set(card(opened, "Bloom").locator("dd").all_inner_texts()) == {""}
    opened.get_by_role("button", name="Link again Bloom Flowers").click()
    expect(opened.get_by_role("button", name="Unlink Bloom Flowers")).to_be_visible()
    card(opened, "Bloom").get_by_role("button", name="Ask again").click()
    state(opened, "Bloom", "live")
    expect(field(opened, "Bloom", "menu")).to_have_text("Secret")


def test_network_that_was_cut_is_caught_up_with(opened: Page) -> None:
    switch = opened.get_by_role("button", name="Cut their network")
    for name in ("Bloom", "Lens"):
        state(opened, name, "live")
    switch.click()
    for name in ("Bloom", "Lens"):
        state(opened, name, "behind")
    opened.get_by_label("First dance").fill("Tango")
    expect(opened.locator("#saved")).to_have_text("Saved")
    expect(switch).to_have_attribute("aria-pressed", "true")
    assert field(opened, "Bloom", "first_dance").inner_text() == ""
    switch.click()
    for name in ("Bloom", "Lens"):
        expect(field(opened, name, "first_dance")).to_have_text("Tango")
        state(opened, name, "live")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone_shows_all_of_it(opened: Page, scheme: Any) -> None:
    opened.emulate_media(color_scheme=scheme)
    opened.set_viewport_size({"width": 390, "height": 844})
    state(opened, "Lens", "live")
    assert opened.evaluate("document.documentElement.scrollWidth") == 390
    for name in ("Bloom", "Lens", "Cake"):
        expect(card(opened, name)).to_be_visible()


def test_keyboard_reaches_everything_and_shows_where_it_is(opened: Page) -> None:
    state(opened, "Cake", "stopped")
    reached = []
    while "Ask again" not in reached:
        opened.keyboard.press("Tab")
        label, outline = opened.evaluate(FOCUS)
        assert outline == "solid", label
        reached.append(label)
    assert list(dict.fromkeys(reached)) == [
        "Date", "Guests", "Venue", "Menu", "First dance", "Unlink Bloom Flowers",
        "Unlink Lens & Light", "Cut their network", "Ask again",
    ]  # fmt: skip
    opened.keyboard.press("Enter")
    expect(card(opened, "Cake").get_by_role("heading")).to_be_focused()


def ask(site: Dashboard, method: str, path: str, token: str = "", **headers: str) -> Any:
    """Send a request as the page does, with its cookie and a user's token; return the status."""
    cookie = site.enter().headers["set-cookie"].partition(";")[0]
    own = {"Cookie": cookie, "Authorization": f"Bearer {token}"}
    connection = HTTPConnection("127.0.0.1", site.port, timeout=PATIENCE)
    connection.request(method, path, "{}" if method == "PUT" else None, own | headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return json.loads(text) if answer.status == 200 else answer.status


def test_server_answers_its_own_page_alone(site: Dashboard) -> None:
    token = ask(site, "GET", "/cast")["couple"]["token"]
    assert ask(site, "PUT", "/wedding", token, Origin=f"http://127.0.0.1:{site.port}") == 204
    assert ask(site, "PUT", "/wedding", token, Origin="http://127.0.0.1:1") == 403
    assert ask(site, "PUT", "/wedding", token, Host="example.com") == 403
    assert ask(site, "PUT", "/wedding", token, Cookie="") == 403
    assert ask(site, "POST", "/wedding", token) == 403
    assert ask(site, "PUT", "/wedding") == 401


def test_users_do_what_the_database_lets_them(site: Dashboard) -> None:
    cast = ask(site, "GET", "/cast")
    bloom, _, cake = cast["suppliers"]
    assert len(ask(site, "GET", "/wedding", bloom["token"])) == 1
    assert ask(site, "GET", "/wedding", cake["token"]) == []
    assert ask(site, "PUT", f"/suppliers/{cake['id']}", cake["token"]) == 204  # and has no effect
    assert ask(site, "GET", "/wedding", cake["token"]) == []
    before = ask(site, "GET", "/wedding", bloom["token"])
    assert ask(site, "PUT", "/wedding", bloom["token"]) == 204
    assert ask(site, "GET", "/wedding", bloom["token"]) == before


def test_packages_are_those_that_the_page_is_compiled_with_in_other_tests() -> None:
    pinned = json.loads(text_of("tests/supabase/package.json"))["dependencies"]
    assert PACKAGES.items() <= pinned.items()
