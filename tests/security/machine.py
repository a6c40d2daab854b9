"""The isolation test's machine: what users do and are told, against the model."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.security.administration import (
    CONNECTIONS,
    COUPLES,
    KEYS,
    OPERATIONS,
    SUPPLIERS,
    USERS,
    Administration,
    name,
    user,
)
from tests.security.model import BY_TABLE, CHANNELS, Event, Lease
from tests.support.callers.script import become, call


class Isolation(Administration):
    """Everything that users do, after whatever administrators did."""

    def ask(self, who: UUID, function: str, *arguments: Any) -> Any:
        """Call as a user, in a transaction of its own."""
        with self.connection.transaction():
            become(self.connection, who)
            return call(self.connection, function, *arguments)

    @rule(who=user, which=name, at=st.sampled_from(SUPPLIERS + COUPLES + KEYS),
          connection=st.sampled_from(CONNECTIONS),
          operations=st.sampled_from([OPERATIONS, ("UPDATE",), ("INSERT", "DELETE")]))  # fmt: skip
    def subscribe(
        self, who: UUID, which: str, at: UUID, connection: UUID, operations: tuple[str, ...]
    ) -> None:
        filters = {CHANNELS[which].filter_key: str(at), "operations": list(operations)}
        answer = self.ask(who, "realtime_subscribe", [which], filters, connection)
        topic = (which, self.world.tenant_of(who, which, at))
        if which in self.world.disabled:
            assert answer["code"] == "unknown_channel", answer
            return
        if not self.world.may_hear(who, *topic):
            assert answer["code"] == "forbidden_channel", answer
            return
        (told,) = answer["subscriptions"]
        assert told["topic"] == f"{topic[0]}:{topic[1]}"
        self.world.heat(topic)
        here = self.world.here(topic)
        lease = self.world.leases.get((who, which, connection))
        if lease is None or lease.topic != topic:
            cursors = lease.cursors if lease else {}
            lease = Lease(told["channel"], topic, here.length, operations, cursors)
            self.world.leases[who, which, connection] = lease
        lease.operations = operations
        assert lease.channel_id == told["channel"]
        lease.cursors[told["cursor"]] = here

    @rule(which=st.data(), connection=st.sampled_from(CONNECTIONS))
    @precondition(lambda self: self.welcome())
    def subscribe_where_welcome(self, which: st.DataObject, connection: UUID) -> None:
        who, channel, to = which.draw(st.sampled_from(self.welcome()))
        self.subscribe(who, channel, to, connection, OPERATIONS)

    def welcome(self) -> list[tuple[UUID, str, UUID]]:
        """Return who may subscribe to what."""
        return [
            (who, channel, to)
            for who in USERS for channel in CHANNELS for to in SUPPLIERS + COUPLES
            if self.world.may_hear(who, channel, to)
        ]  # fmt: skip

    @rule(which=st.data(), key=st.sampled_from(KEYS), note=st.sampled_from(["a", "b", "c"]))
    @precondition(lambda self: self.world.leases)
    def put_where_heard(self, which: st.DataObject, key: UUID, note: str) -> None:
        channel, to = which.draw(
            st.sampled_from(sorted({lease.topic for lease in self.world.leases.values()}))
        )
        where = CHANNELS[channel].table
        if where in ("suppliers", "couples"):
            self.rename(to, note)
        else:
            supplier, couple = (to, COUPLES[0]) if to in SUPPLIERS else (SUPPLIERS[0], to)
            self.put(where, key, supplier, couple, note)

    @rule(which=st.data(), most=st.sampled_from([1, 2, 100]), old=st.booleans())
    @precondition(lambda self: self.world.leases)
    def poll(self, which: st.DataObject, most: int, old: bool) -> None:
        self._poll(which.draw(st.sampled_from(sorted(self.world.leases))), most, old)

    def teardown(self) -> None:
        for key in self.world.leases:
            self._poll(key, 100, True)

    def _poll(self, key: tuple[UUID, str, UUID], most: int, old: bool) -> None:
        lease = self.world.leases[key]
        end = self.world.here(lease.topic)
        known = [
            (cursor, place.length) for cursor, place in lease.cursors.items()
            if place[:2] == end[:2]
        ]  # fmt: skip
        cursor, start = known[0 if old else -1] if known else (None, lease.since)
        told: list[Event] = []
        more = True
        while more:
            answer = self.ask(key[0], "realtime_poll", lease.channel_id, cursor, most)
            assert answer["success"], answer
            assert not answer["resyncRequired"], answer
            cursor, more = answer["cursor"], answer["hasMore"]
            told += [_event(each, key[1]) for each in answer["events"]]
            assert len(answer["events"]) <= most
        assert told == self.world.expected(lease, start)
        lease.cursors[str(cursor)] = end

    @rule(who=user, which=st.data())
    @precondition(lambda self: self.world.leases)
    def spy(self, who: UUID, which: st.DataObject) -> None:
        key = which.draw(st.sampled_from(sorted(self.world.leases)))
        lease = self.world.leases[key]
        if key[0] != who:
            for function in ("realtime_poll", "realtime_unsubscribe"):
                answer = self.ask(who, function, lease.channel_id)
                assert answer["code"] in ("subscription_not_found", "forbidden_channel"), answer

    @rule(who=user, connection=st.none() | st.sampled_from(CONNECTIONS))
    def unsubscribe_all(self, who: UUID, connection: UUID | None) -> None:
        going = [
            key for key in self.world.leases
            if key[0] == who and connection in (None, key[2])
        ]  # fmt: skip
        assert self.ask(who, "realtime_unsubscribe_all", connection)["closed"] == len(going)
        for key in going:
            del self.world.leases[key]

    @rule(who=user, where=st.sampled_from(list(BY_TABLE)))
    def read(self, who: UUID, where: str) -> None:
        with self.connection.transaction():
            become(self.connection, who)
            rows = self.connection.execute(f"select id from public.{where}".encode()).fetchall()
        assert {key for (key,) in rows} == {
            key for key, row in self.world.rows[where].items()
            if self.world.may_read(who, where, row)
        }  # fmt: skip

    @invariant()
    def leases_are_those_of_the_model(self) -> None:
        rows = self.connection.execute(
            "select s.user_id, s.channel_name, s.connection_id, s.channel_id, t.tenant_id"
            " from public.realtime_subscriptions as s"
            " inner join wedsync_realtime.topics as t on t.id = s.topic_id"
        ).fetchall()
        assert {row[:3]: (row[3], (row[1], row[4])) for row in rows} == {
            key: (lease.channel_id, lease.topic) for key, lease in self.world.leases.items()
        }


def _event(told: dict[str, Any], name: str) -> Event:
    columns = ("id", CHANNELS[name].note, "supplier_id", "couple_id")
    new, old = (
        {key: told[side][key] for key in columns if key in told[side]} for side in ("new", "old")
    )
    return Event(told["eventType"], new, old)
