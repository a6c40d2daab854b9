"""Supabase's realtime.apply_rls beside our push, from a checkout of supabase/walrus.

It runs in the same database, on a copy of the same table with the same row level security.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from wedsync_realtime.bench.delivering import delivered
from wedsync_realtime.bench.ground import people
from wedsync_realtime.bench.ground.session import Session
from wedsync_realtime.bench.ground.stage import Stage
from wedsync_realtime.bench.measure.compare import Way, compare
from wedsync_realtime.bench.measure.figures import Figure, ratio
from wedsync_realtime.bench.writing.changes import ANSWERS

SCENARIO = "delivered, Supabase"
MOST = 1_000  # subscribers: beyond, a change takes it most of a second
ROUNDS = 9

_INSERT = "insert into {} (supplier_id, responses) values ($1, $2)"
_PREPARE = """
    create table bench.supabase (like public.form_responses including all);
    alter table bench.supabase enable row level security;
    create policy supabase_select_supplier on bench.supabase
        for select to authenticated
        using (supplier_id = (select wedsync_realtime.caller_supplier_id()));
    grant usage on schema bench to authenticated;
    grant select on bench.supabase to authenticated;
"""
_PLUGINS = "output_plugin_libraries"  # newer servers want them named
_SLOT = "select pg_create_logical_replication_slot('bench', 'wal2json', true)"
_SUBSCRIBE = """
    truncate realtime.subscription;
    insert into realtime.subscription (subscription_id, entity, filters, claims)
    select
        gen_random_uuid(),
        'bench.supabase',
        array[('supplier_id', 'eq', bench.supplier_id('{name}'))::realtime.user_defined_filter],
        jsonb_build_object('sub', bench.user_id('{name}', n), 'role', 'authenticated')
    from generate_series(1, {number}) as n;
    analyze realtime.subscription;
"""
_APPLY = """
    select a.*
    from pg_logical_slot_get_changes(
        'bench', null, null,
        'include-pk', '1',
        'include-transaction', 'false',
        'include-timestamp', 'true',
        'include-type-oids', 'true',
        'format-version', '2',
        'actions', 'insert,update,delete',
        'add-tables', 'bench.supabase'
    ) as w
    cross join lateral realtime.apply_rls(w.data::jsonb, 1048576) as a
"""


def supabase(stage: Stage, checkout: Path) -> Iterator[Figure]:
    """Compare an insert and a drain with what apply_rls takes for an insert."""
    setup = "set synchronous_commit = off"
    with stage.session(setup) as ours, stage.session(setup) as theirs:
        _install(theirs, checkout)
        try:
            for size in [size for size in stage.scale.subscribers if size <= MOST]:
                yield _compared(ours, theirs, size)
        finally:
            theirs.run("select pg_drop_replication_slot('bench')")


def _compared(writer: Session, session: Session, size: int) -> Figure:
    name = f"supabase {size}"
    people.add(writer, name, leases=size)
    values = (people.supplier_id(name), ANSWERS)
    session.run(_SUBSCRIBE.format(name=name, number=size))

    def change() -> None:
        session.run("set synchronous_commit = on")  # decoding ends at what has been flushed
        session.call(_INSERT.format("bench.supabase"), *values)
        session.run("set synchronous_commit = off")

    def apply(_: int) -> None:
        if len(session.rows(_APPLY)) != 1:
            raise RuntimeError("apply_rls did not see the one change that was made")

    ours = delivered.push(writer, name)
    theirs = Way(session, apply, before=change)
    costs = compare({"ours": ours, "theirs": theirs}, ROUNDS, 1)
    what = f"pushed to {size:,}"
    return ratio(SCENARIO, what, costs["ours"], costs["theirs"], "apply_rls", leases=size)


def _install(session: Session, checkout: Path) -> None:
    folder = checkout / "sql"
    for file in (folder / "walrus--0.1.sql", *sorted(folder.glob("walrus_migration_*.sql"))):
        session.run(file.read_text())
    session.run(_PREPARE)
    if session.rows("select from pg_settings where name = %s", _PLUGINS):
        session.run(f"alter system set {_PLUGINS} = wal2json")
        session.run("select pg_reload_conf()")
        while "wal2json" not in session.value(f"show {_PLUGINS}"):
            time.sleep(0.05)
    session.run(_SLOT)
