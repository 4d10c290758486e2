"""Commands that are answered in the group, and buttons that ask for something.

They are answered after Telegram was told that the update is taken: looking things up takes time. Each answer is one
post; what needs no words is told by a reaction, which takes nothing from the group's budget.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import structlog

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Conversation, OperatorSaid, Template, Text
from estafeta.rights import NotAllowed
from estafeta.suggestions import Suggestion
from flows.model import CannedReply
from handoff import replies
from handoff.desks.telegram_forum import corrections, past, reasons, staff
from handoff.desks.telegram_forum.choices import Choice, Choices
from handoff.desks.telegram_forum.conflict import foreseen
from handoff.desks.telegram_forum.own import Own, Words
from handoff.desks.telegram_forum.passing import whom_to
from handoff.desks.telegram_forum.posting import Upload
from handoff.desks.telegram_forum.read import ANYWHERE, Asked
from handoff.desks.telegram_forum.room import Room, Tell
from handoff.desks.telegram_forum.sent import Sent
from handoff.desks.telegram_forum.topic import tame
from handoff.replies import NotFilled

UNDO = "🙈"
"""The reaction on one's own message that takes it back."""

_PLACE = re.compile(r"\{\{\s*([0-9]{1,2})\s*\}\}")
_MATCHES = 5
"""So many canned replies are shown: more are not read."""
_LISTED = 400
_VALUE = 1024
_log = structlog.get_logger(__name__)


class Html(str):
    """Words that Telegram reads as its HTML."""

    __slots__ = ()


class Commands:
    def __init__(self, room: Room, own: Own, choices: Choices, *, upload: Upload) -> None:
        self._room = room
        self._own = own
        self._choices = choices
        self._sent = Sent(room)
        self._upload = upload

    async def answer(self, asked: Asked, tell: Tell) -> bool:
        """Whether it was carried out and nothing had to be said. Raises `SendFailed` when the answer cannot be
        posted."""
        try:
            words = await self._words(asked, tell)
        except StoreUnavailable as error:
            _log.warning("command_not_answered", command=asked.what, error=str(error))
            words = self._room.say("not_stored")
        except SendFailed as failed:
            words = failed.sentence
        except NotAllowed as error:
            words = staff.refused(self._room, error)
        if isinstance(words, Html) and words:
            await self._room.topics.reply(asked.thread, asked.message, words, html=True)
        elif words:
            await self._room.reply(asked.thread, asked.message, words)
        return not words and asked.what in _TOLD_BY_REACTION

    async def _words(self, asked: Asked, tell: Tell) -> str:
        """What is left to be said to it, or ""."""
        if asked.what in ANYWHERE:
            return await self._anywhere(asked)
        conversation = await self._room.conversation(asked.thread)
        if conversation is None:
            return self._room.say("nobodys")
        match asked.what:
            case "r":
                return await self._canned(asked, conversation, tell)
            case "s":
                return await self._suggested(asked, conversation)
            case "to":
                return await self._whom_to(asked, conversation)
            case "find":
                return await past.find(self._room, asked, conversation)
            case "why":
                return await reasons.why(self._room, asked, conversation)
            case "intent":
                return Html(await corrections.correct(self._room, asked, conversation))
            case "history":
                await past.history(self._room, self._upload, asked, conversation)
                return ""
        return await self._template(asked, conversation, tell)

    async def _anywhere(self, asked: Asked) -> str:
        room = self._room
        match asked.what:
            case "help":
                return room.say("help", undo=UNDO) if asked.thread else room.say("help_general")
            case "me":
                return Html(await staff.me(room, asked))
            case "who":
                return await staff.who(room)
            case "load":
                return await room.load(room.language) if room.load is not None else room.say("no_load")
            case "closed":
                return await staff.closed(room, asked)
            case "open":
                return await staff.opened(room, asked)
            case "invite":
                return await staff.invite(room, asked)
            case "join":
                if not asked.rest:
                    return room.say("join_how")
                return staff.welcome(room, await staff.join(room, asked.rest, asked.operator), inside=True)
        return await staff.present(room, asked)

    # --- canned replies and suggestions

    async def _canned(self, asked: Asked, conversation: Conversation, tell: Tell) -> str:
        """An exact name is sent at once; words are searched for."""
        space = self._room.workspace()
        if space is None or not space.replies:
            return self._room.say("no_replies_at_all")
        language, default = replies.language_of(conversation, space), space.default_language
        known = replies.values(conversation, asked.operator.name, space, self._room.now())
        named = replies.exact(space.replies, asked.rest)
        if named is not None:
            try:
                words = replies.filled(named, language, default, known)
            except NotFilled:
                return self._room.say("reply_failed", name=named.name)
            return await self._speak(asked, Text(text=words), tell)
        matching = replies.search(space.replies, asked.rest, language, default)
        found, failed = _filled(matching, language, default, known)
        if not found:
            key, name = ("reply_failed", failed) if failed else ("no_replies", "")
            return self._room.say(key, name=name, words=self._room.short(asked.rest, 100))
        heading = self._room.say("replies")
        if len(matching) > len(found):
            heading += " " + self._room.say("replies_more", shown=len(found), count=len(matching))
        await self._choices.show(asked, heading, found)
        return ""

    async def _speak(self, asked: Asked, part: Text | Template, tell: Tell) -> str:
        """Why it is not sent, or "". What was sent will stand in the topic, for nobody sees it else."""
        words = part.text or (part.name if isinstance(part, Template) else "")
        await self._sent.will_show(asked.thread, asked.message, words)
        said = OperatorSaid(operator=asked.operator, parts=(part,), message=str(asked.message))
        await self._own.keep(Words(user=asked.user, thread=asked.thread, said=said))
        accepted = await tell(said)
        if accepted is None:
            return self._room.say("not_stored")
        if accepted.conversation is None:
            return self._room.say("nobodys")
        await foreseen(self._room, asked.thread, said)
        return ""

    async def _suggested(self, asked: Asked, conversation: Conversation) -> str:
        suggest = self._room.suggest
        found = await suggest(conversation, asked.operator.name, self._room.language) if suggest is not None else ()
        if not found:
            return self._room.say("no_suggestions")
        choices = [Choice(name=self._from(one), text=one.text) for one in found]
        await self._choices.show(asked, self._room.say("suggestions"), choices)
        return ""

    def _from(self, found: Suggestion) -> str:
        if found.source == "bot":
            return self._room.say("suggested_by_bot", name=tame(found.title))
        when = f"{found.at.astimezone(self._room.zone):%d.%m}" if found.at is not None else ""
        return self._room.say("suggested_before", when=when)

    async def _whom_to(self, asked: Asked, conversation: Conversation) -> str:
        room, members = self._room, await self._room.members()
        people = ", ".join(tame(member.name) for member in members if staff.is_on(room, member))
        skills = ", ".join(title for _, title in room.skills())
        words = room.say("to_whom", skills=skills or room.say("nobody"), people=people or room.say("nobody"))
        markup = whom_to(room, conversation, members, back=False)
        await room.topics.reply(asked.thread, asked.message, room.short(words, 4096), markup=markup)
        return ""

    # --- the messenger's approved templates

    async def _template(self, asked: Asked, conversation: Conversation, tell: Tell) -> str:
        of = self._room.templates
        known = await of(conversation.address) if of is not None else ()
        # Always in the same order: people name them by their numbers.
        templates = sorted(known, key=lambda template: (template.name, template.language))
        if not templates:
            return self._room.say("no_templates")
        if asked.what == "templates":
            return "\n\n".join((self._room.say("templates"), *_list(templates)))
        return await self._send(asked, templates, conversation.customer.language, tell)

    async def _send(self, asked: Asked, templates: Sequence[Template], language: str, tell: Tell) -> str:
        name, *rest = asked.rest.split(maxsplit=1)[:2] or [""]
        if not name:
            return self._room.say("template_how")
        template = _chosen(templates, name, language)
        if template is None:
            return self._room.say("template_unknown", name=self._room.short(name, 100))
        values = tuple(value.strip()[:_VALUE] for value in rest[0].split("|")) if rest else ()
        places = _places(template.text)
        if len(values) != places or not all(values):
            return self._room.say("template_values", name=template.name, places=places, given=len(values))
        filled = Template(
            name=template.name, language=template.language, values=values, text=_put_in(template.text, values)
        )
        return await self._speak(asked, filled, tell)


_TOLD_BY_REACTION = ("on", "off", "away", "invite", "intent")


def _filled(
    matching: Sequence[CannedReply], language: str, default: str, known: replies.Known
) -> tuple[list[Choice], str]:
    """The first that can be filled in, and one that cannot."""
    found: list[Choice] = []
    failed = ""
    for reply in matching:
        try:
            found.append(Choice(name=reply.name, text=replies.filled(reply, language, default, known)))
        except NotFilled:
            failed = failed or reply.name
        if len(found) == _MATCHES:
            break
    return found, failed


def _list(templates: Sequence[Template]) -> list[str]:
    return [
        f"{number}. {template.name} ({template.language})\n{template.text[:_LISTED]}"
        for number, template in enumerate(templates, 1)
    ]


def _chosen(templates: Sequence[Template], name: str, language: str) -> Template | None:
    """By its number or its name; of several languages rather the customer's."""
    if name.isdecimal() and len(name) < 6:
        return templates[int(name) - 1] if 1 <= int(name) <= len(templates) else None
    named = [template for template in templates if template.name == name]
    ours = [template for template in named if language and template.language.startswith(language)]
    return next(iter(ours or named), None)


def _places(words: str) -> int:
    return max((int(place) for place in _PLACE.findall(words)), default=0)


def _put_in(words: str, values: Sequence[str]) -> str:
    return _PLACE.sub(lambda place: values[int(place[1]) - 1] if int(place[1]) else place[0], words)
