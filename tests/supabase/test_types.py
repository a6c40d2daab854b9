"""The TypeScript of docs/clients.md compiles with the types of the Supabase CLI, and it works."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.supabase.conftest import Cli
from tests.supabase.tokens import token
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
    "files": ["follow.ts"],
}


def shown_code() -> str:
    """Return the TypeScript that the page shows."""
    (block,) = code("docs/clients.md", "ts")
    return block


@pytest.fixture
def project(tmp_path: Path, node_modules: Path, supabase_cli: Cli, database: str) -> Path:
    """Return a folder with the page's code, the generated types and the compiler's settings."""
    with over_tcp(database) as address:
        made = supabase_cli(
            tmp_path, "gen", "types", "--lang=typescript", "--schema=public", f"--remote={address}"
        )
    assert made.returncode == 0, made.stderr
    (tmp_path / "database.types.ts").write_text(made.stdout)
    (tmp_path / "follow.ts").write_text(shown_code())
    (tmp_path / "tsconfig.json").write_text(json.dumps(CONFIG))
    (tmp_path / "node_modules").symlink_to(node_modules)
    return tmp_path


def compiled(project: Path) -> list[str]:
    """Compile and return the errors."""
    compiler = project / "node_modules" / ".bin" / "tsc"
    done = subprocess.run([compiler], check=False, cwd=project, capture_output=True, text=True)
    errors = re.findall(r"error .*", done.stdout)
    assert bool(errors) == bool(done.returncode), done.stdout
    return errors


@pytest.mark.parametrize(
    ("right", "wrong", "error"),
    [
        ("channels: ['form-responses']", "channels: 'form-responses'", "not assignable"),
        ("{ channel, cursor }", "{ chanel: channel, cursor }", "'chanel' does not exist"),
        ("'realtime_poll'", "'realtime_pol'", "not assignable"),
    ],
)
def test_types_tell_wrong_calls(project: Path, right: str, wrong: str, error: str) -> None:
    assert compiled(project) == []
    code = shown_code()
    assert right in code
    (project / "follow.ts").write_text(code.replace(right, wrong))
    assert error in "\n".join(compiled(project))


def test_copy_follows_the_table(
    project: Path, rest: str, database: str, people: People, node_modules: Path
) -> None:
    assert compiled(project) == []
    supplier = people.supplier()
    user = token("authenticated", people.supplier_user(supplier))
    with psycopg.connect(database, autocommit=True) as admin:

        def add(name: str) -> None:
            admin.execute(
                "insert into public.form_responses (supplier_id, form_name) values (%s, %s)",
                (supplier, name),
            )

        add("before")
        script = [HERE / "follow.cjs", project / "follow.js", rest, token("anon"), user, supplier]
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
