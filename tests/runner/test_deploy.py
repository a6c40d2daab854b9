"""What a deployment does to a database."""

from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.deployment.tree import Tree
from wedsync_realtime.deployment import deploy
from wedsync_realtime.deployment.deploy import migrate
from wedsync_realtime.errors import (
    EditedMigrationError,
    MisnamedScriptError,
    MissingMigrationError,
    OverloadError,
    RemovedScriptError,
    ScriptError,
)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def query(url: str, text: str) -> Any:
    """Return the first column of all rows."""
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute(text.encode())]


def dump(url: str) -> Any:
    """Return what the catalogs hold: every relation, function, policy and trigger."""
    return query(
        url,
        """
        select c.oid::regclass || ' ' || c.xmin from pg_class as c where c.oid >= 16384
        union all select p.oid::regprocedure || ' ' || p.xmin from pg_proc as p where p.oid >= 16384
        union all select n.nspname from pg_namespace as n
        order by 1
        """,
    )


def test_scripts_run_once_each_and_in_order(tree: Tree, empty_database: str) -> None:
    tree.migration(1, "create table public.log (id serial, script integer);")
    for number in range(2, 13):
        tree.migration(number, f"insert into public.log (script) values ({number});")
    policy = tree.write("policies/log.sql", "insert into public.log (script) values (100);")
    outcome = migrate(empty_database, tree.root)
    assert len(outcome.applied) == 13
    assert outcome.applied[-1] == policy
    assert migrate(empty_database, tree.root).is_nothing
    scripts = query(empty_database, "select script from public.log order by id")
    assert scripts == [*range(2, 13), 100]


def test_second_run_changes_nothing(tree: Tree, empty_database: str) -> None:
    tree.tables(3)
    tree.function("f", "select 1")
    tree.write("functions/triggers/a.sql", "do $$ begin perform 1; end $$;")
    migrate(empty_database, tree.root)
    before = dump(empty_database)
    assert migrate(empty_database, tree.root).is_nothing
    assert dump(empty_database) == before


def test_what_the_always_run_scripts_change_is_reported(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    tree.write(
        "functions/jobs/count.sql",
        "insert into t1 select 1 where (select count(*) from public.t1) < 2;",
    )
    assert migrate(empty_database, tree.root).applied
    assert migrate(empty_database, tree.root).refreshed
    assert migrate(empty_database, tree.root).is_nothing


def test_edited_migration_is_refused_and_named(tree: Tree, empty_database: str) -> None:
    tree.tables(2)
    migrate(empty_database, tree.root)
    tree.migration(1, "create table public.other (id integer);")
    tree.migration(3, "create table public.t3 (id integer);")
    with pytest.raises(EditedMigrationError, match=r"migrations/0001_topic\.sql"):
        migrate(empty_database, tree.root)
    assert query(empty_database, "select to_regclass('public.t3')") == [None]


def test_missing_migration_is_refused_and_named(tree: Tree, empty_database: str) -> None:
    paths = tree.tables(2)
    migrate(empty_database, tree.root)
    tree.delete(paths[1])
    with pytest.raises(MissingMigrationError, match=r"migrations/0002_topic\.sql"):
        migrate(empty_database, tree.root)


def test_changed_function_is_applied_again(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    tree.function("f", "select 1")
    unchanged = tree.function("g", "select 1")
    migrate(empty_database, tree.root)
    path = tree.function("f", "select 2")
    outcome = migrate(empty_database, tree.root)
    assert outcome.applied == [path]
    assert unchanged not in outcome.applied
    assert query(empty_database, "select public.f()") == [2]


@pytest.mark.parametrize(
    ("arguments", "result"),
    [("a integer", "integer"), ("", "bigint"), ("b text, c text default ''", "void")],
)
def test_changed_signature_replaces_the_old_one(
    tree: Tree, empty_database: str, arguments: str, result: str
) -> None:
    tree.tables(1)
    tree.function("f", "select 1")
    migrate(empty_database, tree.root)
    path = tree.function("f", "select 2", arguments, result)
    text = (tree.root / path).read_text()
    tree.write(path, text + "comment on function public.f is 'f';")
    migrate(empty_database, tree.root)
    signatures = "select pg_get_function_arguments(oid) from pg_proc where proname = 'f'"
    assert len(query(empty_database, signatures)) == 1


def test_changed_columns_replace_a_view(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    view = "functions/views/v.sql"
    tree.write(view, "create or replace view wedsync_realtime.v as select 1 as a, 2 as b;")
    migrate(empty_database, tree.root)
    tree.write(view, "create or replace view wedsync_realtime.v as select 'x' as c;")
    migrate(empty_database, tree.root)
    assert query(empty_database, "select c from wedsync_realtime.v") == ["x"]


def test_signature_others_depend_on_is_refused(tree: Tree, empty_database: str) -> None:
    tree.migration(1, "select 1;")
    tree.function("f", "select 1")
    tree.write(
        "functions/views/v.sql", "create or replace view wedsync_realtime.v as select public.f();"
    )
    migrate(empty_database, tree.root)
    tree.function("f", "select 1", result="bigint")
    with pytest.raises(ScriptError, match=r"(?s)f\.sql:2: .*view wedsync_realtime\.v depends"):
        migrate(empty_database, tree.root)
    assert query(empty_database, "select pg_typeof(public.f())::text") == ["integer"]


def test_deleted_files_drop_their_objects(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    function = tree.function("f", "select 1", "a integer, b text[]")
    view = tree.write(
        "functions/views/v.sql", "create or replace view wedsync_realtime.v as select 1 as a;"
    )
    migrate(empty_database, tree.root)
    tree.delete(function)
    tree.delete(view)
    assert sorted(migrate(empty_database, tree.root).dropped) == [function, view]
    assert query(empty_database, "select count(*) from pg_proc where proname = 'f'") == [0]
    assert query(empty_database, "select to_regclass('wedsync_realtime.v')") == [None]
    assert migrate(empty_database, tree.root).is_nothing


def test_deleted_policy_needs_a_migration(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    policy = tree.write("policies/t1.sql", "create policy p on public.t1;")
    migrate(empty_database, tree.root)
    tree.delete(policy)
    with pytest.raises(RemovedScriptError, match=policy) as refusal:
        migrate(empty_database, tree.root)
    forget = refusal.value.fix.partition("ends with: ")[2]
    tree.migration(2, f"drop policy p on public.t1; {forget}")
    assert migrate(empty_database, tree.root).dropped == [policy]
    assert migrate(empty_database, tree.root).is_nothing


def test_file_that_creates_something_else_is_refused(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    tree.write("functions/public/f.sql", "create function public.g() returns int return 1;")
    with pytest.raises(MisnamedScriptError, match=r"but creates public\.g"):
        migrate(empty_database, tree.root)


def test_second_signature_is_refused(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    tree.write(
        "functions/public/f.sql",
        "create function public.f() returns int return 1;"
        "create function public.f(a int) returns int return 1;",
    )
    with pytest.raises(OverloadError, match=r"public\.f has 2 signatures"):
        migrate(empty_database, tree.root)


def test_script_without_transaction_runs_alone_and_once(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    tree.index(2, "t1_idx", "public.t1")
    tree.migration(3, "create table public.t3 (id integer);")
    assert len(migrate(empty_database, tree.root).applied) == 3
    assert migrate(empty_database, tree.root).is_nothing
    query_valid = "select indisvalid from pg_index where indexrelid = 'public.t1_idx'::regclass"
    assert query(empty_database, query_valid) == [True]


def test_what_came_before_a_failed_script_without_transaction_stays(
    tree: Tree, empty_database: str
) -> None:
    tree.tables(1)
    tree.index(2, "i", "public.nowhere")
    with pytest.raises(ScriptError, match=r"0002_topic\.sql:2: relation \"public\.nowhere\""):
        migrate(empty_database, tree.root)
    paths = "select path from wedsync_realtime.deployed_scripts"
    assert query(empty_database, paths) == ["migrations/0001_topic.sql"]


def test_settings_of_the_role_do_not_matter(tree: Tree, empty_database: str) -> None:
    url = f"{empty_database}&options=" + "%20".join(
        f"-c%20{setting}"
        for setting in (
            "search_path%3Dpg_catalog",
            "default_transaction_read_only%3Don",
            "default_transaction_isolation%3Dserializable",
            "statement_timeout%3D1h",
            "standard_conforming_strings%3Doff",
        )
    )
    tree.migration(1, "create table here (path text default 'a\\b');")
    migrate(url, tree.root)
    assert query(empty_database, "select to_regclass('public.here')::text") == ["here"]


def test_lock_key_is_the_runners_own() -> None:
    assert 0 < deploy.LOCK_KEY < 2**63
