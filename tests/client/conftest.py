"""Fixtures: the TypeScript client as it is printed for a database, compiled."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from tests.client.follower import Followers
from tests.supabase.conftest import authenticator, node_modules, rest
from tests.support.callers.people import People, install_helpers
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.supabase import supabase_template
from wedsync_realtime.client import source

__all__ = ["authenticator", "node_modules", "rest"]

INSERT = "insert into public.form_responses (supplier_id, form_name) values (%s, %s)"
CONFIG = {
    "compilerOptions": {
        "strict": True,
        "noUnusedLocals": True,
        "noUnusedParameters": True,
        "noImplicitReturns": True,
        "noUncheckedIndexedAccess": True,
        "target": "es2023",
        "module": "esnext",
        "moduleResolution": "bundler",
        "lib": ["es2023", "dom"],
        "jsx": "react-jsx",
        "types": [],
        "skipLibCheck": True,  # those of the packages are theirs
    },
}


def compiled(folder: Path) -> str:
    """Compile what is in a folder, and return what the compiler says."""
    (folder / "tsconfig.json").write_text(json.dumps(CONFIG))
    compiler = folder / "node_modules" / ".bin" / "tsc"
    done = subprocess.run([compiler], check=False, cwd=folder, capture_output=True, text=True)
    assert bool(done.stdout) == bool(done.returncode), done.stdout
    return done.stdout


def complained_of(said: str) -> set[str]:
    """Return the files of which the compiler says something."""
    return {line.partition("(")[0] for line in said.splitlines() if not line.startswith(" ")}


def with_client(folder: Path, node_modules: Path, printed: str) -> Path:
    """Return the folder with the client in it, to be compiled with what is put beside it."""
    (folder / "realtime.ts").write_text(printed)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(node_modules)
    return folder


@pytest.fixture(scope="session")
def printed(cluster: Cluster, template: str) -> str:
    """Return the client as it is printed for a database with the package."""
    with cluster.database(template) as url, psycopg.connect(url) as connection:
        return source.client(source.read_channels(connection))


@pytest.fixture
def project(tmp_path: Path, node_modules: Path, printed: str) -> Path:
    """Return a folder with the client in it."""
    return with_client(tmp_path, node_modules, printed)


@pytest.fixture(scope="session")
def client(tmp_path_factory: pytest.TempPathFactory, node_modules: Path, printed: str) -> Path:
    """Return the compiled client."""
    folder = with_client(tmp_path_factory.mktemp("client"), node_modules, printed)
    assert compiled(folder) == ""
    return folder / "realtime.js"


@pytest.fixture(scope="session")
def followers(client: Path, node_modules: Path) -> Iterator[Followers]:
    """Yield what runs copies, each for the time of a context."""
    with closing(Followers(client, node_modules)) as followers:
        yield followers


@pytest.fixture(scope="session")
def supabase(cluster: Cluster) -> Iterator[str]:
    """Yield the name of a database to clone: the package beside Supabase Realtime, our helpers."""
    with supabase_template(cluster) as name:
        with cluster.connect(name) as connection:
            install_helpers(connection)
        yield name


@pytest.fixture
def admin(database: str) -> Iterator[psycopg.Connection]:
    """Yield a superuser's connection in autocommit mode."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def add(admin: psycopg.Connection, supplier: UUID) -> Callable[[str], object]:
    """Return what writes a row of this name for the supplier."""
    return lambda name: admin.execute(INSERT, (supplier, name))


@pytest.fixture
def supplier(people: People) -> UUID:
    """Return a supplier."""
    return people.supplier()


@pytest.fixture
def user(people: People, supplier: UUID) -> UUID:
    """Return a user of the supplier."""
    return people.supplier_user(supplier)
