"""The part of the scripted day that runs the jobs and looks at every figure."""

from collections.abc import Iterator

import psycopg

from tests.support.callers.script import Cast, Line, Part, become, call, steady, value

HEALTH = """
    select
        h.name, case when h.name <> 'deployed_version' then h.status end, case h.name
            when 'limits' then split_part(h.value, ',', 1)
            -- a function that may not be called is one that was changed by hand
            when 'deployed_version' then (h.value ~ '^([1-9]|changed by hand: [^,]*$)')::text
        end
    from wedsync_realtime.health() as h
    order by 1
"""
METRICS = """
    select m.name || m.labels, m.type, case when m.labels <> '{}' then m.value::bigint::text end
    from wedsync_realtime.metrics() as m
    where m.name !~ '_(seconds|bytes|ratio)$' and m.labels::text !~ 'deployed_version'
    order by 1
"""
LOADS = """
    select l.kind, l.tenant_name, l.subscriptions::text from wedsync_realtime.tenant_load as l
    order by 1, 2
"""


def _jobs(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    become(connection)
    # An older transaction is open all the while, in one play for longer than in another.
    connection.execute("update wedsync_realtime.settings set warn_open_for = '1 day'")
    for job in ("cleanup", "partitions", "purge", "metrics"):
        row = connection.execute(
            "select * from wedsync_realtime.job_step(%s, now())", (job,)
        ).fetchone()
        yield f"job {job}", row


def _health(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    yield from _watched(connection, HEALTH)


def _figures(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    yield from _watched(connection, METRICS)
    yield from _watched(connection, LOADS)


def _watched(connection: psycopg.Connection, query: str) -> Iterator[Line]:
    become(connection, role="wedsync_realtime_monitor")
    for row in connection.execute(query.encode()).fetchall():
        yield "what the monitor sees", list(row)


def _people(connection: psycopg.Connection, cast: Cast) -> Iterator[Line]:
    for role in ("service_role", "wedsync_realtime_monitor"):
        become(connection, role=role)
        yield f"stats for {role}", steady(call(connection, "realtime_connection_stats"))
        for channel in ("couple-profile", "form-responses", "weather"):
            rows = connection.execute(
                "select * from wedsync_realtime.explain_access(%s, %s, %s::jsonb)",
                (cast.rival_user, channel, f'{{"couple_id": "{cast.couple}"}}'),
            ).fetchall()
            yield f"explain {channel}", steady([list(row) for row in rows])
    for user in (cast.owner_user, cast.couple_user):
        become(connection, user)
        for table in ("clients", "wedding_details", "form_responses", "couples", "suppliers"):
            yield table, value(connection, f"select count(*) from public.{table}")


MONITORING: tuple[Part, ...] = (_jobs, _people, _health, _figures)
