"""Subscribers that cost little: they look at no more of what is pushed than which change it is."""

import json
import multiprocessing
import re
import select
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

PROCESSES = 2
AT_ONCE = 500  # logins of a process on their way
LONGEST = 65536  # bytes read at a time
Address = tuple[str, int]

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

    def enter(self, address: Address) -> socket.socket:
        """Connect and log in; the answer is to be read."""
        connection = socket.create_connection(address)
        connection.sendall(self.greeting())
        return connection


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
def audience(address: Address, clients: Sequence[Client]) -> Iterator[Audience]:
    """Have clients listen for the time of the context."""
    context = multiprocessing.get_context("spawn")
    pipes = []
    processes = []
    for number in range(min(PROCESSES, len(clients))):
        ours, theirs = context.Pipe()
        part = clients[number::PROCESSES]
        process = context.Process(target=_run, args=(theirs, address, part), daemon=True)
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


def _run(pipe: Connection, address: Address, clients: Sequence[Client]) -> None:
    try:
        _Readers(pipe, address, clients).run()
    except Exception as error:  # the other process raises it
        pipe.send(f"{type(error).__name__}: {error}")


class _Readers:
    def __init__(self, pipe: Connection, address: Address, clients: Sequence[Client]) -> None:
        self._pipe = pipe
        self._address = address
        self._clients = clients
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._rest: dict[int, bytes] = {}
        self._waiting: set[int] = set()
        self._counts: Counter[int] = Counter()

    def run(self) -> None:
        """Log all in, some at a time, tell when that was done, and look at what comes."""
        begun = time.perf_counter()
        left = list(self._clients)
        while left or self._waiting:
            while left and len(self._waiting) < AT_ONCE:
                connection = left.pop().enter(self._address)
                connection.setblocking(False)
                self._sockets[connection.fileno()] = connection
                self._waiting.add(connection.fileno())
                self._poll.register(connection, select.EPOLLIN)
            self._look()
        self._pipe.send((begun, time.perf_counter()))
        while self._sockets:
            self._look()

    def _look(self) -> None:
        for number, _ in self._poll.poll():
            data = self._sockets[number].recv(LONGEST)
            if not data:
                self._poll.unregister(number)
                self._sockets.pop(number).close()
                continue
            whole, end, rest = (self._rest.pop(number, b"") + data).rpartition(b"\r\n")
            if rest:
                self._rest[number] = rest
            self._take(number, whole + end)

    def _take(self, number: int, lines: bytes) -> None:
        if b"-ERR" in lines:
            raise ConnectionError(lines.decode(errors="replace"))
        if number in self._waiting and b"PONG\r\n" in lines:
            self._waiting.remove(number)
        if b"PING\r\n" in lines:  # no body ends like this
            self._sockets[number].sendall(b"PONG\r\n")
        for change in map(int, _CHANGE.findall(lines)):
            self._counts[change] += 1
            if self._counts[change] == len(self._clients):
                self._pipe.send((change, time.perf_counter()))
