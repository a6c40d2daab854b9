"""What PostgREST sends to the database: functions called by name, tables read and written.

Source: PostgREST's documentation, "Functions as RPC", "Tables and Views", "Transactions".
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

FUNCTIONS = """
    select
        coalesce(p.proargnames, '{}'),
        array(select t.type::regtype::text from unnest(p.proargtypes) as t (type)),
        p.pronargdefaults,
        p.provolatile
    from pg_proc as p
    where p.pronamespace = 'public'::regnamespace and p.proname = %s
"""
IS_TABLE = """
    select from pg_class as c
    where
        c.relnamespace = 'public'::regnamespace and c.relname = %s
        and c.relkind in ('r', 'p', 'v')
"""
GUCS = "current_setting('response.headers', true), current_setting('response.status', true)"
OPERATORS = {"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
NOT_FILTERS = {"select", "order", "limit", "offset", "columns"}

Query = tuple[sql.Composed, list[Any]]
Parameters = Sequence[tuple[str, str]]


class RequestError(Exception):
    """An error that PostgREST itself answers."""

    def __init__(self, status: int, code: str, message: str, details: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "details": details, "hint": None}
        self.headers: dict[str, str] = {}


@dataclass(frozen=True)
class Function:
    """A function of schema public that takes the arguments of a request."""

    name: str
    types: dict[str, str] = field(default_factory=dict)
    is_volatile: bool = True

    def call(self, arguments: dict[str, Any] | Parameters) -> Query:
        """Return the query: its answer as JSON, headers and status.

        arguments: a JSON object, as of POST, or pairs of text, as of GET.
        """
        target = sql.Identifier("public", self.name)
        source: sql.Composable
        if isinstance(arguments, dict):
            names = [sql.Identifier(name) for name in arguments]
            record = sql.SQL(", ").join(
                sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(self.types[name]))
                for name in arguments
            )
            source = sql.SQL("select * from json_to_record(%s::json) as _ ({})").format(record)
            if not names:
                source = sql.SQL("select %s::json")
            values = [json.dumps(arguments)]
            given = [sql.SQL("{0} := b.{0}").format(name) for name in names]
        else:
            source = sql.SQL("select")
            values = [value for _, value in arguments]
            given = [
                sql.SQL("{} := %s::{}").format(sql.Identifier(name), sql.SQL(self.types[name]))
                for name, _ in arguments
            ]
        statement = sql.SQL(
            "with called as (select c.answer from ({}) as b cross join lateral"
            " (select {}({}) as answer) as c)"
            " select coalesce(json_agg(d.answer) -> 0, 'null')::text, {} from called as d"
        )
        return statement.format(source, target, sql.SQL(", ").join(given), sql.SQL(GUCS)), values


def find_function(connection: psycopg.Connection, name: str, given: Sequence[str]) -> Function:
    """Return the one function of this name that takes these arguments.

    Raises RequestError as PostgREST does when there is none, or more than one.
    """
    fitting = []
    for names, types, defaults, volatility in connection.execute(FUNCTIONS, (name,)):
        required = names[: len(names) - defaults]
        if set(required) <= set(given) <= set(names):
            fitting.append(Function(name, dict(zip(names, types, strict=True)), volatility == "v"))
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(given)
    if fitting:
        raise RequestError(
            300, "PGRST203", f"Could not choose the best candidate function for {name}({listed})"
        )
    raise RequestError(
        404,
        "PGRST202",
        f"Could not find the function public.{name}({listed}) in the schema cache",
        f"Searched for the function public.{name} with parameters {listed} or with a single"
        " unnamed json/jsonb parameter, but no matches were found in the schema cache.",
    )


def check_table(connection: psycopg.Connection, name: str) -> None:
    """Raise RequestError unless there is a table or view of this name."""
    if connection.execute(IS_TABLE, (name,)).fetchone() is None:
        raise RequestError(
            404, "PGRST205", f"Could not find the table 'public.{name}' in the schema cache"
        )


def read(table: str, parameters: Parameters) -> Query:
    """Return the query of GET: all rows as one JSON array, and their number."""
    options = dict(parameters)
    columns = options.get("select", "*")
    chosen: sql.Composable = sql.SQL("*")
    if columns != "*":
        chosen = sql.SQL(", ").join(sql.Identifier(name) for name in columns.split(","))
    where, values = _filters(parameters)
    tail = sql.Composed([])
    if "order" in options:
        terms = [term.split(".") for term in options["order"].split(",")]
        tail += sql.SQL(" order by ") + sql.SQL(", ").join(
            sql.Identifier(column) + sql.SQL(" desc" if "desc" in words else " asc")
            for column, *words in terms
        )
    for name in ("limit", "offset"):
        if name in options:
            tail += sql.SQL(f" {name} ") + sql.Literal(int(options[name]))
    query = sql.SQL(
        "with chosen as (select {} from {}{}{})"
        " select coalesce(json_agg(c), '[]')::text, count(*), {} from chosen as c"
    )
    table_name = sql.Identifier("public", table)
    return query.format(chosen, table_name, where, tail, sql.SQL(GUCS)), values


def count(table: str, parameters: Parameters) -> Query:
    """Return the query of `Prefer: count=exact`."""
    where, values = _filters(parameters)
    query = sql.SQL("select count(*) from {}{}")
    return query.format(sql.Identifier("public", table), where), values


def write(method: str, table: str, parameters: Parameters, body: Any) -> Query:
    """Return the statement of POST, PATCH or DELETE, which returns no rows."""
    name = sql.Identifier("public", table)
    where, values = _filters(parameters)
    if method == "DELETE":
        return sql.SQL("delete from {}{}").format(name, where), values
    rows = body if isinstance(body, list) else [body]
    columns = sql.SQL(", ").join(sql.Identifier(column) for column in rows[0])
    source = sql.SQL("select {} from json_populate_recordset(null::{}, %s)").format(columns, name)
    given = [json.dumps(rows)]
    if method == "POST":
        return sql.SQL("insert into {} ({}) {}").format(name, columns, source), given
    query = sql.SQL("update {} set ({}) = ({}){}")
    return query.format(name, columns, source, where), given + values


def _filters(parameters: Parameters) -> Query:
    conditions: list[sql.Composable] = []
    values: list[Any] = []
    for column, text in parameters:
        if column in NOT_FILTERS:
            continue
        operator, _, value = text.partition(".")
        if operator in OPERATORS:
            conditions.append(
                sql.SQL("{} {} %s").format(sql.Identifier(column), sql.SQL(OPERATORS[operator]))
            )
            values.append(value)
        elif operator == "in":
            conditions.append(sql.SQL("{} = any (%s)").format(sql.Identifier(column)))
            values.append("{" + value.strip("()") + "}")
        elif operator == "is" and value in ("null", "true", "false"):
            conditions.append(sql.SQL("{} is {}").format(sql.Identifier(column), sql.SQL(value)))
        else:
            raise RequestError(400, "PGRST100", f'"failed to parse filter ({text})"')
    if not conditions:
        return sql.Composed([]), []
    return sql.SQL(" where ") + sql.SQL(" and ").join(conditions), values
