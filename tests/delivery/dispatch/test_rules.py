"""The rules by which changes are named: a change of them holds from then on."""

from uuid import UUID

import psycopg

from tests.support.callers.caller import Caller
from tests.support.callers.listener import INSERT, subscribed

CHANNEL = "(select c.id from wedsync_realtime.channels as c where c.name = %s)"


def test_changes_are_named_by_the_rules_as_they_are(
    admin: psycopg.Connection, owner: Caller, supplier: UUID
) -> None:
    filters = {"supplier_id": str(supplier)}
    forms = subscribed(owner, "form-responses", filters)
    milestones = subscribed(owner, "journey-progress", filters)

    def names() -> list[str]:
        admin.execute(INSERT, (supplier, "wishes"))
        admin.execute("insert into public.journey_progress (supplier_id) values (%s)", (supplier,))
        return [event["event"] for each in (forms, milestones) for event in each.events()]

    assert names() == ["form_response.submitted", "milestone.updated"]
    admin.execute(
        "insert into wedsync_realtime.event_rules (channel_id, position, operation, event)"
        f" values ({CHANNEL}, 0, 'INSERT', 'wish.new')".encode(),
        ("form-responses",),
    )
    assert names() == ["wish.new", "milestone.updated"]
    admin.execute("update wedsync_realtime.event_rules set event = 'wish.made' where position = 0")
    assert names() == ["wish.made", "milestone.updated"]
    admin.execute(
        "update wedsync_realtime.event_rules"
        f" set channel_id = {CHANNEL} where position = 0".encode(),
        ("journey-progress",),
    )
    assert names() == ["form_response.submitted", "wish.made"]
    admin.execute("delete from wedsync_realtime.event_rules where position = 0")
    assert names() == ["form_response.submitted", "milestone.updated"]
