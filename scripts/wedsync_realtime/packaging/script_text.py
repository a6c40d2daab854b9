"""Write down what a deployment would run: for `plan`, and as SQL to review."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql

from wedsync_realtime.deployment import objects
from wedsync_realtime.deployment.transaction import LOCK_KEY, SETTINGS
from wedsync_realtime.record import ledger
from wedsync_realtime.source.plan import Plan
from wedsync_realtime.source.scripts import LAST, Kind, Script

_REASONS = {
    "new": "not deployed yet",
    "changed": "its text has changed",
    "drop": "its file is gone",
    "always": "runs every time",
}
_RECORD = sql.SQL(
    "insert into wedsync_realtime.deployed_scripts (path, checksum, kind, undo, duration)\n"
    "values ({}, {}, {}, {}, '0')\n"
    "on conflict (path) do update set checksum = excluded.checksum, applied_at = default;\n"
)


@dataclass(frozen=True)
class Step:
    """A file that a deployment would run or whose objects it would drop, and why."""

    action: str
    path: str
    kind: Kind
    script: Script | None = None

    def __str__(self) -> str:
        return f"{self.action:8}{self.path}  ({_REASONS[self.action]})"

    def as_json(self) -> dict[str, str]:
        """Return it for programs."""
        return {"action": self.action, "path": self.path, "kind": self.kind.value}


def steps(plan: Plan) -> list[Step]:
    """Return the steps of a deployment in their order; none when there is nothing to do."""
    if plan.is_empty:
        return []
    new = {script.path for script in plan.pending}
    scripts = sorted({*plan.pending, *plan.changed, *plan.always}, key=lambda script: script.order)
    changed = {script.path for script in plan.changed}
    found = [
        Step(
            "new" if script.path in new else "changed" if script.path in changed else "always",
            script.path,
            script.kind,
            script,
        )
        for script in scripts
    ]
    drops = [Step("drop", removed.path, removed.kind) for removed in plan.removed]
    at = next((i for i, step in enumerate(found) if step.kind in LAST), len(found))
    return [*found[:at], *drops, *found[at:]]


def text(connection: Connection[Any], steps: Sequence[Step]) -> str:
    """Return the SQL of the steps, in a form that psql runs; reads what is to be dropped."""
    return "\n".join(_lines(connection, steps))


def _lines(connection: Connection[Any], steps: Sequence[Step]) -> Iterable[str]:
    if not steps:
        return
    begin = f"begin;\n{SETTINGS.strip()}\nselect pg_catalog.pg_advisory_xact_lock({LOCK_KEY});\n"
    yield "-- For review: `make migrate` runs this, replaces functions whose signature"
    yield "-- has changed, and records what the objects are like afterwards.\n"
    yield begin
    if not ledger.is_complete(connection):
        yield ledger.CREATE.decode()
    for step in steps:
        yield f"\n-- {step.path}: {_REASONS[step.action]}"
        if step.script is None:
            for statement in objects.find(connection, [(step.path, step.kind)])[step.path].values():
                yield f"{statement};"
            yield (
                "delete from wedsync_realtime.deployed_scripts where path = "
                + sql.Literal(step.path).as_string(connection)
                + ";\n"
            )
            continue
        if not step.script.in_transaction:
            yield f"commit;\n{step.script.text.strip()}\n{begin}"
        else:
            yield step.script.text.strip()
        if step.action != "always":
            yield _RECORD.format(*map(sql.Literal, ledger.row(step.script))).as_string(connection)
    yield "commit;"
