"""Answers that NATS has yet to deliver are bounded, so that nobody's wait behind another's."""

import fcntl
import signal
import struct
import termios
from collections import Counter
from pathlib import Path
from socket import SO_RCVBUF, SOL_SOCKET
from uuid import uuid4

import pytest
from nats.aio.client import Client
from nats.aio.msg import Msg

from tests.relay.scene import Scene, asynchronous, until
from tests.support.nats.brokers import Broker, relay_configuration, running_broker
from tests.support.waiting import PATIENCE
from wedsync_realtime.relay import calls, keys
from wedsync_realtime.relay.calls import UNDELIVERED, Calls
from wedsync_realtime.relay.connections import connected
from wedsync_realtime.relay.database import Pool
from wedsync_realtime.relay.figures import Figures
from wedsync_realtime.relay.presence import Presence


async def deliver_and_stop(broker: Broker, sender: Client, taker: Client, sent: list[str]) -> None:
    """Have users call, and a server that delivers these calls all at once and nothing more."""
    assert taker._transport
    transport = taker._transport._io_writer.transport  # type: ignore[attr-defined]
    socket = transport.get_extra_info("socket")
    # a slow server sends each call by itself, which takes far more room than its bytes
    socket.setsockopt(SOL_SOCKET, SO_RCVBUF, 2**20)
    transport.pause_reading()
    expected = 0
    for user in sent:
        subject, reply = f"wedsync.rpc.{user}.no_function", f"_INBOX.{user}.x"
        await sender.publish(subject, reply=reply)
        expected += len(f"MSG {subject} 1 {reply} 0\r\n\r\n")
    await sender.flush(PATIENCE)

    def waiting() -> int:
        (size,) = struct.unpack("i", fcntl.ioctl(socket.fileno(), termios.FIONREAD, b"\0" * 4))
        return int(size)

    await until(lambda: waiting() >= expected)
    broker.send(signal.SIGSTOP)
    transport.resume_reading()


@asynchronous
async def test_no_more_is_answered_than_may_wait_to_be_delivered(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "PATIENCE", PATIENCE)
    user, other = str(uuid4()), str(uuid4())
    answered: Counter[str] = Counter()

    async def hear(answer: Msg) -> None:
        answered[answer.subject.split(".")[1]] += 1

    with running_broker(tmp_path, relay_configuration(tmp_path)) as broker:
        async with connected(broker.url, keys.load(tmp_path), print) as connections:
            pool = Pool(scene.url, 1)
            serving = Calls(
                connections.calls, pool, Presence(connections.system, pool, Figures(print), 0)
            )
            await serving.begin()
            await connections.calls.flush(PATIENCE)
            await connections.app.subscribe("_INBOX.*.x", cb=hear)
            sent = [user] * (UNDELIVERED + 1) + [other]
            taken = connections.calls.stats["in_msgs"] + len(sent)
            await deliver_and_stop(broker, connections.app, connections.calls, sent)
            try:
                await until(lambda: connections.calls.stats["in_msgs"] == taken)
                await until(lambda: serving._owed.keys() == {user, other})
                assert len(serving.tasks) == UNDELIVERED + 1
            finally:
                broker.send(signal.SIGCONT)
            await until(lambda: not serving.tasks)
            await connections.app.flush(PATIENCE)
            await until(lambda: answered[other] == 1)
            assert answered[user] == UNDELIVERED
            await connections.app.publish(f"wedsync.rpc.{user}.none", reply=f"_INBOX.{user}.x")
            await until(lambda: answered[user] == UNDELIVERED + 1)
