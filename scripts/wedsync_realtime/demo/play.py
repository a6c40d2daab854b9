"""The play: what happens, and what everybody is expected to hear of it."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from time import perf_counter
from typing import Any, LiteralString
from uuid import uuid4

from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from wedsync_realtime.demo.audience import Audience
from wedsync_realtime.demo.cast import Cast, Couple, Person, Supplier
from wedsync_realtime.demo.stage import Stage
from wedsync_realtime.listener import RefusedError, rpc

PATIENCE = 30.0  # seconds that something expected may take
TABS = 5  # browser tabs that each of Bloom's team has open
SUPPLIER_CHANNELS = ("form-responses", "journey-progress", "client-profiles", "wedding-details")
COUPLE_CHANNELS = ("core-fields", "wedding-details", "couple-profile")


async def perform(url: str, cast: Cast, stage: Stage) -> None:
    """Play all scenes in a database that holds the cast."""
    async with await rpc.connect(url) as connection, AsyncExitStack() as stack:
        play = _Play(cast, stage, connection)
        await play.everybody_subscribes(url, stack)
        await play.form_is_submitted()
        await play.milestone_completes()
        await play.core_field_changes()
        await play.wedding_moves()
        await play.other_supplier_hears_its_own()
        await play.stranger_is_refused()
        await play.silent_client_is_cleaned_up()


class _Play:
    """The scenes.

    connection: of the role that deployed; it becomes the people who change something.
    """

    def __init__(self, cast: Cast, stage: Stage, connection: AsyncConnection[Any]) -> None:
        self._cast = cast
        self._stage = stage
        self._connection = connection
        self._bloom = Audience(cast.bloom.name, cast.bloom.team, stage.tell)
        self._lens = Audience(cast.lens.name, cast.lens.team, stage.tell)
        self._couple = Audience(cast.ann_and_bob.name, cast.ann_and_bob.partners, stage.tell)
        self._audiences = (self._bloom, self._couple, self._lens)
        self._tabs = len(cast.bloom.team) * TABS

    async def everybody_subscribes(self, url: str, stack: AsyncExitStack) -> None:
        cast, expect = self._cast, self._stage.expect
        leases = self._tabs * len(SUPPLIER_CHANNELS)
        self._stage.scene(
            f"{len(cast.bloom.team)} people of {cast.bloom.name} open {TABS} tabs each, "
            "everybody else one"
        )
        begun = perf_counter()
        filters = _of_supplier(cast.bloom, cast.ann_and_bob)
        await self._bloom.take_seats(stack, url, SUPPLIER_CHANNELS, filters, tabs=TABS)
        took = perf_counter() - begun
        filters = _of_supplier(cast.lens, cast.eve_and_max)
        await self._lens.take_seats(stack, url, SUPPLIER_CHANNELS, filters)
        filters = _of_couple(cast.ann_and_bob)
        await self._couple.take_seats(stack, url, COUPLE_CHANNELS, filters)

        held = await self._fetch(
            "select count(*) from public.realtime_subscriptions where tenant_id = %s",
            cast.bloom.id,
        )
        expect(held == leases, f"{held} of {leases} leases on {cast.bloom.name}, in {took:.2f} s")
        await self._until(lambda: all(audience.is_ready for audience in self._audiences))
        for audience in self._audiences:
            expect(audience.is_ready, f"{audience.name}: {audience.ready} subscriptions ready")

    async def form_is_submitted(self) -> None:
        couple = self._cast.ann_and_bob
        self._stage.scene(f"{couple.name} submit a form")
        await self._change(
            couple.partners[0],
            "insert into public.form_responses"
            " (supplier_id, couple_id, form_name, status, responses, submitted_at)"
            " values (%s, %s, 'Flower wishes', 'submitted', %s, now())",
            (self._cast.bloom.id, couple.id, Jsonb({"colours": ["white", "sage"]})),
            event="form_response.submitted",
            heard={self._bloom.name: self._tabs},
        )

    async def milestone_completes(self) -> None:
        self._stage.scene(f"{self._cast.bloom.team[0].name} completes a milestone")
        await self._change(
            self._cast.bloom.team[0],
            "update public.journey_progress set status = 'completed', completed_at = now()"
            " where id = %s",
            (self._cast.milestone_id,),
            event="milestone.completed",
            heard={self._bloom.name: self._tabs},
        )

    async def core_field_changes(self) -> None:
        couple = self._cast.ann_and_bob
        self._stage.scene(f"{couple.partners[1].name} corrects the number of guests")
        await self._change(
            couple.partners[1],
            "update public.core_fields set field_value = '95' where id = %s",
            (couple.field_id,),
            event="core_field.changed",
            heard={self._couple.name: len(couple.partners)},
        )

    async def wedding_moves(self) -> None:
        couple = self._cast.ann_and_bob
        self._stage.scene(f"{couple.name} move their wedding by a week")
        await self._change(
            couple.partners[0],
            "update public.wedding_details set wedding_date = wedding_date + 7 where id = %s",
            (couple.wedding_id,),
            event="wedding.date_changed",
            heard={self._couple.name: len(couple.partners), self._bloom.name: self._tabs},
        )

    async def other_supplier_hears_its_own(self) -> None:
        """Show that the silence of the other supplier was no deafness."""
        couple, lens = self._cast.eve_and_max, self._cast.lens
        self._stage.scene(f"{couple.name} submit a form to {lens.name}")
        await self._change(
            couple.partners[0],
            "insert into public.form_responses (supplier_id, couple_id, form_name, status)"
            " values (%s, %s, 'Photo list', 'submitted')",
            (lens.id, couple.id),
            event="form_response.submitted",
            heard={self._lens.name: len(lens.team)},
        )
        for audience in self._audiences:
            self._stage.expect(
                audience.heard == audience.due,
                f"{audience.name}: {audience.heard} of {audience.due} deliveries altogether",
            )

    async def stranger_is_refused(self) -> None:
        mallory = self._cast.mallory
        self._stage.scene(f"{mallory.name}, a stranger, wants to hear {self._cast.bloom.name}")
        filters = {"supplier_id": str(self._cast.bloom.id)}
        code = await self._refusal(
            mallory,
            "realtime_subscribe",
            channels=["form-responses"],
            filters=Jsonb(filters),
        )
        self._stage.expect(code == "forbidden_channel", f"{mallory.name} gets {code}")
        audited = await self._fetch(
            "select l.payload ->> 'code' from public.realtime_activity_logs as l"
            " where l.user_id = %s and l.event_type = 'refused'",
            mallory.id,
        )
        self._stage.expect(audited == code, f"the audit has refused, {audited}")

    async def silent_client_is_cleaned_up(self) -> None:
        bob = self._cast.ann_and_bob.partners[1]
        self._stage.scene(f"{bob.name}'s phone subscribes, then falls silent")
        answer = await rpc.call(
            self._connection,
            bob.id,
            "realtime_subscribe",
            channels=["core-fields"],
            filters=Jsonb(_of_couple(self._cast.ann_and_bob)),
            connection_id=uuid4(),
        )
        channel = answer["subscriptions"][0]["channel"]
        count = "select count(*) from public.realtime_subscriptions"
        before = await self._fetch(count)
        await self._connection.execute(
            "update public.realtime_subscriptions as s"
            " set last_ping_at = clock_timestamp() - x.stale_after - interval '1 second'"
            " from wedsync_realtime.settings as x where s.channel_id = %s",
            (channel,),
        )
        removed = await self._fetch("select public.cleanup_inactive_subscriptions()")
        left = await self._fetch(count)
        self._stage.expect(
            (removed, left) == (1, before - 1), f"cleanup removed {removed} lease of {before}"
        )
        audited = await self._fetch(
            "select l.event_type from public.realtime_activity_logs as l"
            " where l.channel_id = %s order by l.timestamp desc limit 1",
            channel,
        )
        self._stage.expect(audited == "expired", f"the audit has {audited}")
        code = await self._refusal(bob, "realtime_poll", channel=channel)
        self._stage.expect(code == "subscription_expired", f"the phone, back again, gets {code}")

    async def _change(
        self,
        person: Person,
        statement: LiteralString,
        values: tuple[Any, ...],
        *,
        event: str,
        heard: Mapping[str, int],
    ) -> None:
        """Change a row as a person; expect that so many leases of each audience hear it."""
        for audience in self._audiences:
            audience.expect_change(event, heard.get(audience.name, 0))
        async with self._connection.transaction():
            await self._connection.execute(
                "select set_config('role', %s, true), set_config('request.jwt.claims', %s, true)",
                (rpc.ROLE, rpc.claims(person.id)),
            )
            await self._connection.execute(statement, values)
        await self._until(lambda: all(audience.has_all for audience in self._audiences))
        for audience in self._audiences:
            self._stage.expect(audience.has_just_that, f"{audience.name}: {audience.summary()}")

    async def _refusal(self, person: Person, function: str, **arguments: object) -> str:
        """Call a function as a person and return the code of the refusal, or `no refusal`."""
        try:
            await rpc.call(self._connection, person.id, function, **arguments)
        except RefusedError as refusal:
            return refusal.code
        return "no refusal"

    async def _fetch(self, statement: LiteralString, *values: Any) -> Any:
        """Return the value that a statement of the deploying role answers, None for no row."""
        row = await (await self._connection.execute(statement, values)).fetchone()
        return row[0] if row else None

    async def _until(self, is_done: Callable[[], bool]) -> None:
        end = perf_counter() + PATIENCE
        while not is_done() and perf_counter() < end:
            await asyncio.sleep(0.002)


def _of_supplier(supplier: Supplier, couple: Couple) -> dict[str, str]:
    return {"supplier_id": str(supplier.id), "wedding_id": str(couple.wedding_id)}


def _of_couple(couple: Couple) -> dict[str, str]:
    return {"couple_id": str(couple.id), "wedding_id": str(couple.wedding_id)}
