"""Ask the NATS servers which connections they have, and have them closed."""

import json
from collections.abc import AsyncIterator, Collection
from typing import Any

from nats.aio.client import Client

PATIENCE = 2.0  # seconds for a server to answer, or to close a connection
QUIET = 0.25  # seconds without an answer after which no other server is expected to give one
PAGE = 500  # connections that a server tells at once

Place = tuple[str, int]  # server and number of the connection there


async def connections(
    system: Client, account: str, expected: Collection[str] = ()
) -> AsyncIterator[tuple[Place, dict[str, Any]]]:
    """Yield what the servers tell of the connections of an account; raises nats.errors.Error.

    expected: servers that are waited for longer.
    """
    query = {"auth": True, "acc": account, "sort": "cid", "limit": PAGE}
    async for told in _ask_all(system, "$SYS.REQ.SERVER.PING.CONNZ", query, expected):
        server, page = told["server"]["id"], told["data"]
        while page["connections"]:
            for client in page["connections"]:
                yield (server, client["cid"]), client
            offset = page["offset"] + len(page["connections"])
            if offset >= page["total"]:
                break
            body = json.dumps({**query, "offset": offset}).encode()
            subject = f"$SYS.REQ.SERVER.{server}.CONNZ"
            answer = await system.request(subject, body, timeout=PATIENCE)
            page = json.loads(answer.data)["data"]


async def kick(system: Client, place: Place) -> bool:
    """Have a connection closed; return whether it was open. Raises nats.errors.Error."""
    server, number = place
    body = json.dumps({"cid": number}).encode()
    subject = f"$SYS.REQ.SERVER.{server}.KICK"
    answer = await system.request(subject, body, timeout=PATIENCE)
    return "error" not in json.loads(answer.data)


async def _ask_all(
    system: Client, subject: str, query: dict[str, Any], expected: Collection[str]
) -> AsyncIterator[dict[str, Any]]:
    silent = set(expected)
    inbox = system.new_inbox()
    answers = await system.subscribe(inbox)
    try:
        await system.publish(subject, json.dumps(query).encode(), reply=inbox)
        patience = PATIENCE  # for the first
        while True:
            try:
                answer = await answers.next_msg(patience)
            except TimeoutError:
                return
            told = json.loads(answer.data)
            yield told
            silent.discard(told["server"]["id"])
            patience = PATIENCE if silent else QUIET
    finally:
        await answers.unsubscribe()
