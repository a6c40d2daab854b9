"""What docs/clients.md shows in TypeScript compiles and works, and what it says of PostgREST."""

import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import psycopg
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.client.conftest import compiled, complained_of
from tests.client.follower import leases
from tests.client.realtime import project_server
from tests.supabase.conftest import Cli, supabase_cli
from tests.supabase.rest import Handler
from tests.supabase.tokens import token
from tests.support.documents import code, page
from tests.support.pages.browser import HASTE, chromium
from tests.support.postgres.cluster import Cluster
from tests.support.postgres.tcp import over_tcp
from tests.support.waiting import PATIENCE, until
from wedsync_realtime.demo.script import STATIC

__all__ = ["supabase_cli"]

Add = Callable[[str], object]
# PostgREST's documentation, "Configuration"
SETTINGS = {
    "db-uri", "db-schemas", "db-anon-role", "db-pool", "db-max-rows", "jwt-secret", "jwt-aud",
    "server-port",
}  # fmt: skip
APPLICATION = """
import { createRoot } from 'react-dom/client'
import { postgrest } from './realtime'
import { useRows } from './hook'

const { supplier, token } = JSON.parse(document.body.dataset.task as string)
const transport = postgrest('/rest/v1', () => token)
const headers = { Authorization: `Bearer ${token}` }
async function readAll(): Promise<{ id: string; form_name: string }[]> {
  return (await fetch('/rest/v1/form_responses?select=*', { headers })).json()
}
function Responses() {
  const { rows, status } = useRows(transport, 'form-responses', { supplier_id: supplier }, readAll)
  const names = [...rows.values()].map((row) => row.form_name).sort()
  return <p id={status.state}>{names.join(', ')}</p>
}
createRoot(document.body).render(<Responses />)
"""
RUN = """
import { createInterface } from 'node:readline'
import WebSocket from 'ws'
globalThis.WebSocket = WebSocket
const { followResponses } = await import('./example.js')
const copy = followResponses(process.argv[2], (rows) => {
  console.log(JSON.stringify([...rows.values()].map((row) => row.form_name).sort()))
})
for await (const _ of createInterface({ input: process.stdin }));
await copy.stop()
process.exit(0)
"""


@pytest.fixture
def database(cluster: Cluster, supabase: str) -> Iterator[str]:
    with cluster.database(supabase) as url:
        yield url


@pytest.fixture(scope="module")
def types(
    cluster: Cluster, supabase: str, supabase_cli: Cli, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Return the types of the database."""
    folder = tmp_path_factory.mktemp("types")
    with cluster.database(supabase) as url, over_tcp(url) as address:
        made = supabase_cli(
            folder, "gen", "types", "--lang=typescript", "--schema=public", f"--remote={address}"
        )
    assert made.returncode == 0, made.stderr
    return made.stdout


@pytest.fixture
def shown(project: Path, types: str) -> Path:
    """Return a folder with what the page shows, and the types of the database."""
    (project / "database.types.ts").write_text(types)
    (project / "example.ts").write_text(code("docs/clients.md", "ts")[0])
    for file in STATIC.glob("*.ts"):
        (project / file.name).write_text(file.read_text())
    (project / "hook.tsx").write_text(code("docs/clients.md", "tsx")[0])
    return project


def test_it_compiles(shown: Path) -> None:
    assert code("docs/clients.md", "tsx")[0].count("\n") <= 30
    example = (shown / "example.ts").read_text()
    wrong_uses = {
        "table.ts": ("from('form_responses')", "from('form_response')"),
        "column.ts": ("change.new.id", "change.new.nr"),
        "filter.ts": ("{ supplier_id: supplierId }", "{ couple_id: supplierId }"),
    }
    for name, (right, wrong) in wrong_uses.items():
        assert right in example
        (shown / name).write_text(example.replace(right, wrong))
    assert complained_of(compiled(shown)) == wrong_uses.keys()


def test_page_of_the_demo_is_shown() -> None:
    assert code("docs/clients.md", "ts")[1] == (STATIC / "dashboard.ts").read_text()


def test_first_page_compiles(shown: Path) -> None:
    (block,) = code("README.md", "ts")
    names = (
        "supplierId: string, client: SupabaseClient, load: () => void, show: (_: object) => void"
    )
    (shown / "first.ts").write_text(
        "import type { SupabaseClient } from '@supabase/supabase-js'\n"
        "import { follow, supabase } from './realtime'\n"
        f"export function first({names}, tell: (...words: string[]) => void) {{\n{block}}}\n"
    )
    assert compiled(shown) == ""


def test_example_follows(
    shown: Path, database: str, authenticator: str, admin: psycopg.Connection, supplier: UUID,
    user: UUID, add: Add, node_modules: Path,
) -> None:  # fmt: skip
    with project_server(authenticator, database) as (address, _):
        example = (shown / "example.ts").read_text()
        for text, ours in (
            ("https://example.supabase.co", address),
            ("the anon key", token("anon")),
            (
                "  global:",
                f"  accessToken: async () => '{token('authenticated', user)}',\n  global:",
            ),
        ):
            assert text in example
            example = example.replace(text, ours)
        (shown / "example.ts").write_text(example)
        assert compiled(shown) == ""
        for file in shown.glob("*.js"):  # what a bundler does
            file.write_text(re.sub(r"from '(\./[\w.]+)'", r"from '\1.js'", file.read_text()))
        (shown / "run.js").write_text(RUN)
        add("before")
        with subprocess.Popen(
            ["node", "run.js", str(supplier)],
            cwd=shown,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"NODE_PATH": str(node_modules)},
        ) as process:
            assert process.stdin
            assert process.stdout

            def seen() -> Any:
                assert process.stdout
                for line in process.stdout:
                    if line.startswith("["):
                        return json.loads(line)
                return None

            assert seen() == ["before"]
            add("after")
            assert seen() == ["after", "before"]
            process.communicate()
        assert leases(admin) == 0


@pytest.fixture
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def opened(
    shown: Path, browser: Browser, database: str, authenticator: str, supplier: UUID, user: UUID
) -> Iterator[Page]:
    """Yield a page that shows a supplier's form responses by the hook."""
    (shown / "application.tsx").write_text(APPLICATION)
    assert compiled(shown) == ""
    script = subprocess.run(
        [shown / "node_modules/.bin/esbuild", "application.js", "--bundle", "--format=esm"],
        check=True,
        cwd=shown,
        capture_output=True,
        text=True,
    ).stdout
    task = json.dumps({"supplier": str(supplier), "token": token("authenticated", user)})

    class Site(Handler):
        """PostgREST, and beside it the page."""

        def handle_request(self) -> None:
            """Answer one request."""
            if self.path.startswith("/rest/"):
                return super().handle_request()
            content = f"<body data-task='{task}'><script type=module>{script}</script>".encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            return None

        do_GET = do_HEAD = do_POST = do_PATCH = do_DELETE = handle_request  # noqa: N815

    with project_server(authenticator, database, Site) as (address, _):
        page = browser.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.add_init_script(HASTE)
        page.goto(address)
        yield page
        page.close()


def test_hook_shows_rows_in_a_browser(opened: Page, admin: psycopg.Connection, add: Add) -> None:
    expect(opened.locator("#live")).to_have_text("")
    add("one")
    add("two")
    expect(opened.locator("#live")).to_have_text("one, two")
    admin.execute("delete from public.form_responses where form_name = 'one'")
    expect(opened.locator("#live")).to_have_text("two")
    opened.context.set_offline(True)
    expect(opened.locator("#behind")).to_have_text("two")
    add("meanwhile")
    opened.context.set_offline(False)
    expect(opened.locator("#live")).to_have_text("meanwhile, two")
    assert leases(admin) == 1
    opened.goto("about:blank")  # the subscription is given back although the page is gone
    until(lambda: not leases(admin))


def test_postgrest_configuration_is_for_these_roles(database: str) -> None:
    parser = ConfigParser(interpolation=None)
    (shown,) = code("docs/clients.md", "ini")
    parser.read_string("[postgrest]\n" + shown)
    settings = {name: json.loads(value) for name, value in parser["postgrest"].items()}
    assert set(settings) == SETTINGS
    assert len(settings["jwt-secret"]) >= 32
    (statements,) = code("docs/clients.md", "sql")
    login = urlsplit(settings["db-uri"])
    assert f"role {login.username} login noinherit password '{unquote(login.password or '')}'" in (
        statements
    )
    with psycopg.connect(database) as connection:
        connection.execute("drop role if exists authenticator")
        connection.execute(statements.encode())
        for role in (settings["db-anon-role"], "authenticated"):
            connection.execute("set role authenticator")
            connection.execute(f"set role {role}".encode())
            connection.execute("reset role")
        connection.rollback()


def test_every_refusal_is_told_of() -> None:
    codes = re.findall(r"^\| `(\w+)` \| 4\d\d \|", page("README.md"), re.MULTILINE)
    told = page("docs/clients.md").partition("### What to do on each refusal")[2]
    assert len(codes) == 9
    assert [code for code in codes if f"`{code}`" not in told] == []
