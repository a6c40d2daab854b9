"""A client that keeps a copy of the rows it may see of one table, by the protocol."""

from dataclasses import dataclass
from typing import Any

from tests.support.callers.listener import Listener

Rows = dict[Any, dict[str, Any]]  # by key


@dataclass
class Copy:
    """Rows as read once and kept up with the events since."""

    listener: Listener
    table: str
    key: str = "id"
    heeds_ready: bool = True
    rows: Rows | None = None  # None: still to be read
    resyncs: int = 0

    def follow(self, max_events: int = 100) -> None:
        """Poll until nothing is left."""
        while self.step(max_events):
            pass

    def step(self, max_events: int = 100) -> bool:
        """Poll once, and apply it or read all rows; return whether there may be more."""
        answer = self.listener.poll(max_events=max_events)
        assert answer["success"], answer.body
        if answer["resyncRequired"]:
            self.rows = None
            self.resyncs += 1
        if self.rows is not None:
            for event in answer["events"]:
                self._apply(self.rows, event)
        elif answer["ready"] or not self.heeds_ready:
            self.rows = self.visible()
        return bool(answer["events"] or answer["hasMore"])

    def visible(self) -> Rows:
        """Return what row level security shows the client now."""
        found = self.listener.caller.query(f"select to_jsonb(t) as content from {self.table} as t")
        return {row["content"][self.key]: row["content"] for row in found}

    def _apply(self, rows: Rows, event: dict[str, Any]) -> None:
        if event["eventType"] == "DELETE":
            rows.pop(event["old"][self.key], None)
        elif "errors" in event:
            key = event["new"][self.key]
            now = self.visible().get(key)
            rows.pop(key, None)
            if now is not None:
                rows[key] = now
        else:
            rows[event["new"][self.key]] = event["new"]
