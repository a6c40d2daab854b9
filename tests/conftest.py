"""Fixtures: one throwaway cluster per process, databases cloned from one deployed template."""

import gc
import os
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.callers.caller import Caller, caller
from tests.support.callers.people import People, install_helpers
from tests.support.postgres.cluster import Cluster, running_cluster
from tests.support.postgres.deploy import deploy
from tests.support.suite.pgtap import Stories, Story, install_pgtap
from tests.support.suite.progress import Progress
from wedsync_realtime.embedded import node

STORIES = Path(__file__).parent / "db"
# The files with tests that take long, longest first, which each worker begins with: nobody waits at
# the end for one that began last.
LONGEST = (
    "suite/test_majors.py",
    "relay/test_faults.py",
    "deployment/test_killed_and_many.py",
    "client/test_faults.py",
    "deployment/test_wheel.py",
    "relay/test_cluster.py",
    "demo/test_demo.py",
    "demo/test_browser.py",
    "delivery/test_pages.py",
    "relay/test_start.py",
    "embedded/test_pypi.py",
    "client/test_nats.py",
    "client/test_documents.py",
    "supabase/test_push.py",
    "deployment/test_upgrade.py",
    "security/test_privileges.py",
    "demo/test_bench.py",
    "security/test_isolation.py",
    "delivery/test_killed_server.py",
    "deployment/test_deploy_unprivileged.py",
    "existing/test_application.py",
    "existing/test_under_load.py",
    "suite/test_make_venv.py",
    "delivery/drain/test_drain.py",
    "security/test_malformed.py",
    "deployment/test_pooler.py",
)
FOLDER = "wedsync_stories"  # what a worker knows the folder of the stories' outcomes by
TEMPLATE = "wedsync_template"
PEOPLE_TEMPLATE = "wedsync_people"
STORY_TEMPLATE = "wedsync_pgtap"


def pytest_configure(config: pytest.Config) -> None:
    """Let programs be found beside Python, and tell how far the workers are, as its dots do."""
    os.environ["PATH"] = node.search_path()
    for argument in config.args:  # which workers would not find, and not say so
        if not Path(argument.partition("::")[0]).exists():
            raise pytest.UsageError(f"file or directory not found: {argument}")
    if config.option.numprocesses:
        config.pluginmanager.register(Progress(config))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Have garbage looked for in what tests make alone: what is imported and collected stays."""
    gc.disable()
    result = yield
    gc.enable()
    gc.freeze()
    return result


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deal the files that take longest to the workers; all else stays in its order."""
    workers = getattr(config, "workerinput", {}).get("workercount", 1)
    ranks = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST)}
    long = sorted((item for item in items if item.path in ranks), key=lambda item: ranks[item.path])
    rest = [item for item in items if item.path not in ranks]
    total, end = len(items), 0
    items.clear()
    for worker in range(workers):  # which xdist gives as many tests as every other, in one piece
        end += (total - end) // (workers - worker)
        items += (item for item in long if ranks[item.path] % workers == worker)
        filling = max(end - len(items), 0)
        items += rest[:filling]
        del rest[:filling]
    items += rest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests were skipped, and why."""
    skipped: dict[str, list[str]] = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ").rstrip(".")
        skipped.setdefault(reason, []).append(report.nodeid.partition("::")[0])
    for reason, files in sorted(skipped.items()):
        tests = "1 test" if len(files) == 1 else f"{len(files)} tests"
        where = ", ".join(sorted(set(files)))
        terminalreporter.write_line(f"Skipped {tests} of {where}: {reason}.")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return two workers a core, as tests wait a third of their time; none for a single file.

    Its tests share what they set up.
    """
    files = {argument.partition("::")[0] for argument in config.args}
    return 0 if len(files) == 1 and Path(*files).is_file() else 2 * len(os.sched_getaffinity(0))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give a worker the folder where they leave each other the outcomes of stories."""
    node.workerinput[FOLDER] = shared_folder(node.config)


@cache
def shared_folder(config: pytest.Config) -> str:
    """Return a folder that the workers share, gone when pytest ends."""
    folder = tempfile.TemporaryDirectory(prefix="wedsync-stories-")
    config.add_cleanup(folder.cleanup)
    return folder.name


@cache
def running(config: pytest.Config) -> Cluster:
    """Return this process's cluster, started at the first call: collection may need it already."""
    stack = ExitStack()
    config.add_cleanup(stack.close)
    return stack.enter_context(running_cluster())


def today() -> date:
    """Return the day, which templates belong to: one of yesterday lacks a partition."""
    return datetime.now(UTC).date()


@cache
def deployed(config: pytest.Config, day: date) -> str:
    """Return the name of the template, in which the package was deployed once on a day."""
    cluster = running(config)
    cluster.drop_database(TEMPLATE)
    url = cluster.create_database(TEMPLATE)
    deploy(url)
    with psycopg.connect(url, autocommit=True) as connection:
        # a clone is a history of its own: without this its first upkeep would begin the feed anew
        connection.execute("update wedsync_realtime.feed_horizon set epoch = null")
        # nor is a clone late with its jobs, however long ago the template was made
        connection.execute("update wedsync_realtime.job_runs set created_at = 'infinity'")
        connection.execute("update wedsync_realtime.metrics_horizon set counted_at = 'infinity'")
    cluster.freeze_database(TEMPLATE)
    return TEMPLATE


@cache
def with_helpers(config: pytest.Config, day: date) -> str:
    """Return the name of the template for tests with people: the deployed one with our helpers."""
    cluster = running(config)
    template = deployed(config, day)
    cluster.drop_database(PEOPLE_TEMPLATE)
    with psycopg.connect(cluster.create_database(PEOPLE_TEMPLATE, template)) as connection:
        install_helpers(connection)
    cluster.freeze_database(PEOPLE_TEMPLATE)
    return PEOPLE_TEMPLATE


@cache
def with_pgtap(config: pytest.Config, day: date) -> str:
    """Return the name of the stories' template: the deployed one with pgTAP and our helpers."""
    cluster = running(config)
    template = deployed(config, day)
    cluster.drop_database(STORY_TEMPLATE)
    install_pgtap(cluster.create_database(STORY_TEMPLATE, template))
    cluster.freeze_database(STORY_TEMPLATE)
    return STORY_TEMPLATE


@cache
def stories(config: pytest.Config) -> Stories:
    """Return what runs the stories of this run."""
    places = [
        config.invocation_params.dir / argument.partition("::")[0] for argument in config.args
    ]
    asked = [
        path
        for path in sorted(STORIES.glob("*/*.sql"))
        if is_story(path) and any(path.is_relative_to(place.resolve()) for place in places)
    ]
    folder = getattr(config, "workerinput", {}).get(FOLDER)
    return Stories(
        lambda: (running(config), with_pgtap(config, today())),
        asked,
        Path(folder) if folder else None,
    )


def is_story(path: Path) -> bool:
    """Return whether a file lies in a room of tests/db, where support/ has what stories call."""
    room = path.parent
    return path.suffix == ".sql" and room.parent == STORIES and room.name != "support"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> Story | None:
    """Collect the stories in tests/db."""
    if not is_story(file_path):
        return None
    story: Story = Story.from_parent(parent, path=file_path)
    story.stories = stories(parent.config)
    return story


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Cluster:
    """Return the process's cluster."""
    return running(pytestconfig)


@pytest.fixture(scope="session")
def template(pytestconfig: pytest.Config) -> str:
    """Return the name of a database with the package deployed, to be cloned; it is frozen."""
    return deployed(pytestconfig, today())


@pytest.fixture
def empty_database(cluster: Cluster) -> Iterator[str]:
    """Yield the URL of an empty database."""
    with cluster.database() as url:
        yield url


@pytest.fixture
def database(cluster: Cluster, template: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Yield the URL of a database with the package deployed."""
    if template == TEMPLATE:  # the folder has none of its own
        make = with_helpers if "people" in request.fixturenames else deployed
        template = make(request.config, today())
    with cluster.database(template) as url:
        yield url


@pytest.fixture(scope="session")
def cron_database(cluster: Cluster) -> str:
    """Return the URL of the one database in which pg_cron works, with the package deployed."""
    if not cluster.has_cron:
        pytest.skip(f"{cluster.bindir} comes without pg_cron")
    url = cluster.cron_database()
    deploy(url)
    return url


@pytest.fixture
def people(database: str) -> Iterator[People]:
    """Yield creators of suppliers, couples and users in `database`."""
    with psycopg.connect(database, autocommit=True) as connection:
        schema = connection.execute("select to_regnamespace('tests')").fetchone()
        if schema == (None,):  # the folder has databases of its own
            install_helpers(connection)
        yield People(database, connection)


@pytest.fixture
def act_as(database: str) -> Iterator[Callable[..., Caller]]:
    """Open callers on `database`, taking what `caller` takes after the URL."""
    with ExitStack() as stack:
        yield lambda *who, **role: stack.enter_context(caller(database, *who, **role))
