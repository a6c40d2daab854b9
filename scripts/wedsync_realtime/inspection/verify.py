"""Compare the objects in the database with what was deployed."""

import difflib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psycopg import Connection

from wedsync_realtime.connection import server
from wedsync_realtime.deployment.transaction import read_only
from wedsync_realtime.errors import NotDeployedError, NotRecordedError
from wedsync_realtime.record import catalog, ledger
from wedsync_realtime.record.catalog import Catalog, Key
from wedsync_realtime.source.plan import Plan, compare
from wedsync_realtime.source.scripts import Script, default_root, discover

# Their policies are all the package's; on other tables the application may have its own.
OWN_TABLES = (
    "wedsync_realtime.", "public.realtime_subscriptions", "public.realtime_activity_logs",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """An object that is not as it was deployed.

    state: missing, changed, foreign, or unread where it could not be looked at.
    """

    state: str
    kind: str
    name: str
    expected: str | None = None
    actual: str | None = None

    def __str__(self) -> str:
        reason = f" ({self.actual})" if self.state == "unread" else ""
        return f"{self.state}: {self.kind} {self.name}{reason}"

    @property
    def difference(self) -> list[str]:
        """The lines that were deployed and are not there (-), and those that are there (+)."""
        old, new = (self.expected or "").splitlines(), (self.actual or "").splitlines()
        lines = difflib.unified_diff(old, new, lineterm="", n=0)
        return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


@dataclass(frozen=True)
class Verdict:
    """What is different: objects from what was deployed, and scripts from the ledger."""

    findings: tuple[Finding, ...]
    plan: Plan
    objects: int

    @property
    def is_clean(self) -> bool:
        """Tell whether the database is as the files say."""
        return not self.findings and self.plan.is_empty


def verify(url: str, root: Path | None = None, wait: float = 0.0) -> Verdict:
    """Return what in the database differs from the record of its deployment and from the files.

    wait: seconds to wait for a server that is starting.
    Raises NotDeployedError, NotRecordedError.
    """
    scripts = discover(root or default_root())
    with server.connect(url, wait=wait) as connection, read_only(connection):
        return examine(connection, scripts)


def examine(connection: Connection[Any], scripts: Sequence[Script]) -> Verdict:
    """Return what differs, as seen by the transaction that the connection is in.

    Raises NotDeployedError, NotRecordedError.
    """
    deployed = ledger.read(connection)
    if not deployed:
        raise NotDeployedError(
            "This database has no record that the package was deployed.",
            "Run `make migrate`; where its objects are there already, `make baseline`.",
        )
    recorded, templates = ledger.objects(connection)
    if not recorded:
        raise NotRecordedError(
            "This database has no record of what its objects were like.",
            "Run `make migrate`, which takes one.",
        )
    found = catalog.read(connection, deployed)
    if not catalog.has_jobs(connection):  # as restored without pg_cron: status and health() tell
        recorded = {key: each for key, each in recorded.items() if key[0] != "job"}
    return Verdict(
        tuple(differences(recorded, templates, found)),
        compare(scripts, deployed),
        len(found.items),
    )


def differences(
    recorded: Mapping[Key, str], templates: Set[Key], found: Catalog
) -> Iterator[Finding]:
    """Yield what was recorded and is missing or changed, and what is there without a record.

    templates: keys of the record that no object has to exist for.
    Parts of a table that is itself missing or foreign are left out.
    """
    findings = [*_missing(recorded, templates, found), *_different(recorded, found)]
    tables = {each.name for each in findings if each.kind == "table" and each.state != "changed"}
    for finding in sorted(findings, key=lambda each: (each.kind, each.name)):
        table = _table_of(finding)
        if table not in tables:
            yield finding
    for reason in found.unread:
        what, _, why = reason.partition(": ")
        yield Finding("unread", "objects of", what, actual=why)


def _missing(recorded: Mapping[Key, str], templates: Set[Key], found: Catalog) -> Iterator[Finding]:
    present = {item.recorded_as for item in found.items.values()}
    for key, definition in recorded.items():
        if key not in present and key not in templates:
            yield Finding("missing", *key, expected=definition)


def _different(recorded: Mapping[Key, str], found: Catalog) -> Iterator[Finding]:
    for item in found.items.values():
        expected = recorded.get(item.recorded_as)
        if item.definition is None:
            yield Finding("missing", *item.key, expected=expected)
        elif expected is None:
            finding = Finding("foreign", *item.key, actual=item.definition)
            if item.kind != "policy" or (_table_of(finding) or "").startswith(OWN_TABLES):
                yield finding
        elif catalog.comparable(expected) != catalog.comparable(item.definition):
            yield Finding("changed", *item.key, expected=expected, actual=item.definition)


def _table_of(finding: Finding) -> str | None:
    if finding.kind == "column":
        return finding.name.rpartition(".")[0]
    if finding.kind in ("index", "constraint", "trigger", "policy", "rule"):
        return finding.name.partition(" on ")[2]
    return None
