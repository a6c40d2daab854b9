"""How a session that reads sleeps until there is something to read."""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from wedsync_realtime.listener import rpc

# Seconds between looks. While something happens a reader looks again and again, and nobody rings.
# Before it sleeps it hangs out the bell, and then looks for what was recorded before and is
# committed only now; and at times whether it missed a ring, as by a writer who is still at work.
BUSY_LOOKS, LAST_LOOKS, BELL_CHECK = (0.01, 0.02, 0.02, 0.03), (0.0, 0.02, 0.1), 1.0


class Bell:
    """The bell of a connection, and the looks before it is relied on."""

    def __init__(self) -> None:
        self._looks = 0  # since something happened
        self._rung: int | None = None
        self._channels: list[str] = []

    def stir(self) -> None:
        """Learn that something happened."""
        self._looks = 0

    async def plan(
        self, connection: AsyncConnection[Any], channels: Sequence[str]
    ) -> tuple[float | None, float | None]:
        """Return the seconds until the next look, and those for which to rely on notifications.

        None: no look is needed; nobody rings. Raises psycopg.Error.
        """
        if list(channels) != self._channels:  # the bell of another has not been hung out
            self._channels = list(channels)
            self.stir()
        if self._looks >= len(BUSY_LOOKS):
            rung = await rpc.hang_bell(connection, channels)
            if rung is None:
                return None, None
            if rung != self._rung:
                self._rung, self._looks = rung, len(BUSY_LOOKS)
        looks = BUSY_LOOKS + LAST_LOOKS
        if self._looks >= len(looks):
            return None, BELL_CHECK
        self._looks += 1
        return looks[self._looks - 1], BELL_CHECK
