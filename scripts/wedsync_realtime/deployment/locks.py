"""Lock tables that are in use without anybody noticing."""

import random
import time
from collections.abc import Callable
from typing import Any

from psycopg import Connection

from wedsync_realtime.connection.limits import PASSING, Limits
from wedsync_realtime.deployment.transaction import Report
from wedsync_realtime.errors import ScriptError


def in_short_locks(
    connection: Connection[Any], work: Callable[[], None], limits: Limits, report: Report
) -> None:
    """Do work in a subtransaction that waits for no lock long; try again when it has to.

    What was locked before stays locked meanwhile, so it must be nothing that others need.
    Raises ScriptError when tables stayed in use.
    """
    deadline = time.monotonic() + limits.retry_for
    is_told = False
    connection.execute("savepoint before_locks")
    while True:
        try:
            work()
            break
        except ScriptError as error:
            if error.sqlstate not in PASSING or time.monotonic() > deadline:
                raise
            if not is_told:
                report(f"{error.message.splitlines()[0]}; trying again in short locks …")
                is_told = True
        connection.execute("rollback to savepoint before_locks")
        time.sleep(random.uniform(0.1, 0.4))
    connection.execute("release savepoint before_locks")
