"""No jit in what runs for every call and every row: compiling takes longer than running it."""

from uuid import UUID

import psycopg

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, subscribed

WATCH = b"""
    create function public.watch() returns trigger language plpgsql as $$
    begin
        perform set_config('test.jit', current_setting('jit'), false);
        return new;
    end $$;
    create trigger watch before insert or update on public.realtime_subscriptions
    for each row execute function public.watch();
    create trigger watch before insert on wedsync_realtime.events
    for each row execute function public.watch();
"""


def seen(connection: psycopg.Connection) -> str:
    """Return the setting that the last write was made under, and forget it."""
    row = connection.execute("select current_setting('test.jit')").fetchone()
    connection.execute("select set_config('test.jit', '', false)")
    assert row is not None
    return str(row[0])


def test_calls_and_writes_run_without_jit(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    admin.execute(WATCH)
    owner.connection.execute("set jit = on")
    admin.execute("set jit = on")
    listener = subscribed(owner, "form-responses", {"supplier_id": str(supplier)})
    assert seen(owner.connection) == "off"
    admin.execute(
        "update public.realtime_subscriptions set last_ping_at = now() - interval '4 minutes'"
    )
    assert seen(admin) == "on"
    assert listener.poll()["success"]
    assert seen(owner.connection) == "off"
    admin.execute(INSERT, (supplier, "written"))
    assert seen(admin) == "off"
