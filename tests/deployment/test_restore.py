"""A database restored from a dump is what was deployed, and tells its subscribers once."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.deployment.conftest import Run, execute
from tests.support.caller import Caller, caller
from tests.support.dump import schema
from tests.support.people import People

INSERT = b"insert into public.form_responses (supplier_id) values (%s)"
PARTS = {
    "plain": [["--format=plain"]],
    "custom": [["--format=custom"]],
    "schema and data apart": [["--schema-only"], ["--data-only", "--disable-triggers"]],
}


def restore(source: str, target: str, folder: Path, *options: str) -> None:
    """Dump a database with these options, and read the dump into another one."""
    file = folder / "dump"
    subprocess.run([tool("pg_dump"), *options, "--file", file, source], check=True)
    read: list[str | Path] = [tool("pg_restore"), "--exit-on-error", "--dbname", target, file]
    if "--format=custom" not in options:
        read = [tool("psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-f", file]
        read += [target]
    subprocess.run(read, check=True, capture_output=True)


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed: sudo apt-get install -y postgresql-client")
    return found


def poll(somebody: Caller, asked: dict[str, Any]) -> Any:
    answer = somebody.rpc("realtime_poll", **asked)
    asked["cursor"] = answer["cursor"]
    return answer


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_restored_database_does_not_differ(
    database: str,
    empty_database: str,
    people: People,
    run: Run,
    tmp_path: Path,
    parts: list[list[str]],
) -> None:
    schema(database)  # skips where pg_dump cannot read this server
    supplier = people.supplier()
    user = people.supplier_user(supplier)
    with caller(database, user) as somebody:
        lease = somebody.rpc(
            "realtime_subscribe",
            channels=["form-responses"],
            filters={"supplier_id": str(supplier)},
        )["subscriptions"][0]
    asked = {"channel": lease["channel"], "cursor": lease["cursor"]}
    for options in parts:
        restore(database, empty_database, tmp_path, *options)
    verified = run("verify", empty_database)
    assert (verified.code, verified.err) == (0, ""), verified.out
    with caller(empty_database, user) as somebody:
        told = poll(somebody, asked)
        assert (told["resyncRequired"], told["reason"]) == (True, "epoch_changed")
        with psycopg.connect(empty_database) as connection:
            connection.execute(INSERT, (supplier,))
        told = poll(somebody, asked)
        assert not told["resyncRequired"]
        assert len(told["events"]) == 1
    assert run("migrate", empty_database).code == 0
    execute(empty_database, "drop schema tests cascade")  # the helpers' views look at our tables
    assert run("uninstall", empty_database, "--yes").code == 0
