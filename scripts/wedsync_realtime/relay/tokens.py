"""Verify the application's JWTs, by a shared secret or by the public keys of their issuer."""

import asyncio
import json
import os
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import jwt

from wedsync_realtime.errors import BadSecretError

LONGEST = 8192  # characters of a token
SHORTEST_SECRET = 32  # bytes, below which HS256 is guessed
FRESH, RETRY = 600.0, 30.0  # seconds for which keys are kept, and between attempts for unknown ones
PATIENCE = 5.0  # seconds for the server with the keys

_SECRET, _PUBLIC = ("HS256",), ("RS256", "ES256")


class TokenError(Exception):
    """A token that proves nothing; the text is the reason, one of a few."""


@dataclass
class Verifier:
    """What tokens are verified with. secret, keys_at: at least one of them; audience: if any."""

    secret: str | None
    keys_at: str | None
    audience: str | None
    _keys: Mapping[str | None, jwt.PyJWK] = field(default_factory=dict)
    _read_at: float = float("-inf")
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def verify(self, token: str) -> dict[str, Any]:
        """Return the claims of a token. The algorithm decides the kind of key, the token nothing.

        Raises TokenError.
        """
        if len(token) > LONGEST:
            raise TokenError("too long")
        try:
            header = jwt.get_unverified_header(token)
        except jwt.PyJWTError:
            raise TokenError("malformed") from None
        algorithm = header.get("alg")
        key: Any
        if self.secret and algorithm in _SECRET:
            key = self.secret
        elif self.keys_at and algorithm in _PUBLIC:
            key = await self._key(header.get("kid"), str(algorithm))
        else:
            raise TokenError("algorithm")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[str(algorithm)],
                audience=self.audience,
                options={"require": ["exp", "sub"], "verify_aud": self.audience is not None},
            )
        except jwt.ExpiredSignatureError:
            raise TokenError("expired") from None
        except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError):
            raise TokenError("claims") from None
        except jwt.InvalidSignatureError:
            raise TokenError("signature") from None
        except jwt.PyJWTError:
            raise TokenError("malformed") from None
        return claims

    async def read_keys(self) -> None:
        """Read the public keys; raises BadSecretError."""
        assert self.keys_at
        self._read_at = monotonic()
        try:
            text = await asyncio.to_thread(_read, self.keys_at)
            told = jwt.PyJWKSet.from_dict(json.loads(text))
        except (OSError, ValueError, jwt.PyJWTError, AttributeError, TypeError) as error:
            raise BadSecretError(
                f"JWT_JWKS: no public keys at {self.keys_at}: {error}",
                "Name the file or URL of a JSON Web Key Set with a key for RS256 or ES256.",
            ) from None
        self._keys = {key.key_id: key for key in told.keys if key.algorithm_name in _PUBLIC}

    async def _key(self, kid: str | None, algorithm: str) -> jwt.PyJWK:
        async with self._reading:
            age = monotonic() - self._read_at
            if age > FRESH or (age > RETRY and self._find(kid, algorithm) is None):
                with suppress(BadSecretError):  # those that were there are kept meanwhile
                    await self.read_keys()
        key = self._find(kid, algorithm)
        if key is None:
            raise TokenError("unknown key")
        return key

    def _find(self, kid: str | None, algorithm: str) -> jwt.PyJWK | None:
        fitting = [key for key in self._keys.values() if key.algorithm_name == algorithm]
        named = [key for key in fitting if key.key_id == kid]
        if named:
            return named[0]
        return fitting[0] if kid is None and len(fitting) == 1 else None


async def from_environment(tell: Callable[[str], None]) -> Verifier:
    """Return what JWT_SECRET, JWT_JWKS and JWT_AUDIENCE say; raises BadSecretError."""
    names = ("JWT_SECRET", "JWT_JWKS", "JWT_AUDIENCE")
    secret, keys_at, audience = (os.environ.get(name) or None for name in names)
    if not (secret or keys_at):
        raise BadSecretError(
            "Neither JWT_SECRET nor JWT_JWKS is set: no client could prove who it is.",
            "Set JWT_SECRET to the secret that the application signs its tokens with (HS256), or "
            "JWT_JWKS to the file or URL of its public keys (RS256, ES256).",
        )
    if secret and len(secret.encode()) < SHORTEST_SECRET:
        tell(f"JWT_SECRET has less than {SHORTEST_SECRET} bytes: it can be guessed.")
    verifier = Verifier(secret, keys_at, audience)
    if keys_at:
        await verifier.read_keys()
    return verifier


def _read(place: str) -> bytes:
    if not place.startswith(("http://", "https://")):
        return Path(place).read_bytes()
    with urllib.request.urlopen(place, timeout=PATIENCE) as answer:
        content: bytes = answer.read()
    return content
