"""Supabase's advisors find nothing to warn of in a deployed database."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.supabase.conftest import Cli
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.deploy import deploy
from tests.support.postgres.supabase import OBJECTS, PROJECT
from tests.support.postgres.tcp import over_tcp

WARNED = "wedsync_realtime.run_job"  # it commits, which a pinned search_path forbids
ACCEPTED = {  # INFO alone, but for that; docs/deploy.md says why
    "function_search_path_mutable": WARNED,
    "no_primary_key": "wedsync_realtime.events",
    "rls_enabled_no_policy": "",
    "unused_index": "",
}
FAULTS = """
    create table public.open (id integer);
    create table public.watched (id uuid primary key, owner uuid references public.watched);
    alter table public.watched enable row level security;
    create policy watched_select_owner on public.watched using (owner = auth.uid());
    create view public.watching as select * from public.watched;
    create function public.loose() returns integer language sql as 'select 1';
"""


@pytest.fixture(scope="module")
def deployed_project(cluster: Cluster) -> str:
    """Return the name of a database like a Supabase project's, deployed, to be cloned."""
    name = "wedsync_advised"
    url = cluster.create_database(name)
    with psycopg.connect(url) as connection:
        connection.execute(PROJECT)
        connection.execute(OBJECTS)
    deploy(url)
    return name


@pytest.fixture
def project_database(cluster: Cluster, deployed_project: str) -> Iterator[str]:
    """Yield the URL of such a database."""
    with cluster.database(deployed_project) as url:
        yield url


def findings(cli: Cli, folder: Path, url: str, level: str) -> list[dict[str, Any]]:
    """Return what the advisors find, of this level and above."""
    with over_tcp(url) as address:
        done = cli(
            folder, "db", "advisors", f"--remote={address}", "--type=all", f"--level={level}"
        )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
    return found


@pytest.fixture(scope="module")
def remarks(
    supabase_cli: Cli, tmp_path_factory: pytest.TempPathFactory, cluster: Cluster,
    deployed_project: str,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return everything that the advisors find in a deployed database."""
    url = cluster.dsn(deployed_project)
    return findings(supabase_cli, tmp_path_factory.mktemp("advised"), url, "info")


def test_nothing_to_warn_of(remarks: list[dict[str, Any]]) -> None:
    assert {each["level"] for each in remarks} <= {"INFO", "WARN", "ERROR"}
    assert [
        (each["name"], each["detail"])
        for each in remarks
        if each["level"] != "INFO" and WARNED not in each["detail"]
    ] == []


def test_remarks_are_those_we_know(remarks: list[dict[str, Any]]) -> None:
    for each in remarks:
        assert ACCEPTED[each["name"]] in each["detail"], each["detail"]


def test_advisors_see_what_is_wrong(
    supabase_cli: Cli, tmp_path: Path, project_database: str
) -> None:
    with psycopg.connect(project_database) as connection:
        connection.execute(FAULTS)
    found = findings(supabase_cli, tmp_path, project_database, "warn")
    assert {
        "auth_rls_initplan",
        "function_search_path_mutable",
        "rls_disabled_in_public",
        "security_definer_view",
    } <= {each["name"] for each in found}
