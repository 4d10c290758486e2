"""The forum group as the engine sees it: a `Desk`. `show` writes into topics, `handle` reads them.

All topics of a group share one small budget (about 20 posts and edits a minute), so nothing is posted
that can be folded, skipped or drawn once (https://core.telegram.org/bots/faq).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import structlog
from aiogram.methods import SendMessage

from estafeta.explaining import WhyOf
from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import ConversationId, EntryId, Json, Media, Notice, OutboxId, Part, Signal, Stage
from estafeta.kernel.ports import Accept, Accepted, Clock, DeskView, Receipt, Store
from estafeta.roster import Roster
from estafeta.suggestions import SuggestionsOf
from flows.model import Workspace
from handoff.correcting import Correct
from handoff.desks.telegram_forum import news
from handoff.desks.telegram_forum.choices import Choices
from handoff.desks.telegram_forum.client import WORDS, Telegram
from handoff.desks.telegram_forum.commands import Commands
from handoff.desks.telegram_forum.conflict import Conflicts
from handoff.desks.telegram_forum.hearing import NOTED, After, Hearing
from handoff.desks.telegram_forum.icons import Icons
from handoff.desks.telegram_forum.keyboard import buttons
from handoff.desks.telegram_forum.menu import menus
from handoff.desks.telegram_forum.own import Own
from handoff.desks.telegram_forum.painter import RESTS, Can, Painter
from handoff.desks.telegram_forum.posting import Attachments, Posting, Upload
from handoff.desks.telegram_forum.posts import Post, Told, files_of, plain, posts, unanswered
from handoff.desks.telegram_forum.presses import Presses
from handoff.desks.telegram_forum.read import shutting, tells_of_rights
from handoff.desks.telegram_forum.receipts import FAILED, READ, SENT, UNDONE, Receipts
from handoff.desks.telegram_forum.records import Remembered, Ring
from handoff.desks.telegram_forum.rights import HELD_SECONDS, Rights, Trouble
from handoff.desks.telegram_forum.room import LoadOf, Room, TemplatesOf
from handoff.desks.telegram_forum.states import States
from handoff.desks.telegram_forum.texts import Language, text
from handoff.desks.telegram_forum.topic import Drawing, Pen, draw
from handoff.desks.telegram_forum.topics import Topics, numbers, offer_mark
from handoff.floor import Floor
from handoff.sla import deadlines

__all__ = ["FAILED", "NOTED", "READ", "SENT", "UNDONE", "TelegramForumDesk"]

TRIES = 4
"""So often a file is asked for that may come yet; then the words are shown without it."""

PATIENCE = 20.0
_TRUE_SECONDS = 2.0
"""So long a sentence waits for its turn that may not be true any more after that; then it is looked at again."""

_RELAYED = 5000
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

    `workspace` is the one in force, `floor` who is at work as of a moment ago, `roster` says who may; `can` tells
    what the channel of an address can do. `suggest` (what one could answer), `why`, `correct` (what the bot should have
    understood) and `load` (the words of /load) may be missing. Whose turn it is is drawn `rests` seconds later than it
    changed, 0 is at once.
    `siblings` are the other groups of the same operators: who leaves one for another stays on the roster.

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
        workspace: Callable[[], Workspace | None] = lambda: None,
        floor: Callable[[], Floor] = Floor,
        roster: Roster | None = None,
        can: Can = lambda address: None,
        suggest: SuggestionsOf | None = None,
        why: WhyOf | None = None,
        correct: Correct | None = None,
        load: LoadOf | None = None,
        rests: float = RESTS,
        siblings: Sequence[int] = (),
    ) -> None:
        self.group_id = group_id
        self._client = client
        self._language: Language = language
        self._pen = Pen(language, zone, client.shorten, skills or {})
        self._floor = floor
        self._icons = Icons(client, clock)
        self._rights = Rights(client, store, clock, group_id=group_id, language=language)
        self._hold = HELD_SECONDS if not siblings else 2.0  # others may take over what cannot be shown here
        self._topics = Topics(
            client, desk=self.name, group_id=group_id, language=language, store=store, again=self._again
        )
        self._posting = Posting(
            client, group_id=group_id, language=language, attachments=attachments, upload=upload, origin=origin,
            web_desk=web_desk,
        )  # fmt: skip
        self._relayed = Ring(store, f"forum.{group_id}.at", _RELAYED)
        self._room = Room(
            client=client, topics=self._topics, desk=self.name, group=group_id, store=store, clock=clock,
            language=language, zone=zone, roster=roster or Roster(store, clock), workspace=workspace, floor=floor,
            templates=templates, suggest=suggest, why=why, correct=correct, load=load,
        )  # fmt: skip
        own = Own(store, group_id=group_id)
        choices = Choices(self._room, own)
        self._conflicts = Conflicts(self._room, own)
        self._hearing = Hearing(
            self._room, own, Commands(self._room, own, choices, upload=upload),
            Presses(self._room, choices, self._conflicts), parts_of=parts_of, relayed=self._relayed,
            siblings=siblings,
        )  # fmt: skip
        self._painter = Painter(store, clock, group_id=group_id, can=can, draw=self._paint, rests=rests)
        self._states = States(self._topics, self._painter, draw=self._draw, rests=rests)
        self._receipts = Receipts(client, self._topics, self._hearing.react, language=language)
        self._locks: WeakValueDictionary[ConversationId, asyncio.Lock] = WeakValueDictionary()
        self._begun: Remembered[OutboxId, _Begun] = Remembered()
        self._tries: Remembered[OutboxId, int] = Remembered()
        self._shown: Remembered[OutboxId, Receipt] = Remembered()
        self._stands: Remembered[EntryId, str] = Remembered()

    # --- what operators see ----------------------------------------------------------------------

    @property
    def trouble(self) -> Trouble | None:
        """Why the bot cannot work in the group, as far as it is known."""
        return self._rights.trouble

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        """Shown again in this process, an item is not posted again. Raises `SendFailed`, `paced` while the bot cannot
        work in the group: nothing is lost by that, it waits."""
        self._states.saw(view)
        if self._rights.trouble is not None:
            await self._rights.hold(new=await self._topics.of(view) is None, seconds=self._hold)
        lock = self._locks.setdefault(view.conversation.id, asyncio.Lock())
        try:
            async with lock:
                done = self._shown.get(item)
                if done is None:
                    done = await self._show(item, notice, view)
                    self._shown.put(item, done)
                return done
        except SendFailed as failed:
            if not await self._rights.meant(failed):
                raise
        await self._rights.hold(new=True, seconds=self._hold)
        raise self._rights.held(midway=self._begun.get(item) is not None)

    async def _show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        if news.is_stale(notice, view):
            return Receipt()
        match notice.kind:
            case "card":
                topic = await self._topics.card(view, await self._draw(view))
                return Receipt(external=topic.card, thread=self._topics.address(topic), card=topic.card)
            case "state":
                return await self._states.show(view)
            case "receipt":
                receipt = await self._receipts.show(notice, view)
                await self._states.turn_changed(view)
                return receipt
            case "said":
                receipt = await self._said(item, notice, view)
                await self._states.turn_changed(view)
                return receipt
            case "conflict":
                return await self._conflict(notice, view)
            case "offer":
                return await self._offer(notice, view)
            case "info" if notice.text == "undone" and notice.message.isdecimal():
                await self._receipts.undone(int(notice.message))
                return Receipt(external=notice.message)
        return await self._tell(
            notice, view, take=notice.kind == "reminder" and view.conversation.stage is Stage.QUEUED
        )

    async def _conflict(self, notice: Notice, view: DeskView) -> Receipt:
        topic = await self._topics.of(view)
        if topic is None:
            return Receipt()
        return Receipt(external=str(await self._conflicts.show(topic.thread, notice)))

    async def _offer(self, notice: Notice, view: DeskView) -> Receipt:
        """Nothing if the card that is there calls those people already."""
        topic = await self._topics.of(view)
        mark = offer_mark(view)
        if topic is not None and not notice.text and mark:
            look = await self._topics.look(view, topic)
            if look.card and look.called == mark:
                return Receipt()
        receipt = await self._tell(notice, view, take=view.conversation.stage is Stage.QUEUED)
        topic = await self._topics.of(view)
        if topic is not None and mark:
            await self._topics.looks(view, replace(await self._topics.look(view, topic), called=mark))
        return receipt

    async def _tell(self, notice: Notice, view: DeskView, *, take: bool) -> Receipt:
        """A sentence of ours, as an answer to the operator's message that it is about."""
        words = news.html(notice, view, await self._pen_for(view, *notice.people))
        of = int(notice.message) if notice.message.isdecimal() and len(notice.message) < 20 else 0
        answer = {"message_id": of, "allow_sending_without_reply": True} if of else None

        async def send(thread: int) -> list[Json]:
            method = SendMessage.model_validate(
                {
                    "chat_id": self.group_id, "message_thread_id": thread, "text": words, "parse_mode": "HTML",
                    "reply_parameters": answer, "link_preview_options": {"is_disabled": True},
                    "reply_markup": buttons(("take",), self._language) if take else None,
                }
            )  # fmt: skip
            patience = _TRUE_SECONDS if news.goes_stale(notice) else PATIENCE
            return [await self._client.call(method, priority=WORDS, patience=patience)]

        topic, ids = await self._topics.post(view, await self._draw(view), send)
        return Receipt(external=" ".join(ids), thread=self._topics.address(topic), card=topic.card)

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
        await self._states.renew(view)
        return receipt

    async def _again(self, view: DeskView, thread: int) -> None:
        """What stood where the conversation was before, and nobody answered; of what was said earlier the card tells.
        Raises `SendFailed`."""
        told = self._told(view)
        entries = [entry for entry in unanswered(view.entries) if self._was_shown(view, entry.id)]
        files = [media for entry in entries for media in files_of(entry, view.entries)]
        had = {media: await self._posting.have(media, patient=False) for media in files}
        for post in posts(entries, had, told):
            answers = await self._posting.send(thread, replace(post, reply_to=""))
            for entry in post.entries:
                self._stands.pop(entry)
            await self._remember(view, post, thread, numbers(answers))

    def _was_shown(self, view: DeskView, entry: EntryId) -> bool:
        links = view.conversation.links
        return self._stands.get(entry) is not None or any(
            link.entry == entry and link.desk == self.name and link.there for link in links
        )

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
            try:
                topic, ids = await self._topics.post(
                    view, await self._draw(view), partial(self._posting.send, post=post)
                )
            except SendFailed as failed:
                if begun.ids:
                    self._begun.put(item, begun)
                    if failed.code == "paced":  # what goes on cannot take in what came meanwhile
                        raise SendFailed("paced_midway", failed.sentence, fault=failed.fault, retry_after=0.0) from None
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
        thread = view.conversation.threads.get(self.name)
        here = thread is not None and thread.address.account == str(self.group_id)

        def stands(entry: EntryId) -> str:
            known = self._stands.get(entry)
            if known is not None or not here:  # each group numbers its messages itself
                return known or ""
            links = [link for link in view.conversation.links if link.entry == entry and link.desk == self.name]
            return next((number for link in links for number in link.there.split()[:1] if number.isdecimal()), "")

        def pieces(words: str, room: int) -> list[str]:
            return self._client.pieces(words, room=room)

        return Told(known=view.entries, stands=stands, pieces=pieces, language=self._language)

    async def _paint(self, view: DeskView, patience: float) -> None:
        await self._rights.hold(new=False)
        lock = self._locks.setdefault(view.conversation.id, asyncio.Lock())
        async with lock:
            await self._states.paint(view, patience)

    async def _draw(self, view: DeskView) -> Drawing:
        pen = await self._pen_for(view)
        space, held = self._room.workspace(), view.conversation
        if space is None or held.ticket is None:
            return draw(view, pen)
        closures = self._floor().closures
        return draw(view, pen, deadlines(space, held.ticket, channel=held.address.channel, closures=closures))

    async def _pen_for(self, view: DeskView, *people: str) -> Pen:
        """With the names of those whom the ticket is offered to, and of `people`: somebody may be on the roster for
        so short a time that the floor does not have them yet."""
        ticket = view.conversation.ticket
        offer = ticket.offer if ticket is not None else None
        names = {member.id: member.name for member in self._floor().members}
        try:
            for who in (*(offer.to if offer is not None else ()), *people):
                if who not in names:
                    member = await self._room.roster.member(self.name, who)
                    names[who] = member.name if member is not None else ""
        except StoreUnavailable as error:
            _log.info("names_not_known", error=str(error))
        titles = dict(self._room.skills()) or self._pen.skills
        space = self._room.workspace()
        matters = space.matters(self._language) if space is not None else {}
        return replace(self._pen, skills=titles, people=names, icons=await self._icons.known(), matters=matters)

    # --- what operators do -----------------------------------------------------------------------

    async def listen(self, accept: Accept) -> None:
        """Says what is wrong with the group, sets its menus, then draws what waits to be drawn and looks after what
        the bot may do: updates come through `handle`."""
        self._hearing.accept = accept
        await self._rights.look()
        await self._introduce()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._rights.watch())
            tasks.create_task(self._painter.paint())

    async def _introduce(self) -> None:
        """Commands work without a menu, and invitations can be asked for again."""
        await self._room.bot()
        try:
            for menu in menus(self.group_id, self._language):
                await self._client.call(menu)
        except SendFailed as failed:
            _log.warning("operators_menu_not_set", group=self.group_id, sentence=failed.sentence)

    async def check(self) -> list[str]:
        """What keeps the desk from working, as sentences; none: nothing. Raises `SendFailed`."""
        trouble = await self._rights.ask()
        return [trouble.sentence(self._language)] if trouble is not None else []

    async def handle(self, raw: Any) -> tuple[Signal | None, After | None]:
        """One raw update of the group: what to accept, and what to do towards Telegram afterwards. Raises
        `StoreUnavailable`: the update must come again."""
        if tells_of_rights(raw, self._client.bot_id):
            return None, self._looks
        shut = shutting(raw)
        if shut is not None:
            await self._topics.shut(shut.thread, shut.closed, shut.message)
            return None, None
        return await self._hearing.handle(raw)

    async def _looks(self, _: Accepted | None) -> None:
        await self._rights.look()
