"""Replace and drop the objects that stand one to a file: functions and views."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import Connection, sql

from wedsync_realtime.deployment import execute
from wedsync_realtime.errors import MisnamedScriptError, OverloadError, ScriptError
from wedsync_realtime.source.scripts import Kind, Script, object_name

# What the server says where `create or replace` cannot do it: other result or argument names,
# an ambiguous name beside the old signature, other view columns, another kind of object.
_NEEDS_DROP = {"42P13", "42725", "42P16", "42809"}

_FIND = """
    select w.kind, w.schema, w.name, p.oid, 'drop routine ' || p.oid::pg_catalog.regprocedure::text
    from unnest(%(kinds)s::text[], %(schemas)s::text[], %(names)s::text[])
        as w (kind, schema, name)
    inner join pg_catalog.pg_namespace as n on n.nspname = w.schema
    inner join pg_catalog.pg_proc as p on p.pronamespace = n.oid and p.proname = w.name
    where w.kind = 'function'
    union all
    select
        w.kind, w.schema, w.name, c.oid,
        case c.relkind when 'm' then 'drop materialized view ' else 'drop view ' end
        || c.oid::pg_catalog.regclass::text
    from unnest(%(kinds)s::text[], %(schemas)s::text[], %(names)s::text[])
        as w (kind, schema, name)
    inner join pg_catalog.pg_namespace as n on n.nspname = w.schema
    inner join pg_catalog.pg_class as c on c.relnamespace = n.oid and c.relname = w.name
    where w.kind = 'view' and c.relkind in ('v', 'm')
"""
_VALIDATORS = """
    select l.lanvalidator::pg_catalog.regproc::text, pg_catalog.array_agg(p.oid)
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_language as l on l.oid = p.prolang
    where p.oid = any(%s) and l.lanvalidator <> 0
    group by l.lanvalidator
"""

Found = dict[str, dict[int, str]]


def find(connection: Connection[Any], files: Iterable[tuple[str, Kind]]) -> Found:
    """Return by key what function and view files stand for: the drop statements by oid.

    files: key and kind of each.
    """
    keys = {(kind.value, *object_name(key, kind)): key for key, kind in files}
    found: Found = {key: {} for key in keys.values()}
    wanted = {
        "kinds": [kind for kind, _, _ in keys],
        "schemas": [schema for _, schema, _ in keys],
        "names": [name for _, _, name in keys],
    }
    for kind, schema, name, oid, drop in connection.execute(_FIND, wanted):
        found[keys[kind, schema, name]][oid] = drop
    return found


def replace(connection: Connection[Any], script: Script, before: dict[int, str]) -> float:
    """Run a function or view file, dropping what it cannot replace; return the seconds it took.

    before: what it stands for by now. Whether it has made one is for `check` to say.
    Raises ScriptError.
    """
    if not before:
        return execute.run(connection, script)
    seconds = _replace_existing(connection, script, before)
    after = find(connection, [(script.key, script.kind)])[script.key]
    if after.keys() - before.keys():
        _drop(connection, script, [after[oid] for oid in after.keys() & before.keys()])
    return seconds


def check(connection: Connection[Any], scripts: Sequence[Script]) -> None:
    """Check that each file has made one object, and the bodies, which creation has left out.

    Raises MisnamedScriptError, OverloadError, ScriptError.
    """
    found = find(connection, [(script.key, script.kind) for script in scripts])
    for script in scripts:
        _check_one(script, len(found[script.key]))
    functions = {
        oid: script
        for script in scripts
        if script.kind is Kind.FUNCTION
        for oid in found[script.key]
    }
    connection.execute("set local check_function_bodies = on")
    for validator, oids in connection.execute(_VALIDATORS, (list(functions),)).fetchall():
        _check_bodies(connection, validator, {oid: functions[oid] for oid in oids})
    connection.execute("set local check_function_bodies = off")


def drop_all(connection: Connection[Any], path: str, kind: Kind) -> None:
    """Drop the object whose file was deleted, unless something depends on it.

    Raises ScriptError.
    """
    found = find(connection, [(path, kind)])[path]
    _drop(connection, Script(path, kind, b""), list(found.values()))


def _check_bodies(
    connection: Connection[Any], validator: LiteralString, functions: Mapping[int, Script]
) -> None:
    """Let a language check the bodies of functions: all at once, or one by one to find the bad."""
    query = sql.SQL("select {}(f.oid) from pg_catalog.unnest(%s::oid[]) as f (oid)").format(
        sql.SQL(validator)
    )
    connection.execute("savepoint before_bodies")
    try:
        connection.execute(query, (list(functions),))
    except psycopg.Error:
        connection.execute("rollback to savepoint before_bodies")
        for oid, script in functions.items():
            try:
                connection.execute(query, ([oid],))
            except psycopg.Error as error:
                execute.refuse(script, error)


def _replace_existing(connection: Connection[Any], script: Script, before: dict[int, str]) -> float:
    connection.execute("savepoint before_replace")
    try:
        return execute.run(connection, script)
    except ScriptError as error:
        if error.sqlstate not in _NEEDS_DROP:
            raise
        connection.execute("rollback to savepoint before_replace")
        _drop(connection, script, list(before.values()))
        before.clear()
        return execute.run(connection, script)


def _drop(connection: Connection[Any], script: Script, statements: list[str]) -> None:
    for statement in statements:
        try:
            connection.execute(statement.encode())
        except psycopg.Error as error:
            execute.refuse(script, error)


def _check_one(script: Script, count: int) -> None:
    schema, name = object_name(script.key, script.kind)
    if count == 0:
        raise MisnamedScriptError(
            f"{script.path} does not create the {script.kind} {schema}.{name}.",
            "Name the file after the one object it holds.",
        )
    if count > 1:
        raise OverloadError(
            f"{script.path}: {schema}.{name} has {count} signatures.",
            "Keep one in the file, and drop those that came from elsewhere.",
        )
