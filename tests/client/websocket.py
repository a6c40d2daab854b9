"""The server's end of a WebSocket, as far as Phoenix clients need it.

Source: RFC 6455, sections 4.2.2 (the handshake) and 5 (frames).
"""

import base64
import hashlib
import socket
import struct
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from threading import Lock

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WebSocket:
    """A connection that the client of a handler has asked for."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        key = handler.headers["Sec-WebSocket-Key"]
        accepted = base64.b64encode(hashlib.sha1((key + GUID).encode()).digest()).decode()
        handler.send_response(101)
        handler.send_header("Upgrade", "websocket")
        handler.send_header("Connection", "Upgrade")
        handler.send_header("Sec-WebSocket-Accept", accepted)
        handler.end_headers()
        handler.wfile.flush()
        handler.close_connection = True
        self._reader = handler.rfile
        self._connection = handler.connection
        self._lock = Lock()

    def receive(self) -> str | None:
        """Return the next message; None when the connection is over."""
        try:
            while True:
                first, second = self._read(2)
                length = second & 0x7F
                if length == 126:
                    (length,) = struct.unpack("!H", self._read(2))
                elif length == 127:
                    (length,) = struct.unpack("!Q", self._read(8))
                mask = self._read(4)
                data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self._read(length)))
                kind = first & 0x0F
                if kind == TEXT:
                    return data.decode()
                if kind == CLOSE:
                    self._send(CLOSE, data)
                    return None
                if kind == PING:
                    self._send(PONG, data)
        except (OSError, ValueError):
            return None

    def send(self, message: str | bytes) -> None:
        """Send a message, unless the connection is over."""
        if isinstance(message, str):
            self._send(TEXT, message.encode())
        else:
            self._send(BINARY, message)

    def break_off(self) -> None:
        """End the connection without a word."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _read(self, length: int) -> bytes:
        data = self._reader.read(length)
        if len(data) < length:
            raise ConnectionError
        return data

    def _send(self, kind: int, data: bytes) -> None:
        head = bytes([0x80 | kind])
        if len(data) < 126:
            head += bytes([len(data)])
        elif len(data) < 1 << 16:
            head += struct.pack("!BH", 126, len(data))
        else:
            head += struct.pack("!BQ", 127, len(data))
        with suppress(OSError), self._lock:
            self._connection.sendall(head + data)
