"""Push the events to clients through NATS, and let clients in there."""

import argparse
import asyncio
import os
from collections.abc import Mapping, Sequence

from wedsync_realtime.command import tool
from wedsync_realtime.command.output import Printer
from wedsync_realtime.embedded import place
from wedsync_realtime.errors import MissingToolError

LISTEN, WEBSOCKET = "127.0.0.1:4222", "127.0.0.1:4223"
GRACE, LONGEST = 10.0, 86400.0  # seconds


def main(arguments: Sequence[str]) -> int:
    """Run until told to stop, and return the exit code."""
    options = options_parser().parse_args(arguments)
    printer = Printer(options.json)
    try:
        return tool.run(lambda: _relay(options, printer), printer)
    except KeyboardInterrupt:
        return tool.DONE


def options_parser() -> argparse.ArgumentParser:
    """Return what reads the options."""
    parser = argparse.ArgumentParser(
        "wedsync-realtime relay",
        description=__doc__,
        allow_abbrev=False,
        epilog="NATS by NATS_URL, without it a server of its own; the application's tokens by "
        "JWT_SECRET (HS256) or JWT_JWKS (file or URL; RS256, ES256), and JWT_AUDIENCE.",
    )
    for option, default, what in (
        ("--listen", LISTEN, "its own NATS server"),
        ("--websocket", WEBSOCKET, "WebSockets of its own NATS server"),
    ):
        parser.add_argument(
            option,
            type=_address,
            metavar="HOST:PORT",
            default=default,
            help=f"of {what}; by default {default}, port 0 takes a free one",
        )
    parser.add_argument(
        "--replicas",
        type=int,
        choices=(1, 3, 5),
        default=1,
        help="of the stream, when it is created in the cluster at NATS_URL; by default 1",
    )
    parser.add_argument(
        "--grace",
        type=_seconds,
        metavar="SECONDS",
        default=GRACE,
        help="in which a client whose connection broke may come back before its subscriptions end; "
        f"by default {GRACE:g}",
    )
    parser.add_argument(
        "--print-config",
        action="store_true",
        help="print what the configuration of the server at NATS_URL must hold, and end",
    )
    parser.add_argument("--json", action="store_true", help="print the addresses as JSON")
    tool.add_database_url(parser)
    return parser


def _relay(options: argparse.Namespace, printer: Printer) -> int:
    try:
        from wedsync_realtime.relay import configuration, keys, relay
    except ModuleNotFoundError as missing:
        raise MissingToolError("relay", missing.name, "relay") from None
    home = place.default_home()
    place.make_home(home)
    if options.print_config:
        printer.text(configuration.server(keys.load(home)).rstrip())
        return tool.DONE
    url = tool.url_of(options, printer)

    def announce(addresses: Mapping[str, str | None]) -> None:
        printer.data(dict(addresses))
        told = (f"{name}: {address}" for name, address in addresses.items() if address)
        printer.line(", ".join(told))

    settings = relay.Settings(
        database=url,
        nats=os.environ.get("NATS_URL") or None,
        replicas=options.replicas,
        grace=options.grace,
        listen=options.listen,
        websocket=options.websocket,
        home=home,
    )
    asyncio.run(relay.run(settings, announce, printer.note))
    return tool.DONE


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= LONGEST:
        raise ValueError(text)
    return seconds


def _address(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text} is no HOST:PORT")
    return text
