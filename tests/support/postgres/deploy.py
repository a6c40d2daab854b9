"""Deploy the package into test databases, with the real runner."""

import psycopg

from wedsync_realtime.deployment.deploy import migrate
from wedsync_realtime.errors import RunnerError


class DeployError(Exception):
    """The runner failed; the message is what it said."""


def deploy(dsn: str) -> None:
    """Deploy the package into the database at this URL.

    Raises DeployError when the runner fails.
    """
    try:
        migrate(dsn)
    except (RunnerError, psycopg.Error) as error:
        raise DeployError(f"{error}") from error
