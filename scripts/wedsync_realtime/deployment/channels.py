"""Ask which channels do not work, and why."""

from typing import Any

from psycopg import Connection

_IS_DEPLOYED = "select pg_catalog.to_regproc('wedsync_realtime.channel_problem') is not null"
# What a deployment has noted, and what has changed since then. What is not attached is asked once
# of all tables, which takes no longer than of one channel's.
_PROBLEMS = """
    select c.name, coalesce(p.problem, c.problem)
    from wedsync_realtime.channels as c
    cross join lateral (
        select case
            when exists (
                select from wedsync_realtime.missing_attachments() as m where m.place < 3
            ) then wedsync_realtime.channel_problem(c)
            else wedsync_realtime.table_problem(c)
        end
        offset 0
    ) as p (problem)
    where
        (c.is_enabled and p.problem is not null)
        or c.problem is not null
    order by c.id
"""


def problems(connection: Connection[Any]) -> dict[str, str]:
    """Return the reasons by channel, but for channels that were disabled on purpose."""
    row = connection.execute(_IS_DEPLOYED).fetchone()
    if not (row and row[0]):
        return {}
    return dict(connection.execute(_PROBLEMS).fetchall())
