"""Whoever may create schemas makes one that looks like pg_cron's: nothing of it is called."""

import psycopg

from wedsync_realtime.record.catalog import has_jobs

FORGED = b"""
    create schema cron;
    grant usage on schema cron to public;
    create table cron.job (
        jobid bigint, jobname text, schedule text, command text, database text, username text,
        active boolean
    );
    grant select on cron.job to public;
    create function cron.schedule(name text, schedule text, command text) returns bigint
    language plpgsql as $$ begin raise exception 'called as %', current_user; end $$;
    create function cron.unschedule(id bigint) returns boolean
    language plpgsql as $$ begin raise exception 'called as %', current_user; end $$;
"""


def test_forged_schema_is_not_pg_cron(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(FORGED)
        assert connection.execute("select wedsync_realtime.schedule_jobs()").fetchone() == (False,)
        assert not has_jobs(connection)


def test_forged_schema_does_not_stop_a_deployment(cron_database: str) -> None:
    with psycopg.connect(cron_database) as connection:
        warnings: list[str | None] = []
        connection.add_notice_handler(lambda told: warnings.append(told.message_primary))
        connection.execute("drop extension pg_cron cascade")
        connection.execute(FORGED)
        assert connection.execute("select wedsync_realtime.create_cron()").fetchone() == (False,)
        assert warnings[-1] == 'pg_cron was not created: schema "cron" already exists'
        connection.rollback()
