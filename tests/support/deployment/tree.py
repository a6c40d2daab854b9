"""A small source tree to deploy, in place of the package's own."""

from dataclasses import dataclass
from pathlib import Path

FUNCTION = """
create or replace function public.{name}({arguments}) returns {result}
    language {language} set search_path = pg_catalog, pg_temp
as $$ {body} $$;
"""


@dataclass(frozen=True)
class Tree:
    """A folder with migrations/, functions/ and policies/."""

    root: Path

    def write(self, path: str, text: str) -> str:
        """Write a file and return its path."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return path

    def delete(self, path: str) -> None:
        """Delete a file."""
        (self.root / path).unlink()

    def migration(self, number: int, text: str) -> str:
        """Write a migration of one topic."""
        return self.write(f"migrations/{number:04d}_topic.sql", text)

    def tables(self, count: int) -> list[str]:
        """Write so many migrations, each of which creates the table t<number>."""
        return [
            self.migration(number, f"create table public.t{number} (id integer);\n")
            for number in range(1, count + 1)
        ]

    def index(self, number: int, name: str, table: str) -> str:
        """Write a migration without a transaction, which indexes the id of a table."""
        return self.migration(
            number,
            "-- No transaction: concurrently.\n"
            f"create index concurrently if not exists {name} on {table} (id);",
        )

    def function(
        self,
        name: str,
        body: str,
        arguments: str = "",
        result: str = "integer",
        language: str = "sql",
    ) -> str:
        """Write a function of schema public."""
        text = FUNCTION.format(
            name=name, body=body, arguments=arguments, result=result, language=language
        )
        return self.write(f"functions/public/{name}.sql", text)
