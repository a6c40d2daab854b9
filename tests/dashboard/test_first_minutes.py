"""The page soon after the first deployment: nothing on it says more than is known."""

from collections.abc import Callable
from itertools import pairwise
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.callers.caller import Caller
from tests.support.callers.people import People
from tests.support.pages.browser import new_context
from tests.support.pages.dashboard import serving

NARROW = 390  # pixels

# What is written onto the charts, and how many dots are drawn.
WATCH = """
  window.written = []; window.dots = 0;
  const pen = CanvasRenderingContext2D.prototype;
  const { fillText } = pen;
  pen.fillText = function (text, ...rest) {
    window.written.push(String(text));
    return fillText.call(this, text, ...rest);
  };
  const arc = Path2D.prototype.arc;
  Path2D.prototype.arc = function (...rest) {
    window.dots += 1;
    return arc.apply(this, rest);
  };
"""

HISTORY = """
    insert into wedsync_realtime.metrics_history
    select
        pg_catalog.date_trunc('minute', pg_catalog.now()) - n * interval '1 minute',
        60, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, interval '0', 0, '{}'
    from pg_catalog.generate_series(0, %s - 1) as n
"""


@pytest.fixture
def session(people: People, act_as: Callable[..., Caller], database: str) -> str:
    """Play the README's session and four refusals; return the supplier, which has no row."""
    supplier = str(uuid4())
    user = people.supplier_user(people.supplier("Bloom"))
    with psycopg.connect(database) as connection:
        connection.execute(
            "update public.user_profiles set supplier_id = %s where id = %s", (supplier, user)
        )
    filters = {"supplier_id": supplier}
    act_as(user).rpc("realtime_subscribe", channels=["form-responses"], filters=filters)
    with psycopg.connect(database) as connection:
        # all in one minute, whatever the clock says
        connection.execute(
            "select wedsync_realtime.refuse(%s, 'realtime_subscribe',"
            " row('forbidden_channel', null, null, null, null)::wedsync_realtime.problem,"
            """ '{"channels": "form-responses"}')""",
            (user,),
        )
        connection.execute(
            "update public.realtime_activity_logs"
            " set payload = payload || '{\"count\": 4}' where event_type = 'refused'"
        )
    return supplier


@pytest.mark.parametrize("minutes", [1, 3, 60])
def test_times_under_a_chart_differ(browser: Browser, database: str, minutes: int) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(HISTORY, (minutes,))
    context = new_context(browser, viewport={"width": 1440, "height": 900})
    context.add_init_script(WATCH)
    with serving(database) as dashboard:
        page = context.new_page()
        page.goto(dashboard.address)
        expect(page.locator("#lag-chart canvas")).to_be_visible()
        written = page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => done(window.written)))"
        )
        times = [text for text in written if len(text) == 5 and text[2] == ":"]
        assert len(times) >= 8  # of both charts
        # a chart is drawn again when its size changes, so each time may come again, but not twice
        # in one drawing: neighbours differ
        assert all(one != other for one, other in pairwise(times))
        dots = page.evaluate("window.dots")
        assert (dots > 0) == (minutes <= 3)
    context.close()


def test_session_is_seen_and_nothing_is_called_wrong(
    open_page: Callable[[], Page], session: str, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("call wedsync_realtime.run_job('metrics')")
    page = open_page()
    expect(page.locator("#tenants tbody th")).to_contain_text(session)
    jobs = page.locator("#jobs > li")
    expect(jobs.filter(has_text="cleanup")).to_contain_text("waiting")
    expect(jobs.filter(has_text="cleanup")).to_contain_text("has not run yet")
    expect(jobs.filter(has_text="metrics")).to_contain_text("ok")
    assert page.locator("#jobs .badge[data-status=warn]").count() == 0
    refused = page.locator("#activity tbody tr").filter(has_text="refused")
    expect(refused).to_contain_text("4 times")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_activity_stays_inside_a_narrow_window(
    browser: Browser, session: str, database: str, scheme: str
) -> None:
    context = new_context(
        browser,
        viewport={"width": NARROW, "height": 844},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    with serving(database) as dashboard:
        page = context.new_page()
        page.goto(dashboard.address)
        expect(page.locator("#activity tbody tr").first).to_be_visible()
        for card in page.locator(".card .scroll").all():
            assert card.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    context.close()
