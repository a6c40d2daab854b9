"""Print the events of a channel as a user receives them."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer, console
from wedsync_realtime.connection import server
from wedsync_realtime.errors import NotDeployedError, RunnerError
from wedsync_realtime.listener import Event, Item, Listener, Ready, RefusedError, Resync
from wedsync_realtime.record import ledger

# Programs get the keys of realtime_poll.
_KEYS = {"name": "event", "operation": "eventType", "recorded_at": "commit_timestamp"}

# A couple's id stands for its wedding.
_OWN_FILTERS = """
    select pg_catalog.jsonb_build_object(c.filter_key, o.id)
    from wedsync_realtime.channels as c
    cross join public.user_profiles as p
    cross join lateral (
        select p.supplier_id
        where c.filter_key = 'supplier_id'
        union
        select p.couple_id
        where c.filter_key <> 'supplier_id'
        union
        select k.couple_id
        from public.clients as k
        where c.filter_key <> 'supplier_id' and k.supplier_id = p.supplier_id
    ) as o (id)
    where c.name = %(channel)s and p.id = %(user)s and o.id is not null
"""
_GIVEN_FILTER = """
    select pg_catalog.jsonb_build_object(c.filter_key, %(id)s::uuid)
    from wedsync_realtime.channels as c
    where c.name = %(channel)s
"""


class RefusedCommandError(RunnerError):
    """The database refuses what the command asks for."""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = _parser().parse_args(arguments)
    printer = Printer(options.json)
    try:
        return tool.run(lambda: _listen(options, printer), printer)
    except KeyboardInterrupt:
        return tool.DONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "wedsync-realtime listen", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("channel", help="e.g. form-responses")
    parser.add_argument("user", type=UUID, help="id of the user")
    parser.add_argument(
        "--id",
        type=UUID,
        help="supplier, couple or wedding; by default the user's own, or those of all its couples",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    tool.add_database_url(parser)
    return parser


def _listen(options: argparse.Namespace, printer: Printer) -> int:
    url = tool.url_of(options, printer)
    filters = _filters(url, vars(options))
    try:
        asyncio.run(_print_items(url, options, filters, printer))
    except RefusedError as refusal:
        raise RefusedCommandError(
            str(refusal), "Name another channel or user, or with --id what is to be heard."
        ) from None
    return tool.DONE


def _filters(url: str, options: dict[str, Any]) -> list[dict[str, str]]:
    with server.connect(url) as connection:
        if not ledger.exists(connection):
            raise NotDeployedError("The package is not in this database.", "Run `make migrate`.")
        query = _GIVEN_FILTER if options["id"] else _OWN_FILTERS
        found = [filters for (filters,) in connection.execute(query, options)]
    return found or [{}]  # the server says what is missing


async def _print_items(
    url: str, options: argparse.Namespace, filters: list[dict[str, str]], printer: Printer
) -> None:
    async with Listener(url, options.user) as listener:
        for tenant in filters:
            await listener.subscribe([options.channel], tenant)
        async for item in listener:
            printer.data(_as_json(item))
            if not options.json:
                console().print(_as_line(item))


def _as_line(item: Item) -> str:
    from rich.markup import escape

    subscription = item.subscription
    match item:
        case Ready():
            return f"[dim]listening to {subscription.name}, {subscription.filter}[/dim]"
        case Resync(reason=reason):
            return f"[yellow]changes may be missing: {reason}[/yellow]"
        case Event(operation="DELETE"):
            row = item.old
        case Event(operation="UPDATE"):
            told = ("id", *item.changed)
            row = {name: item.new[name] for name in told if name in item.new}
        case Event():
            row = {name: value for name, value in item.new.items() if value is not None}
    time = item.recorded_at.astimezone().strftime("%H:%M:%S.%f")[:-3]
    line = f"{time} [bold]{item.name}[/bold] {item.operation} {escape(json.dumps(row))}"
    return " ".join((line, *item.errors))


def _as_json(item: Item) -> dict[str, Any]:
    told = {_KEYS.get(field.name, field.name): getattr(item, field.name) for field in fields(item)}
    told["subscription"] = {"channel": item.subscription.name, "filter": item.subscription.filter}
    return {"item": type(item).__name__.lower()} | told
