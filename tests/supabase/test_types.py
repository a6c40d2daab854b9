"""The TypeScript of docs/clients.md compiles with the types of the Supabase CLI, and it works."""

import json
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.supabase.conftest import Cli
from tests.supabase.tokens import token
from tests.support.cluster import Cluster
from tests.support.documents import code
from tests.support.people import People
from tests.support.tcp import over_tcp

HERE = Path(__file__).parent
CONFIG = {
    "compilerOptions": {
        "strict": True,
        "target": "es2023",
        "module": "commonjs",
        "moduleResolution": "bundler",
        "lib": ["es2023", "dom"],
        "types": [],
        "skipLibCheck": True,
    },
    "include": ["*.ts"],
}


def shown_code() -> str:
    """Return the TypeScript that the page shows."""
    (block,) = code("docs/clients.md", "ts")
    return block


# What somebody may write instead of what the page shows, and what the compiler says of it.
WRONG = {
    "type": ("channels: ['form-responses']", "channels: 'form-responses'", "not assignable"),
    "key": ("{ channel, cursor }", "{ chanel: channel, cursor }", "'chanel' does not exist"),
    "name": ("'realtime_poll'", "'realtime_pol'", "not assignable"),
}


@dataclass(frozen=True)
class Project:
    """A folder with code that was compiled with the generated types, and the compiler's errors."""

    folder: Path
    errors: list[str]


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory,
    node_modules: Path,
    supabase_cli: Cli,
    cluster: Cluster,
    template: str,
) -> Project:
    """Return the page's code, as it is and with each mistake, compiled."""
    folder = tmp_path_factory.mktemp("project")
    with cluster.database(template) as url, over_tcp(url) as address:
        made = supabase_cli(
            folder, "gen", "types", "--lang=typescript", "--schema=public", f"--remote={address}"
        )
    assert made.returncode == 0, made.stderr
    (folder / "database.types.ts").write_text(made.stdout)
    (folder / "follow.ts").write_text(shown_code())
    for name, (right, wrong, _) in WRONG.items():
        assert right in shown_code()
        (folder / f"{name}.ts").write_text(shown_code().replace(right, wrong))
    (folder / "tsconfig.json").write_text(json.dumps(CONFIG))
    (folder / "node_modules").symlink_to(node_modules)
    compiler = folder / "node_modules" / ".bin" / "tsc"
    done = subprocess.run([compiler], check=False, cwd=folder, capture_output=True, text=True)
    return Project(folder, re.findall(r"^\S.*: error .*", done.stdout, re.MULTILINE))


def test_what_the_page_shows_compiles(project: Project) -> None:
    assert [error for error in project.errors if error.startswith("follow.ts")] == []


@pytest.mark.parametrize("mistake", WRONG)
def test_types_tell_wrong_calls(project: Project, mistake: str) -> None:
    told = [error for error in project.errors if error.startswith(f"{mistake}.ts")]
    assert WRONG[mistake][2] in "\n".join(told)


def test_copy_follows_the_table(
    project: Project, rest: str, database: str, people: People, node_modules: Path
) -> None:
    supplier = people.supplier()
    user = token("authenticated", people.supplier_user(supplier))
    with psycopg.connect(database, autocommit=True) as admin:

        def add(name: str) -> None:
            admin.execute(
                "insert into public.form_responses (supplier_id, form_name) values (%s, %s)",
                (supplier, name),
            )

        add("before")
        script = [
            HERE / "follow.cjs",
            project.folder / "follow.js",
            rest,
            token("anon"),
            user,
            supplier,
        ]
        with subprocess.Popen(
            ["node", *map(str, script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"NODE_PATH": str(node_modules)},
        ) as follower:
            assert follower.stdin
            assert follower.stdout

            def seen() -> Any:
                assert follower.stdout
                return json.loads(follower.stdout.readline())

            def woken() -> Any:
                assert follower.stdin
                follower.stdin.write("\n")
                follower.stdin.flush()
                return seen()

            assert seen() == ["before"]
            add("after")
            assert woken() == ["after", "before"]
            admin.execute("update public.realtime_subscriptions set last_ping_at = '2000-01-01'")
            admin.execute("select public.cleanup_inactive_subscriptions()")
            admin.execute("delete from public.form_responses where form_name = 'before'")
            add("while away")
            assert woken() == ["after", "while away"]
            admin.execute("truncate public.form_responses")
            add("anew")
            assert woken() == ["anew"]
            follower.stdin.close()
