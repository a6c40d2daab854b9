"""Replace and drop the objects that stand one to a file: functions and views."""

from typing import Any, LiteralString

import psycopg
from psycopg import Connection, sql

from wedsync_realtime.deployment import execute
from wedsync_realtime.errors import MisnamedScriptError, OverloadError, ScriptError
from wedsync_realtime.source.scripts import Kind, Script, object_name

# What the server says where `create or replace` cannot do it: other result or argument names,
# an ambiguous name beside the old signature, other view columns, another kind of object.
_NEEDS_DROP = {"42P13", "42725", "42P16", "42809"}

_FIND: dict[Kind, LiteralString] = {
    Kind.FUNCTION: """
        select p.oid, 'drop routine ' || p.oid::pg_catalog.regprocedure::text
        from pg_catalog.pg_proc as p
        where p.pronamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(%s))
          and p.proname = %s
        """,
    Kind.VIEW: """
        select
            c.oid,
            case c.relkind when 'm' then 'drop materialized view ' else 'drop view ' end
            || c.oid::pg_catalog.regclass::text
        from pg_catalog.pg_class as c
        where c.relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(%s))
          and c.relname = %s
          and c.relkind in ('v', 'm')
        """,
}


def find(connection: Connection[Any], key: str, kind: Kind) -> dict[int, str]:
    """Return the objects that a function or view file stands for: their drop statements by oid.

    key: of the file's script.
    """
    return dict(connection.execute(_FIND[kind], object_name(key, kind)).fetchall())


def replace(connection: Connection[Any], script: Script) -> float:
    """Run a function or view file, dropping what it cannot replace; return the seconds it took.

    Raises ScriptError, OverloadError, MisnamedScriptError.
    """
    before = find(connection, script.key, script.kind)
    if before:
        seconds = _replace_existing(connection, script, before)
    else:
        seconds = execute.run(connection, script)
    after = find(connection, script.key, script.kind)
    if after.keys() - before.keys():
        leftovers = after.keys() & before.keys()
        _drop(connection, script, [after.pop(oid) for oid in leftovers])
    _check_one(script, len(after))
    return seconds


def drop_all(connection: Connection[Any], path: str, kind: Kind) -> None:
    """Drop the object whose file was deleted, unless something depends on it.

    Raises ScriptError.
    """
    _drop(connection, Script(path, kind, b""), list(find(connection, path, kind).values()))


def check_bodies(connection: Connection[Any], script: Script) -> None:
    """Let the language of a deployed function check its body, which creation has left out.

    Raises ScriptError.
    """
    for oid in find(connection, script.key, script.kind):
        row = connection.execute(
            """
            select l.lanvalidator::pg_catalog.regproc::text
            from pg_catalog.pg_proc as p
            join pg_catalog.pg_language as l on l.oid = p.prolang
            where p.oid = %s and l.lanvalidator <> 0
            """,
            (oid,),
        ).fetchone()
        if row:
            try:
                connection.execute(
                    sql.SQL("select {}({})").format(sql.SQL(row[0]), sql.Literal(oid))
                )
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
