"""The part of the isolation test's machine that changes who may see what."""

from uuid import UUID, uuid5

import psycopg
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.security.model import BY_TABLE, CHANNELS, World

SPACE = UUID(int=7)


def ids(kind: str, count: int) -> list[UUID]:
    """Return the same ids whenever it is asked."""
    return [uuid5(SPACE, f"{kind} {number}") for number in range(count)]


USERS, SUPPLIERS, COUPLES = ids("user", 4), ids("supplier", 2), ids("couple", 3)
CONNECTIONS, KEYS = ids("connection", 2), ids("row", 4)
OPERATIONS = ("INSERT", "UPDATE", "DELETE")
RESET = """
    delete from public.realtime_subscriptions;
    delete from wedsync_realtime.topics;
    update wedsync_realtime.channels set is_enabled = true where not is_enabled;
    delete from public.user_profiles;
    delete from public.form_responses;
    delete from public.journey_progress;
    delete from public.core_fields;
    delete from public.wedding_details;
    delete from public.clients;
    delete from public.couples;
    delete from public.suppliers;
    delete from wedsync_realtime.rate_limits;
    delete from public.realtime_activity_logs;
"""
user = st.sampled_from(USERS)
name = st.sampled_from(list(CHANNELS))
tenant = st.sampled_from(SUPPLIERS + COUPLES)
# Tables whose tenant is their own key keep their rows, so that their tenant stays.
table = st.sampled_from([t for t in BY_TABLE if t not in ("suppliers", "couples")])


class Administration(RuleBasedStateMachine):
    """Profiles, links, rows and channels change, in the database and in the model."""

    connection: psycopg.Connection  # set by the test

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.connection.execute(RESET.encode())
        for where, keys in (("suppliers", SUPPLIERS), ("couples", COUPLES)):
            for key in keys:
                self.write(where, key, {"id": str(key), "note": "first"})
        for who, to in zip(USERS, SUPPLIERS + COUPLES, strict=False):
            self.profile(who, to)
        for key, where in zip(KEYS, ["clients", "clients", "wedding_details"], strict=False):
            self.put(where, key, SUPPLIERS[0], COUPLES[0], "first")

    def write(self, where: str, key: UUID, new: dict[str, str | None]) -> None:
        """Insert or overwrite a row, here and in the model."""
        row = {CHANNELS[BY_TABLE[where]].note if k == "note" else k: v for k, v in new.items()}
        columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
        self.connection.execute(
            f"insert into public.{where} ({columns}) values ({places}) on conflict (id) do update"
            f" set ({columns}) = row ({places})".encode(),
            [*row.values(), *row.values()],
        )
        self.world.change(where, key, row)

    @rule(who=user, to=tenant)
    def profile(self, who: UUID, to: UUID) -> None:
        side = "supplier" if to in SUPPLIERS else "couple"
        self.connection.execute(
            "insert into public.user_profiles (id, user_type, supplier_id, couple_id)"
            " values (%(id)s, %(side)s, %(supplier)s, %(couple)s) on conflict (id) do update set"
            " user_type = %(side)s, supplier_id = %(supplier)s, couple_id = %(couple)s",
            {"id": who, "side": side, "supplier": to if side == "supplier" else None,
             "couple": to if side == "couple" else None},
        )  # fmt: skip
        self.world.move(who, (side, to))

    @rule(who=user, deletes_user=st.booleans())
    def leave(self, who: UUID, deletes_user: bool) -> None:
        self.connection.execute("delete from public.user_profiles where id = %s", (who,))
        if deletes_user:
            self.connection.execute("delete from auth.users where id = %s", (who,))
            self.connection.execute("insert into auth.users (id) values (%s)", (who,))
        self.world.move(who, None)

    @rule(where=table, key=st.sampled_from(KEYS), supplier=st.sampled_from(SUPPLIERS),
          couple=st.sampled_from(COUPLES), note=st.sampled_from(["a", "b"]))  # fmt: skip
    def put(self, where: str, key: UUID, supplier: UUID, couple: UUID, note: str) -> None:
        row: dict[str, str | None] = {"id": str(key), "note": note}
        if where not in ("core_fields", "wedding_details"):
            row["supplier_id"] = str(supplier)
        if where != "journey_progress":
            row["couple_id"] = str(couple)
        self.write(where, key, row)

    @rule(key=st.sampled_from(KEYS), couple=st.sampled_from(COUPLES))
    def relink(self, key: UUID, couple: UUID) -> None:
        row = self.world.rows["clients"].get(key)
        if row:
            self.write("clients", key, row | {"couple_id": str(couple)})

    @rule(key=st.sampled_from(SUPPLIERS + COUPLES), note=st.sampled_from(["a", "b"]))
    def rename(self, key: UUID, note: str) -> None:
        where = "suppliers" if key in SUPPLIERS else "couples"
        self.write(where, key, {"id": str(key), "note": note})

    @rule(where=table, key=st.sampled_from(KEYS))
    def remove(self, where: str, key: UUID) -> None:
        self.connection.execute(f"delete from public.{where} where id = %s".encode(), (key,))
        self.world.change(where, key, None)

    @precondition(lambda self: not self.world.disabled)
    @rule(which=st.none() | st.none() | name)
    def disable(self, which: str | None) -> None:
        if which is None:
            return
        self._switch(which, False)
        self.world.disabled.add(which)
        self.world.revoke()
        self.world.cool(which)

    @precondition(lambda self: self.world.disabled)
    @rule(which=st.data())
    def enable(self, which: st.DataObject) -> None:
        chosen = which.draw(st.sampled_from(sorted(self.world.disabled)))
        self._switch(chosen, True)
        self.world.disabled.discard(chosen)

    def _switch(self, which: str, on: bool) -> None:
        self.connection.execute(
            "update wedsync_realtime.channels set is_enabled = %s where name = %s", (on, which)
        )
