"""Receive events in Python: an asynchronous iterator that resumes after any disconnect.

async with Listener(url, user_id) as listener:
    await listener.subscribe(["form-responses"], {"supplier_id": supplier_id})
    async for item in listener:
        match item:
            case Ready(): ...  # read a copy of the rows
            case Event(): ...  # apply the change
            case Resync(): ...  # what was read is out of date, another Ready follows
"""

from wedsync_realtime.listener.hub import Hub
from wedsync_realtime.listener.items import (
    Event,
    Item,
    ListenerClosedError,
    Ready,
    RefusedError,
    Resync,
    Subscription,
)
from wedsync_realtime.listener.listener import Listener

__all__ = [
    "Event",
    "Hub",
    "Item",
    "Listener",
    "ListenerClosedError",
    "Ready",
    "RefusedError",
    "Resync",
    "Subscription",
]
