"""The server of the tests in a container: `make test DOCKER=1`."""

import gc
import os
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import docker  # type: ignore[import-untyped]
import psycopg
from docker.errors import DockerException  # type: ignore[import-untyped]
from testcontainers.core.container import DockerContainer
from testcontainers.core.image import DockerImage

from tests.support.waiting import PATIENCE

FOLDER = Path(__file__).parents[2] / "container"
BASE = "DOCKER_BASE"  # the environment's variable for an image other than the official one
PORT = 5432


class NoEngineError(Exception):
    """There is no container engine."""


def check_engine() -> None:
    """Raise NoEngineError, with the reason, where no container can be run."""
    reason = _engine_problem()
    if reason:
        address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        raise NoEngineError(f"no container engine at {address} (DOCKER_HOST): {reason}")


@cache
def _engine_problem() -> str | None:
    with warnings.catch_warnings():
        # a socket that did not connect is left open by the client
        warnings.simplefilter("ignore", ResourceWarning)
        problem = _ping()
        gc.collect()
    return problem


def _ping() -> str | None:
    try:
        client = docker.from_env()
        client.ping()
        client.close()
    except DockerException as error:
        cause: BaseException | None = error
        while cause:  # what the system said lies below what the client makes of it
            if isinstance(cause, OSError) and cause.strerror:
                return cause.strerror
            cause = cause.__context__
        return str(error)
    return None


@contextmanager
def running_container(settings: Mapping[str, str]) -> Iterator[str]:
    """Run a server for the time of the context, and yield its host and port.

    Raises NoEngineError, TimeoutError.
    """
    check_engine()
    base = os.environ.get(BASE)
    arguments = {"BASE": base} if base else {}
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with (
        DockerImage(
            FOLDER, clean_up=False, tag="wedsync-realtime-test", buildargs=arguments
        ) as image,
        DockerContainer(str(image))
        .with_exposed_ports(PORT)
        .with_command(options)
        .with_tmpfs_mount("/data")
        .with_kwargs(shm_size="1g") as container,
    ):
        address = f"{container.get_container_host_ip()}:{container.get_exposed_port(PORT)}"
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                psycopg.connect(f"postgresql://postgres@{address}/postgres").close()
                break
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    log = b"".join(container.get_logs()).decode()
                    raise TimeoutError(f"{error}\n{log}") from None
                time.sleep(0.1)
        yield address
