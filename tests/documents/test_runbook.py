"""The runbook of docs/operate.md: each symptom is caused, and its commands print what it says."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import closing
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.callers.caller import Caller
from tests.support.callers.people import People
from tests.support.documents import ROOT, page
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE, until, until_blocked
from wedsync_realtime.entry import menu

SUBSCRIBE = {"channels": ["form-responses"]}


class Database:
    """A database in which a fault is caused and the runbook's commands are pasted."""

    def __init__(self, cluster: Cluster, url: str, admin: psycopg.Connection) -> None:
        self.cluster, self.url, self.admin = cluster, url, admin

    def psql(self, text: str, *arguments: str) -> str:
        """Return what psql prints, unaligned."""
        done = subprocess.run(
            [self.cluster.psql(), "-XqAt", "-v", "ON_ERROR_STOP=1", *arguments, self.url],
            input=text, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def paste(self, symptom: str, **variables: UUID) -> str:
        """Return what the commands under a symptom of the runbook print."""
        chapter = page("docs/operate.md").split("## Runbook")[1]
        (block,) = re.findall(
            rf"\*\*{re.escape(symptom)}\*\*.*?```sql\n(.*?)```", chapter, re.DOTALL
        )
        sets = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
        return self.psql(block, *sets)


@pytest.fixture
def db(cluster: Cluster, people: People) -> Iterator[Database]:
    with psycopg.connect(people.url, autocommit=True) as admin:
        yield Database(cluster, people.url, admin)


@pytest.fixture
def supplier(people: People) -> UUID:
    return people.supplier()


@pytest.fixture
def owner(people: People, supplier: UUID, act_as: object) -> Caller:
    assert callable(act_as)
    caller: Caller = act_as(people.supplier_user(supplier))
    caller.rpc("realtime_subscribe", **SUBSCRIBE, filters={"supplier_id": str(supplier)})
    return caller


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        ("alter table public.form_responses disable trigger user",
         "dispatch_triggers|fail|public.form_responses (0 of 4 for form-responses)"),
        ("alter table public.form_responses rename column supplier_id to vendor_id",
         "channel_columns|fail|form-responses: no column supplier_id"),
        ("select wedsync_realtime.note_failure(1::smallint, 'dispatch', 'XX000', 'no room')",
         "dispatch_failures|fail|"),
    ],
)  # fmt: skip
def test_nobody_receives(db: Database, owner: Caller, cause: str, says: str) -> None:
    well = db.paste("Nobody receives.").splitlines()
    assert [line.split("|")[1] for line in well] == ["0"] * 7  # channels alone: no check fails
    db.admin.execute(cause.encode())
    assert says in db.paste("Nobody receives.")


def test_every_check_has_an_entry(db: Database) -> None:
    """The table names the check, what it means, and an entry of the runbook or another page."""
    chapter = page("docs/operate.md").split("## Runbook")[1]
    rows = re.findall(r"^\| (`.*?) \| (.+) \| (.+) \|$", chapter, re.MULTILINE)
    told = {name: (means, read) for names, means, read in rows for name in names.split(", ")}
    checks = db.admin.execute("select name from wedsync_realtime.health()").fetchall()
    assert told.keys() == {f"`{name}`" for (name,) in checks} | {"`health_…`"}
    for _, read in told.values():
        is_entry = f"**{read}.**" in chapter
        assert is_entry or read in ("the `sql`", "the `value`") or (ROOT / "docs" / read).is_file()


def test_one_supplier_does_not_receive(
    db: Database, people: People, owner: Caller, supplier: UUID
) -> None:
    symptom = "One supplier doesn't receive."
    lines = db.paste(symptom, user=UUID(owner.claims["sub"]), supplier=supplier).splitlines()
    assert [line.split("|")[:2] for line in lines[:6]] == [
        [step, "passed"] for step in ("identity", "channel", "filters", "rate", "access", "limits")
    ]
    assert lines[6].startswith("form-responses|")
    stranger = people.supplier_user(people.supplier("Petal"))
    lines = db.paste(symptom, user=stranger, supplier=supplier).splitlines()
    assert lines[4].startswith("access|refused|")
    assert "does not admit the caller" in lines[4]
    assert len(lines) == 6


def test_the_feed_grows(db: Database, people: People) -> None:
    db.admin.execute(
        "select wedsync_realtime.add_partition('wedsync_realtime.events', '2021-01-01', '1 day')"
    )
    with closing(psycopg.connect(people.url)) as holding:
        holding.execute("select from wedsync_realtime.events_20210101")
        db.admin.execute("call wedsync_realtime.run_job('partitions')")  # gives up
        pid = holding.info.backend_pid
        holder = re.compile(rf"^{pid}\|.*\|idle in transaction\|", re.MULTILINE)
        # transactions that are open for less than a second are not listed
        printed = until(lambda: text if holder.search(text := db.paste("The feed grows.")) else "")
        assert re.search(r"^events_20210101\|.*\|t$", printed, re.MULTILINE)
        db.admin.execute("select pg_terminate_backend(%s, %s)", (pid, PATIENCE * 1000))
    db.admin.execute("call wedsync_realtime.run_job('partitions')")
    assert "events_20210101" not in db.paste("The feed grows.")


def test_cleanup_stopped(db: Database) -> None:
    assert "cleanup|never|" in db.paste("Cleanup stopped.")
    db.admin.execute("update wedsync_realtime.job_runs set created_at = now() - interval '1 hour'")
    assert "cleanup|late|" in db.paste("Cleanup stopped.")
    db.admin.execute("alter table wedsync_realtime.topics rename to lost")
    with pytest.raises(psycopg.errors.RaiseException):
        db.admin.execute("call wedsync_realtime.run_job('cleanup')")
    printed = db.paste("Cleanup stopped.")
    assert "cleanup|failed|" in printed
    assert 'relation "wedsync_realtime.topics" does not exist' in printed
    db.admin.execute("alter table wedsync_realtime.lost rename to topics")
    db.admin.execute("call wedsync_realtime.run_job('cleanup')")
    assert "cleanup|ok|" in db.paste("Cleanup stopped.")


def test_limit_reached(db: Database, owner: Caller, supplier: UUID) -> None:
    db.admin.execute("select wedsync_realtime.set_limit(%s, 1)", (supplier,))
    refused = owner.rpc(
        "realtime_subscribe", channels=["client-profiles"], filters={"supplier_id": str(supplier)}
    )
    assert refused.status == 429
    assert db.paste("Limit reached.").splitlines() == [
        "Bloom|1|1|1", "connection_limit|subscribe|1|1"
    ]  # fmt: skip


def test_slow_writes(db: Database, people: People, supplier: UUID) -> None:
    write = "insert into public.form_responses (supplier_id) values (%s)"
    with psycopg.connect(people.url) as locking, psycopg.connect(people.url) as writing:
        locking.execute("lock table public.form_responses in share mode")
        writing.pgconn.send_query_params(
            write.replace("%s", "$1").encode(), [str(supplier).encode()]
        )
        until_blocked(db.admin, writing)
        printed = db.paste("Slow writes.")
        waiting, blocking = writing.info.backend_pid, locking.info.backend_pid
        assert f"{waiting}|Lock|relation|{{{blocking}}}|insert" in printed
        assert re.search(r"^notify_queue\|ok\|", printed, re.M)
        locking.rollback()
        while writing.pgconn.get_result():
            pass


def test_every_entry_of_the_menu_runs(db: Database, owner: Caller) -> None:
    names = [argument.split("=")[1] for argument in menu.arguments()]
    assert names[0] == "menu"
    for name in names:
        printed = db.psql(f":{name}\n", *menu.arguments())
        if name in ("health", "jobs", "live", "tenants", "channels", "menu", "feed"):
            assert printed, name
    assert {line.split("|")[0] for line in db.psql(":menu\n", *menu.arguments()).splitlines()} == {
        f":{name}" for name in names[1:]
    }


def test_the_relay_is_down_and_a_client_is_refused(db: Database) -> None:
    assert db.paste("The relay is down.") == ""
    db.admin.execute(
        "select wedsync_realtime.report_relay(%s)",
        (Jsonb({"id": str(uuid4()), "is_leader": True, "refused": {"expired": 2, "no uuid": 1}}),),
    )
    assert db.paste("The relay is down.").startswith("t|t|00:00:")
    assert set(db.paste("A client is refused.").splitlines()) == {"expired|2", "no uuid|1"}
