"""The forum group as the engine sees it: a `Desk`. `show` writes into topics, `handle` reads them.

All topics of a group share one small budget (about 20 posts and edits a minute), so nothing is posted
that can be folded, skipped or drawn once (https://core.telegram.org/bots/faq).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import structlog
from aiogram.methods import GetChat, GetChatMember

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import ConversationId, EntryId, Media, Notice, OutboxId, Part, Signal
from estafeta.kernel.ports import Accept, Clock, DeskView, Receipt, Store
from handoff.desks.telegram_forum.client import Telegram
from handoff.desks.telegram_forum.commands import TemplatesOf
from handoff.desks.telegram_forum.hearing import NOTED, After, Hearing
from handoff.desks.telegram_forum.posting import Attachments, Posting, Upload
from handoff.desks.telegram_forum.posts import Post, Told, files_of, plain, posts
from handoff.desks.telegram_forum.receipts import FAILED, READ, SENT, Receipts
from handoff.desks.telegram_forum.records import Remembered, Ring
from handoff.desks.telegram_forum.texts import Language, sentence, text
from handoff.desks.telegram_forum.topic import Drawing, Pen, draw, open_until, waited_minutes
from handoff.desks.telegram_forum.topics import Topics

__all__ = ["FAILED", "NOTED", "READ", "SENT", "TelegramForumDesk"]

TRIES = 4
"""So often a file is asked for that may come yet; then the words are shown without it."""

_RELAYED = 5000
_STALE = 0.25
"""The part of a window by which the card may be behind."""
_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Begun:
    """A notice of which some posts are there: the rest, and the topic's messages so far."""

    rest: list[Post]
    ids: list[str] = field(default_factory=list)


class TelegramForumDesk:
    """`client` is the bot's; `group_id` as configured: it stays the account of the topics' addresses even
    if the group moves. `zone` is the one that times on cards are told in. `skills` are their titles.

    `parts_of` reads a raw message, `upload` makes what the client takes for a file, and `origin` is what
    `Media.origin` says of the files that this bot can send by their id. `templates` are those of an address.
    `web_desk` is the address where operators see what Telegram does not take, "" for none.

    `store` holds what is known of topics, so that any worker may show the next notice. What this object
    remembers besides only spares repetition in its own process: which items were shown and how far (after a
    crash a notice may be posted twice).
    """

    name = "telegram_forum"

    def __init__(
        self,
        client: Telegram,
        group_id: int,
        *,
        clock: Clock,
        store: Store,
        attachments: Attachments,
        parts_of: Callable[[Any], tuple[Part, ...]],
        upload: Upload,
        origin: str,
        templates: TemplatesOf | None = None,
        web_desk: str = "",
        language: Language = "ru",
        zone: tzinfo = UTC,
        skills: Mapping[str, str] | None = None,
    ) -> None:
        self.group_id = group_id
        self._client = client
        self._language: Language = language
        self._pen = Pen(language, zone, client.shorten, skills or {})
        self._topics = Topics(client, desk=self.name, group_id=group_id, language=language, store=store)
        self._posting = Posting(
            client, group_id=group_id, language=language, attachments=attachments, upload=upload, origin=origin,
            web_desk=web_desk,
        )  # fmt: skip
        self._relayed = Ring(store, f"forum.{group_id}.at", _RELAYED)
        self._hearing = Hearing(
            client, self._topics, desk=self.name, group_id=group_id, clock=clock, store=store, language=language,
            parts_of=parts_of, relayed=self._relayed, templates=templates,
        )  # fmt: skip
        self._receipts = Receipts(client, self._topics, self._hearing.react, language=language)
        self._locks: WeakValueDictionary[ConversationId, asyncio.Lock] = WeakValueDictionary()
        self._newest: Remembered[ConversationId, int] = Remembered()
        self._begun: Remembered[OutboxId, _Begun] = Remembered()
        self._tries: Remembered[OutboxId, int] = Remembered()
        self._shown: Remembered[OutboxId, Receipt] = Remembered()
        self._stands: Remembered[EntryId, str] = Remembered()

    # --- what operators see ----------------------------------------------------------------------

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        """Shown again in this process, an item is not posted again. Raises `SendFailed`."""
        conversation = view.conversation
        if conversation.version >= (self._newest.get(conversation.id) or 0):
            self._newest.put(conversation.id, conversation.version)
        lock = self._locks.setdefault(conversation.id, asyncio.Lock())
        async with lock:
            done = self._shown.get(item)
            if done is None:
                done = await self._show(item, notice, view)
                self._shown.put(item, done)
            return done

    async def _show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        match notice.kind:
            case "card":
                topic = await self._topics.card(view, self._draw(view))
                return Receipt(external=topic.card, thread=self._topics.address(topic), card=topic.card)
            case "state":
                return await self._state(view)
            case "receipt":
                return await self._receipts.show(notice, view)
            case "said":
                return await self._said(item, notice, view)
            case "reminder":
                words = text("reminder", self._language, minutes=waited_minutes(view))
                return await self._post(item, view, plain(words, self._told(view), take=True))
        return await self._post(item, view, plain(sentence(notice.text, self._language), self._told(view)))

    async def _state(self, view: DeskView) -> Receipt:
        def superseded() -> bool:
            return (self._newest.get(view.conversation.id) or 0) > view.conversation.version

        if superseded():
            return Receipt()
        topic = await self._topics.redraw(view, self._draw(view), superseded)
        return Receipt(external=topic.card, thread=self._topics.address(topic), card=topic.card) if topic else Receipt()

    async def _said(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        wanted, told = set(notice.entries), self._told(view)
        entries = [entry for entry in view.entries if entry.id in wanted]
        if not entries:
            return await self._post(item, view, plain(text("entries_gone", self._language), told))
        if self._begun.get(item) is not None:
            return await self._post(item, view, [])  # on with the posts that were made then
        had = {
            media: await self._have(item, media) for entry in entries for media in files_of(entry, view.entries)
        }  # fmt: skip
        receipt = await self._post(item, view, posts(entries, had, told))
        await self._renew(view)
        return receipt

    async def _renew(self, view: DeskView) -> None:
        """Draws the card again when the customer's words left it far behind about how long one may write. Not after
        each of them: that would cost the group's budget as much as the words. A failure costs nothing but that."""
        window = view.capabilities.window if view.capabilities else None
        until = open_until(view)
        if window is None or until is None:
            return
        try:
            topic = await self._topics.of(view)
            if topic is not None and until.timestamp() - topic.until > window * _STALE:
                await self._state(view)
        except SendFailed as failed:
            _log.info("card_not_renewed", code=failed.code)

    async def _have(self, item: OutboxId, media: Media) -> Any:
        tries = self._tries.get(item) or 0
        try:
            return await self._posting.have(media, patient=tries < TRIES)
        except SendFailed:
            self._tries.put(item, tries + 1)
            raise

    async def _post(self, item: OutboxId, view: DeskView, made: list[Post]) -> Receipt:
        """Tried again after a failure, it goes on with the post that failed."""
        begun = self._begun.pop(item) or _Begun(rest=made)
        receipt = Receipt()
        while begun.rest:
            post = begun.rest[0]
            markup = self._topics.buttons(("take",)) if post.take else None
            try:
                topic, ids = await self._topics.post(
                    view, self._draw(view), partial(self._posting.send, post=post, markup=markup)
                )
            except SendFailed:
                self._begun.put(item, begun)
                raise
            begun.rest.pop(0)
            begun.ids += ids
            await self._remember(view, post, topic.thread, ids)
            receipt = Receipt(external=" ".join(begun.ids), thread=self._topics.address(topic), card=topic.card)
        return receipt

    async def _remember(self, view: DeskView, post: Post, thread: int, ids: list[str]) -> None:
        """Where the entries stand, for replies to them, and in which topic, for reactions on them: Telegram does not
        tell that. Forgotten, a reply is quoted and a reaction stays in the group."""
        for entry in post.entries:
            if ids and self._stands.get(entry) is None:
                self._stands.put(entry, ids[0])
        if not any(entry.id in post.entries and entry.author.kind == "customer" for entry in view.entries):
            return
        try:
            for number in ids:
                await self._relayed.put(number, thread)
        except StoreUnavailable as error:
            _log.warning("message_not_remembered", group=self.group_id, error=str(error))

    def _told(self, view: DeskView) -> Told:
        def stands(entry: EntryId) -> str:
            known = self._stands.get(entry)
            if known is not None:
                return known
            links = [link for link in view.conversation.links if link.entry == entry and link.desk == self.name]
            return next((number for link in links for number in link.there.split()[:1] if number.isdecimal()), "")

        def pieces(words: str, room: int) -> list[str]:
            return self._client.pieces(words, room=room)

        return Told(known=view.entries, stands=stands, pieces=pieces, language=self._language)

    def _draw(self, view: DeskView) -> Drawing:
        return draw(view, self._pen)

    # --- what operators do -----------------------------------------------------------------------

    async def listen(self, accept: Accept) -> None:
        """Says in the log what is wrong with the group, then waits: updates come through `handle`."""
        self._hearing.accept = accept
        try:
            for wrong in await self.check():
                _log.warning("operators_group_not_ready", group=self.group_id, sentence=wrong)
        except SendFailed as failed:
            _log.warning("operators_group_not_checked", group=self.group_id, sentence=failed.sentence)
        await asyncio.Event().wait()

    async def check(self) -> list[str]:
        """What keeps the desk from working, as sentences; none: nothing. Raises `SendFailed`."""
        group = await self._client.call(GetChat(chat_id=self.group_id))
        if not (isinstance(group, dict) and group.get("is_forum") is True):
            return [text("check_forum", self._language, group=self.group_id)]
        own = await self._client.call(GetChatMember(chat_id=self.group_id, user_id=self._client.bot_id))
        if not (isinstance(own, dict) and (own.get("can_manage_topics") is True or own.get("status") == "creator")):
            return [text("check_rights", self._language, group=self.group_id)]
        return []

    async def handle(self, raw: Any) -> tuple[Signal | None, After | None]:
        """One raw update of the group: what to accept, and what to do towards Telegram afterwards. Raises
        `StoreUnavailable`: the update must come again."""
        return await self._hearing.handle(raw)
