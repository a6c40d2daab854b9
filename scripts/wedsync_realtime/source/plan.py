"""Compare the scripts with the ledger, without touching anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wedsync_realtime.errors import EditedMigrationError, MissingMigrationError
from wedsync_realtime.source.scripts import Kind, Script


@dataclass(frozen=True)
class Deployed:
    """A row of the ledger: what was deployed last of a script; undo as a migration's file says.

    path: the script's key.
    """

    path: str
    checksum: str
    kind: Kind
    undo: str | None = None


@dataclass(frozen=True)
class Plan:
    """What a deployment would do: pending, changed and removed; always runs in any case.

    edited and missing are landed migrations that stop it.
    """

    pending: tuple[Script, ...]
    changed: tuple[Script, ...]
    always: tuple[Script, ...]
    removed: tuple[Deployed, ...]
    edited: tuple[Script, ...]
    missing: tuple[Deployed, ...]

    @property
    def is_empty(self) -> bool:
        """Tell whether database and files agree."""
        return not (self.pending or self.changed or self.removed or self.edited or self.missing)


def compare(scripts: Sequence[Script], ledger: Mapping[str, Deployed]) -> Plan:
    """Return what a deployment of the scripts would do to a database with this ledger."""
    keys = {script.key for script in scripts}
    new = [script for script in scripts if script.key not in ledger]
    other = [
        script
        for script in scripts
        if script.key in ledger and script.checksum != ledger[script.key].checksum
    ]
    gone = [deployed for deployed in ledger.values() if deployed.path not in keys]
    return Plan(
        pending=tuple(new),
        changed=tuple(script for script in other if script.kind is not Kind.MIGRATION),
        always=tuple(script for script in scripts if script.kind.runs_always),
        removed=tuple(deployed for deployed in gone if deployed.kind is not Kind.MIGRATION),
        edited=tuple(script for script in other if script.kind is Kind.MIGRATION),
        missing=tuple(deployed for deployed in gone if deployed.kind is Kind.MIGRATION),
    )


def refuse_rewritten_history(plan: Plan) -> None:
    """Raise EditedMigrationError or MissingMigrationError when a landed migration differs."""
    if plan.edited:
        names = ", ".join(script.path for script in plan.edited)
        raise EditedMigrationError(
            f"Edited after it landed in this database: {names}.",
            "Restore the text that was deployed, and put the change into a new migration.",
        )
    if plan.missing:
        names = ", ".join(deployed.path for deployed in plan.missing)
        raise MissingMigrationError(
            f"Landed in this database, and now missing from the files: {names}.",
            "Restore the file under its old name; is this checkout older than the database?",
        )
