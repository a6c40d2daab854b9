"""Read every object of the package from the catalogs, as text that can be compared."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from wedsync_realtime.source.scripts import SCHEMA, Kind, object_name

_OBJECTS = (Path(__file__).parent / "catalog.sql").read_bytes()
_ROLES = (Path(__file__).parent / "roles.sql").read_bytes()
_CHANNELS = (Path(__file__).parent / "channels.sql").read_bytes()
_JOBS = b"""
    select
        j.jobname,
        pg_catalog.concat_ws(
            e'\\n',
            case
                when j.schedule in (
                    select t.value
                    from wedsync_realtime.settings as s
                    cross join lateral pg_catalog.jsonb_each_text(pg_catalog.to_jsonb(s)) as t
                ) then 'schedule by settings'
                else j.schedule
            end,
            j.command,
            'active ' || j.active
        )
    from cron.job as j
    where j.jobname like 'wedsync-realtime-%' and j.database = pg_catalog.current_database()
"""

# What the text of a definition depends on: names qualified, literals as PostgreSQL writes them.
_SETTINGS = {
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "quote_all_identifiers": "off",
    "search_path": "pg_catalog",
    "standard_conforming_strings": "on",
    "jit": "off",  # compiling these queries takes as long as running them
    "plan_cache_mode": "force_generic_plan",  # nor are the functions' worth a plan for each call
}

# A view of one table: from PostgreSQL 16 on its columns are written without the table.
_ONE_TABLE = re.compile(r"^   FROM [\w.]+ (\w+);?$", re.MULTILINE)
_MAINTAIN = re.compile(r"^owner may maintain\n?", re.MULTILINE)  # from 17 on; all that 15 grants

Key = tuple[str, str]
Recorded = Mapping[Key, str]


@dataclass(frozen=True)
class Item:
    """An object as it is: kind, name, and the definition without what only the data decides.

    template: the name under which its definition is recorded; its own, unless the data makes it.
    definition: None where the registry asks for an object that is not there.
    """

    kind: str
    name: str
    template: str
    definition: str | None

    @property
    def key(self) -> Key:
        """Kind and name."""
        return self.kind, self.name

    @property
    def recorded_as(self) -> Key:
        """Kind and name under which the definition is recorded."""
        return self.kind, self.template

    @property
    def is_templated(self) -> bool:
        """Tell whether the data decides that it exists."""
        return self.template != self.name


@dataclass(frozen=True)
class Catalog:
    """All objects of the package in one database, and what could not be looked at."""

    items: Mapping[Key, Item]
    unread: tuple[str, ...] = ()

    @cached_property
    def definitions(self) -> dict[Key, str]:
        """What to record: one definition per template, the one that most objects have."""
        found: dict[Key, list[str]] = {}
        for item in self.items.values():
            if item.definition is not None:
                found.setdefault(item.recorded_as, []).append(item.definition)
        return {
            key: texts[0] if len(texts) == 1 else Counter(texts).most_common(1)[0][0]
            for key, texts in found.items()
        }

    @cached_property
    def templates(self) -> set[Key]:
        """The keys of `definitions` that no object has to exist for."""
        return {item.recorded_as for item in self.items.values() if item.is_templated}


def read(connection: Connection[Any], paths: Iterable[str] = ()) -> Catalog:
    """Return the objects of the package, inside the transaction that the connection is in.

    paths: keys of its scripts, which tell the names of its functions in other schemas.
    """
    functions = [
        object_name(path, Kind.FUNCTION)[1]
        for path in paths
        if path.startswith("functions/public/")
    ]
    with _plain_text(connection):
        items: dict[Key, Item] = {}
        for query in (_OBJECTS, _ROLES):
            rows = connection.execute(query, {"functions": functions}).fetchall()
            items |= {(row[0], row[1]): Item(*row) for row in rows}
        unread: list[str] = []
        for what, read_more in (("channels", _channels), ("jobs", _jobs)):
            try:
                with connection.transaction():
                    items |= {item.key: item for item in read_more(connection, items)}
            except psycopg.Error as error:
                unread.append(f"{what}: {error.diag.message_primary or error}")
    return Catalog(items, tuple(unread))


def may_have_tables(connection: Connection[Any]) -> bool:
    """Tell whether `read` may find a table, which takes far longer to know for certain."""
    return (
        connection.execute(
            """
            select from pg_catalog.pg_namespace as n where n.nspname = %s
            union all
            select from pg_catalog.pg_class as c
            where c.relname in ('realtime_subscriptions', 'realtime_activity_logs')
            """,
            (SCHEMA,),
        ).fetchone()
        is not None
    )


def comparable(definition: str) -> str:
    """Return a definition without what another major writes otherwise, as after an upgrade."""
    text = _MAINTAIN.sub("", definition)
    if table := _ONE_TABLE.search(text):
        text = re.sub(rf"\b{table[1]}\.", "", text)
    return text


def has_jobs(connection: Connection[Any]) -> bool:
    """Tell whether pg_cron is there for this role, without which none of the jobs can be.

    Anybody who may create schemas may create one of its name.
    """
    return (
        connection.execute(
            """
            select
            from pg_catalog.pg_class as r
            inner join pg_catalog.pg_namespace as n on n.oid = r.relnamespace
            inner join pg_catalog.pg_depend as d on d.objid = r.oid and d.deptype = 'e'
            inner join pg_catalog.pg_extension as e on e.oid = d.refobjid
            where
                n.nspname = 'cron' and r.relname = 'job' and e.extname = 'pg_cron'
                and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
                and pg_catalog.has_schema_privilege(n.oid, 'usage')
                and pg_catalog.has_table_privilege(r.oid, 'select')
            """
        ).fetchone()
        is not None
    )


@contextmanager
def _plain_text(connection: Connection[Any]) -> Iterator[None]:
    """Have definitions written in one way, whatever is set for the role and the database."""
    before = connection.execute(
        """
        select s.name, pg_catalog.current_setting(s.name)
        from pg_catalog.unnest(%s::text[]) as s (name)
        """,
        (list(_SETTINGS),),
    ).fetchall()
    _set(connection, _SETTINGS)
    yield
    _set(connection, dict(before))


def _set(connection: Connection[Any], settings: Mapping[str, str]) -> None:
    connection.execute(
        """
        select pg_catalog.set_config(s.name, s.value, true)
        from pg_catalog.jsonb_each_text(%s) as s (name, value)
        """,
        (Jsonb(settings),),
    )


def _channels(connection: Connection[Any], items: Mapping[Key, Item]) -> Iterator[Item]:
    if ("table", f"{SCHEMA}.channels") not in items:
        return
    for kind, name, template, blanks, is_needed in connection.execute(_CHANNELS):
        if kind in ("function", "sequence", "trigger"):
            item = items.get((kind, name))
            if item and item.definition:
                yield Item(kind, name, template, _blanked(item.definition, blanks))
            elif is_needed:
                yield Item(kind, name, template, None)
        else:
            yield Item(kind, name, template, blanks[0])


def _blanked(definition: str, blanks: list[str | None]) -> str:
    for number, blank in enumerate(blanks, 1):
        if blank:
            definition = definition.replace(blank, f"<{number}>")
    return definition


def _jobs(connection: Connection[Any], items: Mapping[Key, Item]) -> Iterator[Item]:
    if has_jobs(connection) and ("table", f"{SCHEMA}.settings") in items:
        for name, definition in connection.execute(_JOBS):
            yield Item("job", name, name, definition)
