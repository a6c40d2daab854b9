"""A PgBouncer in transaction mode before the test cluster."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from tests.support.postgres.cluster import Cluster
from tests.support.tools import program
from tests.support.waiting import PATIENCE

CONFIGURATION = """
[databases]
* = host={host} port={port}
[pgbouncer]
listen_port = 6432
unix_socket_dir = {folder}
auth_type = trust
auth_file = {folder}/users
pool_mode = transaction
default_pool_size = 3
"""


@contextmanager
def pooled(cluster: Cluster, url: str) -> Iterator[str]:
    """Yield the URL under which a database is reached through the pooler.

    Skips the test where PgBouncer is not to be had.
    """
    pgbouncer = program("pgbouncer")
    folder = Path(tempfile.mkdtemp(prefix="wedsync-bouncer-"))
    (folder / "users").write_text('"postgres" ""\n')
    host, port = cluster.place
    (folder / "ini").write_text(CONFIGURATION.format(host=host, port=port, folder=folder))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        # PgBouncer refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        as_user = {"user": "postgres", "group": "postgres", "extra_groups": []}
    process = subprocess.Popen(
        [pgbouncer, "-q", folder / "ini"], cwd="/", stderr=subprocess.DEVNULL, **as_user
    )
    name = url.partition("?")[0].rpartition("/")[2]
    pooled_url = f"postgresql://postgres@/{name}?host={folder}&port=6432"
    try:
        _await(pooled_url)
        yield pooled_url
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(folder)


def _await(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
