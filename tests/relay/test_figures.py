"""What a relay says of itself is what has happened: in the view, and to health()."""

from typing import Any

from tests.relay.scene import FORMS, Scene, asynchronous, until
from tests.support import waiting
from tests.support.push import Push, is_let_in, pushed
from tests.support.relay import Relay, token

STATUS = "select to_jsonb(r) from wedsync_realtime.relay_status as r where r.is_alive"
HEALTH = "select h.status || ' ' || h.value from wedsync_realtime.health() as h where h.name = %s"


@asynchronous
async def test_what_has_happened_is_reported(relay: Relay, scene: Scene) -> None:
    def shown() -> dict[str, Any]:
        found: dict[str, Any] = scene.value(STATUS)
        return found

    await until(lambda: shown()["is_leader"])
    client = Push(relay, scene.user)
    for wrong in ("nonsense", token(scene.user, exp=1), token(scene.user, exp=1)):
        assert not await is_let_in(client, wrong)
    async with pushed(relay, scene.user) as client, pushed(relay, scene.user) as other:
        for each in (client, other):
            await each.subscribe(FORMS, **scene.own)
        scene.submit("one", "two", "three")
        await client.take_events(3)
        await until(lambda: shown()["connections"] == 2 and shown()["published"] >= 3)
        found = shown()
        assert found["refused"] == {"malformed": 1, "expired": 2}
        assert (found["refusals"], found["kicks"], found["slow_consumers"]) == (3, 0, 0)
        assert (found["lag_events"], found["last_error"]) == (0, None)
        assert found["logins"] >= 4  # each logs in anew with its subscription
        assert scene.value(HEALTH, "relay").startswith("ok 1 alive, 2 connections, lag ")
        scene.value("select wedsync_realtime.disconnect(user_id => %s)", scene.user)
        await until(lambda: shown()["kicks"] == 2)
    await until(lambda: shown()["connections"] == 0)


def test_loss_of_nats_is_reported(relay: Relay, scene: Scene) -> None:
    relay.kill_server()
    error = "select r.last_error from wedsync_realtime.relay_status as r"
    assert "nats" in waiting.until(lambda: scene.value(error)).lower()
    waiting.until(lambda: scene.value(f"{STATUS} and r.is_leader"))
