"""Packages of other versions: the last release, and one that comes after this checkout."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PARTS = ("migrations", "functions", "policies", "scripts/wedsync_realtime")


def last_tag(repository: Path = ROOT) -> str | None:
    """Return the newest release tag (v…) of a repository; None where none is known."""
    if not shutil.which("git"):
        return None
    done = subprocess.run(
        ["git", "tag", "--list", "v*", "--sort=-version:refname"],
        cwd=repository, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return next(iter(done.stdout.split()), None)


def extract(tag: str, folder: Path, repository: Path = ROOT) -> Path:
    """Write the package as it was at a tag into a folder, and return that."""
    archive = subprocess.run(
        ["git", "archive", tag, *PARTS], cwd=repository, capture_output=True, check=True
    ).stdout
    folder.mkdir(parents=True, exist_ok=True)
    # tarfile takes the filter that it wants from Python 3.11.4 on only
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    return folder


def copy(folder: Path) -> Path:
    """Write this checkout's package into a folder, and return that."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part)  # with the bytecode, which stays valid
    return folder


def make_next(folder: Path) -> Path:
    """Write a package into a folder that has everything a later version can bring; return it.

    A higher version, a new column and table, an index built concurrently, a changed body, compiled
    functions that change and call one of another name, a changed signature and a removed function.
    """
    copy(folder)
    version = folder / "scripts/wedsync_realtime/__init__.py"
    _replace(version, r'__version__ = "(\d+).*"', lambda m: f'__version__ = "{int(m[1]) + 1}.0.0"')
    number = len(list(folder.glob("migrations/*.sql"))) + 1
    (folder / f"migrations/{number:04d}_notes.sql").write_text(
        "-- notes: a column and a table.\n"
        "-- Undo: drop table wedsync_realtime.notes; alter table wedsync_realtime.settings drop\n"
        "-- column note (loses the notes).\n"
        "alter table wedsync_realtime.settings add column note text;\n"
        "create table wedsync_realtime.notes (id integer);\n"
        "alter table wedsync_realtime.notes enable row level security;\n"
    )
    (folder / f"migrations/{number + 1:04d}_index.sql").write_text(
        "-- index: for a search that is to come.\n"
        "-- Undo: drop index public.realtime_subscriptions_channel_name_idx (loses nothing).\n"
        "-- No transaction: concurrently.\n"
        "create index concurrently if not exists realtime_subscriptions_channel_name_idx\n"
        "    on public.realtime_subscriptions (channel_name);\n"
    )
    status = folder / "functions/api/realtime_status.sql"
    argument = "detailed boolean default false"
    _replace(status, r"realtime_status\(\)", lambda m: "realtime_status(boolean)")
    _replace(status, r"(replace function \S+)\(boolean\)", lambda m: f"{m[1]}({argument})")
    _replace(folder / "functions/subscriptions/ping.sql", r"\nbegin\n", _noted)
    body, swap = (
        folder / f"functions/dispatch/{n}.sql" for n in ("dispatch_body", "swap_settings")
    )
    _replace(body, r"\$template\$\n", _noted)
    for file in (body, swap):
        _replace(file, "swap_settings", lambda m: "exchange_settings")
    swap.rename(swap.with_name("exchange_settings.sql"))
    (folder / "functions/api/realtime_connection_stats.sql").unlink()
    return folder


def run(folder: Path, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `wedsync-realtime` of the package in a folder on a database."""
    return subprocess.run(
        [sys.executable, "-m", "wedsync_realtime", *arguments],
        cwd=folder, capture_output=True, text=True, check=False,
        env=os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(folder / "scripts")},
    )  # fmt: skip


def _noted(match: re.Match[str]) -> str:
    return f"{match[0]}    -- newer\n"


def _replace(file: Path, pattern: str, by: object) -> None:
    text, count = re.subn(pattern, by, file.read_text())  # type: ignore[call-overload]
    assert count, f"{file.name} has no {pattern}"
    file.write_text(text)
