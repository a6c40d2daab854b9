"""Tables that a channel cannot use: reported, its channel disabled, everything else deployed."""

import json
from contextlib import redirect_stdout
from io import StringIO
from typing import cast

import psycopg
import pytest

from tests.existing.test_application import key
from tests.existing.unfit import DISABLED, warnings
from tests.support.callers.caller import caller
from tests.support.callers.listener import subscribed
from wedsync_realtime.deployment.deploy import migrate
from wedsync_realtime.entry.cli import main

# What the application lacks, the channels that cannot do without, why, and how it is mended.
UNFIT = {
    "no column": (
        "alter table public.form_responses rename supplier_id to vendor",
        ["form-responses"], "public.form_responses has no column 'supplier_id'",
        "alter table public.form_responses rename vendor to supplier_id",
    ),
    "another type": (
        "alter table public.core_fields alter couple_id type text",
        ["core-fields"], "column couple_id of public.core_fields is text, not uuid",
        "alter table public.core_fields alter couple_id type uuid using couple_id::uuid",
    ),
    "no key": (
        "alter table public.form_responses drop constraint form_responses_pkey",
        ["form-responses"], "public.form_responses has no primary key",
        "alter table public.form_responses add primary key (id)",
    ),
    "a view": (
        "alter table public.core_fields rename to facts;"
        " create view public.core_fields as select * from public.facts",
        ["core-fields"], "public.core_fields is no table",
        "drop view public.core_fields; alter table public.facts rename to core_fields",
    ),
    "no profile": (
        "alter table public.user_profiles rename couple_id to couple",
        ["form-responses", "journey-progress", "core-fields", "client-profiles",
         "wedding-details", "supplier-profile", "couple-profile"],
        "public.user_profiles has no column 'couple_id'",
        "alter table public.user_profiles rename couple to couple_id",
    ),
    "no side": (
        "alter type public.side rename value 'couple' to 'pair'",
        ["form-responses", "journey-progress", "core-fields", "client-profiles",
         "wedding-details", "supplier-profile", "couple-profile"],
        "column user_type of public.user_profiles is public.side,"
        " not text or an enum with supplier and couple",
        "alter type public.side rename value 'pair' to 'couple'",
    ),
    "no link": (
        "alter table public.clients rename couple_id to pair",
        ["wedding-details", "couple-profile"], "public.clients has no column 'couple_id'",
        "alter table public.clients rename pair to couple_id",
    ),
    "another's table": (
        "set role supabase_admin; alter table public.couples owner to supabase_admin; reset role",
        ["couple-profile"],
        'public.couples belongs to supabase_admin: as a superuser run "grant supabase_admin to'
        ' postgres"',
        "grant supabase_admin to postgres",
    ),
}  # fmt: skip
# Cases of channels that do without each other share a deployment: what is said of each is the same.
TOGETHER = (
    ("no column", "another type", "another's table"),
    ("no key", "a view", "no link"),
    ("no profile",),
    ("no side",),
)


def spoiled(admin: psycopg.Connection, cases: tuple[str, ...]) -> dict[str, str]:
    """Take from the application what it has in these cases; return the channels' problems."""
    expected: dict[str, str] = {}
    for case in cases:
        spoil, names, problem, _ = UNFIT[case]
        admin.execute(spoil.encode())
        expected |= dict.fromkeys(names, problem)
    return expected


def mend(admin: psycopg.Connection, cases: tuple[str, ...]) -> None:
    """Give the application what it lacks in these cases."""
    for case in cases:
        admin.execute(UNFIT[case][3].encode())


def told_by_status(url: str) -> dict[str, str]:
    """Return the channels at fault that the command status names, with the reasons."""
    with redirect_stdout(StringIO()) as printed:
        main(["status", "--json", "--database-url", url])
    return cast(dict[str, str], json.loads(printed.getvalue())["channels"])


@pytest.mark.parametrize("cases", TOGETHER, ids=", ".join)
def test_unfit_tables_are_reported_and_attached_once_they_fit(
    project: str, developer: psycopg.Connection, admin: psycopg.Connection, cases: tuple[str, ...]
) -> None:
    expected = spoiled(admin, cases)
    assert migrate(project).warnings == warnings(expected)
    assert developer.execute(DISABLED).fetchall() == list(expected.items())
    again = migrate(project)
    assert again.is_nothing
    assert again.warnings == warnings(expected)
    mend(admin, cases)
    mended = migrate(project)
    assert mended.refreshed
    assert mended.warnings == []
    assert developer.execute(DISABLED).fetchall() == []
    assert migrate(project).is_nothing
    if "another's table" in cases:
        admin.execute("revoke supabase_admin from postgres")


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("cases", TOGETHER, ids=", ".join)
def test_tables_that_change_later_stop_no_writer(
    project: str, developer: psycopg.Connection, admin: psycopg.Connection, cases: tuple[str, ...]
) -> None:
    """The next deployment tells, ends the subscriptions, and goes on when the tables fit again."""
    # a table that is attached may belong to anybody
    cases = tuple(case for case in cases if case != "another's table")
    expected = spoiled(admin, cases)
    for table, column in (
        ("suppliers", "vat_number"), ("couples", "display_name"), ("clients", "notes"),
        ("user_profiles", "locale"), ("form_responses", "answers"), ("core_fields", "value"),
        ("wedding_details", "venue"), ("journey_progress", "step"),
    ):  # fmt: skip
        if table != "core_fields" or "a view" not in cases:
            admin.execute(f"update public.{table} set {column} = '1'".encode())
    assert told_by_status(project) == expected
    assert migrate(project).warnings == warnings(expected)
    assert told_by_status(project) == expected
    mend(admin, cases)
    assert migrate(project).warnings == []
    assert told_by_status(project) == {}
    assert developer.execute(DISABLED).fetchall() == []


@pytest.mark.usefixtures("deployed")
def test_renamed_tenant_ends_its_subscriptions(project: str, developer: psycopg.Connection) -> None:
    with caller(project, key("supplier user 1")) as user:
        listener = subscribed(user, "form-responses", {"supplier_id": str(key("supplier1"))})
        developer.execute("alter table public.form_responses rename supplier_id to vendor")
        migrate(project)
        assert listener.poll()["code"] == "forbidden_channel"
        answer = user.rpc(
            "realtime_subscribe", channels=["form-responses"],
            filters={"supplier_id": str(key("supplier1"))},
        )  # fmt: skip
        assert answer["code"] == "unknown_channel"


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("table", ["user_profiles", "clients"])
@pytest.mark.parametrize("column", ["supplier_id", "couple_id"])
def test_writes_to_renamed_columns_that_decisions_rest_on(
    project: str, developer: psycopg.Connection, table: str, column: str
) -> None:
    developer.execute(f"alter table public.{table} rename {column} to renamed".encode())
    value = f"md5('{column.removesuffix('_id')}9')::uuid"
    developer.execute(f"update public.{table} set renamed = {value}".encode())
    developer.execute(f"delete from public.{table}".encode())


@pytest.mark.usefixtures("deployed")
def test_renamed_key_is_followed(project: str, developer: psycopg.Connection) -> None:
    developer.execute("alter table public.form_responses rename id to number")
    assert migrate(project).warnings == []
    with caller(project, key("supplier user 1")) as user:
        listener = subscribed(user, "form-responses", {"supplier_id": str(key("supplier1"))})
        developer.execute("update public.form_responses set answers = '[]' where number = 100")
        assert [event["eventType"] for event in listener.events()] == ["UPDATE"]


@pytest.mark.usefixtures("deployed")
def test_channel_that_was_disabled_on_purpose_stays_so(
    project: str, developer: psycopg.Connection
) -> None:
    disable = "update wedsync_realtime.channels set is_enabled = false, problem = null"
    developer.execute(f"{disable} where name = 'core-fields'".encode())
    developer.execute("alter table public.form_responses rename supplier_id to vendor")
    migrate(project)
    developer.execute(f"{disable} where name = 'form-responses'".encode())
    developer.execute("alter table public.form_responses rename vendor to supplier_id")
    outcome = migrate(project)
    assert (outcome.is_nothing, outcome.warnings) == (True, [])
    assert developer.execute(DISABLED).fetchall() == [
        ("form-responses", None), ("core-fields", None),
    ]  # fmt: skip


@pytest.mark.usefixtures("deployed")
def test_dropped_table_is_attached_when_it_is_there_again(
    project: str, developer: psycopg.Connection
) -> None:
    developer.execute("drop table public.core_fields")
    problem = {"core-fields": "there is no table public.core_fields"}
    assert migrate(project).warnings == warnings(problem)
    developer.execute(
        "create table public.core_fields (number serial primary key, couple_id uuid, name text)"
    )
    assert migrate(project).warnings == []
    assert developer.execute(DISABLED).fetchall() == []
    with caller(project, key("couple user 1")) as user:
        listener = subscribed(user, "core-fields", {"couple_id": str(key("couple1"))})
        developer.execute(
            "insert into public.core_fields (couple_id) values (md5('couple1')::uuid)"
        )
        assert [event["new"]["number"] for event in listener.events()] == [1]


@pytest.mark.usefixtures("deployed")
def test_renamed_table_is_found_by_its_triggers(
    project: str, developer: psycopg.Connection
) -> None:
    developer.execute("alter table public.core_fields rename to facts")
    problem = "there is no table public.core_fields; its triggers are on public.facts"
    assert migrate(project).warnings == warnings({"core-fields": problem})
    developer.execute(
        "update wedsync_realtime.channels set table_name = 'facts' where name = 'core-fields'"
    )
    assert migrate(project).warnings == []
    assert developer.execute(DISABLED).fetchall() == []
    assert migrate(project).is_nothing


def run_job(developer: psycopg.Connection) -> None:
    developer.execute("call wedsync_realtime.run_job('partitions')")


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("change", ["drop table public.core_fields",
    "alter table public.core_fields rename to facts",
    "alter table public.core_fields rename couple_id to pair"])  # fmt: skip
def test_job_ends_subscriptions_of_a_table_that_is_gone(
    project: str, developer: psycopg.Connection, change: str
) -> None:
    with caller(project, key("couple user 1")) as user:
        listener = subscribed(user, "core-fields", {"couple_id": str(key("couple1"))})
        developer.execute(change.encode())
        run_job(developer)
        assert listener.poll()["status"] in (403, 410)
        answer = user.rpc(
            "realtime_subscribe", channels=["core-fields"],
            filters={"couple_id": str(key("couple1"))},
        )  # fmt: skip
        assert answer["code"] == "unknown_channel"
    ((name, problem),) = developer.execute(DISABLED).fetchall()
    assert name == "core-fields"
    run_job(developer)
    assert migrate(project).warnings == warnings({"core-fields": problem})


@pytest.mark.usefixtures("deployed")
def test_job_attaches_a_table_that_was_made_anew(
    project: str, developer: psycopg.Connection
) -> None:
    """Its subscribers are told that they have missed something, and hear what comes."""
    filters = {"couple_id": str(key("couple1"))}
    insert = (
        "insert into public.core_fields (couple_id, field)"
        " values (md5('couple1')::uuid, gen_random_uuid())"
    )
    with caller(project, key("couple user 1")) as user:
        listener = subscribed(user, "core-fields", filters)
        developer.execute(insert)
        assert len(listener.events()) == 1
        developer.execute(
            "create table public.copied (like public.core_fields including all);"
            "drop table public.core_fields; alter table public.copied rename to core_fields"
        )
        developer.execute(insert)
        run_job(developer)
        told = listener.poll()
        assert (told["resyncRequired"], told["reason"]) == (True, "table_replaced")
        developer.execute(insert)
        assert [event["eventType"] for event in listener.events()] == ["INSERT"]
    run_job(developer)
    assert developer.execute(DISABLED).fetchall() == []
    assert migrate(project).is_nothing


@pytest.mark.usefixtures("deployed")
def test_job_follows_new_columns(project: str, developer: psycopg.Connection) -> None:
    """A column that may be large is measured from then on."""
    developer.execute("alter table public.core_fields add column notes jsonb")
    bodies = "select md5(string_agg(prosrc, '' order by proname)) from pg_proc"
    before = developer.execute(bodies).fetchone()
    run_job(developer)
    assert developer.execute(bodies).fetchone() != before
    assert migrate(project).is_nothing
