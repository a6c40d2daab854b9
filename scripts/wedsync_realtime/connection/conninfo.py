"""Read the URL of a database, and keep its password out of sight."""

import re
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from wedsync_realtime.errors import BadDatabaseUrlError


def parse_url(url: str) -> dict[str, Any]:
    """Return the parameters of a libpq URL or key=value string.

    Raises BadDatabaseUrlError, never showing the text, which may hold a password.
    """
    fix = "Write it as postgresql://user:password@host:5432/database."
    if not url.strip():
        raise BadDatabaseUrlError(
            "DATABASE_URL is set, but empty.", f"{fix} Or unset it for the embedded database."
        )
    scheme = re.match(r"([\w+.-]+)://", url)  # further on, it may stand in a password
    if scheme and scheme[1] not in ("postgresql", "postgres"):
        raise BadDatabaseUrlError(f"DATABASE_URL begins with {scheme[0]}.", fix)
    if scheme and re.match(r"[^?]*[@/][^?]*@", url[scheme.end() :]):
        # libpq would take the rest of such a password for the host or the database, and name it
        raise BadDatabaseUrlError(
            "DATABASE_URL has an @ or a / before an @.",
            "In a user or password write %40 for @ and %2F for /.",
        )
    try:
        return conninfo_to_dict(url)
    except (psycopg.ProgrammingError, UnicodeError):
        raise BadDatabaseUrlError("DATABASE_URL is not a PostgreSQL URL.", fix) from None


def split_password(url: str) -> tuple[str, str | None]:
    """Return the URL as a libpq string without its password, and the password."""
    parameters = parse_url(url)
    password = parameters.pop("password", None)
    return make_conninfo(**parameters), password


def display_name(url: str) -> str:
    """Return the URL without password and options, fit for output."""
    parameters = parse_url(url)
    host, port = parameters.get("host", "localhost"), parameters.get("port", "5432")
    user = f"{parameters['user']}@" if "user" in parameters else ""
    return f"{user}{host}:{port}/{parameters.get('dbname', parameters.get('user', ''))}"


def without_password(text: str, parameters: dict[str, Any]) -> str:
    """Return a text with asterisks for the passwords that these parameters hold."""
    for name in ("password", "sslpassword"):
        if secret := str(parameters.get(name) or ""):
            text = text.replace(secret, "***")
    return text
