"""The pgTAP collector: what it reports, and that nothing broken passes unnoticed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres.cluster import Cluster
from tests.support.suite.pgtap import Assertion, Stories, create_extension, run_story

Run = Callable[[str], tuple[list[Assertion], list[str]]]


@pytest.fixture(scope="module")
def with_pgtap(cluster: Cluster) -> Iterator[str]:
    """Yield the URL of a database with pgTAP, of which stories leave nothing changed."""
    with cluster.database() as url:
        with psycopg.connect(url) as connection:
            create_extension(connection)
        yield url


@pytest.fixture
def run(cluster: Cluster, with_pgtap: str, tmp_path: Path) -> Run:
    """Run a story given as text."""

    def run_text(text: str) -> tuple[list[Assertion], list[str]]:
        path = tmp_path / "story.sql"
        path.write_text(text)
        return run_story(cluster.psql(), with_pgtap, path)

    return run_text


def test_names_and_diagnostics_are_pgtaps(run: Run) -> None:
    assertions, problems = run("""
        begin;
        select plan(4);
        select is(1, 1, 'one: is one');
        select is(1, 2, 'one: is two');
        select skip('no reason', 1);
        select todo('not yet', 1);
        select ok(false, 'later: works');
        select * from finish();
        rollback;
    """)
    assert not problems
    assert [each.name for each in assertions[:2]] == ["one: is one", "one: is two"]
    assert [each.ok for each in assertions] == [True, False, True, False]
    assert any("have: 1" in line for line in assertions[1].diagnostics)
    assert assertions[2].skip == "no reason"
    assert assertions[3].todo == "not yet"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("select plan(2); select pass('a');", "2 assertions were planned, 1 ran"),
        ("select plan(1); select pass('a'); select pass('b');", "1 assertions were planned, 2 ran"),
        ("select plan(0);", "no assertion ran"),
        ("select 1;", "no assertion ran"),
        ("", "no plan"),
        ("select * from no_plan(); select pass('a');", "no plan"),
        ("select plan(1); select 'ok';", "1 assertions were planned, 1 ran"),
        ("select plan(1); select pass('a'); select 1 / 0;", "division by zero"),
        ("select plan(1); select pass('a'); rollback; bad;", "syntax error"),
        (
            "select plan(1); select pass('a'); select pg_terminate_backend(pg_backend_pid());",
            "psql ended with exit code",
        ),
    ],
)
def test_broken_story_is_a_problem(run: Run, text: str, problem: str) -> None:
    _, problems = run(f"begin; {text}")
    assert problem in "\n".join(problems)


def test_output_of_psql_is_shown_with_a_problem(run: Run) -> None:
    _, problems = run("begin; select plan(2); select pass('seen: yes'); select * from nowhere;")
    report = "\n".join(problems)
    assert "ok 1 - seen: yes" in report
    assert 'relation "nowhere" does not exist' in report


def test_story_is_skipped_where_the_server_has_no_pgtap(tmp_path: Path) -> None:
    def prepare() -> tuple[Cluster, str]:
        pytest.skip("the server comes without pgTAP")

    (assertion,), problems = Stories(prepare, []).outcome(tmp_path / "story.sql")
    assert assertion.skip == "the server comes without pgTAP"
    assert not problems
