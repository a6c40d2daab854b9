"""The NATS client library's client, which tells of its end however the connection ended."""

from nats.aio.client import Client


class TellingClient(Client):
    """Gives up what was to be sent to a server that is gone.

    The library would try to send it, fail, and not call closed_cb.
    """

    async def _process_op_err(self, e: Exception) -> None:
        self._pending, self._pending_data_size = [], 0
        await super()._process_op_err(e)
