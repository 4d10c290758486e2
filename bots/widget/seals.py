"""What we hand to a browser and take back later as our own: passes of verified visitors, handles of uploads.

A seal is a JWT signed with a key of ours that all processes share: it lies in the store, made by the
first who needs it. Nothing is kept for each of them, so a flood of visitors costs no room.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any, Literal

import jwt

from estafeta.kernel.ports import Clock, Store

Kind = Literal["pass", "upload"]

_ALGORITHM = "HS256"
_MADE_WITHIN = 10.0


class Seals:
    def __init__(self, store: Store, clock: Clock, account: str) -> None:
        self._store = store
        self._clock = clock
        self._name = f"widget.secret.{account}"
        self._me = secrets.token_hex(8)
        self._secret = ""
        self._making = asyncio.Lock()

    async def sealed(self, kind: Kind, claims: Mapping[str, Any], *, seconds: float) -> str:
        """Raises `StoreUnavailable`."""
        until = int(self._clock.now().timestamp() + seconds)
        return jwt.encode({**claims, "aud": kind, "exp": until}, await self._key(), _ALGORITHM)

    async def opened(self, kind: Kind, seal: str) -> dict[str, Any] | None:
        """What was sealed; None if it is not of ours, of another kind, or too old. Raises `StoreUnavailable`."""
        key = await self._key()
        try:
            # `exp` is looked at here: nothing but the clock of the platform tells the time.
            claims: dict[str, Any] = jwt.decode(
                seal, key, [_ALGORITHM], audience=kind, options={"verify_exp": False, "require": ["exp", "aud"]}
            )
        except (jwt.PyJWTError, ValueError, RecursionError):
            return None
        return claims if claims["exp"] > self._clock.now().timestamp() else None

    async def _key(self) -> str:
        async with self._making:
            while not self._secret:
                self._secret = str(await self._store.get(self._name) or "")
                if self._secret:
                    break
                if await self._store.lease(self._name, self._me, _MADE_WITHIN):
                    if not await self._store.get(self._name):
                        await self._store.put(self._name, secrets.token_hex(32))
                    await self._store.release(self._name, self._me)
                else:
                    await self._clock.sleep(0.2)
        return self._secret
