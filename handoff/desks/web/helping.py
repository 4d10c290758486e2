"""What helps an operator to answer: canned replies filled for this customer, suggestions, a look at the tone, and
the customer's past; and what helps the bot: what it should have understood."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence

from aiohttp import web

from estafeta.explaining import WhyOf
from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Conversation, Entry
from estafeta.kernel.ports import Store
from estafeta.suggestions import Suggestion, SuggestionsOf
from flows.model import Workspace
from handoff import correcting, replies
from handoff.card import words
from handoff.desks.web import checks, wire, wire_entries, wire_help
from handoff.desks.web.mapping import entry_view, past_view
from handoff.desks.web.reception import Reception, WorkspaceOf
from handoff.desks.web.refusals import LANGUAGES, Refused
from handoff.tone import tone

log = logging.getLogger(__name__)

SUGGESTED = 3
SUGGESTIONS_WITHIN = 3.0

PAGE = 500
LOOKED_THROUGH = 5_000
"""Entries of one request at most: a search says where to go on from."""

FOUND = 50


class HelpingRequests:
    """Without content there are neither canned replies nor remarks on the tone; without `suggest` no suggestions,
    without `why` no reasons, without `correct` no corrections."""

    def __init__(
        self,
        *,
        reception: Reception,
        store: Store,
        suggest: SuggestionsOf | None,
        why: WhyOf | None = None,
        correct: correcting.Correct | None = None,
        workspace: WorkspaceOf | None,
    ) -> None:
        self._reception = reception
        self._store = store
        self._suggest = suggest
        self._why = why
        self._correct = correct
        self._workspace = workspace

    # --- words -----------------------------------------------------------------------------------

    async def ready_replies(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        conversation = await self._reception.conversation(request)
        views: list[wire_help.ReadyReply] = []
        if self._workspace is not None:
            views = list(self._ready(conversation, session.operator.name, self._workspace()))
        return checks.answer(wire_help.ReadyReplies(replies=views))

    def _ready(self, conversation: Conversation, operator: str, content: Workspace) -> Iterator[wire_help.ReadyReply]:
        """Those that can be filled with what is known here."""
        language, default = replies.language_of(conversation, content), content.default_language
        known = replies.values(conversation, operator, content, self._reception.now())
        for reply in content.replies:
            try:
                text = replies.filled(reply, language, default, known)
            except replies.NotFilled as error:
                log.info("the canned reply %s cannot be filled: %s", reply.name, type(error.__cause__).__name__)
            else:
                yield wire_help.ReadyReply(name=reply.name, text=text)

    async def suggestions(self, request: web.Request) -> web.Response:
        """None in time is an answer too: a suggestion that comes late helps nobody."""
        session = await self._reception.session(request)
        conversation = await self._reception.conversation(request)
        found: Sequence[Suggestion] = ()
        if self._suggest is not None:
            try:
                async with asyncio.timeout(SUGGESTIONS_WITHIN):
                    found = await self._suggest(conversation, session.operator.name, checks.language(request))
            except (TimeoutError, EstafetaError) as error:
                log.info("no suggestions: %s", type(error).__name__)
        views = [
            wire_help.SuggestionView(source=item.source, title=item.title, text=item.text) for item in found[:SUGGESTED]
        ]
        return checks.answer(wire_help.Suggestions(suggestions=views))

    async def tone(self, request: web.Request) -> web.Response:
        """In the reader's language, whatever the customer's."""
        await self._reception.session(request)
        asked = await checks.body(request, wire.Draft)
        await self._reception.conversation(request)
        remarks: Sequence[str] = ()
        if self._workspace is not None:
            remarks = tone(asked.text, checks.language(request), self._workspace().tone)
        return checks.answer(wire_help.Tone(warnings=[remark[:1].upper() + remark[1:] for remark in remarks]))

    async def why(self, request: web.Request) -> web.Response:
        """Of the bot's words, or the customer's: whatever stands in that turn."""
        await self._reception.session(request)
        conversation = await self._reception.conversation(request)
        entry = await self._reception.entry(request, conversation)
        found = await self._why(conversation, entry.seq) if self._why is not None else None
        if found is None:
            raise Refused(404, "unknown_turn")
        return checks.answer(wire_help.explained(found))

    # --- what the bot should have understood -------------------------------------------------------

    async def intents(self, request: web.Request) -> web.Response:
        """In the order of their titles in the reader's language."""
        await self._reception.session(request)
        views: list[wire.Choice] = []
        if self._workspace is not None:
            content = self._workspace()
            titles = {code: {one.name: one.title for one in correcting.meanings(content, code)} for code in LANGUAGES}
            names = titles[checks.language(request)]
            views = [wire.Choice(name=name, titles={code: titles[code][name] for code in titles}) for name in names]
        return checks.answer(wire_help.Meanings(intents=views))

    async def correct(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire_help.Correction)
        conversation = await self._reception.conversation(request)
        entry = await self._reception.entry(request, conversation)
        known = correcting.meanings(self._workspace(), checks.language(request)) if self._workspace is not None else []
        if asked.intent not in [one.name for one in known]:
            raise _unknown_intent(asked.intent, known)
        after = await self._store.entries(conversation.id, after=entry.seq - 1, limit=correcting.AROUND)
        seq = correcting.turn_of(after, {entry.id})
        keep = self._correct
        if keep is None or seq is None or not await keep(conversation.id, asked.intent, session.operator, seq):
            raise Refused(409, "not_heard")
        return checks.nothing()

    # --- the past --------------------------------------------------------------------------------

    async def find(self, request: web.Request) -> web.Response:
        """Looks through the words of the customer, the bot, people and notes, from the latest to the oldest."""
        await self._reception.session(request)
        wanted = request.query.get("text", "").strip().casefold()
        if not 2 <= len(wanted) <= 100:
            raise Refused(400, "search_length", low=2, high=100)
        before = checks.number(request, "before", default=0, low=0, high=2**31 - 1)
        conversation = await self._reception.conversation(request)
        end = min(before - 1, conversation.seq) if before else conversation.seq
        found: list[Entry] = []
        at = end + 1
        async for entry in self._backwards(conversation, end):
            at = entry.seq
            if entry.kind in ("said", "note", "edit") and wanted in _spoken(entry).casefold():
                found.append(entry)
            if len(found) == FOUND:
                break
        views = [entry_view(entry) for entry in found]
        return checks.answer(wire_entries.Found(entries=views, whole=at <= 1, before=at))

    async def history(self, request: web.Request) -> web.Response:
        """The customer's tickets that are over, the latest first, and where each begins in the timeline."""
        await self._reception.session(request)
        conversation = await self._reception.conversation(request)
        wanted = {past.id for past in conversation.past}
        begins: dict[str, int] = {}
        opened: set[str] = set()
        ratings: dict[str, str] = {}
        async for entry in self._backwards(conversation, conversation.seq):
            if wanted <= opened:
                break
            ticket = str(entry.data.get("ticket", ""))
            if entry.kind != "event" or ticket not in wanted:
                continue
            if entry.data.get("event") == "rated":
                ratings.setdefault(ticket, str(entry.data.get("rating", "")))
            elif entry.data.get("event") in ("opened", "taken"):
                begins[ticket] = entry.seq
                opened |= {ticket} if entry.data["event"] == "opened" else set()
        views = [
            wire_entries.Remembered(ticket=past_view(past), seq=begins.get(past.id), rating=ratings.get(past.id, ""))
            for past in reversed(conversation.past)
        ]
        return checks.answer(wire_entries.History(tickets=views))

    async def _backwards(self, conversation: Conversation, end: int) -> AsyncIterator[Entry]:
        """Entries from the seq `end` down, `LOOKED_THROUGH` of them at most."""
        stop = max(0, end - LOOKED_THROUGH)
        while end > stop:
            start = max(stop, end - PAGE)
            for entry in reversed(await self._store.entries(conversation.id, after=start, limit=end - start)):
                yield entry
            end = start


def _unknown_intent(name: str, known: Sequence[correcting.Meaning]) -> Refused:
    near = ", ".join(one.name for one in correcting.nearest(name, known))
    code = "unknown_intent_near" if near else "unknown_intent"
    return Refused(400, code, name=name, near=near, known=", ".join(one.name for one in known) or "—")


def _spoken(entry: Entry) -> str:
    return " ".join(words(part) for part in entry.parts)
