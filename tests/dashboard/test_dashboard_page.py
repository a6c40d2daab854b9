"""The page in headless Chromium: its figures are the views', and names stay text."""

import re
from collections.abc import Callable, Iterator

import psycopg
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Page,
    expect,
)

from tests.dashboard.page import figure, options, rows
from tests.support.callers.caller import Caller
from tests.support.callers.people import People
from tests.support.pages.browser import new_context
from tests.support.pages.dashboard import report_relays, running_dashboard, serving
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader

ATTACK = """<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>"""


def test_figures_are_the_views(
    open_page: Callable[[], Page],
    people: People,
    act_as: Callable[..., Caller],
    reader: Reader,
) -> None:
    bloom = people.supplier("Bloom")
    user = act_as(people.supplier_user(bloom))
    filters = {"supplier_id": str(bloom)}
    channels = ["form-responses", "client-profiles"]
    answer = user.rpc("realtime_subscribe", channels=channels, filters=filters)
    other = {"supplier_id": str(people.supplier("Lens"))}
    for _ in range(3):
        user.rpc("realtime_subscribe", channels=["form-responses"], filters=other)
    with psycopg.connect(people.url, autocommit=True) as connection:
        connection.execute(
            "insert into public.form_responses (supplier_id, form_name)"
            " select %s, 'Menu' from generate_series(1, 7)",
            (bloom,),
        )
        connection.execute("update wedsync_realtime.tenants set max_subscriptions = 2")
        page = open_page()
        assert figure(page, "connections") == "1"
        tile = page.locator("#tile-connections").inner_text()
        assert "2 subscriptions of 1 tenant" in tile
        assert "tenants" not in tile
        assert figure(page, "refused") == "3"
        assert figure(page, "limits") == "1"
        assert rows(page, "tenants") == [[f"Bloom {bloom} supplier", "1", "2", "2", "100 %"]]
        assert rows(page, "refusals") == [["forbidden_channel", "3", "3"]]
        seen = {row[0]: row[1:] for row in rows(page, "channels")}
        assert seen["form-responses"] == ["0.12", "7", "7", "7"]
        assert {tuple(row) for name, row in seen.items() if name != "form-responses"} == {
            ("0", "0", "0", "0")
        }
        activity = rows(page, "activity")
        assert [row[1] for row in activity].count("subscribed") == 2
        refused = [row for row in activity if row[1].startswith("refused")]
        assert {(*row[2:4],) for row in refused} == {("form-responses", "forbidden_channel")}
        assert sum(int(re.sub(r"\D", "", row[1]) or 1) for row in refused) == 3

        overview = panels.overview(reader) | panels.health(reader)
        page.locator("#health summary").click()
        names = page.locator("#health .name").all_inner_texts()
        assert sorted(names) == sorted(check["name"] for check in overview["health"])
        jobs = page.locator("#jobs .name").all_inner_texts()
        assert jobs == [job["name"] for job in overview["jobs"]]

        # it keeps up by itself, and leaves what is open alone
        user.rpc("realtime_unsubscribe", channel=answer["subscriptions"][1]["channel"])
        expect(page.locator("#tenants tbody .subscriptions")).to_have_text("1")
        expect(page.locator("#health details")).to_have_attribute("open", "")


def test_checks_that_are_not_well_say_what_to_do(
    open_page: Callable[[], Page], database: str, reader: Reader
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("alter table public.form_responses disable row level security")
        connection.execute("select wedsync_realtime.pause_channel('core-fields')")
    wrong = [check for check in panels.health(reader)["health"] if check["status"] != "ok"]
    assert wrong
    page = open_page()
    text = page.locator("#health").inner_text()
    for check in wrong:
        assert check["name"] in text
        assert check["advice"] in text
        if check["sql"]:
            assert check["sql"] in page.locator("#health pre").all_inner_texts()
    assert page.locator("#tile-health").get_attribute("data-status") in ("warn", "fail")
    expect(page.locator("#channels .badge")).to_have_text("paused")
    expect(page.locator("#channels th", has_text="paused")).to_contain_text("core-fields")


def test_markup_in_a_name_is_shown_as_text(
    open_page: Callable[[], Page], people: People, act_as: Callable[..., Caller]
) -> None:
    supplier = people.supplier(ATTACK)
    user = people.supplier_user(supplier)
    act_as(user).rpc(
        "realtime_subscribe", channels=["form-responses"], filters={"supplier_id": str(supplier)}
    )
    page = open_page()
    expect(page.locator("#tenants tbody .link")).to_have_text(ATTACK)
    page.locator("#find").fill("onerror")
    expect(options(page)).to_contain_text(ATTACK)
    options(page).click()
    expect(page.locator("#explain-title")).to_have_text(ATTACK)
    page.locator("#explain .people button").click()
    expect(page.locator("#explain .verdict")).to_contain_text("Would be")
    assert page.locator("main img, dialog img, #found img, main script").count() == 0
    assert page.title() == "wedsync-realtime"


def test_relays_are_shown_where_they_are_used(open_page: Callable[[], Page], database: str) -> None:
    page = open_page()
    expect(page.locator("#relays-card")).to_be_hidden()
    report_relays(database)
    expect(page.locator("#relays-note")).to_have_text("1,234 connections, lag 4 ms")
    relays = page.locator("#relays > li")
    assert [each.locator(".badge").inner_text() for each in relays.all()] == [
        "leads", "stands by", "gone"
    ]  # fmt: skip
    told = relays.nth(0).inner_text()
    for words in (
        "512.3K published, 12 not yet, 2,001 let in, 3 kicked, 4 too slow",
        "9 refused: expired 7, signature 2",
        "The stream: no answer",
    ):
        assert words in told
    with psycopg.connect(database) as connection:
        connection.execute("update wedsync_realtime.relays set seen_at = '2020-01-01'")
    expect(page.locator("#relays-note")).to_have_text("nothing is pushed")
    assert relays.locator(".badge[data-status=fail]").count() == 3


@pytest.fixture(scope="module")
def resting_page(browser: Browser, cluster: Cluster, template: str) -> Iterator[Page]:
    """Yield the page of a database in which nothing happens."""
    with cluster.database(template) as url, serving(url) as site:
        context = new_context(browser)
        page = context.new_page()
        page.goto(site.address)
        yield page
        context.close()


@pytest.mark.parametrize(
    ("mistake", "stopped_by"),
    [
        ("document.body.innerHTML = '<img src=x>'", "TrustedHTML"),
        ("document.createElement('script').text = '1'", "TrustedScript"),
        ("fetch('https://example.com/')", "Failed to fetch"),
    ],
)
def test_browser_stops_what_we_would_do_by_mistake(
    resting_page: Page, mistake: str, stopped_by: str
) -> None:
    with pytest.raises(Error, match=stopped_by):
        resting_page.evaluate(f"() => {mistake}")


def test_page_tells_when_the_database_is_away_and_goes_on_later(
    cluster: Cluster, context: BrowserContext, database: str
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    with running_dashboard(database) as dashboard:
        page = context.new_page()
        page.goto(dashboard.address)
        expect(page.locator("#live")).to_have_text("Live")
        cluster.freeze_database(name)
        cluster.end_connections(name)
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("#live")).to_have_attribute("data-state", "lost")
        cluster.thaw_database(name)
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.locator("#live")).to_have_text("Live")
        dashboard.interrupt()
        expect(page.get_by_role("alert")).to_contain_text("make dashboard")
