"""The schema of a database as pg_dump writes it, to compare two states."""

import os
import re
import shutil
import subprocess
from functools import cache

import psycopg
import pytest


def tool(name: str) -> str:
    """Return the path of a client program, first of the one beside the server that PG names.

    Skips the test where there is none.
    """
    folders = [os.environ.get("PG", ""), os.environ.get("PATH", "")]
    found = shutil.which(name, path=os.pathsep.join(part for part in folders if "/" in part))
    if found is None:
        pytest.skip(f"{name} is not installed: sudo apt-get install -y postgresql-client")
    return found


@cache
def _version(program: str) -> tuple[int, ...]:
    printed = subprocess.run([program, "--version"], check=True, capture_output=True, text=True)
    return tuple(int(number) for number in re.findall(r"\d+", printed.stdout)[:2])


def pg_dump(url: str) -> str:
    """Return the path of a pg_dump that can read the server.

    Skips the test where it is missing or older than that.
    """
    program = tool("pg_dump")
    with psycopg.connect(url) as connection:
        server = divmod(connection.info.server_version, 10000)
    version = _version(program)
    if version < server:
        told = ".".join(map(str, server))
        pytest.skip(f"pg_dump {'.'.join(map(str, version))} cannot read PostgreSQL {told}")
    return program


def schema(url: str) -> list[str]:
    """Return the lines of a schema dump without comments, blank lines and random words.

    Skips the test where pg_dump is missing or older than the server.
    """
    dump = subprocess.run(
        [pg_dump(url), "--schema-only", url], check=True, capture_output=True, text=True
    ).stdout
    return [
        line for line in dump.splitlines() if line and not line.startswith(("--", "\\", "SET "))
    ]
