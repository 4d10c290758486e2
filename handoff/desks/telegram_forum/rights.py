"""Whether the bot may work in its group: when it may no more that is noticed, told and waited out.

Telegram tells of the bot's rights by `my_chat_member` (https://core.telegram.org/bots/api#update), but not of topics
switched off nor of a group that is gone: those show when a call fails. What was found stands under a key of the store,
so that every process knows it, and the web desk can say it (`PREFIX` and the group's id).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiogram.methods import GetChat, GetChatMember, SendMessage

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Clock, Store
from handoff.desks.telegram_forum.client import WORDS, Telegram
from handoff.desks.telegram_forum.texts import Language

PREFIX = "forum.trouble."

MEANS_TROUBLE = frozenset(("no_rights", "kicked", "not_a_forum", "undeliverable", "blocked", "topic_closed"))
"""Codes of failures after which it is worth asking whether the bot may work in the group at all."""

_OUT = frozenset(("kicked", "undeliverable", "blocked", "no_rights"))
_TICK = 2.0
_ASKED_EVERY = 15
"""Ticks between asking Telegram whether it is over."""
_TOLD_EVERY = 600.0
_DOUBTED_SECONDS = 30.0
HELD_SECONDS = 20.0
"""So long what cannot be shown is held at a time: then whoever has it makes sure that it is still to be shown."""

_log = structlog.get_logger(__name__)

_SENTENCES: Mapping[str, Mapping[Language, str]] = {
    "out": {
        "ru": "⚠️ Бота больше нет в группе операторов {group}: добавьте его снова администратором с правом управлять "
        "темами. Обращения ждут и будут показаны, как только он вернётся.",
        "en": "⚠️ The bot is not in the operators' group {group} any more: add it again as an administrator that may "
        "manage topics. Tickets wait and are shown as soon as it is back.",
    },
    "not_a_forum": {
        "ru": "⚠️ В группе {group} не включены темы: включите их в настройках группы. Обращения ждут и будут показаны "
        "сразу после этого.",
        "en": "⚠️ Topics are not enabled in the group {group}: enable them in its settings. Tickets wait and are shown "
        "right after that.",
    },
    "not_admin": {
        "ru": "⚠️ В группе {group} бот больше не администратор: Ваших ответов он не видит, клиентам они не уходят. "
        "Сделайте его администратором с правом управлять темами. Обращения ждут и будут показаны сразу после этого.",
        "en": "⚠️ In the group {group} the bot is no administrator any more: it does not see your answers, and they do "
        "not go to customers. Make it an administrator that may manage topics. Tickets wait and are shown right after "
        "that.",
    },
    "no_topics": {
        "ru": "⚠️ В группе {group} у бота нет права управлять темами: темы новых клиентов он создать не может. Дайте "
        "ему это право. Новые обращения ждут и будут показаны сразу после этого, остальные идут как обычно.",
        "en": "⚠️ In the group {group} the bot may not manage topics, so it cannot make topics of new customers. Give "
        "it that right. New tickets wait and are shown right after that, the others go on as usual.",
    },
    "over": {
        "ru": "✅ Бот снова работает в этой группе: обращения, которые ждали, показываются.",
        "en": "✅ The bot works in this group again: tickets that waited are being shown.",
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why the bot cannot work: "out" (of the group, or the group is gone), "not_a_forum", "not_admin" or "no_topics"
    (it can go on in the topics that are there)."""

    code: str
    group: int

    @property
    def whole(self) -> bool:
        return self.code != "no_topics"

    def sentence(self, language: Language) -> str:
        return _SENTENCES[self.code][language].format(group=self.group)


class Rights:
    """Of one group. `ask` is what finds out; what it found last is `trouble`, None while all is well."""

    def __init__(self, client: Telegram, store: Store, clock: Clock, *, group_id: int, language: Language) -> None:
        self.trouble: Trouble | None = None
        self._client = client
        self._store = store
        self._clock = clock
        self._group = group_id
        self._language: Language = language
        self._key = f"{PREFIX}{group_id}"
        self._changed = asyncio.Event()
        self._looking = asyncio.Lock()
        self._told_at = self._doubted_at = float("-inf")

    async def ask(self) -> Trouble | None:
        """What Telegram says; nothing is done about it. Raises `SendFailed` when that cannot be told."""
        try:
            group = await self._client.call(GetChat(chat_id=self._group))
            own = await self._client.call(GetChatMember(chat_id=self._group, user_id=self._client.bot_id))
        except SendFailed as failed:
            if failed.code not in _OUT:
                raise
            return self._trouble("out")
        status = own.get("status") if isinstance(own, dict) else None
        if not (isinstance(group, dict) and group.get("is_forum") is True):
            return self._trouble("not_a_forum")
        if status not in ("creator", "administrator"):
            return self._trouble("out" if status in ("left", "kicked") else "not_admin")
        return None if status == "creator" or _flag(own, "can_manage_topics") else self._trouble("no_topics")

    async def look(self) -> Trouble | None:
        """What Telegram says, and what changed is told: to the other processes, the log, the group. Raises nothing;
        what cannot be found out is as it was."""
        async with self._looking:
            try:
                found = await self.ask()
            except SendFailed as failed:
                _log.warning("operators_group_not_checked", group=self._group, sentence=failed.sentence)
                return self.trouble
            known = await self._keep(found)
            self._set(found)
            if found is not None and (found != known or self._clock.monotonic() - self._told_at >= _TOLD_EVERY):
                self._told_at = self._clock.monotonic()
                words = found.sentence("en")
                _log.warning("operators_group_not_ready", group=self._group, code=found.code, sentence=words)
            if found != known:
                await self._tell(found)
            return found

    async def watch(self) -> None:
        """Learns what other processes found, and asks now and then while something is wrong, until cancelled."""
        for tick in itertools.count(1):
            await self._clock.sleep(_TICK)
            async with self._looking:
                with contextlib.suppress(StoreUnavailable):
                    self._set(_read(await self._store.get(self._key), self._group))
            if self.trouble is not None and tick % _ASKED_EVERY == 0:
                await self.look()

    async def hold(self, *, new: bool, seconds: float = HELD_SECONDS) -> None:
        """Returns when something may be shown; `new`: it needs a topic that is not there. Raises `paced` after so many
        seconds: what waits is asked for again, with what came meanwhile."""
        trouble = self.trouble
        if trouble is None or not (trouble.whole or new):
            return
        self._changed.clear()
        waits = [asyncio.ensure_future(self._changed.wait()), asyncio.ensure_future(self._clock.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        if self.trouble is not None:
            raise self.held()

    async def meant(self, failed: SendFailed) -> bool:
        """Whether it failed because the bot cannot work in the group; that is found out now."""
        if failed.code not in MEANS_TROUBLE:
            return False
        if (self.trouble or await self.look()) is not None:
            return True
        if failed.code not in ("no_rights", "kicked"):
            return False
        # The rights may have come back between the call and the question: it is worth another try, but not for ever.
        now = self._clock.monotonic()
        first, self._doubted_at = now - self._doubted_at >= _DOUBTED_SECONDS, now
        return first

    def held(self, *, midway: bool = False) -> SendFailed:
        """What comes of a notice meanwhile: it waits, however long."""
        sentence = (self.trouble or self._trouble("out")).sentence(self._language)
        return SendFailed("paced_midway" if midway else "paced", sentence, fault="settings", retry_after=0.0)

    async def _keep(self, found: Trouble | None) -> Trouble | None:
        """What was known before, by any process."""
        try:
            known = _read(await self._store.get(self._key), self._group)
            if found != known:
                await self._store.put(self._key, self._kept(found))
        except StoreUnavailable as error:
            _log.warning("trouble_not_kept", group=self._group, error=str(error))
            return self.trouble
        return known

    async def _tell(self, found: Trouble | None) -> None:
        """In the General topic, if the bot can write there still. Who has no rights may find it closed."""
        if found is None:
            _log.info("operators_group_ready_again", group=self._group)
        words = found.sentence(self._language) if found is not None else _SENTENCES["over"][self._language]
        try:
            await self._client.call(SendMessage(chat_id=self._group, text=words), priority=WORDS)
        except SendFailed as failed:
            _log.info("trouble_not_told_in_group", group=self._group, code=failed.code)

    def _set(self, found: Trouble | None) -> None:
        if found != self.trouble:
            self.trouble = found
            self._changed.set()

    def _trouble(self, code: str) -> Trouble:
        return Trouble(code=code, group=self._group)

    def _kept(self, found: Trouble | None) -> Json:
        if found is None:
            return None
        told = {language: found.sentence(language) for language in ("ru", "en")}
        return {"code": found.code, "since": self._clock.now().isoformat(), **told}


def _read(kept: Any, group: int) -> Trouble | None:
    code = str(kept.get("code")) if isinstance(kept, dict) else ""
    return Trouble(code=code, group=group) if code in _SENTENCES and code != "over" else None


def _flag(member: Any, right: str) -> bool:
    return isinstance(member, dict) and member.get(right) is True
