"""Who may see what, in plain Python: the model that the isolation test compares with."""

from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID


class Channel(NamedTuple):
    """What the design says of a channel."""

    table: str
    tenant_column: str
    filter_key: str
    supplier: str | None  # whom it admits: their own, or linked
    couple: str | None
    note: str  # a text column to write


CHANNELS = {
    "form-responses": Channel(
        "form_responses", "supplier_id", "supplier_id", "own", None, "form_name"
    ),
    "journey-progress": Channel(
        "journey_progress", "supplier_id", "supplier_id", "own", None, "milestone"
    ),
    "core-fields": Channel("core_fields", "couple_id", "couple_id", None, "own", "field_name"),
    "client-profiles": Channel("clients", "supplier_id", "supplier_id", "own", None, "full_name"),
    "wedding-details": Channel(
        "wedding_details", "couple_id", "wedding_id", "linked", "own", "venue"
    ),
    "supplier-profile": Channel("suppliers", "id", "supplier_id", "own", None, "business_name"),
    "couple-profile": Channel("couples", "id", "couple_id", "linked", "own", "display_name"),
}
BY_TABLE = {channel.table: name for name, channel in CHANNELS.items()}


class Event(NamedTuple):
    """A change as somebody is told of it."""

    operation: str
    new: dict[str, str | None]
    old: dict[str, str | None]


class Place(NamedTuple):
    """How far somebody has read a topic, and in which of its generations."""

    topic: tuple[str, UUID]
    generation: int
    length: int


@dataclass
class Lease:
    """A subscription: its id, its topic, where it began, and what it asked for."""

    channel_id: str
    topic: tuple[str, UUID]
    since: int
    operations: tuple[str, ...]
    # Where each cursor that was answered stands, by its text.
    cursors: dict[str, Place] = field(default_factory=dict)


@dataclass
class World:
    """Everything that decides who hears what."""

    profiles: dict[UUID, tuple[str, UUID]] = field(default_factory=dict)
    rows: dict[str, dict[UUID, dict[str, str | None]]] = field(
        default_factory=lambda: {channel.table: {} for channel in CHANNELS.values()}
    )
    disabled: set[str] = field(default_factory=set)
    topics: dict[tuple[str, UUID], list[Event]] = field(default_factory=dict)
    generations: dict[tuple[str, UUID], int] = field(default_factory=dict)
    leases: dict[tuple[UUID, str, UUID], Lease] = field(default_factory=dict)

    def linked(self, supplier: UUID, couple: UUID) -> bool:
        """Return whether a client row links the two."""
        return any(
            row["supplier_id"] == str(supplier) and row["couple_id"] == str(couple)
            for row in self.rows["clients"].values()
        )

    def admits(self, user: UUID, name: str, tenant: UUID) -> bool:
        """Return whether a channel of a tenant is a user's to hear while it is enabled."""
        if user not in self.profiles:
            return False
        side, own = self.profiles[user]
        admitted = CHANNELS[name].supplier if side == "supplier" else CHANNELS[name].couple
        if admitted == "linked":
            return self.linked(own, tenant)
        return admitted == "own" and own == tenant

    def may_hear(self, user: UUID, name: str, tenant: UUID) -> bool:
        """Return whether a user may hear a channel of a tenant now."""
        return name not in self.disabled and self.admits(user, name, tenant)

    def may_read(self, user: UUID, table: str, row: dict[str, str | None]) -> bool:
        """Return whether row level security shows a row of a reference table to a user."""
        name = BY_TABLE[table]
        if self.admits(user, name, UUID(str(row[CHANNELS[name].tenant_column]))):
            return True
        side, own = self.profiles.get(user, ("nobody", user))
        # A supplier's row that names a couple is also that couple's while the two are linked.
        return (
            side == "couple"
            and row.get("couple_id") == str(own)
            and "supplier_id" in row
            and self.linked(UUID(str(row["supplier_id"])), own)
        )

    def tenant_of(self, user: UUID, name: str, value: UUID) -> UUID:
        """Return the tenant that a filter value names; a wedding may be named by its couple."""
        if CHANNELS[name].filter_key != "wedding_id" or self.may_hear(user, name, value):
            return value
        row = self.rows["wedding_details"].get(value)
        return UUID(str(row["couple_id"])) if row else value

    def change(self, table: str, key: UUID, new: dict[str, str | None] | None) -> None:
        """Insert, update or delete a row, and record the events of its topics."""
        name = BY_TABLE[table]
        column = CHANNELS[name].tenant_column
        old = self.rows[table].pop(key, None)
        if new is not None:
            self.rows[table][key] = new
        if old == new:
            return
        if old and new and old[column] == new[column]:
            self._record(name, old[column], Event("UPDATE", new, old))
        else:
            if old:
                self._record(name, old[column], Event("DELETE", {}, old))
            if new:
                self._record(name, new[column], Event("INSERT", new, {}))
        self.revoke()

    def _record(self, name: str, tenant: str | None, event: Event) -> None:
        topic = (name, UUID(str(tenant)))
        if topic in self.topics and name not in self.disabled:
            self.topics[topic].append(event)

    def move(self, user: UUID, profile: tuple[str, UUID] | None) -> None:
        """Give a user another profile or none; with the old one all leases end."""
        if self.profiles.get(user) == profile:
            return
        self.profiles.pop(user, None)
        self.revoke()
        if profile:
            self.profiles[user] = profile

    def revoke(self) -> None:
        """End the leases that nothing admits any longer."""
        for key, lease in list(self.leases.items()):
            if not self.may_hear(key[0], *lease.topic):
                del self.leases[key]

    def cool(self, name: str) -> None:
        """Forget the topics of a channel: old cursors must resync."""
        for topic in [topic for topic in self.topics if topic[0] == name]:
            del self.topics[topic]

    def heat(self, topic: tuple[str, UUID]) -> None:
        """Begin to record a topic unless it is recorded."""
        if topic not in self.topics:
            self.topics[topic] = []
            self.generations[topic] = self.generations.get(topic, 0) + 1

    def here(self, topic: tuple[str, UUID]) -> Place:
        """Return the end of a topic."""
        return Place(topic, self.generations[topic], len(self.topics[topic]))

    def expected(self, lease: Lease, start: int) -> list[Event]:
        """Return what a lease is sent from a place in its topic."""
        return [
            event for event in self.topics[lease.topic][start:]
            if event.operation in lease.operations
        ]  # fmt: skip
