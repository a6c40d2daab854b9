"""Who is let in: whoever proves to be a user, and no further than their own subscriptions."""

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from nats.errors import Error as NatsError

from tests.relay.scene import FORMS, Scene, asynchronous, names, until
from tests.support.nats.push import Push, is_let_in, pushed
from tests.support.nats.relay import SECRET, Relay, running_relay, token

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
OTHER = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def unsigned(user: UUID) -> str:
    """Return a token of alg none."""
    return jwt.encode({"sub": str(user), "exp": int(time.time()) + 60}, "", algorithm="none")


REFUSED: dict[str, Callable[[UUID], str]] = {
    "no token": lambda user: "",
    "not a token": lambda user: "nonsense",
    "three parts of nothing": lambda user: "..",
    "another issuer": lambda user: token(user, key=SECRET[::-1]),
    "expired": lambda user: token(user, exp=int(time.time()) - 1),
    "without an expiry": lambda user: jwt.encode({"sub": str(user)}, SECRET),
    "alg none": unsigned,
    "another algorithm": lambda user: token(user, algorithm="HS384"),
    "a private key": lambda user: token(user, key=RSA, algorithm="RS256"),
    "huge": lambda user: token(user, filler="x" * 100_000),
    "of the service": lambda user: token(user, role="service_role"),
    "nobody": lambda user: token("nobody"),
    "a claim with a NUL": lambda user: token(user, claim="\0"),
    "a claim with half a character": lambda user: token(user, claim="\ud800"),
}


@asynchronous
async def test_tokens_that_prove_nothing_are_refused(relay: Relay, scene: Scene) -> None:
    client = Push(relay, scene.user)
    for what, made in REFUSED.items():
        assert not await is_let_in(client, made(scene.user)), what
    assert await is_let_in(client, token(scene.user))


@asynchronous
async def test_name_has_to_be_a_connection_id(relay: Relay, scene: Scene) -> None:
    client = Push(relay, scene.user)
    for name in ("", "me", "*", f"{uuid4()}.>"):
        assert not await is_let_in(client, token(scene.user), name=name), name


@pytest.fixture(scope="module")
def keys_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with the public keys of the application."""
    keys = [
        jwt.algorithms.RSAAlgorithm.to_jwk(RSA.public_key(), as_dict=True) | {"kid": "rsa"},
        jwt.algorithms.ECAlgorithm.to_jwk(EC.public_key(), as_dict=True) | {"kid": "ec"},
    ]
    file = tmp_path_factory.mktemp("keys") / "jwks.json"
    file.write_text(json.dumps({"keys": keys}))
    return file


@pytest.fixture
def keyed(database: str, tmp_path: Path, keys_file: Path) -> Iterator[Relay]:
    """Run a relay that knows public keys alone, and an audience."""
    variables = {"JWT_SECRET": "", "JWT_JWKS": str(keys_file), "JWT_AUDIENCE": "weddings"}
    with running_relay(database, tmp_path, **variables) as relay:
        yield relay


@asynchronous
async def test_public_keys_and_audience(keyed: Relay, scene: Scene) -> None:
    client, user = Push(keyed, scene.user), scene.user
    public = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    good = {"aud": "weddings"}
    assert await is_let_in(client, token(user, key=RSA, algorithm="RS256", kid="rsa", **good))
    assert await is_let_in(client, token(user, key=EC, algorithm="ES256", kid="ec", **good))
    assert await is_let_in(client, token(user, key=EC, algorithm="ES256", **good))
    refused = {
        "other audience": token(user, key=RSA, algorithm="RS256", kid="rsa", aud="funerals"),
        "no audience": token(user, key=RSA, algorithm="RS256", kid="rsa"),
        "other key": token(user, key=OTHER, algorithm="RS256", kid="rsa", **good),
        "unknown key": token(user, key=OTHER, algorithm="RS256", kid="other", **good),
        "key of another kind": token(user, key=RSA, algorithm="RS256", kid="ec", **good),
        "public key as secret": hmac_token({"sub": str(user), **good}, public),
        "a secret": token(user, **good),
    }
    for what, made in refused.items():
        assert not await is_let_in(client, made), what


async def refused(client: Push, subject: str) -> None:
    """Wait until the server has said that a subject is not the client's."""
    await until(lambda: client.errors)
    assert "permissions violation" in client.errors[-1].lower()
    assert f'"{subject}"'.lower() in client.errors[-1].lower()


@asynchronous
async def test_client_hears_and_says_its_own_alone(relay: Relay, scene: Scene) -> None:
    rival = scene.people.supplier("Rival")
    rival_user = scene.people.supplier_user(rival, "rival")
    async with pushed(relay, scene.user) as client, pushed(relay, rival_user) as other:
        await client.subscribe(FORMS, **scene.own)
        theirs = await other.subscribe(FORMS, supplier_id=str(rival))
        listened = [
            theirs["subject"], "wedsync.>", "wedsync.event.>", ">", "*", "wedsync.event.*.*",
            f"wedsync.event.{FORMS}.*", "wedsync.in.>", "wedsync.rpc.>", "wedsync.relay.>",
            "$JS.API.>", "$JS.>", "$SYS.>", "$SYS.REQ.USER.AUTH", "_INBOX.>",
            f"_INBOX.{rival_user}.>", f"_INBOX.{rival_user}.{other.connection_id}.>",
        ]  # fmt: skip
        said = [
            theirs["subject"], client.subjects[0], client.subjects[0].replace("event", "in"),
            "wedsync.position", "wedsync.relay.leader", f"_INBOX.{rival_user}.x",
            "$JS.API.STREAM.DELETE.WEDSYNC", "$JS.API.STREAM.MSG.GET.WEDSYNC", "$JS.API.INFO",
            "$SYS.REQ.SERVER.PING.CONNZ", "$SYS.REQ.ACCOUNT.PING.CONNZ",
            f"wedsync.rpc.{rival_user}.status", f"wedsync.rpc.{rival_user}.unsubscribe_all",
        ]  # fmt: skip
        for subject in listened:
            client.errors.clear()
            await client.client.subscribe(subject, cb=client.got.put)
            await client.client.flush()
            await refused(client, subject)
        for subject in said:
            client.errors.clear()
            await client.client.publish(subject, b"{}")
            await client.client.flush()
            await refused(client, subject)
        scene.submit("theirs", supplier=rival)
        scene.submit("wishes")
        assert names(await other.take_events(1)) == ["theirs"]
        assert names(await client.take_events(1)) == ["wishes"]
        assert client.got.empty()


@asynchronous
async def test_connection_of_another_user_gives_nothing(relay: Relay, scene: Scene) -> None:
    rival = scene.people.supplier_user(scene.people.supplier("Rival"), "rival")
    async with pushed(relay, scene.user) as owner:
        lease = await owner.subscribe(FORMS, **scene.own)
        async with pushed(relay, rival, owner.connection_id) as thief:
            await thief.client.subscribe(lease["subject"], cb=thief.got.put)
            await thief.client.flush()
            await refused(thief, lease["subject"])
            scene.submit("wishes")
            assert names(await owner.take_events(1)) == ["wishes"]
            assert thief.got.empty()


@asynchronous
async def test_login_ends_with_the_token(relay: Relay, scene: Scene) -> None:
    client = Push(relay, scene.user)
    seconds = 1
    while not client.client.is_connected:  # a token may be over before a slow login
        seconds *= 2
        client.token = token(scene.user, exp=int(time.time()) + seconds)
        with suppress(NatsError):
            await client.log_in()
    await client.cut_off()


def hmac_token(claims: dict[str, Any], key: bytes) -> str:
    """Return a token signed with a public key as if it were a secret, which libraries refuse."""
    parts = [{"alg": "HS256", "typ": "JWT", "kid": "rsa"}, claims | {"exp": int(time.time()) + 60}]
    text = ".".join(encoded(json.dumps(part).encode()) for part in parts)
    return f"{text}.{encoded(hmac.digest(key, text.encode(), 'sha256'))}"


def encoded(part: bytes) -> str:
    """Return a part of a token."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
