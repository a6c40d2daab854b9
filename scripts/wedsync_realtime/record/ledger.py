"""Read and write what the database knows of its deployments."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from packaging.version import Version
from psycopg import Connection
from psycopg.types.json import Jsonb

from wedsync_realtime import __version__
from wedsync_realtime.errors import OlderPackageError
from wedsync_realtime.record.catalog import Catalog, Key
from wedsync_realtime.source import undo
from wedsync_realtime.source.plan import Deployed
from wedsync_realtime.source.scripts import Kind, Script

CREATE = (Path(__file__).parent / "ledger.sql").read_bytes()
TABLES = ("deployed_scripts", "deployed_objects", "deployments", "found_objects")


def exists(connection: Connection[Any], table: str = TABLES[0]) -> bool:
    """Tell whether the database has a ledger, or one of its tables."""
    # by catalog: to_regclass raises where the schema is closed to us
    row = connection.execute(
        """
        select from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'wedsync_realtime' and c.relname = %s
        """,
        (table,),
    ).fetchone()
    return row is not None


def is_complete(connection: Connection[Any]) -> bool:
    """Tell whether the ledger has all the tables that this package writes to."""
    row = connection.execute(
        """
        select count(*) from pg_catalog.pg_class as c
        inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'wedsync_realtime' and c.relname = any(%s)
        """,
        (list(TABLES),),
    ).fetchone()
    return row == (len(TABLES),)


def read(connection: Connection[Any]) -> dict[str, Deployed]:
    """Return the deployed scripts by path; none where there is no ledger yet."""
    if not exists(connection):
        return {}
    # through jsonb, because a ledger that is not complete yet lacks the column
    rows = connection.execute(
        """
        select s.path, s.checksum, s.kind, pg_catalog.to_jsonb(s) ->> 'undo'
        from wedsync_realtime.deployed_scripts as s
        order by s.path
        """
    )
    return {path: Deployed(path, checksum, Kind(kind), undo) for path, checksum, kind, undo in rows}


def row(script: Script) -> tuple[str, str, str, str | None]:
    """Return key, checksum, kind and undo of a script, as the ledger holds them."""
    said = undo.header(script.text) if script.kind is Kind.MIGRATION else None
    return script.key, script.checksum, script.kind.value, said


def record(connection: Connection[Any], ran: Sequence[tuple[Script, float]]) -> None:
    """Write that scripts were deployed, and for how many seconds each of them ran."""
    connection.execute(
        """
        insert into wedsync_realtime.deployed_scripts (path, checksum, kind, undo, duration)
        select r ->> 0, r ->> 1, r ->> 2, r ->> 3, make_interval(secs => (r ->> 4)::float8)
        from jsonb_array_elements(%s) as r
        on conflict (path) do update
        set checksum = excluded.checksum,
            kind = excluded.kind,
            undo = excluded.undo,
            applied_at = excluded.applied_at,
            applied_by = excluded.applied_by,
            duration = excluded.duration
        """,
        (_rows((*row(script), seconds) for script, seconds in ran),),
    )


def forget(connection: Connection[Any], *paths: str) -> None:
    """Delete the rows of scripts whose objects are gone."""
    connection.execute(
        "delete from wedsync_realtime.deployed_scripts where path = any(%s)", (list(paths),)
    )


def forget_object(connection: Connection[Any], name: str) -> None:
    """Delete what is recorded of a function of any arguments, or of a view and its columns.

    name: with its schema.
    """
    connection.execute(
        """
        delete from wedsync_realtime.deployed_objects as o
        where o.name = %(name)s
            or pg_catalog.starts_with(o.name, %(name)s || '(')
            or pg_catalog.starts_with(o.name, %(name)s || '.')
        """,
        {"name": name},
    )


@dataclass(frozen=True)
class Last:
    """The last deployment: the version of the package that did it, and whether it came to its end.

    version: None where there was none.
    """

    version: str | None = None
    is_finished: bool = True

    @property
    def is_done(self) -> bool:
        """Tell whether there is nothing to go on with, and no other version to come."""
        return self.is_finished and self.version in (None, __version__)


def last(connection: Connection[Any]) -> Last:
    """Return the last deployment."""
    if not exists(connection, "deployments"):
        return Last()
    row = connection.execute(
        "select version, is_finished from wedsync_realtime.deployments order by id desc limit 1"
    ).fetchone()
    return Last(*row) if row else Last()


def refuse_older_package(connection: Connection[Any]) -> None:
    """Raise OlderPackageError when a newer package than this one was deployed last."""
    deployed = last(connection).version
    if deployed and Version(deployed) > Version(__version__):
        raise OlderPackageError(
            f"The database has version {deployed}; this package is version {__version__}.",
            f"Install wedsync-realtime {deployed} or newer. In development, `make "
            "rollback` takes the database back to this version.",
        )


def note_deployment(
    connection: Connection[Any],
    action: str,
    applied: int,
    dropped: int,
    seconds: float,
    is_finished: bool = True,
) -> None:
    """Write what a transaction of a deployment did, by this version of the package.

    It is added to a deployment that has not come to its end yet.
    """
    connection.execute(
        """
        with done as (
            select
                %s as version, %s as action,
                coalesce(max(substr(s.path, length('migrations/') + 1, 4)::integer), 0)
                as migrations,
                %s as applied, %s as dropped, %s as duration, %s as is_finished
            from wedsync_realtime.deployed_scripts as s
            where s.kind = 'migration'
        ),

        added as (
            update wedsync_realtime.deployments as d
            set migrations = n.migrations,
                applied = d.applied + n.applied,
                dropped = d.dropped + n.dropped,
                deployed_at = clock_timestamp(),
                deployed_by = session_user,
                duration = d.duration + n.duration,
                is_finished = n.is_finished
            from done as n
            where
                d.id = (select max(l.id) from wedsync_realtime.deployments as l)
                and not d.is_finished
                and (d.version, d.action) = (n.version, n.action)
            returning d.id
        )

        insert into wedsync_realtime.deployments
            (version, action, migrations, applied, dropped, duration, is_finished)
        select n.version, n.action, n.migrations, n.applied, n.dropped, n.duration, n.is_finished
        from done as n
        where not exists (select from added)
        """,
        (__version__, action, applied, dropped, timedelta(seconds=seconds), is_finished),
    )


def objects(connection: Connection[Any]) -> tuple[dict[Key, str], set[Key]]:
    """Return the recorded definitions, and the keys of those that are templates."""
    if not exists(connection, "deployed_objects"):
        return {}, set()
    rows = connection.execute(
        "select kind, name, is_template, definition from wedsync_realtime.deployed_objects"
    ).fetchall()
    recorded = {(kind, name): definition for kind, name, _, definition in rows}
    return recorded, {(kind, name) for kind, name, is_template, _ in rows if is_template}


def has_objects(connection: Connection[Any]) -> bool:
    """Tell whether anything is recorded of what the objects are like."""
    return (
        connection.execute("select from wedsync_realtime.deployed_objects limit 1").fetchone()
        is not None
    )


def record_objects(
    connection: Connection[Any],
    before: Catalog | None,
    after: Catalog,
    is_named: Callable[[Key], bool] | None = None,
) -> None:
    """Write what the objects are like that this transaction made, changed or dropped.

    Those that it left alone keep their record, so that what was changed by hand stays in sight.
    before: None writes all.
    is_named: tells of what is to be written in any case.
    """
    was, now = before.definitions if before else {}, after.definitions
    templates = after.templates
    kept = before.templates if before else set()
    gone = [key for key in was if key not in now and key not in kept]
    changed = [key for key in now if was.get(key) != now[key]]
    if is_named:
        gone += [key for key in objects(connection)[0] if key not in now and is_named(key)]
        changed += [key for key in now if was.get(key) == now[key] and is_named(key)]
    connection.execute(
        """
        delete from wedsync_realtime.deployed_objects as o
        using unnest(%s::text[], %s::text[]) as g (kind, name)
        where o.kind = g.kind and o.name = g.name
        """,
        ([kind for kind, _ in gone], [name for _, name in gone]),
    )
    connection.execute(
        """
        insert into wedsync_realtime.deployed_objects (kind, name, is_template, definition)
        select r ->> 0, r ->> 1, (r ->> 2)::boolean, r ->> 3
        from jsonb_array_elements(%s) as r
        on conflict (kind, name) do update
        set is_template = excluded.is_template, definition = excluded.definition
        """,
        (_rows((*key, key in templates, now[key]) for key in changed),),
    )


def _rows(rows: Iterable[Sequence[Any]]) -> Jsonb:
    """Return rows as one parameter: the driver takes far longer to write arrays of text."""
    # as they are: not every encoding that a database can have knows the escapes of JSON
    return Jsonb(list(rows), partial(json.dumps, ensure_ascii=False))
