"""Bad input: the message names the place and the fix, and the database is as it was."""

import errno
import json
from pathlib import Path

import psycopg
import pytest

from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster
from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.connection import server
from wedsync_realtime.deployment.deploy import migrate
from wedsync_realtime.entry.cli import main
from wedsync_realtime.errors import ScriptError, UnsupportedServerError

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def run(*arguments: str | Path) -> int:
    return main([str(argument) for argument in arguments])


def is_untouched(url: str) -> bool:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            """
            select
                not exists (select from pg_class as c where c.oid >= 16384)
                and to_regnamespace('wedsync_realtime') is null
            """
        ).fetchone()
    return bool(row and row[0])


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("select 1;\n\nselect nonsense;", 3, "nonsense"),
        ("select 1;\nselect 'a;b';\nselec 1;\n", 3, "syntax error"),
        ("select 1;\n\n-- why\ncreate table public.t1 ();\nselect 2;", 4, "already exists"),
        ("select 1;\ndo $$\nbegin\n    raise 'stop';\nend $$;", 4, "stop"),
        ("-- ä€😀\nselect 1; select\n    1 / 0;", 2, "division by zero"),
        ("\\set x 1\n", 1, "syntax error"),
    ],
)
def test_error_in_the_seventh_script_names_file_and_line(
    tree: Tree, empty_database: str, capsys: Capture, text: str, line: int, message: str
) -> None:
    tree.tables(6)
    tree.migration(7, text)
    assert run("migrate", "--database-url", empty_database, "--source", tree.root) == 1
    error = capsys.readouterr().err
    assert f"migrations/0007_topic.sql:{line}: " in error
    assert message in error
    assert "SQLSTATE" in error
    assert "fix: " in error
    assert is_untouched(empty_database)


@pytest.mark.parametrize(
    ("language", "body"),
    [
        ("plpgsql", "\nbegin\n    retrun 1;\nend\n"),
        ("sql", "\nselect 1\n  from public.nowhere\n"),
    ],
)
def test_error_in_a_body_names_file_and_line(
    tree: Tree, empty_database: str, language: str, body: str
) -> None:
    tree.tables(1)
    tree.function("f", body, language=language)
    with pytest.raises(ScriptError, match=r"functions/public/f\.sql:6: "):
        migrate(empty_database, tree.root)
    assert is_untouched(empty_database)


def test_function_may_call_one_that_comes_later(tree: Tree, empty_database: str) -> None:
    tree.tables(1)
    tree.function("a", "select public.b()")
    tree.function("b", "select 1")
    migrate(empty_database, tree.root)


@pytest.mark.parametrize("sqlstate", ["53100", "42501", "57014"])
def test_sqlstate_has_its_fix(tree: Tree, empty_database: str, sqlstate: str) -> None:
    tree.migration(1, f"do $$ begin raise 'x' using errcode = '{sqlstate}'; end $$;")
    with pytest.raises(ScriptError, match=sqlstate) as refusal:
        migrate(empty_database, tree.root)
    assert "Correct the file" not in refusal.value.fix
    assert is_untouched(empty_database)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "DATABASE_URL is set, but empty"),
        ("mysql://me:s3cret@host/db", "DATABASE_URL begins with mysql://"),
        ("postgresql+psycopg://me:s3cret@host/db", r"begins with postgresql+psycopg://"),
        ("wedsync s3cret", "DATABASE_URL is not a PostgreSQL URL"),
        ("postgresql://me:s3cret@127.0.0.1:1/db", "No connection to me@127.0.0.1:1/db"),
        ("postgresql://me:s3cret@nowhere.invalid/db", "No connection to me@nowhere.invalid:5432"),
        ("host=/nowhere password=s3cret dbname=db", "No connection to /nowhere:5432/db"),
        ("host=/nowhere password=s3cret:// dbname=db", "No connection to /nowhere:5432/db"),
        ("postgresql://me:no@s3cret@127.0.0.1:1/db", "an @ or a / before an @"),
        ("postgresql://me:no/s3cret@127.0.0.1:1/db", "an @ or a / before an @"),
        ("postgresql://me:s3cret\udcff@127.0.0.1:1/db", "DATABASE_URL is not a PostgreSQL URL"),
    ],
)
def test_bad_url_is_named_without_its_password(
    tree: Tree, monkeypatch: pytest.MonkeyPatch, capsys: Capture, url: str, message: str
) -> None:
    tree.tables(1)
    monkeypatch.setenv("DATABASE_URL", url)
    for command in (["migrate", "--source", tree.root], ["status"], ["maintain"]):
        assert run(*command) == 1
        captured = capsys.readouterr()
        assert message in captured.err
        assert "DATABASE_URL" in captured.err
        assert "s3cret" not in captured.err + captured.out


def test_unknown_database_is_named(tree: Tree, cluster: Cluster, capsys: Capture) -> None:
    tree.tables(1)
    assert run("migrate", "--database-url", cluster.dsn("nowhere"), "--source", tree.root) == 1
    assert 'database "nowhere" does not exist' in capsys.readouterr().err


@pytest.mark.parametrize(("number", "is_refused"), [(140012, True), (90624, True), (150000, False)])
def test_old_server_is_refused(number: int, is_refused: bool) -> None:
    if not is_refused:
        return server.check_version(number)
    with pytest.raises(UnsupportedServerError, match=r"PostgreSQL \d+; 15 or newer is needed"):
        server.check_version(number)
    return None


def test_role_without_privileges_is_told(
    tree: Tree, cluster: Cluster, empty_database: str, capsys: Capture
) -> None:
    tree.tables(1)
    with psycopg.connect(cluster.dsn("postgres")) as connection:
        connection.execute("drop role if exists powerless")
        connection.execute("create role powerless login")
    url = empty_database.replace("postgres@", "powerless@")
    assert run("migrate", "--database-url", url, "--source", tree.root) == 1
    error = capsys.readouterr().err
    assert "Role powerless may not deploy; nothing was changed" in error
    assert "grant create on database" in error


def test_database_without_schema_public_is_told(empty_database: str, capsys: Capture) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("drop schema public")
    assert run("migrate", "--database-url", empty_database) == 1
    assert "create schema public authorization postgres;" in capsys.readouterr().err


def test_error_for_programs_is_json(tree: Tree, empty_database: str, capsys: Capture) -> None:
    tree.migration(1, "selec 1;")
    run("migrate", "--json", "--database-url", empty_database, "--source", tree.root)
    error = json.loads(capsys.readouterr().out)
    assert error["error"] == "ScriptError"
    assert error["message"].startswith("migrations/0001_topic.sql:1: ")
    assert error["fix"]


def test_maintain_without_the_package_says_so(empty_database: str, capsys: Capture) -> None:
    assert run("maintain", "--database-url", empty_database) == 1
    assert "not in this database" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["migrat", "--json"], ["plan", "--jsno", "--json"], ["maintain", "--json", "--every=x"]],
)
def test_wrong_usage_for_programs_is_json(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as end:
        run(*arguments)
    told = capsys.readouterr()
    assert (end.value.code, told.err) == (2, "")
    error = json.loads(told.out)
    assert error["error"] == "UsageError"
    assert error["fix"].startswith("See what there is: wedsync-realtime")


def test_interruption_for_programs_is_json(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("wedsync_realtime.connection.server.connect", interrupted)
    assert run("plan", "--json", "--database-url", "postgresql:///x") == 1
    assert json.loads(capsys.readouterr().out)["error"] == "InterruptedCommandError"


def test_fix_of_a_system_error_is_access_only_where_that_is_missing(
    tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    tree.tables(1)
    file = tmp_path / "file"
    file.touch()
    assert run("bundle", "--into", file, "--source", tree.root) == 1
    assert "Correct what it says" in capsys.readouterr().err
    monkeypatch.setattr("wedsync_realtime.packaging.bundle.write", refused)
    assert run("bundle", "--into", file, "--source", tree.root) == 1
    assert "Give this user access" in capsys.readouterr().err


def test_usage_is_exit_code_2() -> None:
    with pytest.raises(SystemExit) as end:
        run("nonsense")
    assert end.value.code == 2


def test_standby_is_told_from_a_primary(capsys: Capture) -> None:
    """As when the listener is pointed at a standby, where nobody may LISTEN."""

    def work() -> int:
        raise psycopg.errors.ReadOnlySqlTransaction("cannot execute LISTEN during recovery")

    assert tool.run(work, Printer(False)) == 1
    told = capsys.readouterr().err
    assert "cannot execute LISTEN during recovery" in told
    assert "Connect to the primary" in told
