"""The documentation tells the type of each key as the stories hold it."""

import re

import pytest

from wedsync_realtime.source.scripts import default_root

EXPECTED = re.compile(
    r"pg_temp\.types\(.*?\)(?: -> '\w+')?,\s+((?:'[^']*'\s+)+?)?'([^']*)',\s+'(\w+):"
)


def stories() -> list[tuple[str, str]]:
    """Return who answers, and the keys with their types."""
    text = (default_root() / "tests/db/contract/rpc_types.sql").read_text()
    return [
        (name, "".join(re.findall(r"'([^']*)'", first)) + last)
        for first, last, name in EXPECTED.findall(text)
    ]


@pytest.mark.parametrize(("name", "keys"), stories())
def test_documentation_has_the_keys_of(name: str, keys: str) -> None:
    assert f"| {keys} |" in (default_root() / "docs/clients.md").read_text()


def test_every_rpc_is_told() -> None:
    assert len(stories()) == 8
