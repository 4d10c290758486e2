"""What an operator says and does to messages: replies, files, templates, edits, deletions, reactions, notes. Each
becomes a signal; the request is answered when that is stored, and what came of it is read in the timeline."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    Conversation,
    ConversationId,
    Entry,
    Media,
    OperatorDeleted,
    OperatorEdited,
    OperatorNoted,
    OperatorReacted,
    OperatorSaid,
    Part,
    Stage,
    Template,
    Text,
)
from handoff.desks.web import checks, wire, wire_help
from handoff.desks.web.capable import REACTIONS, check_can, check_reply
from handoff.desks.web.files import FileRequests
from handoff.desks.web.reception import Reception, own_message
from handoff.desks.web.refusals import Refused
from handoff.desks.web.sessions import Session

OnTyping = Callable[[ConversationId, str], Awaitable[None]]
"""An operator (by the display name) writes to the customer of this conversation."""

TemplatesOf = Callable[[Address], Awaitable[Sequence[Template]]]
"""Templates that may be sent to that address now. Raises `SendFailed`."""

TEMPLATES_WITHIN = 10.0
"""Seconds that the messenger has to tell them."""

_PLACE = re.compile(r"\{\{\s*([0-9]{1,2})\s*\}\}")


class SpeakingRequests:
    def __init__(
        self, *, reception: Reception, files: FileRequests, templates: TemplatesOf | None, on_typing: OnTyping | None
    ) -> None:
        self._reception = reception
        self._files = files
        self._templates = templates
        self._on_typing = on_typing

    async def reply(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.Reply)
        if not asked.text and not asked.files:
            raise Refused(400, "field_empty", field="text")
        conversation = await self._reception.conversation(request)
        answers = asked.reply_to is not None
        check_reply(self._reception.can(conversation), files=len(asked.files), answers=answers)
        parts: list[Part] = [await self._files.media(file) for file in asked.files]
        if asked.text:
            parts.append(Text(text=asked.text))
        said = OperatorSaid(
            operator=session.operator,
            parts=tuple(parts),
            message=asked.id,
            reply_to=await self._answered(conversation, asked.reply_to),
            sure=asked.sure,
        )
        return await self._reception.signal(session, conversation, asked.id, said)

    async def _answered(self, conversation: Conversation, seq: int | None) -> str:
        if seq is None:
            return ""
        entry = await self._reception.entry_by(conversation, seq)
        if entry is None or entry.kind != "said":
            raise Refused(404, "unknown_entry")
        return entry.id

    async def note(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.Words)
        conversation = await self._reception.conversation(request)
        noted = OperatorNoted(operator=session.operator, text=asked.text, message=asked.id)
        return await self._reception.signal(session, conversation, asked.id, noted)

    async def typing(self, request: web.Request) -> web.Response:
        """Passed on only while people have the conversation: a customer who talks with the bot must
        not see an operator who merely looks in."""
        session = await self._reception.session(request)
        conversation = await self._reception.conversation(request)
        if self._on_typing is not None and conversation.stage is not Stage.BOT:
            await self._on_typing(conversation.id, session.operator.name)
        return checks.nothing()

    # --- messages that are there -----------------------------------------------------------------

    async def edit(self, request: web.Request) -> web.Response:
        """What came beside the words stays: the caption of a photo is edited with its photo."""
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.Words)
        conversation, entry, message = await self._own(request, session)
        known = self._reception.changeable(conversation, entry)
        plain = not any(isinstance(part, Template) for part in entry.parts)
        check_can(known.edits and plain, "no_edits")
        beside = tuple(part for part in entry.parts if isinstance(part, Media))
        edited = OperatorEdited(operator=session.operator, message=message, parts=(*beside, Text(text=asked.text)))
        return await self._reception.signal(session, conversation, asked.id, edited)

    async def delete(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.Deletion)
        conversation, entry, message = await self._own(request, session)
        check_can(self._reception.changeable(conversation, entry).deletes, "no_deletes")
        deleted = OperatorDeleted(operator=session.operator, message=message)
        return await self._reception.signal(session, conversation, asked.id, deleted)

    async def react(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.Reaction)
        conversation = await self._reception.conversation(request)
        entry = await self._reception.entry(request, conversation)
        if entry.kind != "said" or entry.author.kind != "customer":
            raise Refused(409, "not_customers")
        check_can(bool(self._reception.changeable(conversation, entry).reactions), "no_reactions")
        if asked.emoji and asked.emoji not in REACTIONS:
            raise Refused(400, "field_choice", field="emoji", choices=", ".join(REACTIONS))
        reacted = OperatorReacted(operator=session.operator, message=entry.id, emoji=asked.emoji)
        return await self._reception.signal(session, conversation, asked.id, reacted)

    async def _own(self, request: web.Request, session: Session) -> tuple[Conversation, Entry, str]:
        conversation = await self._reception.conversation(request)
        entry = await self._reception.entry(request, conversation)
        message = own_message(entry, session)
        if not message:
            raise Refused(403, "not_own")
        return conversation, entry, message

    # --- templates -------------------------------------------------------------------------------

    async def templates(self, request: web.Request) -> web.Response:
        await self._reception.session(request)
        found = await self._approved(await self._reception.conversation(request))
        views = [
            wire_help.TemplateView(name=item.name, language=item.language, text=item.text, places=_places(item.text))
            for item in found
        ]
        return checks.answer(wire_help.Templates(templates=views))

    async def template(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.FilledTemplate)
        conversation = await self._reception.conversation(request)
        known = {(item.name, item.language): item for item in await self._approved(conversation)}
        approved = known.get((asked.name, asked.language))
        if approved is None:
            raise Refused(409, "unknown_template")
        places = _places(approved.text)
        if len(asked.values) != places:
            raise Refused(400, "template_places", places=places)
        filled = Template(
            name=approved.name,
            language=approved.language,
            values=tuple(asked.values),
            text=_filled(approved.text, asked.values),
        )
        said = OperatorSaid(operator=session.operator, parts=(filled,), message=asked.id)
        return await self._reception.signal(session, conversation, asked.id, said)

    async def _approved(self, conversation: Conversation) -> Sequence[Template]:
        can = self._reception.can(conversation)
        if self._templates is None or can is None or not can.templates:
            raise Refused(409, "no_templates")
        try:
            async with asyncio.timeout(TEMPLATES_WITHIN):
                return await self._templates(conversation.address)
        except SendFailed as error:
            raise Refused(502, "messenger_says", says=error.sentence) from error
        except TimeoutError as error:
            raise Refused(504, "templates_late") from error


def _places(text: str) -> int:
    return max((int(number) for number in _PLACE.findall(text)), default=0)


def _filled(text: str, values: Sequence[str]) -> str:
    """`values` has one for each place; {{0}} is none."""

    def value(match: re.Match[str]) -> str:
        number = int(match[1])
        return values[number - 1] if number else match[0]

    return _PLACE.sub(value, text)
