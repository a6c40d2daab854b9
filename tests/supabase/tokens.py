"""Tokens: signed as Supabase Auth does, and verified as PostgREST does."""

from time import time
from typing import Any

import jwt

from tests.supabase.rest_sql import RequestError

SECRET = "a secret of tests, which is of at least forty-eight bytes"
ALGORITHM = "HS256"


def token(role: str, user: object = None, expires_in: int = 3600, secret: str = SECRET) -> str:
    """Return a signed token, as Supabase Auth issues it."""
    claims = {"role": role, "exp": int(time()) + expires_in, "aud": "authenticated"}
    if user is not None:
        claims["sub"] = str(user)
    return jwt.encode(claims, secret, ALGORITHM)


def verified(header: str | None) -> dict[str, Any]:
    """Return the claims of an Authorization header; those of anon without one.

    Raises RequestError.
    """
    if header is None:
        return {"role": "anon"}
    scheme, _, text = header.partition(" ")
    problem, code = None, "PGRST301"
    try:
        if scheme.lower() != "bearer":
            return {"role": "anon"}
        claims = jwt.decode(text, SECRET, [ALGORITHM], options={"verify_aud": False})
    except jwt.ExpiredSignatureError:
        problem, code = "JWT expired", "PGRST303"
    except jwt.InvalidSignatureError:
        problem = "No suitable key or wrong key type"
    except jwt.InvalidTokenError:
        problem = f"Expected 3 parts in JWT; got {len(text.split('.'))}"
    if problem:
        error = RequestError(401, code, problem)
        challenge = f'Bearer error="invalid_token", error_description="{problem}"'
        error.headers["WWW-Authenticate"] = challenge
        raise error
    return {"role": "anon"} | claims
