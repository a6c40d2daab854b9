"""Keep passwords out of the list of processes."""

import os
import sys
from collections.abc import Sequence

from wedsync_realtime.connection import conninfo
from wedsync_realtime.errors import BadDatabaseUrlError

# Options that take a URL, and the variables that say the same.
VARIABLES = {"--database-url": "DATABASE_URL", "--scratch-url": "SCRATCH_DATABASE_URL"}


def hide_passwords() -> None:
    """Start this process again where its arguments hold a password, with it in the environment."""
    arguments, variables = moved(sys.orig_argv[1:])
    if variables:
        os.execve(sys.executable, [sys.orig_argv[0], *arguments], {**os.environ, **variables})


def moved(arguments: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return the arguments without URLs that hold a password, and these URLs as variables."""
    kept: list[str] = []
    variables: dict[str, str] = {}
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        option, is_joined, value = argument.partition("=")
        if option in VARIABLES and not is_joined and rest:
            value = rest.pop(0)
            argument = f"{option}={value}"
        if option in VARIABLES and _has_password(value):
            variables[VARIABLES[option]] = value
        else:
            kept.append(argument)
    return kept, variables


def _has_password(url: str) -> bool:
    try:
        parameters = conninfo.parse_url(url)
    except BadDatabaseUrlError:
        return False
    return bool(parameters.get("password") or parameters.get("sslpassword"))
