"""The linter's own checks: function bodies, and the text of SQL files."""

from pathlib import Path

import psycopg
import pytest

from tests.support.lint import text_findings
from tests.support.suite.bodies import findings, has_plpgsql_check

BROKEN = b"""
    set check_function_bodies = off;
    create schema wedsync_realtime;
    create table public.t (id int, name text);
    create function wedsync_realtime.statement_trigger() returns trigger language plpgsql as $$
    begin
        insert into public.t select n.id, n.nme from new_rows as n;
        return null;
    end $$;
    create trigger t_after_copy after insert on public.t
        referencing new table as new_rows
        for each statement execute function wedsync_realtime.statement_trigger();
    create function wedsync_realtime.row_trigger() returns trigger language plpgsql as $$
    begin
        new.nme := 'x';
        return new;
    end $$;
    create trigger t_before_set before insert on public.t
        for each row execute function wedsync_realtime.row_trigger();
    create function wedsync_realtime.forgotten() returns trigger language plpgsql as $$
    begin
        return null;
    end $$;
    create function wedsync_realtime.unused() returns int language plpgsql immutable as $$
    declare
        v_unused int;
    begin
        return 1;
    end $$;
    create function wedsync_realtime.sql_function() returns int language sql as
        'select nme from public.t';
"""


def test_bodies_of_all_kinds_are_checked(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        if not has_plpgsql_check(connection):
            pytest.skip("the server comes without plpgsql_check")
        connection.execute(BROKEN)
    assert findings(empty_database) == [
        "wedsync_realtime.forgotten(): error: attached to no table, so not checked",
        'wedsync_realtime.row_trigger() on t, line 3: error: record "new" has no field "nme"',
        "wedsync_realtime.statement_trigger() on t, line 3: error: column n.nme does not exist"
        ' Perhaps you meant to reference the column "n.name".',
        'wedsync_realtime.unused(), line 3: warning: unused variable "v_unused"',
        'wedsync_realtime.sql_function(): error: column "nme" does not exist',
    ]


@pytest.mark.parametrize(
    ("line", "finding"),
    [
        ("select 'SELECT', \"Id\"; -- NOT IN CODE", None),
        ("select " + "a" * 94, "3: 101 columns"),
        ("SELECT 1", "3: SELECT in upper case"),
        ("   select 1", "3: indentation is no multiple of 4"),
        ("-- wait \u2026", "3: letters that are not ASCII"),
        ("select 1 ", "3: a tab, or a space at the end"),
        ("\n".join(["select 1;"] * 76), "2: 76 lines are two functions"),
        ("return $template$\n" + "select 1;\n" * 76 + "$template$;", None),
    ],
)
def test_text_is_checked_inside_bodies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, finding: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("functions") / "f.sql"
    path.parent.mkdir()
    path.write_text(f"-- Do something.\ncreate function f() as $$\n{line}\n$$;\n")
    assert list(text_findings(path)) == ([f"{path}:{finding}"] if finding else [])


def test_a_long_story_is_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("tests") / "story.sql"
    path.parent.mkdir()
    path.write_text("begin;\n" * 201)
    assert list(text_findings(path)) == [
        f"{path}:1: does not open with what it is for",
        f"{path}: 201 lines are two files",
    ]
