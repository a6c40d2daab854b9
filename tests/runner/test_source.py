"""What the runner makes of files, without a database."""

from pathlib import Path

import pytest

from tests.support.deployment.tree import Tree
from wedsync_realtime.errors import (
    EditedMigrationError,
    MisnamedScriptError,
    MissingMigrationError,
    MissingSourceError,
    UndeployableScriptError,
)
from wedsync_realtime.source import scripts, sqltext
from wedsync_realtime.source.plan import Deployed, compare, refuse_rewritten_history
from wedsync_realtime.source.scripts import Kind, Script, discover


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


def script(path: str, kind: Kind, text: str = "select 1;") -> Script:
    return Script(path, kind, text.encode())


def ledger(*scripts: Script) -> dict[str, Deployed]:
    return {each.key: Deployed(each.key, each.checksum, each.kind) for each in scripts}


def test_kinds_follow_each_other_and_own_schema_comes_first(tree: Tree) -> None:
    for path in (
        "functions/room/jobs/a.sql",
        "functions/room/triggers/a.sql",
        "functions/room/owners/a.sql",
        "policies/a.sql",
        "migrations/0002_b.sql",
        "migrations/0001_c.sql",
    ):
        tree.write(path, "select 1;")
    tree.write("functions/room/v.sql", "create view wedsync_realtime.v as select 1;")
    tree.write("functions/first/a.sql", "create function public.a() returns int return 1;")
    tree.write("functions/room/z.sql", "create procedure wedsync_realtime.z() return 1;")
    tree.write("migrations/README.md", "no script")
    assert [each.path for each in discover(tree.root)] == [
        "migrations/0001_c.sql",
        "migrations/0002_b.sql",
        "functions/room/z.sql",
        "functions/first/a.sql",
        "functions/room/v.sql",
        "policies/a.sql",
        "functions/room/owners/a.sql",
        "functions/room/triggers/a.sql",
        "functions/room/jobs/a.sql",
    ]


def test_room_is_no_part_of_what_a_file_is_known_by(tree: Tree) -> None:
    tree.tables(1)
    text = "-- A comment.\n\ncreate or replace function public.a() returns int return 1;"
    tree.write("functions/public/a.sql", text)
    tree.write("functions/jobs/j.sql", "select 1;")
    before = ledger(*discover(tree.root))
    for old, new in (("public/a", "api/a"), ("jobs/j", "upkeep/jobs/j")):
        (tree.root / f"functions/{new}.sql").parent.mkdir(parents=True)
        (tree.root / f"functions/{old}.sql").rename(tree.root / f"functions/{new}.sql")
    assert compare(discover(tree.root), before).is_empty
    tree.write("functions/other/a.sql", text)
    with pytest.raises(MisnamedScriptError, match=r"other/a\.sql and .*api/a\.sql are both"):
        discover(tree.root)


def test_file_without_an_object_is_refused(tree: Tree) -> None:
    tree.tables(1)
    tree.write("functions/room/a.sql", "select 1;")
    with pytest.raises(MisnamedScriptError, match=r"room/a\.sql .* but creates neither"):
        discover(tree.root)


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["0002_b"], "0002_b.sql: number 0002 follows 0000"),
        (["0001_a", "0003_c"], "0003_c.sql: number 0003 follows 0001"),
        (["0001_a", "0001_b"], "0001_b.sql: number 0001 is taken twice"),
        (["1_a"], "1_a.sql: not a name of the form NNNN_topic.sql"),
        (["0001_A"], "0001_A.sql: not a name of the form NNNN_topic.sql"),
    ],
)
def test_misnamed_migration_is_refused(tree: Tree, names: list[str], message: str) -> None:
    for name in names:
        tree.write(f"migrations/{name}.sql", "select 1;")
    with pytest.raises(MisnamedScriptError, match=message):
        discover(tree.root)


def test_folder_without_migrations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingSourceError, match="has no folder migrations"):
        discover(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("select 1;\n\ncommit;\n", r"0001_topic\.sql:3: `commit`"),
        ("-- x\nBEGIN; select 1;", r"0001_topic\.sql:2: `begin`"),
        ("-- No transaction: x\nselect 1; select 2;", "2 statements without a transaction"),
        ("-- No transaction: x\n", "0 statements without a transaction"),
        ("-- No transaction: x\ncreate index concurrently i on t (id);", "there already stops it"),
    ],
)
def test_undeployable_text_is_refused(tree: Tree, text: str, message: str) -> None:
    tree.migration(1, text)
    with pytest.raises(UndeployableScriptError, match=message):
        discover(tree.root)


def test_text_that_is_not_utf8_is_refused_with_its_line(tree: Tree) -> None:
    (tree.root / "migrations").mkdir()
    (tree.root / "migrations" / "0001_a.sql").write_bytes(b"select 1;\n-- caf\xe9\n")
    with pytest.raises(UndeployableScriptError, match=r"0001_a\.sql:2: not UTF-8"):
        discover(tree.root)


def test_line_ends_do_not_change_the_checksum() -> None:
    assert script("a", Kind.VIEW, "a\r\nb").checksum == script("a", Kind.VIEW, "a\nb").checksum


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-- No transaction: index on a big table\ncreate index;", False),
        ("-- 0001 x: y.\n-- Undo: z.\n-- No transaction: w.\nselect 1;", False),
        ("-- In a transaction\nselect 1;\n-- No transaction: too late", True),
        ("select '-- No transaction: x';", True),
    ],
)
def test_no_transaction_stands_in_the_opening_comment(text: str, expected: bool) -> None:
    assert script("m", Kind.MIGRATION, text).in_transaction is expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("select 1; insert into x values (';'); ; update t", ["select", "insert", "update"]),
        ("-- a; b\n/* c; d */ select $$ ; $$; select $x$ $$ ; $$ $x$", ["select", "select"]),
        (r"select e'\';', 'it''s;', "
         '"a;""b"; drop table x', ["select", "drop"]),
        ("create function f() begin atomic select case when a then b end; end; select 1",
         ["create", "select"]),
        ("", []),
    ],
)  # fmt: skip
def test_statements_are_told_apart(text: str, words: list[str]) -> None:
    assert [word for _, word in sqltext.statements(text)] == words


def test_unchanged_scripts_leave_nothing_to_do() -> None:
    scripts = [script("m", Kind.MIGRATION), script("j", Kind.JOB)]
    plan = compare(scripts, ledger(*scripts))
    assert plan.is_empty
    assert plan.always == (scripts[1],)


def test_plan_tells_new_changed_and_removed() -> None:
    old = script("functions/public/f.sql", Kind.FUNCTION, "old")
    new = script("functions/public/f.sql", Kind.FUNCTION, "new")
    gone = script("functions/public/g.sql", Kind.FUNCTION)
    added = script("migrations/0001_a.sql", Kind.MIGRATION)
    plan = compare([added, new], ledger(old, gone))
    assert plan.pending == (added,)
    assert plan.changed == (new,)
    assert [each.path for each in plan.removed] == [gone.path]


def test_edited_and_missing_migrations_are_named() -> None:
    landed = script("migrations/0001_a.sql", Kind.MIGRATION)
    edited = script("migrations/0001_a.sql", Kind.MIGRATION, "select 2;")
    with pytest.raises(EditedMigrationError, match="0001_a"):
        refuse_rewritten_history(compare([edited], ledger(landed)))
    with pytest.raises(MissingMigrationError, match="0001_a"):
        refuse_rewritten_history(compare([], ledger(landed)))


def test_default_root_is_the_checkout() -> None:
    assert scripts.default_root() == Path(__file__).parents[2]
