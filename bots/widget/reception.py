"""Who comes in: a visitor with a token of ours, or the site's user with the site's word for it.

The two never become one here: what somebody wrote before signing in stays the unsigned visitor's.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from bots.widget import frames, identity
from bots.widget.config import WidgetConfig, told
from bots.widget.frames import Hello, Refused
from bots.widget.seals import Seals
from estafeta.kernel.model import Address, Profile
from estafeta.kernel.ports import Clock, Store

PASS_LASTS = 12 * 3600.0
"""Seconds for which a page of a verified visitor may come back without a new word of the site."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """`token` opens the conversation again, for ever; a verified visitor has none, but a `pass_` for a while.
    `consented` names what was agreed to and is not kept yet, `greeting` is how the chat spoke first, "" for neither."""

    address: Address
    profile: Profile
    language: str
    token: str = ""
    pass_: str = ""
    consented: str = ""
    greeting: str = ""

    @property
    def keys(self) -> dict[str, str]:
        """What the page must know to come back and to move files."""
        return {"pass": self.pass_} if self.pass_ else {"token": self.token}


class Reception:
    def __init__(self, config: WidgetConfig, *, channel: str, store: Store, clock: Clock, seals: Seals) -> None:
        self._config = config
        self._channel = channel
        self._store = store
        self._clock = clock
        self._seals = seals

    def own_origin(self, request: web.Request) -> bool:
        """Browsers do not apply CORS to WebSockets: this check is what keeps other sites out."""
        origin = request.headers.get(hdrs.ORIGIN, "").lower()
        if self._config.origin:
            return origin == self._config.origin
        parts = urlsplit(origin)
        # The scheme is not compared: TLS may end at a proxy before us.
        return parts.scheme in ("http", "https") and parts.netloc == request.host.lower()

    async def admitted(self, hello: Hello) -> Visitor:
        """Raises `Refused` ("forbidden", "consent", "identity") and `StoreUnavailable`."""
        config, language = self._config, self._config.language(hello.language)
        if hello.key != config.key:
            raise Refused("forbidden")
        if hello.consent != config.consent_version:
            raise Refused("consent")
        token = pass_ = ""
        profile = Profile(language=language)
        if hello.identity or hello.resume:
            chat, pass_, profile = await self._signed(hello, language)
        else:
            token = hello.token if frames.is_token(hello.token) else secrets.token_urlsafe(32)
            chat = frames.chat_of(token)
        rules = config.greetings
        return Visitor(
            address=Address(channel=self._channel, account=config.key, chat=chat),
            profile=profile,
            language=language,
            token=token,
            pass_=pass_,
            consented=await self._consented(chat),
            greeting=told(rules[hello.greeted].text, language) if 0 <= hello.greeted < len(rules) else "",
        )

    async def holder(self, key: str) -> str | None:
        """The chat that this token or pass opens, None if it opens none. Raises `StoreUnavailable`."""
        if frames.is_token(key):
            return frames.chat_of(key)
        claims = await self._seals.opened("pass", key)
        return str(claims["chat"]) if claims else None

    async def _signed(self, hello: Hello, language: str) -> tuple[str, str, Profile]:
        if self._config.identity is None:
            raise Refused("identity")
        if hello.identity:
            person = identity.verified(hello.identity, self._config.identity, self._clock.now())
            chat = identity.chat_of(self._config.key, person.sub)
            name, email = person.name, person.email
            claims = {"chat": chat, "name": name, "email": email}
            pass_ = await self._seals.sealed("pass", claims, seconds=PASS_LASTS)
        else:
            known = await self._seals.opened("pass", hello.resume)
            if known is None:
                raise Refused("identity")
            chat, name, email, pass_ = str(known["chat"]), str(known["name"]), str(known["email"]), hello.resume
        return chat, pass_, Profile(name=name, username=email, language=language)

    async def _consented(self, chat: str) -> str:
        """What the visitor agreed to, if that is not kept yet."""
        version = self._config.consent_version
        kept = await self._store.get(_consent_key(chat)) if version else None
        return "" if isinstance(kept, dict) and kept.get("version") == version else version

    async def keep_consent(self, visitor: Visitor) -> None:
        """Keeps what the visitor agreed to, and when: once there are words of theirs, so that those who only look
        leave nothing. Raises `StoreUnavailable`."""
        about = {"version": visitor.consented, "at": self._clock.now().isoformat()}
        await self._store.put(_consent_key(visitor.address.chat), about)


def _consent_key(chat: str) -> str:
    return f"widget.consent.{chat}"
