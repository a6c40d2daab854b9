"""The command that prints events until it is told to stop."""

import json
import signal
import subprocess
import sys
from uuid import uuid4

import pytest

from tests.listener.scene import (
    Scene,
)
from tests.support.callers.people import People
from wedsync_realtime.entry.cli import main


def arguments(url: str, *others: str) -> list[str]:
    return ["listen", "--database-url", url, *others]


def listen(url: str, *others: str) -> list[str]:
    return [sys.executable, "-m", "wedsync_realtime", *arguments(url, *others)]


def test_command_prints_events_until_told_to_stop(scene: Scene) -> None:
    command = listen(scene.url, "--json", "form-responses", str(scene.user))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["item"] == "ready"
        scene.submit("wishes")
        event = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert (event["item"], event["eventType"]) == ("event", "INSERT")
    assert (event["event"], event["new"]["form_name"]) == ("form_response.submitted", "wishes")
    assert scene.run("select count(*) from public.realtime_subscriptions") == (0,)


def test_command_prints_a_change_that_is_too_large(scene: Scene) -> None:
    scene.submit("wishes")
    command = listen(scene.url, "form-responses", str(scene.user))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert "listening" in process.stdout.readline()
        scene.run("update public.form_responses set form_name = repeat('x', 300000)")
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0
    assert "UPDATE" in line
    assert line.endswith("payload_too_large\n")


def test_command_prints_what_looks_like_an_emoji_as_it_is(scene: Scene) -> None:
    command = listen(scene.url, "form-responses", str(scene.user))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        process.stdout.readline()
        scene.submit("a:key:")
        line = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
    assert "a:key:" in line


def test_command_looks_up_the_couples_of_a_supplier(scene: Scene, people: People) -> None:
    couples = {people.couple("Ann"), people.couple("Eve")}
    for couple in couples:
        people.link(scene.supplier, couple)
    command = listen(scene.url, "--json", "wedding-details", str(scene.user))
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        # whoever started the tests in the background may have them ignore it
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout
        heard = {json.loads(process.stdout.readline())["subscription"]["filter"] for _ in couples}
        process.send_signal(signal.SIGINT)
    assert heard == {f"wedding_id=eq.{couple}" for couple in couples}
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("channel", "code", "text"),
    [("nothing", 1, "Unknown channel: nothing"), ("core-fields", 1, "couple_id required")],
)
def test_command_says_what_is_refused(
    scene: Scene, channel: str, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(scene.url, channel, str(scene.user))) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert text in said.err
    assert "fix:" in said.err


def test_command_says_that_the_package_is_missing(
    empty_database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(empty_database, "form-responses", str(uuid4()))) == 1
    assert "make migrate" in capsys.readouterr().err
