"""Run every linter over the whole project: `make lint`."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest

from tests.support.postgres.cluster import ClusterError, running_cluster
from tests.support.postgres.deploy import DeployError, deploy
from tests.support.postgres.supabase import OBJECTS
from tests.support.suite.bodies import findings, has_plpgsql_check

ROOT = Path(__file__).parents[2]
SQL_FOLDERS = ["migrations", "functions", "policies", "tests/db"]
PYTHON_FOLDERS = ["scripts", "tests"]
COMMANDS = [
    ["ruff", "check", "--output-format", "concise", *PYTHON_FOLDERS],
    ["ruff", "format", "--check", "--quiet", *PYTHON_FOLDERS],
    ["mypy", "--strict", "--no-error-summary"],
]
SQLFLUFF = ["sqlfluff", "lint", "--quiet", "--nocolor", "--disable-progress-bar", "--processes=0"]
CLEAN = ROOT / ".local" / "sqlfluff.json"  # what it found nothing wrong with, by content
# What squawk would have otherwise: the runner sets both timeouts for every script; and types are
# narrow on purpose, for limits that a check bounds and for ids that every event carries.
ALLOWED = [
    "require-lock-timeout", "require-statement-timeout",
    "prefer-bigint-over-int", "prefer-bigint-over-smallint", "ban-char-field",
]  # fmt: skip
MAX_COLUMNS = 100
MAX_LINES = {"migrations": 150, "tests": 200}
# Of what runs: a template is one text, easier to read whole.
MAX_BODY_LINES = 75
NO_CODE = re.compile(r"--[^\n]*|'[^']*'|\"[^\"]*\"")
BODY = re.compile(r"\$(\w*)\$\n.*?\$\1\$", re.DOTALL)
TEMPLATE = re.compile(r"\$template\$.*?\$template\$", re.DOTALL)


def text_findings(path: Path) -> Iterator[str]:
    """Yield what is wrong with the text of an SQL file, function bodies included."""
    text = path.read_text()
    # Literals and comments become blanks; their line ends stay, so that line numbers hold.
    code = NO_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    lines = text.splitlines()
    for number, (line, bare) in enumerate(zip(lines, code.splitlines(), strict=True), 1):
        if len(line) > MAX_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns"
        if line != line.rstrip() or "\t" in line:
            yield f"{path}:{number}: a tab, or a space at the end"
        if (len(line) - len(line.lstrip(" "))) % 4:
            yield f"{path}:{number}: indentation is no multiple of 4"
        if not line.isascii():  # a database may have another encoding
            yield f"{path}:{number}: letters that are not ASCII"
        if upper := re.search(r"\b[A-Z][A-Z_]+\b", bare):
            yield f"{path}:{number}: {upper.group()} in upper case"
    if not text.startswith("-- "):
        yield f"{path}:1: does not open with what it is for"
    if len(lines) > MAX_LINES.get(path.parts[0], len(lines)):
        yield f"{path}: {len(lines)} lines are two files"
    for body in BODY.finditer(text) if path.parts[0] == "functions" else ():
        if (length := TEMPLATE.sub("", body.group()).count("\n") - 1) > MAX_BODY_LINES:
            number = text.count("\n", 0, body.start()) + 1
            yield f"{path}:{number}: {length} lines are two functions"


def sql_digests() -> dict[str, str]:
    """Return what sqlfluff's verdict on each SQL file rests on, by path."""
    rules = version("sqlfluff").encode() + Path(".sqlfluff").read_bytes()
    return {
        str(path): sha256(rules + str(path).encode() + path.read_bytes()).hexdigest()
        for folder in SQL_FOLDERS
        for path in sorted(Path(folder).rglob("*.sql"))
    }


def clean_digests() -> set[str]:
    """Return the digests of files that sqlfluff found nothing wrong with."""
    try:
        return set(json.loads(CLEAN.read_text()))
    except (OSError, ValueError):
        return set()


def deployed_findings() -> list[str]:
    """Return what is wrong with the functions of a database with the package deployed."""
    with running_cluster() as cluster:
        # With pg_cron where the server has it, and Supabase's objects, so that the functions which
        # use them are checked too.
        url = cluster.cron_database() if cluster.has_cron else cluster.create_database("lint")
        with psycopg.connect(url) as connection:
            connection.execute(OBJECTS)
            if not has_plpgsql_check(connection):
                print(f"{cluster.bindir} comes without plpgsql_check: bodies go unchecked.")
        deploy(url)
        return findings(url)


def say(line: str) -> None:
    """Print a line about progress."""
    print(line, file=sys.stderr, flush=True)


def main() -> int:
    """Print all findings; return 1 if there are any."""
    os.chdir(ROOT)
    digests, clean = sql_digests(), clean_digests()
    changed = [path for path, digest in digests.items() if digest not in clean]
    modules = [*COMMANDS, [*SQLFLUFF, *changed]] if changed else COMMANDS
    names = [" ".join(module[:2]) for module in modules]
    say(f"{', '.join(names)} and squawk; a database for plpgsql_check. They take half a minute …")
    squawk = Path(sys.executable).with_name("squawk")
    files = sorted(map(str, Path("migrations").glob("*.sql")))
    rules = ["--exclude", ",".join(ALLOWED), "--assume-in-transaction", "--pg-version", "15"]
    locks = [str(squawk), *rules, "--reporter", "gcc", *files]
    commands = [*([sys.executable, "-m", *module] for module in modules), locks]
    tools = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for command in commands
    ]
    try:
        found = deployed_findings()
    except pytest.skip.Exception as reason:
        found = []
        print(f"Bodies go unchecked: {reason}")
    except (ClusterError, DeployError) as error:
        found = [str(error)]
    say("plpgsql_check is done …")
    for folder in SQL_FOLDERS:
        for path in sorted(Path(folder).rglob("*.sql")):
            found += text_findings(path)
    for tool, command in zip(tools, commands, strict=True):
        output, _ = tool.communicate()
        if tool.returncode != 0:
            found += [f"{' '.join(command[:4])}:", output.decode()]
        elif "sqlfluff" in command:
            CLEAN.parent.mkdir(exist_ok=True)
            CLEAN.write_text(json.dumps(sorted(digests.values())))
    print("\n".join(found) or "No findings.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
