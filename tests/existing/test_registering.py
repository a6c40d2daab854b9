"""Registering and unregistering channels on tables that live on: they are left as found."""

import psycopg
import pytest

from wedsync_realtime.deployment.deploy import migrate

VISITS = "create table public.visits (id bigint primary key, supplier_id uuid not null)"
REGISTER = """
    select wedsync_realtime.register_channel(
        'visits', 'public.visits', 'supplier_id', 'supplier_id', 'own_supplier'
    )
"""
IDENTITY = "select relreplident::text from pg_class where oid = %s::regclass"
UNREGISTER = "select wedsync_realtime.unregister_channel('visits')"
LEFT = """
    select
        (select c.relreplident::text from pg_class as c where c.relname = 'visits'),
        (
            select count(*) from pg_trigger as t
            inner join pg_class as c on c.oid = t.tgrelid and c.relname = 'visits'
            where not t.tgisinternal
        ),
        exists (select from pg_publication_tables as p where p.tablename = 'visits'),
        exists (select from pg_proc as p where p.proname ~ '^dispatch_visits_'),
        exists (select from wedsync_realtime.channels as c where c.name = 'visits')
"""
# What happens to the table or its publication between the two, and what is left of it.
MEANWHILE = {
    "nothing": ("select 1", ("d", 0, False, False, False)),
    "it left the publication": (
        "alter publication supabase_realtime drop table public.visits",
        ("d", 0, False, False, False),
    ),
    "the publication is gone": (
        "drop publication supabase_realtime", ("d", 0, False, False, False),
    ),
    "it was dropped": ("drop table public.visits", (None, 0, False, False, False)),
    "its trigger was dropped": (
        "drop trigger visits_after_insert_dispatch_8 on public.visits",
        ("d", 0, False, False, False),
    ),
    "its tenant is gone": (
        "alter table public.visits drop column supplier_id", ("d", 0, False, False, False),
    ),
    "it was never attached": (
        "drop table public.visits; delete from wedsync_realtime.channels where name = 'visits';"
        " insert into wedsync_realtime.channels"
        " (name, table_name, tenant_column, filter_key, supplier_authoriser)"
        " values ('visits', 'visits', 'supplier_id', 'supplier_id', 'own_supplier')",
        (None, 0, False, False, False),
    ),
}  # fmt: skip


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("case", MEANWHILE)
def test_unregistered_whatever_happened(
    project: str, developer: psycopg.Connection, case: str
) -> None:
    meanwhile, left = MEANWHILE[case]
    developer.execute(VISITS)
    developer.execute(REGISTER)
    assert developer.execute(LEFT).fetchone() == ("f", 4, True, True, True)
    developer.execute(meanwhile.encode())
    developer.execute(UNREGISTER)
    assert developer.execute(LEFT).fetchone() == left
    assert migrate(project).warnings == []


@pytest.mark.usefixtures("deployed")
def test_unregistered_under_another_name(project: str, developer: psycopg.Connection) -> None:
    developer.execute(VISITS)
    developer.execute(REGISTER)
    developer.execute("alter table public.visits rename to calls")
    developer.execute(UNREGISTER)
    assert developer.execute(IDENTITY, ("public.calls",)).fetchone() == ("d",)
    assert developer.execute(
        "select count(*) from pg_trigger as t where t.tgrelid = 'public.calls'::regclass"
    ).fetchone() == (0,)


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("identity", "spoil", "expected"),
    [
        ("using index visits_key_key", "select 1", "i"),
        ("using index visits_key_key", "drop index public.visits_key_key", "d"),
        ("nothing", "select 1", "n"),
        ("full", "select 1", "f"),
    ],
)
def test_replica_identity_is_what_it_was(
    project: str, developer: psycopg.Connection, identity: str, spoil: str, expected: str
) -> None:
    developer.execute(VISITS)
    developer.execute("create unique index visits_key_key on public.visits (id, supplier_id)")
    developer.execute(f"alter table public.visits replica identity {identity}".encode())
    developer.execute(REGISTER)
    developer.execute(spoil.encode())
    developer.execute(UNREGISTER)
    assert developer.execute(IDENTITY, ("public.visits",)).fetchone() == (expected,)


@pytest.mark.usefixtures("deployed")
def test_table_in_use_is_not_waited_for_long(project: str, developer: psycopg.Connection) -> None:
    """Who holds it is named, and nothing stays of the attempt."""
    developer.execute("alter table public.clients replica identity default")
    with psycopg.connect(project, application_name="a report") as reader:
        reader.execute("select count(*) from public.clients")
        with pytest.raises(psycopg.errors.LockNotAvailable) as refusal:
            developer.execute(
                "select wedsync_realtime.attach_relations(array['public.clients']::regclass[],"
                " '1 second')"
            )
        message = str(refusal.value)
        assert f"public.clients by pid {reader.info.backend_pid} (a report) since" in message
    assert migrate(project).refreshed
    assert developer.execute(IDENTITY, ("public.clients",)).fetchone() == ("f",)
