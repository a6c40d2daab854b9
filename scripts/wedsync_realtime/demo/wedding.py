"""Who is on the page: a couple, two suppliers who work for them, and a third who does not."""

import time
from dataclasses import dataclass
from typing import Any

import jwt
from psycopg import Connection

from wedsync_realtime.demo.cast import Couple, Person, Supplier

ALGORITHM = "HS256"
LIFETIME = 12 * 3600  # seconds that a token is good for


@dataclass(frozen=True)
class Wedding:
    """The couple's suppliers are those of the link; the stranger has none."""

    couple: Couple
    suppliers: tuple[Supplier, ...]
    stranger: Supplier

    def told(self, secret: str) -> dict[str, Any]:
        """Return what the page has to know, with a token for everybody on it."""
        suppliers = (*self.suppliers, self.stranger)
        return {
            "couple": {
                "id": str(self.couple.id),
                "name": self.couple.name,
                "token": _token(self.couple.partners[0], secret),
            },
            "suppliers": [
                {
                    "id": str(supplier.id),
                    "name": supplier.name,
                    "user": str(supplier.team[0].id),
                    "userName": supplier.team[0].name,
                    "token": _token(supplier.team[0], secret),
                    "isTheirs": supplier in self.suppliers,
                }
                for supplier in suppliers
            ],
        }

    def write(self, connection: Connection[Any]) -> None:
        """Write the rows into a database where the package was deployed."""
        execute, couple = connection.execute, self.couple
        execute(
            "insert into public.couples (id, display_name) values (%s, %s)",
            (couple.id, couple.name),
        )
        execute("insert into public.wedding_details (couple_id) values (%s)", (couple.id,))
        _sign_up(connection, couple.partners[0], "couple", couple_id=couple.id)
        for supplier in (*self.suppliers, self.stranger):
            execute(
                "insert into public.suppliers (id, business_name) values (%s, %s)",
                (supplier.id, supplier.name),
            )
            _sign_up(connection, supplier.team[0], "supplier", supplier_id=supplier.id)
        for supplier in self.suppliers:
            execute(
                "insert into public.clients (supplier_id, couple_id, full_name)"
                " values (%s, %s, %s)",
                (supplier.id, couple.id, couple.name),
            )


def invite() -> Wedding:
    """Return those who are on the page."""
    bloom, lens, cake = (
        Supplier(name, (Person(user),))
        for name, user in (
            ("Bloom Flowers", "Iris"),
            ("Lens & Light", "Ray"),
            ("Cake & Co.", "Eve"),
        )
    )
    return Wedding(Couple((Person("Ann"), Person("Bob"))), (bloom, lens), cake)


def _sign_up(connection: Connection[Any], person: Person, side: str, **tenant: Any) -> None:
    connection.execute("insert into auth.users (id) values (%s)", (person.id,))
    connection.execute(
        "insert into public.user_profiles (id, user_type, supplier_id, couple_id)"
        " values (%s, %s, %s, %s)",
        (person.id, side, tenant.get("supplier_id"), tenant.get("couple_id")),
    )


def _token(person: Person, secret: str) -> str:
    claims = {
        "sub": str(person.id),
        "role": "authenticated",
        "exp": int(time.time()) + LIFETIME,
    }
    return jwt.encode(claims, secret, algorithm=ALGORITHM)
