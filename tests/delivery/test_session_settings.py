"""What an answer says does not depend on the settings of the session that asks."""

import psycopg
from psycopg.conninfo import make_conninfo

from tests.support.callers.caller import caller
from tests.support.callers.people import People

HOSTILE = (
    "-c timezone=Asia/Kathmandu -c datestyle=German,DMY -c intervalstyle=sql_standard"
    " -c extra_float_digits=-5 -c bytea_output=escape"
)
TYPES = {
    "id": int,
    "channel": str,
    "topic": str,
    "event": str,
    "schema": str,
    "table": str,
    "eventType": str,
    "commit_timestamp": str,
    "new": dict,
    "old": dict,
    "changed": list,
}


def test_event_is_the_same_under_hostile_settings(
    admin: psycopg.Connection, database: str, people: People
) -> None:
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    filters = {"supplier_id": str(supplier)}
    with (
        caller(database, user) as usual,
        caller(make_conninfo(database, options=HOSTILE), user) as hostile,
    ):
        lease = usual.rpc("realtime_subscribe", channels=["form-responses"], filters=filters)
        place = lease["subscriptions"][0]
        asked = {"channel": place["channel"], "cursor": place["cursor"]}
        insert = "insert into public.form_responses (supplier_id, submitted_at) values (%s, now())"
        admin.execute(insert, (supplier,))
        (told,) = hostile.rpc("realtime_poll", **asked)["events"]
        assert [told] == usual.rpc("realtime_poll", **asked)["events"]
        assert {key: type(value) for key, value in told.items()} == TYPES
        assert told["commit_timestamp"].endswith("+00:00")
        assert told["new"]["submitted_at"].endswith("+00:00")
        for times in (hostile.rpc("realtime_status"), hostile.rpc("realtime_ping")):
            for key in ("lastMessageAt", "expiresAt"):
                assert key not in times.body or times[key].endswith("+00:00")
