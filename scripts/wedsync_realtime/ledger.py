"""Read and write wedsync_realtime.deployed_scripts, the record of what was deployed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from psycopg import Connection

from wedsync_realtime.plan import Deployed
from wedsync_realtime.source import Kind, Script

CREATE = (Path(__file__).parent / "ledger.sql").read_bytes()


def exists(connection: Connection[Any]) -> bool:
    """Tell whether the database has a ledger."""
    query = "select pg_catalog.to_regclass('wedsync_realtime.deployed_scripts') is not null"
    row = connection.execute(query).fetchone()
    return bool(row and row[0])


def read(connection: Connection[Any]) -> dict[str, Deployed]:
    """Return the deployed scripts by path; none where there is no ledger yet."""
    if not exists(connection):
        return {}
    rows = connection.execute(
        "select path, checksum, kind from wedsync_realtime.deployed_scripts order by path"
    )
    return {path: Deployed(path, checksum, Kind(kind)) for path, checksum, kind in rows}


def record(connection: Connection[Any], script: Script, seconds: float) -> None:
    """Write that a script was deployed and ran for so many seconds."""
    connection.execute(
        """
        insert into wedsync_realtime.deployed_scripts (path, checksum, kind, duration)
        values (%s, %s, %s, %s)
        on conflict (path) do update
        set checksum = excluded.checksum,
            kind = excluded.kind,
            applied_at = excluded.applied_at,
            applied_by = excluded.applied_by,
            duration = excluded.duration
        """,
        (script.path, script.checksum, script.kind.value, timedelta(seconds=seconds)),
    )


def forget(connection: Connection[Any], path: str) -> None:
    """Delete the row of a script whose objects are gone."""
    connection.execute("delete from wedsync_realtime.deployed_scripts where path = %s", (path,))
