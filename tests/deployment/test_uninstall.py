"""Uninstall: the application's tables, and the server's roles, are as they were found."""

import os
import subprocess
import sys
from collections.abc import Iterator

import psycopg
import pytest

from tests.deployment.conftest import Run, execute, values
from tests.deployment.dump import schema
from tests.support.postgres.cluster import Cluster, running_cluster
from tests.support.postgres.supabase import OBJECTS
from tests.support.waiting import PATIENCE

# An application that was there first: own columns, policies, triggers, identities, publication.
APPLICATION = """
    create role authenticated nologin;
    create role app_owner nologin;
    create schema auth;
    create table auth.users (id uuid primary key, email text);
    create function auth.uid() returns uuid language sql stable
        return nullif(current_setting('request.jwt.claim.sub', true), '')::uuid;
    grant usage on schema public to authenticated;
    create table public.suppliers (
        id uuid primary key default gen_random_uuid(), business_name text, owner_note text
    );
    create table public.clients (
        id uuid primary key default gen_random_uuid(), supplier_id uuid not null
        references public.suppliers, couple_id uuid, code text not null default 'x',
        constraint clients_code_key unique (supplier_id, code)
    );
    create table public.core_fields (
        id uuid default gen_random_uuid(), couple_id uuid not null, field_name text,
        primary key (id, couple_id)
    ) partition by hash (couple_id);
    create table public.core_fields_0 partition of public.core_fields
        for values with (modulus 2, remainder 0);
    create table public.core_fields_1 partition of public.core_fields
        for values with (modulus 2, remainder 1);
    create table public.user_profiles (
        id uuid primary key references auth.users on delete cascade, user_type text,
        supplier_id uuid, couple_id uuid
    );
    create unique index user_profiles_own_idx on public.user_profiles (id);
    alter table public.clients replica identity using index clients_code_key;
    alter table public.suppliers replica identity nothing;
    alter table public.suppliers enable row level security;
    create policy own on public.suppliers to authenticated using (id = auth.uid());
    create function public.touch() returns trigger language plpgsql
        as 'begin new.code := upper(new.code); return new; end';
    create trigger touch before insert or update on public.clients
        for each row execute function public.touch();
    create publication supabase_realtime for table public.suppliers with (publish = 'insert');
    grant select, insert on public.clients to authenticated;
    create view public.open_clients as select id, code from public.clients;
    alter table public.clients owner to app_owner;
    insert into public.suppliers (business_name) values ('Bloom');
    insert into public.clients (supplier_id) select id from public.suppliers;
"""
ROLES = "select rolname from pg_roles where rolname !~ '^pg_' order by 1"


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """Yield a cluster of its own, because roles belong to clusters."""
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture
def empty(own_cluster: Cluster) -> Iterator[str]:
    with own_cluster.database() as url:
        yield url
        with psycopg.connect(url) as connection:
            connection.execute(
                "drop owned by authenticated, app_owner cascade;drop role authenticated, app_owner"
                if "app_owner" in values(url, ROLES)
                else "select"
            )


def test_empty_database_is_empty_again(empty: str, run: Run) -> None:
    before, roles = schema(empty), values(empty, ROLES)
    run("migrate", empty)
    assert schema(empty) != before
    ran = run("uninstall", empty, "--yes", "--json")
    assert (ran.code, ran.json["kept"]) == (0, [])
    assert schema(empty) == before
    assert values(empty, ROLES) == roles
    again = run("uninstall", empty)
    assert (again.code, again.out) == (0, "There was nothing to uninstall.\n")


def test_application_is_as_it_was_found(empty: str, run: Run) -> None:
    execute(empty, APPLICATION)
    before, roles = schema(empty), values(empty, ROLES)
    rows = values(empty, "select c from public.clients as c")
    run("migrate", empty)
    execute(
        empty,
        "create table public.notes (id uuid primary key, supplier_id uuid);"
        "select wedsync_realtime.register_channel('notes', 'public.notes', 'supplier_id',"
        " 'supplier_id', 'own_supplier')",
    )
    ran = run("uninstall", empty, "--yes")
    assert (ran.code, ran.out) == (0, "Uninstalled.\n")
    execute(empty, "drop table public.notes")
    assert schema(empty) == before
    assert values(empty, ROLES) == roles
    assert values(empty, "select c from public.clients as c") == rows


def test_role_that_is_no_superuser_leaves_nothing_either(own_cluster: Cluster, run: Run) -> None:
    with own_cluster.connect() as connection:
        connection.execute("create role platform login createrole")
        connection.execute("create database platform owner platform")
    url = own_cluster.dsn("platform").replace("postgres@", "platform@")
    before, roles = schema(url), values(url, ROLES)
    for _ in range(2):
        run("migrate", url)
        assert run("verify", url).code == 0
        ran = run("uninstall", url, "--yes")
        assert (ran.code, ran.out) == (0, "Uninstalled.\n")
        assert schema(url) == before
        assert values(url, ROLES) == roles
    with own_cluster.connect() as connection:
        connection.execute("drop database platform")
        connection.execute("drop role platform")


def test_supabase_objects_are_as_they_were_found(empty: str, run: Run) -> None:
    with psycopg.connect(empty) as connection:
        connection.execute(OBJECTS)
    before = schema(empty)
    run("migrate", empty)
    assert run("uninstall", empty, "--yes").code == 0
    assert schema(empty) == before


def test_jobs_are_unscheduled(own_cluster: Cluster, run: Run) -> None:
    if not own_cluster.has_cron:
        pytest.skip(f"{own_cluster.bindir} comes without pg_cron")
    url = own_cluster.cron_database()
    run("migrate", url)
    execute(url, "select cron.schedule('own', '1 1 * * *', 'select 1')")
    assert len(values(url, "select jobname from cron.job")) > 1
    assert run("uninstall", url, "--yes").code == 0
    assert values(url, "select jobname from cron.job") == ["own"]


def test_rows_are_kept_unless_told_otherwise(database: str, run: Run) -> None:
    execute(database, "insert into public.suppliers (business_name) values ('Bloom')")
    ran = run("uninstall", database, "--yes")
    assert "Kept: public.suppliers, which holds rows" in ran.out
    assert "Kept: row level security on suppliers" in ran.out
    assert values(database, "select business_name from public.suppliers") == ["Bloom"]
    tables = "select relname from pg_class where relnamespace = 'public'::regnamespace"
    assert values(database, f"{tables} and relkind = 'r'") == ["suppliers"]


def test_with_data_drops_what_it_made(empty: str, run: Run) -> None:
    run("migrate", empty)
    execute(empty, "insert into public.suppliers (business_name) values ('Bloom')")
    assert run("uninstall", empty, "--yes", "--with-data").out == "Uninstalled.\n"
    assert values(empty, "select to_regclass('public.suppliers')") == [None]


def test_roles_that_another_database_uses_stay(own_cluster: Cluster, empty: str, run: Run) -> None:
    run("migrate", empty)
    with own_cluster.database() as other:
        run("migrate", other)
        ran = run("uninstall", empty, "--yes")
        assert "Kept: role wedsync_realtime_owner" in ran.out
        assert run("verify", other).code == 0
        assert run("uninstall", other, "--yes").code == 0
    assert "wedsync_realtime_owner" not in values(empty, ROLES)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("create table wedsync_realtime.notes ()", "table wedsync_realtime.notes"),
        ("create view public.mine as select * from wedsync_realtime.topics", "view mine"),
        (
            "create policy mine on public.clients as restrictive"
            " using (couple_id = wedsync_realtime.caller_couple_id())",
            "policy mine on table clients",
        ),
    ],
)
def test_what_is_not_ours_stops_it(database: str, run: Run, statement: str, message: str) -> None:
    execute(database, statement)
    before = schema(database)
    ran = run("uninstall", database, "--yes")
    assert ran.code == 1
    assert message in ran.err
    assert schema(database) == before


def test_nothing_happens_without_consent(
    database: str, deployed_schema: list[str], run: Run
) -> None:
    ran = run("uninstall", database)
    assert ran.code == 2
    assert "7 registered channels will be lost." in ran.err
    assert schema(database) == deployed_schema


def test_question_is_no_result_and_no_answer_is_no(database: str) -> None:
    keyboard, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "wedsync_realtime", "uninstall", "--database-url", database],
        stdin=terminal, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        os.close(terminal)
        assert process.stderr
        told = ""
        while not told.endswith("[y/N] "):
            letter = process.stderr.read(1)
            assert letter, told
            told += letter
        os.write(keyboard, b"\x04")  # the end of input
        out, err = process.communicate(timeout=PATIENCE)
    os.close(keyboard)
    assert (process.returncode, out) == (2, "")
    assert "Nothing uninstalled" in err


def test_settings_of_the_role_do_not_matter(database: str, run: Run) -> None:
    url = f"{database}&options=-c%20quote_all_identifiers%3Don%20-c%20row_security%3Doff"
    assert run("uninstall", url, "--yes").code == 0
    assert run("migrate", url).code == 0


def test_protected_table_of_any_name_is_told(database: str, run: Run) -> None:
    execute(
        database,
        """
        create schema "The App";
        create table "The App"."No.tes" (id uuid primary key, supplier_id uuid);
        select wedsync_realtime.register_channel(
            'notes', '"The App"."No.tes"', 'supplier_id', 'supplier_id', 'own_supplier'
        );
        select wedsync_realtime.protect_table('"The App"."No.tes"');
        """,
    )
    kept = run("uninstall", database, "--yes", "--json").json["kept"]
    assert any('on "The App"."No.tes", now without' in line for line in kept)
