"""The keys between relay and NATS, all made of one secret: NATS's configuration holds none."""

import base64
import hmac
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import nkeys

from wedsync_realtime.errors import BadSecretError
from wedsync_realtime.started import program

VARIABLE = "NATS_SEED"
_HEADER = {"typ": "JWT", "alg": "ed25519-nkey"}


@dataclass(frozen=True)
class Login:
    """A user of the NATS server: what the relay proves itself with, and what the server knows."""

    seed: str
    public: str


@dataclass(frozen=True)
class Keys:
    """The issuer vouches for clients; the relay logs in to two accounts, its own and NATS's."""

    issuer: nkeys.KeyPair
    relay: Login
    system: Login

    @property
    def issuer_public(self) -> str:
        """The key by which the server knows the issuer."""
        return str(self.issuer.public_key.decode())

    def sign(self, claims: dict[str, Any]) -> str:
        """Return claims as a JWT of the issuer."""
        text = ".".join(_encode(json.dumps(part).encode()) for part in (_HEADER, claims))
        return f"{text}.{_encode(self.issuer.sign(text.encode()))}"


def read_claims(token: bytes) -> dict[str, Any]:
    """Return the claims of a JWT that the NATS server sent, over a connection that is trusted."""
    part = token.split(b".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    return claims


def load(home: Path) -> Keys:
    """Return the keys of $NATS_SEED, or those of home, which are made at first.

    Raises BadSecretError.
    """
    if seed := os.environ.get(VARIABLE):
        return _derive(seed.strip(), VARIABLE)
    file = home / "relay.seed"
    if not file.exists():
        seed = _seed(os.urandom(32), nkeys.PREFIX_BYTE_ACCOUNT)
        unfinished = file.with_suffix(".new")
        unfinished.touch(mode=0o600)
        unfinished.write_text(f"{seed}\n")
        unfinished.rename(file)
    return _derive(file.read_text().strip(), str(file))


def _derive(seed: str, source: str) -> Keys:
    try:
        prefix, secret = nkeys.decode_seed(seed.encode())
    except Exception:  # the library raises whatever it stumbles over
        prefix, secret = None, b""
    if prefix != nkeys.PREFIX_BYTE_ACCOUNT:
        raise BadSecretError(
            f"{source} is not the seed of an account, which begins with SA.",
            f"Unset {VARIABLE} and run `{program()} relay --print-config`: it makes one.",
        )

    def login(name: str) -> Login:
        derived = hmac.digest(secret, f"wedsync-realtime {name}".encode(), sha256)
        text = _seed(derived, nkeys.PREFIX_BYTE_USER)
        return Login(text, nkeys.from_seed(text.encode()).public_key.decode())

    return Keys(nkeys.from_seed(seed.encode()), login("relay"), login("system"))


def _seed(secret: bytes, prefix: int) -> str:
    return str(nkeys.encode_seed(secret, prefix).decode())


def _encode(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()
