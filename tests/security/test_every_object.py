"""The stories about all objects: each of their rules notices an object that breaks it."""

from pathlib import Path

import psycopg
import pytest

from tests.support.postgres.cluster import Cluster
from tests.support.suite.pgtap import install_pgtap, run_story

STORIES = Path(__file__).parents[1] / "db" / "contract"

OFFENDERS = b"""
    create table public.bare (id int);
    create table wedsync_realtime.offender (
        id int constraint wrong_key primary key,
        parent_id int constraint wrong_reference references wedsync_realtime.offender
    );
    create index wrong_index on wedsync_realtime.offender (id, parent_id);
    create policy wrong_policy on wedsync_realtime.offender using (true);
    create function wedsync_realtime.offend() returns trigger language plpgsql security definer
        as $$ begin return null; end $$;
    create function wedsync_realtime.offend(a int) returns int language sql as 'select 1';
    create function public.offend() returns int language sql security definer as 'select 1';
    create trigger wrong_trigger after insert on wedsync_realtime.offender
        execute function wedsync_realtime.offend();
    grant execute on function wedsync_realtime.offend() to public;
    grant select on wedsync_realtime.offender to public;
    grant usage on schema wedsync_realtime to anon;
"""


@pytest.mark.parametrize("story", ["every_object.sql", "every_name.sql"])
def test_every_rule_notices_an_offender(cluster: Cluster, database: str, story: str) -> None:
    install_pgtap(database)
    with psycopg.connect(database) as connection:
        connection.execute(OFFENDERS)
    assertions, problems = run_story(cluster.psql(), database, STORIES / story)
    unnoticed = [each.name for each in assertions if each.ok and "to look at" not in each.name]
    assert not problems
    assert not unnoticed
