"""Subscribers that cost little: they look at no more of what is pushed than which change it is."""

import asyncio
import json
import multiprocessing
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

PROCESSES = 2
AT_ONCE = 500  # logins of a process on their way
_CHANGE = re.compile(rb'"form_name": "(\d+)"')


@dataclass(frozen=True)
class Client:
    """Who logs in, and what they listen on."""

    user: str
    token: str
    connection_id: str
    subject: str

    def greeting(self) -> bytes:
        """Return what a client says first."""
        options = {
            "auth_token": self.token, "name": self.connection_id, "verbose": False,
            "headers": True, "protocol": 1, "lang": "bench",
        }  # fmt: skip
        return f"CONNECT {json.dumps(options)}\r\nSUB {self.subject} 1\r\nPING\r\n".encode()


class Reader(asyncio.Protocol):
    """A connection. arrived: called with the number of each change that has come."""

    def __init__(self, client: Client, arrived: Any) -> None:
        self._client = client
        self._arrived = arrived
        self._rest = b""
        loop = asyncio.get_running_loop()
        self.entered: asyncio.Future[None] = loop.create_future()
        self.closed: asyncio.Future[float] = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Log in and subscribe."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        transport.write(self._client.greeting())

    def data_received(self, data: bytes) -> None:
        """Take note of what has come in full."""
        whole, end, self._rest = (self._rest + data).rpartition(b"\r\n")
        lines = whole + end
        if not self.entered.done():
            if b"-ERR" in lines:
                self.entered.set_exception(ConnectionError(lines.decode(errors="replace")))
            elif b"PONG" in lines:
                self.entered.set_result(None)
        if b"PING\r\n" in lines:  # no body ends like this
            self._transport.write(b"PONG\r\n")
        for change in _CHANGE.findall(lines):
            self._arrived(int(change))

    def connection_lost(self, error: Exception | None) -> None:
        """Take note of when it was closed."""
        self.closed.set_result(time.perf_counter())
        if not self.entered.done():
            self.entered.set_exception(ConnectionError("closed"))


class Audience:
    """Readers in processes of their own."""

    def __init__(self, pipes: Sequence[Connection]) -> None:
        self._pipes = pipes

    def entered(self) -> float:
        """Return the seconds from the first login's beginning to the last one's end."""
        begun, ended = zip(*(self._take(pipe) for pipe in self._pipes), strict=True)
        return float(max(ended) - min(begun))

    def arrived(self, change: int) -> float:
        """Return the moment at which the last had a change, which are asked for in their order."""
        moments = []
        for pipe in self._pipes:
            while (told := self._take(pipe))[0] != change:
                pass
            moments.append(float(told[1]))
        return max(moments)

    def _take(self, pipe: Connection) -> Any:
        told = pipe.recv()
        if isinstance(told, str):
            raise ConnectionError(told)
        return told


@contextmanager
def audience(host: str, port: int, clients: Sequence[Client]) -> Iterator[Audience]:
    """Have clients listen for the time of the context."""
    context = multiprocessing.get_context("spawn")
    pipes = []
    processes = []
    for number in range(min(PROCESSES, len(clients))):
        ours, theirs = context.Pipe()
        part = clients[number::PROCESSES]
        process = context.Process(target=_run, args=(theirs, host, port, part), daemon=True)
        process.start()
        theirs.close()
        pipes.append(ours)
        processes.append(process)
    try:
        yield Audience(pipes)
    finally:
        for process in processes:
            process.kill()
            process.join()
        for pipe in pipes:
            pipe.close()


def _run(pipe: Connection, host: str, port: int, clients: Sequence[Client]) -> None:
    try:
        asyncio.run(_listen(pipe, host, port, clients))
    except Exception as error:  # the other process raises it
        pipe.send(f"{type(error).__name__}: {error}")


async def _listen(pipe: Connection, host: str, port: int, clients: Sequence[Client]) -> None:
    counts: Counter[int] = Counter()
    loop = asyncio.get_running_loop()
    turns = asyncio.Semaphore(AT_ONCE)

    def arrived(change: int) -> None:
        counts[change] += 1
        if counts[change] == len(clients):
            pipe.send((change, time.perf_counter()))

    async def enter(client: Client) -> Reader:
        async with turns:
            _, reader = await loop.create_connection(lambda: Reader(client, arrived), host, port)
            await reader.entered
            return reader

    begun = time.perf_counter()
    readers = await asyncio.gather(*(enter(client) for client in clients))
    pipe.send((begun, time.perf_counter()))
    await asyncio.gather(*(reader.closed for reader in readers))
