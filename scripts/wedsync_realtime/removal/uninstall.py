"""Take the package away: what was there before it came is as it was found."""

from typing import Any

import psycopg
from psycopg import Connection, sql

from wedsync_realtime.connection import server
from wedsync_realtime.connection.limits import Limits, retried
from wedsync_realtime.deployment.transaction import Report, locked, read_only
from wedsync_realtime.errors import DependentObjectsError, UnknownObjectsError
from wedsync_realtime.record import catalog, ledger
from wedsync_realtime.record.catalog import Catalog
from wedsync_realtime.removal import withdraw
from wedsync_realtime.source.scripts import SCHEMA

OWN_ROLES = ("wedsync_realtime_owner", "wedsync_realtime_monitor", "wedsync_realtime_relay")
API_ROLES = ("anon", "authenticated", "service_role")
# The order in which nothing refers to what goes first.
APPLICATION = (
    "public.user_profiles", "public.clients", "public.form_responses", "public.journey_progress",
    "public.core_fields", "public.wedding_details", "public.suppliers", "public.couples",
    "auth.users",
)  # fmt: skip
_MARKS = ("Reference form of the application's table%", "Everybody who can sign in.")
_LOST = {
    "public.realtime_subscriptions": "live subscriptions",
    "public.realtime_activity_logs": "rows of the activity log",
    "wedsync_realtime.events": "events of the feed",
    "wedsync_realtime.channels": "registered channels",
}

Found = set[tuple[str, str]]


def losses(url: str, wait: float = 0.0) -> list[str]:
    """Return what an uninstallation would lose, a line each; none where nothing is installed.

    Raises UnknownObjectsError.
    """
    with server.connect(url, wait=wait) as connection, read_only(connection):
        if not ledger.exists(connection):
            if withdraw.exists(connection, SCHEMA, "settings"):
                raise UnknownObjectsError(
                    "There are objects of the package, but no record of how it came.",
                    "Adopt them with `make baseline` first.",
                )
            return []
        lines = []
        for table, what in _LOST.items():
            if withdraw.exists(connection, *table.split(".")):
                row = connection.execute(f"select count(*) from {table}".encode()).fetchone()
                lines.append(f"{row[0] if row else 0} {what} will be lost.")
        return lines or ["The schema wedsync_realtime will be dropped."]


def uninstall(
    url: str, with_data: bool, limits: Limits, report: Report = lambda line: None
) -> list[str]:
    """Uninstall in one transaction and return what was kept, and why.

    with_data: drop tables of the reference form even if they hold rows.
    Raises DependentObjectsError, ScriptError; then nothing has changed.
    """
    with server.connect(url, wait=limits.wait, report=report) as connection:
        server.check_writable(connection)

        def attempt() -> list[str]:
            with locked(connection, limits, report):
                return _uninstall(connection, with_data) if ledger.exists(connection) else []

        return retried(attempt, limits, report)


def _uninstall(connection: Connection[Any], with_data: bool) -> list[str]:
    kept: list[str] = []
    found = catalog.read(connection, ledger.read(connection))
    recorded = ledger.objects(connection)[0]
    _refuse_foreign(found, recorded)
    was_there: Found = set(
        connection.execute("select kind, name from wedsync_realtime.found_objects").fetchall()
    )
    withdraw.detach(connection)
    protected = withdraw.drop_policies(connection)
    withdraw.drop_routines(connection, found, recorded)
    _drop_own(connection, found)
    kept += _drop_application(connection, was_there, with_data)
    kept += _drop_auth(connection, was_there)
    kept += [
        f"row level security on {table}, now without policies of the package"
        for table in protected
        if _any(connection, "select where pg_catalog.to_regclass(%s) is not null", table)
    ]
    kept += _drop_publication(connection, was_there)
    kept += _drop_cron(connection)
    kept += _drop_roles(connection, was_there)
    return kept


def _refuse_foreign(found: Catalog, recorded: dict[tuple[str, str], str]) -> None:
    kinds = ("table", "view", "materialized view", "foreign table", "function", "sequence", "type")
    names = [
        f"{item.kind} {item.name}"
        for item in found.items.values()
        if recorded
        and item.recorded_as not in recorded
        and item.kind in kinds
        and not item.is_templated  # of the registry, though a deployment failed before it was noted
    ]
    if names:
        raise DependentObjectsError(
            f"In the package's schema stands what is not its own: {', '.join(names)}.",
            "Move it to another schema, or drop it, then run again.",
        )


def _drop_own(connection: Connection[Any], found: Catalog) -> None:
    names: dict[str, list[str]] = {"table": [], "type": [], "sequence": []}
    for item in found.items.values():
        if item.kind in names and not (item.kind == "table" and item.is_templated):
            schema, _, name = item.name.partition(".")
            names[item.kind].append(sql.Identifier(schema, name).as_string(connection))
    groups = [(f"{kind} if exists", group) for kind, group in names.items()]
    withdraw.drop_in_any_order(connection, [*groups, ("schema", [SCHEMA])])


def _drop_application(connection: Connection[Any], was_there: Found, with_data: bool) -> list[str]:
    """Drop the tables that the package made in place of missing ones, unless they are in use."""
    kept = []
    for table in APPLICATION:
        if ("table", table) in was_there or not _is_marked(connection, table):
            continue
        if not with_data and _any(connection, f"select from {table} limit 1"):
            kept.append(f"{table}, which holds rows (--with-data drops it)")
        elif problem := _try(connection, f"drop table {table}"):
            kept.append(f"{table}: {problem}")
    return kept


def _drop_auth(connection: Connection[Any], was_there: Found) -> list[str]:
    statements = [
        f"drop function if exists auth.{name}()"
        for name in ("uid", "role", "jwt")
        if ("function", f"auth.{name}") not in was_there
    ]
    if ("schema", "auth") not in was_there:
        statements.append("drop schema if exists auth")
    elif not _any(connection, "select from pg_catalog.pg_namespace where nspname = 'auth'"):
        return []
    return [
        f"{statement.split()[-1]}: {problem}"
        for statement in statements
        if (problem := _try(connection, statement))
    ]


def _drop_publication(connection: Connection[Any], was_there: Found) -> list[str]:
    if ("publication", "supabase_realtime") in was_there:
        return []
    tables = "select from pg_catalog.pg_publication_tables where pubname = %s"
    if _any(connection, tables, "supabase_realtime"):
        return ["publication supabase_realtime, which has other tables"]
    connection.execute("drop publication if exists supabase_realtime")
    return []


def _drop_cron(connection: Connection[Any]) -> list[str]:
    """Drop pg_cron where the deployment created it and nobody else has jobs in it."""
    if not _any(connection, withdraw.CRON):
        return []
    if _any(connection, "select from cron.job limit 1"):
        return ["extension pg_cron, which has other jobs"]
    problem = _try(connection, "drop extension pg_cron")
    return [f"extension pg_cron: {problem}"] if problem else []


def _drop_roles(connection: Connection[Any], was_there: Found) -> list[str]:
    kept = []
    for role in (*OWN_ROLES, *API_ROLES):
        if not _any(connection, "select from pg_catalog.pg_roles where rolname = %s", role):
            continue
        if role in OWN_ROLES:
            statements = [_drop_owned(connection, role)]
        elif ("usage on schema public", role) in was_there:
            statements = []
        else:
            statements = [f"revoke usage on schema public from {role}"]
        if ("role", role) not in was_there:
            statements.append(f"drop role {role}")
        for statement in statements:
            if problem := _try(connection, statement):
                kept.append(f"role {role}: {problem}")
    return kept


def _drop_owned(connection: Connection[Any], role: str) -> str:
    """Return what takes its privileges from a role, which only a member may do."""
    drop = f"drop owned by {role}"
    if not _any(connection, "select where not pg_catalog.pg_has_role(%s, 'usage')", role):
        return drop
    return f"grant {role} to current_user; {drop}; revoke {role} from current_user"


def _try(connection: Connection[Any], statement: str) -> str | None:
    """Run a statement; return why it is not possible, where something else is in the way."""
    try:
        with connection.transaction():
            connection.execute(statement.encode())
    except (
        psycopg.errors.DependentObjectsStillExist,
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.ObjectInUse,
    ) as error:
        return error.diag.message_primary
    return None


def _is_marked(connection: Connection[Any], table: str) -> bool:
    row = connection.execute(
        """
        select pg_catalog.obj_description(pg_catalog.to_regclass(%s), 'pg_class') like any (%s)
        """,
        (table, list(_MARKS)),
    ).fetchone()
    return bool(row and row[0])


def _any(connection: Connection[Any], query: str, *values: str) -> bool:
    # a row without columns is an empty tuple
    return connection.execute(query.encode(), values or None).fetchone() is not None
