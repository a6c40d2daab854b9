"""The options that several commands have, and what they mean."""

import argparse
from pathlib import Path

from wedsync_realtime.connection.limits import Limits


def source_parser() -> argparse.ArgumentParser:
    """Return the option that names the scripts to deploy."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--source", type=Path, metavar="DIR", help="folder of migrations/")
    return parser


def limits_parser() -> argparse.ArgumentParser:
    """Return the options about waiting."""
    default = Limits()
    parser = argparse.ArgumentParser(add_help=False)

    def add(name: str, value: float, text: str) -> None:
        parser.add_argument(
            name,
            type=seconds,
            metavar="SECONDS",
            default=value,
            help=f"{text} (default {value:g})",
        )

    add("--lock-timeout", default.lock_timeout, "give way when a lock is not had in this time")
    add("--retry-for", default.retry_for, "go on trying for locks this long")
    add("--statement-timeout", default.statement_timeout, "longest time of a statement, 0 for any")
    add("--wait", default.wait, "wait this long for a server that is starting")
    return parser


def seconds(text: str) -> float:
    """Return a time of up to a day; raise ValueError for anything else."""
    value = float(text)
    if not 0 <= value <= 86400:
        raise ValueError(text)
    return value


def interval(text: str) -> float:
    """Return a time of a second to a day; raise ValueError for anything else."""
    value = seconds(text)
    if value < 1:
        raise ValueError(text)
    return value


def limits_of(options: argparse.Namespace) -> Limits:
    """Return the limits that were asked for."""
    return Limits(options.lock_timeout, options.retry_for, options.statement_timeout, options.wait)
