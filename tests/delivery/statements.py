"""Random statements on form responses of three suppliers, of every kind that writes."""

import random
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

import psycopg

# Few rows, so that statements meet the same ones again and again.
KEYS = 24

# What each statement takes: keys, as many suppliers and names, and one other key.
STATEMENTS: dict[str, LiteralString] = {
    "insert": """
        insert into public.form_responses (id, supplier_id, form_name)
        select * from unnest(%(keys)s::uuid[], %(suppliers)s::uuid[], %(names)s::text[])
        on conflict do nothing
    """,
    "upsert": """
        insert into public.form_responses as f (id, supplier_id, form_name)
        select * from unnest(%(keys)s::uuid[], %(suppliers)s::uuid[], %(names)s::text[])
        on conflict (id) do update
        set supplier_id = excluded.supplier_id, form_name = excluded.form_name
        where f.form_name is distinct from 'kept'
    """,
    "update": """
        update public.form_responses
        set form_name = %(name)s, responses = jsonb_build_object('a', %(name)s::text)
        where id = any (%(keys)s)
    """,
    "update of nothing": """
        update public.form_responses set form_name = form_name where id = any (%(keys)s)
    """,
    "move": """
        update public.form_responses set supplier_id = %(supplier)s where id = any (%(keys)s)
    """,
    "move and change of the key": """
        update public.form_responses set supplier_id = %(supplier)s, id = %(key)s
        where id = any (%(keys)s[1:1])
            and not exists (select from public.form_responses where id = %(key)s)
    """,
    "exchange of keys": """
        with rows as (
            delete from public.form_responses where id = any (%(keys)s) returning *
        )
        insert into public.form_responses (id, supplier_id, form_name)
        select id, lead(supplier_id, 1, supplier_id) over (order by id), %(name)s::text
        from rows
    """,
    "delete": "delete from public.form_responses where id = any (%(keys)s)",
    "merge": """
        merge into public.form_responses as f
        using (
            select *
            from unnest(%(keys)s::uuid[], %(suppliers)s::uuid[], %(names)s::text[])
                as u (id, supplier_id, form_name)
        ) as u on u.id = f.id
        when matched and f.supplier_id = u.supplier_id then delete
        when matched then
            update set supplier_id = u.supplier_id, form_name = u.form_name
        when not matched and u.id::text < 'a' then
            insert (id, supplier_id, form_name) values (u.id, u.supplier_id, u.form_name)
    """,
    "two writes in one": """
        with gone as (
            delete from public.form_responses where id = %(key)s returning id
        )
        update public.form_responses set form_name = %(name)s
        where id = any (%(keys)s) and id <> %(key)s
    """,
    "oversize": """
        update public.form_responses set responses = to_jsonb(repeat(%(name)s::text, 1000))
        where id = any (%(keys)s[1:1])
    """,
    "truncate": "truncate public.form_responses",
}
COPY: LiteralString = "copy public.form_responses (id, supplier_id, form_name) from stdin"
OFTEN = [name for name in STATEMENTS if name != "truncate"] + ["copy"]


@dataclass
class Statements:
    """A source of statements, the same for the same random numbers."""

    suppliers: list[UUID]
    rng: random.Random
    count: int = 0

    def __post_init__(self) -> None:
        self.keys = [UUID(int=self.rng.getrandbits(128)) for _ in range(KEYS)]

    def run(self, connection: psycopg.Connection) -> str:
        """Run one and return its name."""
        name = "truncate" if self.rng.random() < 0.01 else self.rng.choice(OFTEN)
        self.count += 1
        if name == "copy":
            self._copy(connection)
        else:
            connection.execute(STATEMENTS[name], self._arguments())
        return name

    def _arguments(self) -> dict[str, Any]:
        keys = self.rng.sample(self.keys, self.rng.randint(1, 6))
        return {
            "keys": keys,
            "suppliers": [self.rng.choice(self.suppliers) for _ in keys],
            "names": [f"{self.count} {number}" for number in range(len(keys))],
            "key": self.rng.choice(self.keys),
            "supplier": self.rng.choice(self.suppliers),
            "name": str(self.count),
        }

    def _copy(self, connection: psycopg.Connection) -> None:
        """Copy rows in; keys that are there would be refused."""
        arguments = self._arguments()
        there = {row[0] for row in connection.execute("select id from public.form_responses")}
        with (
            connection.cursor() as cursor,
            cursor.copy(
                "copy public.form_responses (id, supplier_id, form_name) from stdin"
            ) as rows,
        ):
            for row in zip(
                arguments["keys"], arguments["suppliers"], arguments["names"], strict=True
            ):
                if row[0] not in there:
                    rows.write_row(row)
