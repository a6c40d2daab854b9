"""Compare a database with a scratch one that the files were deployed into, and adopt it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import perf_counter
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import Connection, sql
from psycopg.conninfo import make_conninfo

from wedsync_realtime.connection import conninfo, server
from wedsync_realtime.connection.limits import Limits, retried
from wedsync_realtime.deployment import deploy, execute, stages
from wedsync_realtime.deployment.transaction import Report, locked, read_only
from wedsync_realtime.errors import (
    AlreadyDeployedError,
    NoScratchError,
    NotDeployedError,
    UnknownObjectsError,
)
from wedsync_realtime.inspection.verify import OWN_TABLES, Finding, Verdict, differences
from wedsync_realtime.record import catalog, ledger
from wedsync_realtime.record.catalog import Catalog
from wedsync_realtime.source.plan import compare
from wedsync_realtime.source.scripts import Kind, Script, default_root, discover

_RECORD_FUNCTIONS = (
    "functions/jobs/record_functions.sql"  # for health(), after the ledger is written
)


class _DiffersError(Exception):
    """The database is not what the files make: nothing is to be written."""


def verify_files(
    url: str, root: Path | None, scratch_url: str | None, limits: Limits, report: Report
) -> Verdict:
    """Return what in the database differs from a scratch one that the files are deployed into.

    scratch_url: an empty database to deploy into; None makes one on the same server, and drops it.
    Raises NotDeployedError, NoScratchError.
    """
    scripts = discover(root or default_root())
    with server.connect(url, wait=limits.wait, report=report) as connection:
        expected = _expected(url, root, scratch_url, limits, report)
        with read_only(connection):
            if not ledger.exists(connection):
                raise NotDeployedError(
                    "The package is not in this database.", "Run `make migrate`."
                )
            return _verdict(connection, scripts, expected)


def baseline(
    url: str, root: Path | None, scratch_url: str | None, limits: Limits, report: Report
) -> Verdict:
    """Write a ledger into a database that has the objects, unless something is different.

    scratch_url: as in `verify_files`. Returns what is different.
    Raises AlreadyDeployedError, NotDeployedError, NoScratchError.
    """
    scripts = discover(root or default_root())
    start = perf_counter()
    with server.connect(url, wait=limits.wait, report=report) as connection:
        server.check_writable(connection)
        _refuse_unsuitable(connection, scripts)
        expected = _expected(url, root, scratch_url, limits, report)
        verdicts: list[Verdict] = []

        def attempt() -> None:
            with locked(connection, limits, report):
                verdicts.append(_adopt(connection, scripts, expected, start))
                if not verdicts[-1].is_clean:
                    raise _DiffersError

        with suppress(_DiffersError):
            retried(attempt, limits, report)
        return verdicts[-1]


def _refuse_unsuitable(connection: Connection[Any], scripts: tuple[Script, ...]) -> None:
    if ledger.read(connection):
        raise AlreadyDeployedError(
            "This database has a record of its deployments.",
            "Nothing is to be adopted: run `make migrate`.",
        )
    try:
        with read_only(connection):
            stages.refuse_unknown_objects(connection, [script.key for script in scripts])
    except UnknownObjectsError:
        return
    raise NotDeployedError("There is nothing of the package to adopt.", "Run `make migrate`.")


def _adopt(
    connection: Connection[Any], scripts: tuple[Script, ...], expected: Catalog, start: float
) -> Verdict:
    connection.execute(ledger.CREATE)
    ledger.record(connection, [(script, 0.0) for script in scripts])
    for script in scripts:
        if script.kind is Kind.POLICY and Path(script.path).stem in ledger.TABLES:
            execute.run(connection, script)
    verdict = _verdict(connection, scripts, expected)
    if verdict.is_clean:
        for script in scripts:
            if script.key == _RECORD_FUNCTIONS:
                execute.run(connection, script)
        paths = [script.key for script in scripts]
        ledger.record_objects(connection, None, catalog.read(connection, paths))
        ledger.note_deployment(connection, "baseline", len(paths), 0, perf_counter() - start)
    return verdict


def _verdict(
    connection: Connection[Any], scripts: tuple[Script, ...], expected: Catalog
) -> Verdict:
    deployed = ledger.read(connection)
    found = catalog.read(connection, deployed)
    findings = differences(expected.definitions, expected.templates, found)
    return Verdict(
        tuple(finding for finding in findings if _counts(finding)),
        compare(scripts, deployed),
        len(found.items),
    )


def _counts(finding: Finding) -> bool:
    """Tell whether a difference from a scratch database is one: that has other tables around."""
    if finding.kind == "job":
        return False
    if finding.kind == "policy" and finding.state != "changed":
        name, _, table = finding.name.partition(" on ")
        return table.startswith(OWN_TABLES) or (
            finding.state == "missing" and name.endswith("_owner")
        )
    return True


def _expected(
    url: str, root: Path | None, scratch_url: str | None, limits: Limits, report: Report
) -> Catalog:
    with _scratch(url, scratch_url) as scratch:
        report("Deploying the files into a scratch database …")
        deploy.migrate(scratch, root, limits=limits)
        with server.connect(scratch) as connection, read_only(connection):
            return catalog.read(connection, ledger.read(connection))


@contextmanager
def _scratch(url: str, scratch_url: str | None) -> Iterator[str]:
    if scratch_url:
        with server.connect(scratch_url) as connection:
            if ledger.exists(connection):
                raise NoScratchError(
                    f"{conninfo.display_name(scratch_url)} is not empty.",
                    "Name an empty database with --scratch-url.",
                )
        yield scratch_url
        return
    name = f"wedsync_scratch_{uuid4().hex[:12]}"
    with server.connect(url) as connection:
        try:
            connection.execute(
                sql.SQL("create database {} template template0").format(sql.Identifier(name))
            )
        except psycopg.errors.InsufficientPrivilege:
            raise NoScratchError(
                "This role may not create a scratch database to compare with.",
                "Name an empty database with --scratch-url, or let the role create one: "
                "alter role … createdb.",
            ) from None
        try:
            yield make_conninfo(**{**conninfo.parse_url(url), "dbname": name})
        finally:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )
