"""From the last release to this checkout, and from this checkout to what may come after it."""

import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from tests.deployment.conftest import Run, execute, values
from tests.support.callers.caller import Caller, caller
from tests.support.callers.people import People, install_helpers
from tests.support.deployment import release
from tests.support.deployment.forks import package_of
from tests.support.waiting import until
from wedsync_realtime.deployment import attach
from wedsync_realtime.deployment.deploy import migrate

SUPPLIER = ("form-responses", "journey-progress", "client-profiles", "supplier-profile")
COUPLE = ("core-fields", "wedding-details", "couple-profile")
WRITES = """
    insert into public.form_responses (supplier_id, form_name) values ('{supplier}', '{note}');
    insert into public.journey_progress (supplier_id, milestone) values ('{supplier}', '{note}');
    update public.clients set full_name = '{note}' where supplier_id = '{supplier}';
    update public.suppliers set business_name = '{note}' where id = '{supplier}';
    insert into public.core_fields (couple_id, field_name) values ('{couple}', '{note}');
    insert into public.wedding_details (couple_id, venue) values ('{couple}', '{note}');
    update public.couples set display_name = '{note}' where id = '{couple}';
"""

WAITS = """
    select exists (
        select from pg_locks as l
        where l.relation = 'wedsync_realtime.events'::regclass and not l.granted
    )
"""
DROPPED = "select to_regproc('wedsync_realtime.swap_settings') is null"


@pytest.fixture(params=["released", "next"])
def packages(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, Path]:
    """Return the folders of an older and a newer package."""
    if request.param == "next":
        return release.copy(tmp_path / "old"), release.make_next(tmp_path / "new")
    tag = release.last_tag()
    if tag is None:
        pytest.skip("nothing is released yet: no tag v*")
    return release.extract(tag, tmp_path / "old"), release.copy(tmp_path / "new")


def subscribe(somebody: Caller, channels: tuple[str, ...], **filters: UUID) -> dict[str, Any]:
    """Subscribe and return channel id and cursor by channel name, once all are ready."""
    named = {name: str(value) for name, value in filters.items()}
    answer = somebody.rpc("realtime_subscribe", channels=list(channels), filters=named)
    assert answer["success"], answer.body
    leases = {lease["name"]: lease for lease in answer["subscriptions"]}
    return {name: (lease["channel"], lease["cursor"]) for name, lease in leases.items()}


def notes(somebody: Caller, leases: dict[str, Any]) -> dict[str, list[str]]:
    """Return what was written, by channel, since the cursors of the leases."""
    found = {}
    for name, (channel, cursor) in leases.items():
        page = somebody.rpc("realtime_poll", channel=channel, cursor=cursor)
        assert page["success"], page.body
        assert not page["resyncRequired"], page.body
        found[name] = [_note(event["new"]) for event in page["events"]]
    return found


def _note(row: dict[str, Any]) -> str:
    keys = ("form_name", "milestone", "full_name", "business_name", "field_name", "venue")
    return str(next(row[key] for key in (*keys, "display_name") if row.get(key)))


def test_everything_goes_on_after_an_upgrade(
    packages: tuple[Path, Path], empty_database: str
) -> None:
    old, new = packages
    url = empty_database
    with package_of(old) as command:
        done = command(url, "migrate")
    assert done.returncode == 0, done.stdout + done.stderr
    with psycopg.connect(url) as connection:
        install_helpers(connection)
    people = People(url)
    supplier, couple = people.supplier(), people.couple()
    people.link(supplier, couple)
    users = people.supplier_user(supplier), people.couple_user(couple)
    execute(url, "update wedsync_realtime.settings set stale_after = '10 minutes'")

    def write(note: str) -> None:
        execute(url, WRITES.format(supplier=supplier, couple=couple, note=note))

    with caller(url, users[0]) as first, caller(url, users[1]) as second:
        sides = (
            (first, subscribe(first, SUPPLIER, supplier_id=supplier)),
            (second, subscribe(second, COUPLE, couple_id=couple, wedding_id=couple)),
        )
        for somebody, leases in sides:
            notes(somebody, leases)  # settles the topics
        write("before")
        upgrade(new, url)
        write("after")
        for somebody, leases in sides:
            found = notes(somebody, leases)
            assert found == {name: ["before", "after"] for name in leases}
            assert somebody.rpc("realtime_ping")["pinged"] == len(leases)
            assert somebody.rpc("realtime_status")["activeChannels"] == sorted(leases)
            for channel, _ in leases.values():
                assert somebody.rpc("realtime_unsubscribe", channel=channel)["success"]
        assert set(subscribe(first, SUPPLIER, supplier_id=supplier)) == set(SUPPLIER)
    stale = "select stale_after::text from wedsync_realtime.settings"
    assert values(url, stale) == ["00:10:00"]


def test_writers_go_on_between_its_transactions(
    tmp_path: Path, database: str, people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its functions are there, and the application's tables not attached anew."""
    new, supplier, couple = release.make_next(tmp_path), people.supplier(), people.couple()
    written = []
    attach_tables = attach.attach_tables
    with (
        caller(database, people.supplier_user(supplier)) as user,
        psycopg.connect(database, autocommit=True, options="-c timezone=Asia/Tokyo") as writer,
    ):
        leases = subscribe(user, SUPPLIER, supplier_id=supplier)
        notes(user, leases)  # settles the topics

        def write(note: str) -> None:
            text = WRITES.format(supplier=supplier, couple=couple, note=note)
            writer.execute(text.encode())
            written.append(note)

        def write_and_attach(*arguments: Any) -> bool:
            write("between")
            return attach_tables(*arguments)

        write("before")
        monkeypatch.setattr(attach, "attach_tables", write_and_attach)
        assert run("migrate", database, "--source", new).code == 0
        write("after")
        assert written == ["before", "between", "after"]
        assert notes(user, leases)["form-responses"] == written


def test_statement_that_began_before_it_goes_on(
    tmp_path: Path, database: str, people: People
) -> None:
    """It calls what the newer package has no more."""
    new, supplier, writes = release.make_next(tmp_path), people.supplier(), []
    next(new.glob("migrations/*_index.sql")).unlink()  # it would wait for everybody
    insert = "insert into public.form_responses (supplier_id, form_name) values (%s, 'long')"

    def write() -> None:
        with psycopg.connect(database, options="-c timezone=Asia/Tokyo") as writer:
            writer.execute(insert, (supplier,))
        writes.append("done")

    with (
        caller(database, people.supplier_user(supplier)) as user,
        psycopg.connect(database) as blocker,
    ):
        leases = subscribe(user, SUPPLIER, supplier_id=supplier)
        notes(user, leases)  # settles the topics
        blocker.execute("lock table wedsync_realtime.events in share mode")
        writer = threading.Thread(target=write)
        writer.start()
        until(lambda: values(database, WAITS) == [True])
        told: list[str] = []

        def report(line: str) -> None:
            told.append(line)
            if line.startswith("Writers may"):
                assert values(database, DROPPED) == [False]
                blocker.rollback()
                writer.join()

        outcome = migrate(database, new, report)
        assert writes == ["done"], told
        assert outcome.dropped
        assert values(database, DROPPED) == [True]
        assert notes(user, leases)["form-responses"] == ["long"]


def upgrade(new: Path, url: str) -> None:
    """Deploy the newer package, twice."""
    with package_of(new) as command:
        for expected in ("scripts applied", "nothing to do"):
            done = command(url, "migrate")
            assert done.returncode == 0, done.stdout + done.stderr
            assert expected in done.stdout
        done = command(url, "verify")
        assert done.returncode == 0, done.stdout


def test_older_package_is_refused_and_changes_nothing(tmp_path: Path, database: str) -> None:
    old, new = release.copy(tmp_path / "old"), release.make_next(tmp_path / "new")
    with package_of(new) as command:
        assert command(database, "migrate").returncode == 0
    state = "select array_agg(s order by path) from wedsync_realtime.deployed_scripts as s"
    before = values(database, state)
    with package_of(old) as command:
        done = command(database, "migrate")
        assert done.returncode == 1
        assert "The database has version" in done.stderr
        assert values(database, state) == before
        done = command(database, "rollback", "--yes")
        assert done.returncode == 0, done.stderr
        assert "nothing to do" in command(database, "migrate").stdout
        assert command(database, "verify").returncode == 0


def test_version_is_stored_even_if_no_script_changed(tmp_path: Path, database: str) -> None:
    old = release.copy(tmp_path / "old")
    file = old / "scripts/wedsync_realtime/__init__.py"
    file.write_text(file.read_text().replace('__version__ = "', '__version__ = "9'))
    with package_of(old) as command:
        for name in ("plan", "status"):
            assert command(database, name).returncode == 3
        assert "version" in command(database, "migrate").stdout
        assert command(database, "plan").stdout == "Nothing to do.\n"
        assert "nothing to do" in command(database, "migrate").stdout
        versions = "select version from wedsync_realtime.deployments order by id"
        first, second = values(database, versions)
        assert second == f"9{first}"
        assert command(database, "--version").stdout.strip() == second


def test_triggers_of_another_level_or_other_columns_are_replaced(database: str, run: Run) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "create or replace trigger channels_after_update_compile after update"
            " on wedsync_realtime.channels for each statement"
            " execute function wedsync_realtime.compile_changed();"
            "create or replace trigger tenants_after_update_log after update"
            " on wedsync_realtime.tenants for each row"
            " when (old.max_subscriptions is distinct from new.max_subscriptions)"
            " execute function wedsync_realtime.log_change('limit_changed', 'tenant_id')"
        )
        assert run("migrate", database).code == 0
        triggers = (
            "select tgtype & 1, cardinality(tgattr::smallint[]) from pg_trigger where tgname"
            " in ('channels_after_update_compile', 'tenants_after_update_log') order by tgname"
        )
        assert connection.execute(triggers).fetchall() == [(1, 4), (1, 1)]
    assert run("verify", database, "--scratch").code == 0


def test_smaller_ledger_is_completed(database: str, run: Run) -> None:
    execute(
        database,
        "drop table wedsync_realtime.deployed_objects, wedsync_realtime.deployments,"
        " wedsync_realtime.found_objects;"
        "alter table wedsync_realtime.deployed_scripts drop column undo",
    )
    assert run("plan", database).code == 0
    assert run("migrate", database).code == 0
    assert run("verify", database).code == 0
    # nobody knows any more what was there before: it is left
    assert run("uninstall", database, "--yes").code == 0
    assert values(database, "select to_regprocedure('auth.uid()')::text") == ["auth.uid()"]


def test_release_is_found_by_its_tag(tmp_path: Path, git: Callable[..., None]) -> None:
    release.copy(tmp_path)
    git("init", "--quiet")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "a")
    assert release.last_tag(tmp_path) is None
    for tag in ("v0.9.0", "v0.10.0"):
        git("tag", tag)
    assert release.last_tag(tmp_path) == "v0.10.0"
    folder = release.extract("v0.10.0", tmp_path / "out", tmp_path)
    done = release.run(folder, "postgresql://127.0.0.1:1/x", "--version")
    assert done.returncode == 0


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., None]:
    """Return a function that runs git in the test's folder; skip without git."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)

    return git
