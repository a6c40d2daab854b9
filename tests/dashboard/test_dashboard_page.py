"""The page in headless Chromium: its figures are the views', and names stay text."""

import re
import shutil
from collections.abc import Callable, Iterator

import psycopg
import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    Page,
    expect,
    sync_playwright,
)

from tests.support.caller import Caller
from tests.support.cluster import Cluster
from tests.support.dashboard import play_season, running_dashboard
from tests.support.people import People
from wedsync_realtime.monitoring import panels
from wedsync_realtime.monitoring.reader import Reader

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ATTACK = """<img src=x onerror="document.title='pwned'"><script>document.title='pwned'</script>"""
PATIENCE = 30_000  # milliseconds until a page that does not show what is expected fails the test
CONTRAST = 4.5  # of text, by WCAG 2.2 level AA

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")

# Contrast by WCAG of every element that has text of its own, against the ground under it.
MEASURE = """() => {
  const parse = (colour) => {
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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        # as root Chromium runs without its sandbox only
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    yield context
    context.close()


@pytest.fixture
def open_page(database: str, context: BrowserContext) -> Iterator[Callable[[], Page]]:
    """Return a function that opens the page; the browser may have nothing to complain of."""
    complaints: list[str] = []
    with running_dashboard(database) as dashboard:

        def open_page() -> Page:
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text))
            page.goto(dashboard.address)
            expect(page.locator("#live")).to_have_text("Live")
            return page

        yield open_page
    assert complaints == []


@pytest.fixture
def reader(database: str) -> Iterator[Reader]:
    reader = Reader(database, "test")
    yield reader
    reader.close()


def figure(page: Page, tile: str) -> str:
    return page.locator(f"#tile-{tile} .figure").inner_text()


def options(page: Page) -> Locator:
    """Return what the search box offers."""
    return page.locator("#found").get_by_role("option")


def rows(page: Page, table: str) -> list[list[str]]:
    """Return the cells of a table's body."""
    return [
        [re.sub(r"\s+", " ", cell).strip() for cell in row.locator("th, td").all_inner_texts()]
        for row in page.locator(f"#{table} tbody tr").all()
    ]


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
        assert rows(page, "tenants") == [[f"Bloom {bloom}", "1", "2", "2", "100 %"]]
        assert rows(page, "refusals") == [["forbidden_channel", "3", "3"]]
        seen = {row[0]: row[1:] for row in rows(page, "channels")}
        assert seen["form-responses"] == ["0.12", "7", "7", "7"]
        assert {tuple(row) for name, row in seen.items() if name != "form-responses"} == {
            ("0", "0", "0", "0")
        }
        activity = rows(page, "activity")
        assert [row[1] for row in activity].count("subscribed") == 2
        assert ["refused", "form-responses", "forbidden_channel"] in [row[1:4] for row in activity]

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


@pytest.mark.parametrize(
    ("mistake", "stopped_by"),
    [
        ("document.body.innerHTML = '<img src=x>'", "TrustedHTML"),
        ("document.createElement('script').text = '1'", "TrustedScript"),
        ("fetch('https://example.com/')", "Failed to fetch"),
    ],
)
def test_browser_stops_what_we_would_do_by_mistake(
    context: BrowserContext, database: str, mistake: str, stopped_by: str
) -> None:
    with running_dashboard(database) as dashboard:
        page = context.new_page()
        page.goto(dashboard.address)
        with pytest.raises(Error, match=stopped_by):
            page.evaluate(f"() => {mistake}")


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_both_schemes(
    browser: Browser, people: People, database: str, scheme: str
) -> None:
    play_season(database, 20)
    context = browser.new_context(color_scheme="dark" if scheme == "light" else "light")
    with running_dashboard(database) as dashboard:
        page = context.new_page()
        page.goto(dashboard.address)
        page.locator("#theme").select_option(scheme)  # against what the system wants
        expect(page.locator("#live")).to_have_text("Live")
        page.reload()
        assert page.url.endswith("/")
        expect(page.locator("#tenants tbody tr")).to_have_count(12)
        assert page.evaluate("getComputedStyle(document.body).colorScheme") == scheme
        measured = page.evaluate(MEASURE)
        assert len(measured) > 50
        assert [found for found in measured if found[0] < CONTRAST] == []
    context.close()


@pytest.mark.parametrize("width", [360, 800, 1440, 2560])
def test_nothing_is_wider_than_the_window(
    browser: Browser, people: People, database: str, width: int
) -> None:
    people.supplier("W" * 300)
    play_season(database, 20)
    with psycopg.connect(database) as connection:
        connection.execute("update public.suppliers set business_name = repeat('W', 300)")
    context = browser.new_context(viewport={"width": width, "height": 800})
    with running_dashboard(database) as dashboard:
        page = context.new_page()
        page.goto(dashboard.address)
        expect(page.locator("#tenants tbody tr")).to_have_count(12)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()


def test_page_tells_when_the_database_is_away_and_goes_on_later(
    cluster: Cluster, context: BrowserContext, database: str
) -> None:
    name = str(psycopg.conninfo.conninfo_to_dict(database)["dbname"])
    with running_dashboard(database) as dashboard, cluster.connect() as connection:
        page = context.new_page()
        page.goto(dashboard.address)
        expect(page.locator("#live")).to_have_text("Live")
        cluster.freeze_database(name)
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
        )
        expect(page.get_by_role("alert")).to_be_visible()
        expect(page.locator("#live")).to_have_attribute("data-state", "lost")
        connection.execute(f"alter database {name} with allow_connections true".encode())
        expect(page.get_by_role("alert")).to_be_hidden()
        expect(page.locator("#live")).to_have_text("Live")
        dashboard.interrupt()
        expect(page.get_by_role("alert")).to_contain_text("make dashboard")
