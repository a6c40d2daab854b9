"""Arguments of calls, well-formed and otherwise, from a seeded source of chance.

Each argument is text that PostgreSQL is asked to cast; half of them grow from a valid one, so that
calls get past the first check.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

Argument: TypeAlias = str | None
T = TypeVar("T")

TEXTS = [
    "", " ", "x", "'", '"', "\\", "%s", "%", "$1", "{}", "[]", "null", "NULL", "a,b", "a.b", "--",
    "'; drop table public.realtime_subscriptions; --", "$$ $$", "x" * 300, "y" * 70_000, "\u202e",
    "🌷" * 60, "\x01\x1f\x7f", "e\u0301", "ß", "\t\n\r", "-" * 50, "form-responses", "undefined",
    "form-responses-", "FORM-RESPONSES", "form_responses", "../../etc/passwd", "0" * 40, "NaN",
]  # fmt: skip
UUIDS = [
    "00000000-0000-0000-0000-000000000000", "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
    "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc999c0b4ef8bb6d6bb9bd380a11", "a0eebc99", "", "x",
]  # fmt: skip
INTEGERS = ["0", "1", "-1", "2", "100", "1000", "1001", "2147483647", "-2147483648", "2147483648",
            "1e3", " 5 ", "", "x", "1.5", "0x10", "NaN"]  # fmt: skip
ARRAYS = ["{}", "{NULL}", "{{form-responses},{core-fields}}", "[5:5]={form-responses}", "{", "}",
          '{""}', "{form-responses,NULL}", "{form-responses,form-responses}", "x", "",
          "{" + ",".join(["form-responses"] * 200) + "}", '{"{"}', "{a,{b}}"]  # fmt: skip
NUMBERS = [
    "0",
    "-1",
    "1e400",
    "-1e400",
    "0.1e-300",
    "1" * 200,
    "1e999999999",
    "9223372036854775808",
]
VALUES = [
    "2026-01-01", "infinity", "-infinity", "5874897-12-31", "4713-01-01 BC", "0001-01-01",
    "2026-02-30", "now", "epoch", "24:00", "true", "t", "1", "NaN", "draft", "", "\\u0000",
    "2026-01-01T00:00:00+14:00", "00000000-0000-0000-0000-000000000000", "A" * 20_000,
]  # fmt: skip
CHANNELS = ["form-responses", "journey-progress", "core-fields", "client-profiles",
            "supplier-profile", "wedding-details", "couple-profile", "weather"]  # fmt: skip
COLUMNS = ["id", "created_at", "supplier_id", "couple_id", "form_name", "status", "responses",
           "submitted_at", "full_name", "wedding_date", "ctid", "tableoid", "x", ""]  # fmt: skip
OPERATORS = ["eq", "neq", "lt", "lte", "gt", "gte", "in", "is", "like", "=", "", "or 1=1"]
KEYS = ["supplier_id", "couple_id", "wedding_id", "operations", "events", "changed", "where",
        "", "Where", "__proto__", "user_id"]  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Chance, and what is valid at the moment."""

    chance: Random
    tenants: Sequence[UUID]
    leases: Sequence[str]
    cursors: Sequence[str]

    def pick(self, values: Sequence[T]) -> T:
        """Return one of the values."""
        return self.chance.choice(values)

    def often(self, valid: Callable[[], Argument], other: Callable[[], Argument]) -> Argument:
        """Return a valid argument, null now and then, or another one."""
        share = self.chance.random()
        return valid() if share < 0.6 else None if share < 0.65 else other()

    def damaged(self, text: str) -> str:
        """Return the text with some characters cut, doubled or exchanged."""
        for _ in range(self.chance.randint(1, 3)):
            place = self.chance.randint(0, len(text))
            piece = self.pick(["", ".", ":", ",", "0", "9" * 20, "-", text[:place], "x", "\u00e9"])
            text = text[:place] + piece + text[place + self.chance.randint(0, 2) :]
        return text

    def lease(self) -> Argument:
        """Return a channel id."""
        return self.often(
            lambda: self.pick(self.leases),
            lambda: self.pick([self.pick(TEXTS), self.damaged(self.pick(self.leases))]),
        )

    def cursor(self) -> Argument:
        """Return a cursor."""
        return self.often(
            lambda: self.pick(self.cursors),
            lambda: self.pick([self.pick(TEXTS), *[self.damaged(self.pick(self.cursors))] * 4]),
        )

    def uuid(self) -> Argument:
        """Return a uuid."""
        return self.often(lambda: str(self.pick(self.tenants)), lambda: self.pick(UUIDS))

    def integer(self) -> Argument:
        """Return an integer."""
        return self.often(lambda: str(self.chance.randint(1, 50)), lambda: self.pick(INTEGERS))

    def channels(self) -> Argument:
        """Return an array of channel names."""
        names = [*CHANNELS, *CHANNELS[:1] * 8]
        return self.often(
            lambda: "{" + ",".join(self.chance.sample(names, self.chance.randint(1, 3))) + "}",
            lambda: self.pick([self.pick(ARRAYS), self.damaged("{core-fields,form-responses}")]),
        )

    def filters(self) -> Argument:
        """Return the JSON of filters."""
        valid: dict[str, Any] = dict.fromkeys(KEYS[:3], str(self.pick(self.tenants)))

        def grown() -> Argument:
            for _ in range(self.chance.randint(0, 2)):
                valid[self.pick(KEYS[3:7])] = self.pick([self.words, self.conditions])()
            return json.dumps(valid)

        def odd() -> Argument:
            for _ in range(self.chance.randint(1, 3)):
                valid[self.pick(KEYS)] = self.anything()
            text = json.dumps(valid, ensure_ascii=self.pick([True, False]))
            bare = self.pick(["{}", "[]", "null", "1", '"x"', "", "{", "[" * 3000, self.number()])
            return self.pick([text, text, text, self.damaged(text), bare])

        return self.often(grown, odd)

    def words(self) -> Any:
        """Return a list of words."""
        return self.chance.choices(
            ["INSERT", "UPDATE", "DELETE", "status", "id", "form_response.updated", "insert"],
            k=self.chance.randint(0, 3),
        )

    def conditions(self) -> Any:
        """Return a list of conditions."""
        return [
            {
                "column": self.pick(COLUMNS),
                "op": (op := self.pick(OPERATORS)),
                "value": [self.value(), self.value()] if op == "in" else self.value(),
            }
            for _ in range(self.chance.choice([1, 1, 2, 25]))
        ]

    def value(self) -> Any:
        """Return a JSON scalar, or nearly one."""
        return self.pick([self.pick(VALUES), self.pick(VALUES), None, True, 7, -0.5, [], {}])

    def number(self) -> str:
        """Return the text of a JSON number."""
        return self.pick(NUMBERS)

    def anything(self, depth: int = 3) -> Any:
        """Return any JSON."""
        kind = self.chance.randint(0, 5 if depth else 2)
        if kind == 3:
            return [self.anything(depth - 1) for _ in range(self.chance.randint(0, 3))]
        if kind >= 4:
            keys = ["column", "op", "value", *TEXTS[:10]]
            return {self.pick(keys): self.anything(depth - 1) for _ in range(kind - 2)}
        return self.pick([self.pick(TEXTS), self.value(), *self.words()])


def calls(source: Source, count: int) -> list[tuple[str, list[Argument]]]:
    """Return so many calls: the function and its first arguments."""
    signatures: list[tuple[str, list[Callable[[], Argument]]]] = [
        ("realtime_subscribe", [source.channels, source.filters, source.uuid]),
        ("realtime_subscribe", [source.channels, source.filters, source.uuid]),
        ("realtime_poll", [source.lease, source.cursor, source.integer]),
        ("realtime_poll", [source.lease, source.cursor, source.integer]),
        ("realtime_ping", [source.lease, source.uuid]),
        ("realtime_unsubscribe", [source.lease]),
        ("realtime_unsubscribe_all", [source.uuid]),
        ("realtime_status", []),
    ]
    # The two that end leases are rare, so that the others find some.
    weights = [8, 8, 8, 8, 4, 1, 0.2, 0.5]
    made = []
    for function, arguments in source.chance.choices(signatures, weights, k=count):
        least = {"realtime_subscribe": 1, "realtime_poll": 1, "realtime_unsubscribe": 1}
        given = source.chance.choice([len(arguments)] * 4 + [least.get(function, 0)])
        made.append((function, [make() for make in arguments[:given]]))
    return made
