"""A client of NATS whose connection ends tells so, whatever it had still to send."""

import asyncio
from pathlib import Path

from tests.relay.scene import asynchronous
from tests.support.nats.brokers import running_broker
from wedsync_realtime.connection.nats_client import TellingClient


@asynchronous
async def test_end_is_told_though_something_was_to_be_sent(tmp_path: Path) -> None:
    ended = asyncio.Event()

    async def end() -> None:
        ended.set()

    with running_broker(tmp_path, "") as broker:
        client = TellingClient()
        await client.connect(broker.url, allow_reconnect=False, closed_cb=end)
        assert client._transport
        assert client._flusher_task
        client._flusher_task.cancel()  # it has not come to it
        broker.kill()
        client._transport.write(b"PING\r\n")  # to which the server's machine says that it is gone
        await client.publish("x")
        await ended.wait()
