"""Commands that are answered in the topic: what one can do here, the approved templates, and sending one of them.

They are answered after Telegram was told that the update is taken: asking the messenger for its templates takes
time. An operator who sees no preview knows that nothing was sent.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence

import structlog

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, Conversation, Event, OperatorSaid, Template
from estafeta.kernel.ports import Accepted, Store
from handoff.desks.telegram_forum.client import Telegram
from handoff.desks.telegram_forum.read import Asked
from handoff.desks.telegram_forum.texts import Language, text
from handoff.desks.telegram_forum.topics import Topics

TemplatesOf = Callable[[Address], Awaitable[Sequence[Template]]]
"""Templates that may be sent to that address now. Raises `SendFailed`."""

Tell = Callable[[Event], Awaitable[Accepted | None]]
"""Has the event stored; None: there is nobody to take it yet."""

_PLACE = re.compile(r"\{\{\s*([0-9]{1,2})\s*\}\}")
_LISTED = 400
_VALUE = 1024
_log = structlog.get_logger(__name__)


class Commands:
    def __init__(
        self, client: Telegram, topics: Topics, *, store: Store, language: Language, templates: TemplatesOf | None
    ) -> None:
        self._client = client
        self._topics = topics
        self._store = store
        self._language: Language = language
        self._templates = templates

    async def answer(self, asked: Asked, topic: Address, tell: Tell) -> None:
        try:
            words = await self._words(asked, topic, tell)
        except StoreUnavailable as error:
            _log.warning("command_not_answered", command=asked.what, error=str(error))
            words = text("not_stored", self._language)
        except SendFailed as failed:
            words = failed.sentence
        await self._reply(asked, words)

    async def _words(self, asked: Asked, topic: Address, tell: Tell) -> str:
        """What is left to be said to it, or ""."""
        if asked.what == "help":
            return text("help", self._language)
        conversation = await self._conversation(topic)
        if conversation is None:
            return text("nobodys", self._language)
        templates = await self._known(conversation.address)
        if not templates:
            return text("no_templates", self._language)
        if asked.what == "templates":
            return "\n\n".join((text("templates", self._language), *_list(templates)))
        return await self._send(asked, templates, conversation.customer.language, tell)

    async def _send(self, asked: Asked, templates: Sequence[Template], language: str, tell: Tell) -> str:
        name, *rest = asked.rest.split(maxsplit=1)[:2] or [""]
        if not name:
            return text("template_how", self._language)
        template = _chosen(templates, name, language)
        if template is None:
            return text("template_unknown", self._language, name=self._client.shorten(name, 100))
        values = tuple(value.strip()[:_VALUE] for value in rest[0].split("|")) if rest else ()
        places = _places(template.text)
        if len(values) != places or not all(values):
            return text("template_values", self._language, name=template.name, places=places, given=len(values))
        filled = Template(
            name=template.name, language=template.language, values=values, text=_filled(template.text, values)
        )
        await self._preview(asked, filled)
        said = OperatorSaid(operator=asked.operator, parts=(filled,), message=str(asked.message))
        accepted = await tell(said)
        if accepted is None:
            return text("not_stored", self._language)
        return "" if accepted.conversation else text("nobodys", self._language)

    async def _preview(self, asked: Asked, template: Template) -> None:
        """It is sent even if the preview cannot be shown: that is what the operator asked for."""
        try:
            await self._reply(asked, text("preview", self._language, words=template.text or template.name))
        except SendFailed as failed:
            _log.info("preview_not_shown", code=failed.code)

    async def _reply(self, asked: Asked, words: str) -> None:
        for piece in self._client.pieces(words):
            await self._topics.reply(asked.thread, asked.message, piece)

    async def _conversation(self, topic: Address) -> Conversation | None:
        found = await self._store.resolve(topic)
        return (await self._store.load(found)).conversation if found is not None else None

    async def _known(self, address: Address) -> list[Template]:
        """Always in the same order: people name them by their numbers."""
        known = await self._templates(address) if self._templates else ()
        return sorted(known, key=lambda template: (template.name, template.language))


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


def _filled(words: str, values: Sequence[str]) -> str:
    return _PLACE.sub(lambda place: values[int(place[1]) - 1] if int(place[1]) else place[0], words)
