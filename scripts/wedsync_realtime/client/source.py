"""The client's source: realtime.ts, with what a database's registry says of its channels."""

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import NamedTuple

import psycopg
from psycopg.rows import class_row

_FOLDER = Path(__file__).parent
_QUERY = (_FOLDER / "channels.sql").read_bytes()
_TEXT = (_FOLDER / "realtime.ts").read_text()
_WIDTH = 118
_PLACE = "// The channels of the database stand here.\n"


class Channel(NamedTuple):
    """What the registry says of one channel."""

    name: str
    table_name: str
    filter_key: str
    key_columns: list[str]
    columns: list[str]
    events: list[str]
    unnamed: list[str]


def read_channels(connection: psycopg.Connection) -> list[Channel]:
    """Return the channels that clients may subscribe to, by name."""
    with connection.cursor(row_factory=class_row(Channel)) as cursor:
        return cursor.execute(_QUERY).fetchall()


def client(channels: Sequence[Channel]) -> str:
    """Return the client as one TypeScript file."""
    return _TEXT.replace(_PLACE, _types(channels), 1)


def _types(channels: Sequence[Channel]) -> str:
    described = "".join(_wrapped(f"{_text(each.name)}: {_type(each)}") for each in channels)
    keys = ", ".join(f"{_text(each.name)}: {_list(each.key_columns)}" for each in channels)
    return (
        "/** What can be followed, as the registry of the database had it. */\n"
        f"export interface Channels {{\n{described}}}\n"
        "type Channel<Table, Key extends string, Columns, Events, Unnamed = never> =\n"
        "  { table: Table; filter: Record<Key, string>; columns: Columns; events: Events;"
        " unnamed: Unnamed }\n"
        f"const keys: Record<ChannelName, string[]> = {{\n{_wrapped(keys)}}}\n"
    )


def _type(channel: Channel) -> str:
    unions = [
        " | ".join(map(_text, names)) or "never" for names in (channel.columns, channel.events)
    ]
    if channel.unnamed:
        unions.append(" | ".join(map(_text, channel.unnamed)))
    return f"Channel<{', '.join([_text(channel.table_name), _text(channel.filter_key), *unions])}>"


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_text, names))}]"


def _text(name: str) -> str:
    """Return a string of TypeScript: JSON's, in single quotes, and without a place to wrap it."""
    escaped = json.dumps(name)[1:-1].replace('\\"', '"').replace("'", "\\'")
    return f"'{escaped.replace(' ', chr(92) + 'x20')}'"


def _wrapped(text: str) -> str:
    return (
        "\n".join(
            wrap(
                text,
                _WIDTH,
                initial_indent="  ",
                subsequent_indent="    ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
        + "\n"
    )
