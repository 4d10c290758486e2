"""Who the site says its user is: a JWT (https://www.rfc-editor.org/rfc/rfc7519) that the site's server signed.

The algorithm is the configured one and no other, whatever the token says of itself
(https://www.rfc-editor.org/rfc/rfc8725#section-3.1).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from bots.widget.config import IdentityConfig
from bots.widget.frames import Refused, printable

LONGEST = 3600.0
"""Seconds that a token may be good for."""
_LEEWAY = 30.0
"""Seconds that the site's clock may be off."""
_SUB_LIMIT = 255
_NAME_LIMIT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`sub` is the site's own id of its user."""

    sub: str
    name: str
    email: str


def verified(token: str, config: IdentityConfig, now: datetime) -> Person:
    """Raises `Refused` with the code "identity"."""
    key = config.secret.get_secret_value() if config.algorithm == "HS256" else config.public_key
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[config.algorithm],
            audience=config.audience or None,
            issuer=config.issuer or None,
            options={
                "require": ["exp", "sub"],
                "verify_aud": bool(config.audience),
                "verify_iss": bool(config.issuer),
                # Times are compared with the platform's own clock, below.
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise Refused("identity") from error
    at, sub = now.timestamp(), claims.get("sub")
    if not _number(claims["exp"]) or not at - _LEEWAY < claims["exp"] <= at + LONGEST + _LEEWAY:
        raise Refused("identity")
    if "nbf" in claims and not (_number(claims["nbf"]) and claims["nbf"] <= at + _LEEWAY):
        raise Refused("identity")
    if not isinstance(sub, str) or not sub.strip() or len(sub) > _SUB_LIMIT:
        raise Refused("identity")
    return Person(sub=sub, name=_word(claims.get("name")), email=_word(claims.get("email")))


def chat_of(key: str, sub: str) -> str:
    """`Address.chat` of the site's user, on every device the same. No token's digest begins with a "v"."""
    return "v" + hashlib.sha256(f"{key}\n{sub}".encode()).hexdigest()[:39]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _word(value: object) -> str:
    return printable(value).strip()[:_NAME_LIMIT] if isinstance(value, str) else ""
