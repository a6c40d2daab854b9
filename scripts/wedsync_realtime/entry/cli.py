"""The command `wedsync-realtime`."""

import sys
from collections.abc import Sequence
from importlib import import_module

from wedsync_realtime.entry.hidden import hide_passwords

# Commands with options of their own: their folder in the package, and what they do.
TOOLS = {
    "dashboard": ("dashboard", "Serve a page on this machine: who listens, what is wrong."),
    "top": ("top", "Show the same in the terminal."),
    "metrics": ("metrics", "Print the figures for Prometheus, or serve them."),
    "relay": ("relay", "Push the events to clients through NATS."),
    "demo": ("demo", "Play a scene with suppliers and couples, in a database of its own."),
    "client": ("client", "Print the TypeScript client, typed for the database's channels."),
    "listen": ("listener", "Print the events of a channel as a user receives them."),
    "bench": ("bench", "Measure throughput and latency."),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; what other commands need is not imported."""
    if arguments is None:
        hide_passwords()
        arguments = sys.argv[1:]
    if arguments and arguments[0] in TOOLS:
        folder, _ = TOOLS[arguments[0]]
        room = import_module(f"wedsync_realtime.{folder}.main")
        return int(room.main(arguments[1:]))
    from wedsync_realtime.entry import commands

    return commands.main(arguments)
