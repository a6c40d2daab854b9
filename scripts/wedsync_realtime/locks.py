"""Lock tables that are in use without anybody noticing."""

import random
import time
from collections.abc import Callable
from typing import Any

from psycopg import Connection

from wedsync_realtime.errors import ScriptError

WAIT = 50  # ms for which others queue behind a lock that is not granted
PATIENCE = 30.0  # seconds until it is given up
LOCK_NOT_AVAILABLE = "55P03"


def in_short_locks(connection: Connection[Any], work: Callable[[], None]) -> None:
    """Do work in a subtransaction that waits for no lock long; try again when it has to.

    What was locked before stays locked meanwhile, so it must be nothing that others need.
    Raises ScriptError when tables stayed in use.
    """
    deadline = time.monotonic() + PATIENCE
    connection.execute("savepoint before_locks")
    while True:
        connection.execute(f"set local lock_timeout = {WAIT}".encode())
        try:
            work()
            break
        except ScriptError as error:
            if error.sqlstate != LOCK_NOT_AVAILABLE or time.monotonic() > deadline:
                raise
        connection.execute("rollback to savepoint before_locks")
        time.sleep(random.uniform(0.1, 0.4))
    connection.execute("release savepoint before_locks")
    connection.execute("set local lock_timeout = '5s'")
