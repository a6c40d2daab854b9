"""The NATS client library's client, for whom what others wrote is no reason to stumble.

The server hands on the reply subject of a message as it was sent: any bytes but blanks and line
ends, where the library expects text, and no other white space. It would stop reading.
"""

import re
from typing import Any

from nats.protocol import parser

from wedsync_realtime.connection.nats_client import TellingClient

# Blanks alone part the words of a line that the server writes.
parser.MSG_RE = re.compile(rb"MSG +([^ \r\n]+) +(\d+) +(([^ \r\n]+) +)?(\d+)\r\n")
parser.HMSG_RE = re.compile(rb"HMSG +([^ \r\n]+) +(\d+) +(([^ \r\n]+) +)?(\d+) +(\d+)\r\n")

LONGEST_HEADERS = 4096  # bytes

_PRINTABLE = re.compile(rb"[!-~]*")


class SteadyClient(TellingClient):
    """Passes over messages whose subjects or headers are not what anybody writes who means well."""

    silences = 2  # pings without an answer, after which the server is gone

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        if _PRINTABLE.fullmatch(subject) and _PRINTABLE.fullmatch(reply):
            await super()._process_msg(sid, subject, reply, data, headers)

    async def _process_headers(self, headers: bytes | None) -> dict[str, Any] | None:
        try:
            return await super()._process_headers(headers)
        except (ValueError, LookupError):
            return None


class CallsClient(SteadyClient):
    """Leaves headers unread, which no call needs and which may be long: those are its body then.

    Its pings wait for answers that the server has yet to deliver, to as many as their user likes.
    """

    silences = 24

    async def _process_msg(
        self, sid: int, subject: bytes, reply: bytes, data: bytes, headers: bytes
    ) -> None:
        body = headers if len(headers or b"") > LONGEST_HEADERS else data
        await super()._process_msg(sid, subject, reply, body, b"")
