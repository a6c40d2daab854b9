"""Who plays: two suppliers with their teams, two couples with their weddings, a stranger."""

from dataclasses import dataclass, field
from typing import Any, LiteralString
from uuid import UUID, uuid4

from psycopg import Connection
from psycopg.types.json import Jsonb

BLOOM_TEAM = (
    "Iris", "Rose", "Lily", "Daisy", "Heath", "Basil", "Jasmine", "Poppy", "Sage", "Violet",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody who can sign in."""

    name: str
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Supplier:
    """A business and the people of its team."""

    name: str
    team: tuple[Person, ...]
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Couple:
    """Two people who marry, and their rows: the wedding and a field that suppliers asked for."""

    partners: tuple[Person, Person]
    id: UUID = field(default_factory=uuid4)
    wedding_id: UUID = field(default_factory=uuid4)
    field_id: UUID = field(default_factory=uuid4)

    @property
    def name(self) -> str:
        """Both names."""
        return " & ".join(partner.name for partner in self.partners)


@dataclass(frozen=True)
class Cast:
    """Bloom works for Ann and Bob, Lens for Eve and Max; nobody knows Mallory."""

    bloom: Supplier
    lens: Supplier
    ann_and_bob: Couple
    eve_and_max: Couple
    mallory: Person
    milestone_id: UUID


def invite() -> Cast:
    """Return the cast."""
    return Cast(
        Supplier("Bloom Flowers", tuple(Person(name) for name in BLOOM_TEAM)),
        Supplier("Lens & Light", (Person("Ray"), Person("Luna"))),
        Couple((Person("Ann"), Person("Bob"))),
        Couple((Person("Eve"), Person("Max"))),
        Person("Mallory"),
        uuid4(),
    )


def write(connection: Connection[Any], cast: Cast) -> None:
    """Write the rows of the cast into a database where the package was deployed."""

    def insert(statement: LiteralString, *rows: tuple[Any, ...]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)

    suppliers, couples = (cast.bloom, cast.lens), (cast.ann_and_bob, cast.eve_and_max)
    team = [(person.id, "supplier", one.id, None) for one in suppliers for person in one.team]
    partners = [(person.id, "couple", None, one.id) for one in couples for person in one.partners]

    insert(
        "insert into auth.users (id) values (%s)",
        *((profile[0],) for profile in (*team, *partners)),
        (cast.mallory.id,),
    )
    insert(
        "insert into public.suppliers (id, business_name) values (%s, %s)",
        *((supplier.id, supplier.name) for supplier in suppliers),
    )
    insert(
        "insert into public.couples (id, display_name) values (%s, %s)",
        *((couple.id, couple.name) for couple in couples),
    )
    insert(
        "insert into public.user_profiles (id, user_type, supplier_id, couple_id)"
        " values (%s, %s, %s, %s)",
        *team,
        *partners,
    )
    insert(
        "insert into public.clients (supplier_id, couple_id, full_name) values (%s, %s, %s)",
        *((one.id, other.id, other.name) for one, other in zip(suppliers, couples, strict=True)),
    )
    insert(
        "insert into public.wedding_details (id, couple_id, wedding_date)"
        " values (%s, %s, '2027-06-12')",
        *((couple.wedding_id, couple.id) for couple in couples),
    )
    insert(
        "insert into public.core_fields (id, couple_id, field_name, field_value)"
        " values (%s, %s, 'guest_count', %s)",
        *((couple.field_id, couple.id, Jsonb(80)) for couple in couples),
    )
    insert(
        "insert into public.journey_progress (id, supplier_id, client_id, milestone, status)"
        " select %s, k.supplier_id, k.id, 'bouquet chosen', 'pending'"
        " from public.clients as k where k.supplier_id = %s",
        (cast.milestone_id, cast.bloom.id),
    )
