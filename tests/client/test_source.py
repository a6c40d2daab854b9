"""The TypeScript client as a file: its types, its size, the command that prints it."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.client.conftest import compiled, complained_of, with_client
from wedsync_realtime.client import source
from wedsync_realtime.client.main import main
from wedsync_realtime.embedded import place

USE = """
import { createClient } from '@supabase/supabase-js'
import { wsconnect } from '@nats-io/nats-core'
import { type Change, follow, lastingFetch, nats, postgrest, supabase } from './realtime'

type Row = { id: string; form_name: string | null }
const readAll = () => {}
const client = createClient('https://example.com', 'key', { global: { fetch: lastingFetch } })
const transport = supabase(client)
const connection = await wsconnect({ servers: 'wss://example.com' })

follow('form-responses', { supplier_id: 'x', operations: ['INSERT'], changed: ['status'] }, {
  transport,
  readAll,
  apply(change: Change<'form-responses', Row>) {
    if (change.eventType !== 'DELETE') change.new.form_name?.length
  },
  onStatus: ({ state, why }) => console.log(state === 'stopped', why),
})
follow('core-fields', { couple_id: 'x', events: ['core_field.changed'] }, {
  transport: postgrest('https://example.com', () => 'token'),
  readAll,
  apply: (change) => change.event === 'core_field.removed',
})
follow('wedding-details', { wedding_id: 'x', where: [{ column: 'venue', op: 'eq', value: 'x' }] }, {
  transport: nats(connection, 'user', 'uuid'),
  readAll,
  apply: async () => {},
}).stop()
"""


def test_it_is_short(printed: str) -> None:
    assert printed.count("\n") < 500
    assert max(map(len, printed.splitlines())) <= 120


def test_it_is_small_and_what_is_not_used_falls_away(client: Path) -> None:
    def size(imported: str) -> int:
        (folder / "use.mjs").write_text(f"export {{ {imported} }} from './realtime.js'")
        bundled = subprocess.run(
            [
                folder / "node_modules/.bin/esbuild",
                "use.mjs",
                "--bundle",
                "--minify",
                "--format=esm",
            ],
            check=True,
            cwd=folder,
            capture_output=True,
        ).stdout
        return len(gzip.compress(bundled))

    folder = client.parent
    whole = size("follow, lastingFetch, nats, postgrest, supabase")
    assert whole < 6000
    assert size("follow, postgrest") < size("follow, nats") < whole - 400
    assert size("follow, supabase") < whole - 400
    assert size("lastingFetch") < 200


WRONG_USES = [
    ("'form-responses', {", "'form-response', {"),
    ("{ supplier_id: 'x'", "{ couple_id: 'x'"),
    ("['INSERT']", "['insert']"),
    ("changed: ['status']", "changed: ['stat']"),
    ("['core_field.changed']", "['core_field.change']"),
    ("=== 'core_field.removed'", "=== 'core_field.remove'"),
    ("column: 'venue'", "column: 'place'"),
    ("op: 'eq'", "op: '='"),
    ("change.new.form_name", "change.new.name"),
    ("state === 'stopped'", "state === 'over'"),
    ("() => 'token'", "'token'"),
    ("supabase(client)", "supabase({})"),
    ("nats(connection, 'user', 'uuid')", "nats(connection)"),
    ("  readAll,\n  apply: async", "  apply: async"),
]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, node_modules: Path, printed: str) -> str:
    """Return what the compiler says of right uses and of wrong ones, each in a file of its own."""
    folder = with_client(tmp_path_factory.mktemp("uses"), node_modules, printed)
    (folder / "right.ts").write_text(USE)
    for number, (right, wrong) in enumerate(WRONG_USES):
        assert right in USE
        (folder / f"wrong{number}.ts").write_text(USE.replace(right, wrong))
    return compiled(folder)


@pytest.mark.parametrize("number", range(len(WRONG_USES)), ids=[wrong for _, wrong in WRONG_USES])
def test_types_tell_wrong_uses(said: str, number: int) -> None:
    assert f"wrong{number}.ts" in complained_of(said)


def test_types_accept_right_uses(said: str) -> None:
    assert complained_of(said) == {f"wrong{number}.ts" for number in range(len(WRONG_USES))}


def test_channel_that_is_added_is_typed(database: str, project: Path) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            'create table public.notes (id uuid primary key, "it\'s a \\ ""name""" text,'
            " supplier_id uuid, secret text)"
        )
        connection.execute(
            "select wedsync_realtime.register_channel(name => 'notes', relation => 'public.notes',"
            " tenant_column => 'supplier_id', filter_key => 'supplier_id',"
            " supplier_authoriser => 'own_supplier')"
        )
        channels = source.read_channels(connection)
    (notes,) = [channel for channel in channels if channel.name == "notes"]
    assert notes.events == []
    assert notes.unnamed == ["notes.insert", "notes.update", "notes.delete"]
    (project / "realtime.ts").write_text(source.client(channels))
    (project / "use.ts").write_text("""
        import { follow, postgrest } from './realtime'
        follow('notes', { supplier_id: 'x', changed: ['it\\'s a \\\\ "name"'] }, {
          transport: postgrest('', () => ''),
          readAll() {},
          apply: (change) => change.event === 'notes.insert',
        })
    """)
    assert compiled(project) == ""


def test_command_prints_it(database: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-m", "wedsync_realtime", "client", "--database-url", database]
    shown = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (shown.returncode, shown.stdout, shown.stderr) == (0, printed, "")
    assert main(["--json", "--database-url", database]) == 0
    channels = json.loads(capsys.readouterr().out)["channels"]
    assert "form-responses" in [channel["name"] for channel in channels]


def test_command_says_that_nothing_is_deployed(
    empty_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--database-url", empty_database]) == 1
    refused = capsys.readouterr()
    assert refused.out == ""
    assert "make migrate" in refused.err


def test_command_says_that_there_is_no_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(place, "default_home", lambda: tmp_path)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert main([]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "There is no embedded database yet" in shown.err
    assert "make migrate" in shown.err
