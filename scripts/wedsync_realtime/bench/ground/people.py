"""Suppliers with users and leases, by name and number."""

import hashlib
import json
from dataclasses import dataclass
from importlib.resources import files
from uuid import UUID

from wedsync_realtime.bench.ground.session import Session

CHANNEL = "form-responses"
PER_TENANT = 1_000  # leases of a supplier in a crowd

# For where every call has another caller.
CALLER = (
    "with caller as materialized"
    " (select pg_catalog.set_config('request.jwt.claims', $1, true) as claims)"
)
AS_CLIENT = "set role authenticated"


@dataclass(frozen=True)
class Crowd:
    """Suppliers with a number of users each, who have a lease each."""

    names: list[str]
    users: int


def prepare(session: Session) -> None:
    """Create the schema `bench` with plain SQL's tables and the functions for people."""
    for name in ("plain.sql", "people.sql", "least.sql"):
        session.run((files(__package__) / name).read_text())


def add(session: Session, name: str, *, users: int = 1, leases: int = 0) -> None:
    """Create a supplier with users, of whom the first ones have a lease on its form responses."""
    session.run(f"select bench.add_supplier('{name}', {max(users, leases)})")
    if leases:
        answer = session.value("select bench.subscribe(%s)", name)
        if not answer["success"]:
            raise RuntimeError(f"subscribe was refused: {answer}")
        session.run(f"select bench.add_leases('{name}', 2, {leases})")


def gather(session: Session, name: str, leases: int) -> Crowd:
    """Replace all leases by those of a crowd of suppliers, whose names begin with `name`."""
    session.run("delete from public.realtime_subscriptions")
    each = min(PER_TENANT, leases)
    names = [f"{name} {number}" for number in range(leases // each)]
    for supplier in names:
        add(session, supplier, leases=each)
    return Crowd(names, each)


def supplier_id(name: str) -> str:
    """Return the id of a supplier."""
    return _uuid(f"supplier {name}")


def user_id(name: str, number: int) -> str:
    """Return the id of a supplier's user, counted from 1."""
    return _uuid(f"user {name} {number}")


def claims(name: str, number: int) -> str:
    """Return the JWT claims of a supplier's user."""
    return json.dumps({"sub": user_id(name, number), "role": "authenticated"})


def as_caller(select: str) -> str:
    """Return a select with the claims of its caller as parameter $1."""
    return f"{CALLER} {select} from caller where caller.claims is not null"


def sign_in(name: str, number: int, role: str = AS_CLIENT) -> str:
    """Return what makes a session a supplier's user until it ends, and the statement after it."""
    return (
        f"select pg_catalog.set_config('request.jwt.claims', '{claims(name, number)}', false);"
        f"{role}"
    )


def _uuid(text: str) -> str:
    return str(UUID(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()))
