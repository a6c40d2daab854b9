"""Traffic on the tables of an application, and how long a deployment holds locks against it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from tests.support.waiting import PATIENCE, until

QUICK = 200  # ms for which a table may be locked against writers, where the machine is quick
PAUSE = 0.02  # s between two transactions of a writer
SHORT_PAUSE = 0.004  # of one that takes several tables, or is counted

# Each line is a transaction of a writer of its own.
WRITES = """
update public.suppliers set rating = random() * 5 where business_name = 'Supplier 7'
update public.couples set budget = random() * 10000 where display_name = 'Couple 7'
update public.user_profiles set locale = 'en' where id = md5('user7')::uuid
update auth.users set last_sign_in_at = now() where id = md5('user7')::uuid
update public.core_fields set value = to_jsonb(random()) where couple_id = md5('couple7')::uuid
update public.wedding_details set guests = guests + 1 where couple_id = md5('couple7')::uuid
""".strip().split("\n")
# The last two take the same tables in opposite order, as applications do.
BUSY_WRITES = """
insert into public.form_responses (supplier_id) values (md5('supplier8')::uuid)
insert into public.journey_progress values ((random() * 1e9)::bigint, md5('supplier8')::uuid, 's', \
'2026-03-04'); delete from public.journey_progress_2026_2 where id = (random() * 2000)::bigint
update public.clients set notes = 'a' where number = 7; update public.form_responses set \
answers = '{"a": 1}' where id = 7
update public.form_responses set answers = '{"a": 2}' where id = 8; update public.clients set \
notes = 'b' where number = 8
""".strip().split("\n")
# Longer than anybody may wait for them: a report, and what autovacuum does.
READS = [
    "select count(*) from public.form_responses, pg_sleep(0.7)",
    "vacuum public.form_responses; analyze public.clients",
]
HELD = """
    select l.pid, l.relation::regclass::text
    from pg_locks as l
    inner join pg_stat_activity as a on a.pid = l.pid
    inner join pg_class as c on c.oid = l.relation
    where
        a.application_name = 'wedsync-realtime'
        and l.granted
        and l.mode in ('ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
        and c.relnamespace in ('public'::regnamespace, 'auth'::regnamespace)
        and c.relname !~ '^realtime_'
"""


@dataclass
class Traffic:
    """What happened to the writers, and which locks were held.

    slowest: milliseconds that the slowest transaction of a writer took.
    held: milliseconds for which a table was locked against writers, by its name.
    stalled: milliseconds that the machine let a look at the locks wait at most.
    """

    transactions: int = 0
    slowest: float = 0.0
    failures: list[str] = field(default_factory=list)
    held: dict[str, float] = field(default_factory=dict)
    stalled: float = 0.0


@contextmanager
def traffic(url: str, reports: bool = True) -> Iterator[Traffic]:
    """Write for the time of the context, as the role of this URL.

    reports: also read, and look after tables, longer than anybody may wait.
    """
    seen, stop, lock = Traffic(), threading.Event(), threading.Lock()
    threads = [
        threading.Thread(target=_write, args=(url, statement, pause, seen, stop, lock))
        for statements, pause in ((WRITES, PAUSE), (BUSY_WRITES, SHORT_PAUSE))
        for statement in statements
    ]
    if reports:
        threads += [threading.Thread(target=_read, args=(url, text, seen, stop)) for text in READS]
    threads.append(threading.Thread(target=_watch, args=(url, seen, stop)))
    for thread in threads:
        thread.start()
    try:
        wait_for_work(seen)
        yield seen
        wait_for_work(seen)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def wait_for_work(seen: Traffic) -> None:
    """Wait until the writers have gone on for a while."""
    enough = seen.transactions + 200
    until(lambda: seen.transactions >= enough)


def _write(
    url: str,
    statement: str,
    pause: float,
    seen: Traffic,
    stop: threading.Event,
    lock: threading.Lock,
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"set lock_timeout = '{PATIENCE}s'".encode())
        while not stop.is_set():
            start = time.perf_counter()
            try:
                connection.execute(statement.encode())
            except psycopg.Error as error:
                seen.failures.append(f"{statement}: {error}")
            took = (time.perf_counter() - start) * 1000
            with lock:
                seen.transactions += 1
                seen.slowest = max(seen.slowest, took)
            time.sleep(pause)


def _read(url: str, text: str, seen: Traffic, stop: threading.Event) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.is_set():
            for statement in text.split("; "):
                try:
                    connection.execute(statement.encode())
                except psycopg.Error as error:
                    seen.failures.append(f"{statement}: {error}")
            time.sleep(0.1)


def _watch(url: str, seen: Traffic, stop: threading.Event) -> None:
    since: dict[tuple[int, str], float] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.is_set():
            before = time.perf_counter()
            holds = connection.execute(HELD.encode()).fetchall()
            seen.stalled = max(seen.stalled, (time.perf_counter() - before) * 1000)
            since = {hold: since.get(hold, before) for hold in holds}
            for (_, table), start in since.items():
                held = (time.perf_counter() - start) * 1000
                seen.held[table] = max(held, seen.held.get(table, 0.0))
            time.sleep(0.001)
