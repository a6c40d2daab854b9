"""Fixtures: what npm has to give, the Supabase CLI, a PostgREST and its clients."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.supabase.clients import Client, python_client, script_client, script_process
from tests.supabase.rest import rest_server
from tests.support.deployment.tree import Tree
from tests.support.postgres.cluster import Cluster
from tests.support.waiting import PATIENCE
from wedsync_realtime.demo.modules import installed
from wedsync_realtime.embedded import node
from wedsync_realtime.errors import NoNodeError

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".local" / "node"
# Without a compiler that costs a call more than it saves.
SETTINGS = {"SUPABASE_TELEMETRY_DISABLED": "1", "BUN_JSC_useBaselineJIT": "0"}

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Return the folder with the packages of package.json, installed once; skip without npm."""
    if node.npm() is None:
        pytest.skip("npm is not installed")
    CACHE.parent.mkdir(exist_ok=True)
    try:
        return installed((HERE / "package.json").read_text(), CACHE, lambda line: None)
    except NoNodeError as error:
        pytest.skip(error.message)


@pytest.fixture(scope="session")
def supabase_cli(node_modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Cli:
    """Return a function that runs the Supabase CLI in a folder, with a home of its own."""
    home = tmp_path_factory.mktemp("home")

    def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [node_modules / ".bin" / "supabase", *arguments, "--yes"],
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            env=os.environ | {"HOME": str(home)} | SETTINGS,
        )

    return run


@pytest.fixture
def authenticator(cluster: Cluster, database: str) -> str:
    """Return the URL of `database` as the role that PostgREST logs in as."""
    with cluster.connect() as connection:
        known = "select 1 from pg_roles where rolname = 'authenticator'"
        if not connection.execute(known).fetchone():
            connection.execute("create role authenticator login noinherit")
            connection.execute("grant anon, authenticated, service_role to authenticator")
    return database.replace("postgres@", "authenticator@")


@pytest.fixture
def rest(authenticator: str) -> Iterator[str]:
    """Yield the address of a PostgREST in front of `database`."""
    with rest_server(authenticator) as address:
        yield address


@pytest.fixture(scope="session")
def script(node_modules: Path) -> Iterator[subprocess.Popen[str]]:
    """Yield the process of the clients of supabase-js."""
    with script_process(node_modules) as process:
        yield process


@pytest.fixture(params=["postgrest", "supabase-js"])
def client_of(
    request: pytest.FixtureRequest, rest: str
) -> Iterator[Callable[[str | None], Client]]:
    """Yield what opens a client of either kind, for a token."""
    with ExitStack() as stack:
        if request.param == "postgrest":
            yield lambda bearer: stack.enter_context(python_client(rest, bearer))
        else:
            yield partial(script_client, request.getfixturevalue("script"), rest)


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path / "source")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of a Supabase project without migrations."""
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


@pytest.fixture
def other_database(cluster: Cluster) -> Iterator[str]:
    """Yield the URL of a second empty database."""
    with cluster.database() as url:
        yield url
