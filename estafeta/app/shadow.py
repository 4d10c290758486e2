"""Recent real messages of the store, for asking models what they would have made of them. Nothing is sent, nothing is
written; what is shown of a message has no personal data (`estafeta.app.reviewing.masked`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from estafeta.app.reviewing import masked as without_personal_data
from estafeta.kernel.model import Conversation, ConversationId, Stage
from estafeta.kernel.ports import Store
from estafeta.publications import all_events
from nlu.cases import Case
from nlu.comparison import Changed

MOST_CONVERSATIONS = 3_000
"""The latest that are looked at."""
_ENTRIES = 200
_STEP = timedelta(hours=6)
_EVENTS = ("flow", "fallback", "unsure", "opened")
"""Of what the bot did with a message: they tell which conversations there were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A text that customers wrote to the bot, `times` times. `names` are those of who wrote it first."""

    text: str
    times: int
    names: tuple[str, ...]

    @property
    def case(self) -> Case:
        return Case(text=self.text, intent="")


async def messages(
    store: Store, since: datetime, until: datetime, most: int, told: Callable[[float], None] = lambda share: None
) -> list[Message]:
    """The latest messages that the bot had to understand, at most so many; the same text once. Raises
    `StoreUnavailable`."""
    found: dict[str, Message] = {}
    left = most
    conversations = await _conversations(store, since, until)
    for number, conversation in enumerate(conversations):
        if left <= 0:
            break
        told(number / len(conversations))
        held = (await store.load(conversation)).conversation
        names = _names(held) if held is not None else ()
        for entry in reversed(await store.entries(conversation, limit=_ENTRIES, newest=True)):
            asked = entry.kind == "said" and entry.author.kind == "customer" and entry.understanding is not None
            if left > 0 and asked and since <= entry.at < until and entry.text.strip():
                known = found.get(entry.text)
                times = known.times + 1 if known is not None else 1
                found[entry.text] = Message(text=entry.text, times=times, names=known.names if known else names)
                left -= 1
    return list(found.values())


async def _conversations(store: Store, since: datetime, until: datetime) -> list[ConversationId]:
    """Those in which the bot did something in that time, the latest first, without repetition."""
    found: dict[ConversationId, None] = {}
    latest = await store.conversations(stages=list(Stage), limit=MOST_CONVERSATIONS)
    for one in latest:
        if one.updated_at is None or one.updated_at >= since:
            found[one.id] = None
    end = until
    while end > since and len(found) < MOST_CONVERSATIONS:
        begin = max(since, end - _STEP)
        ids = [entry.conversation async for entry in all_events(store, _EVENTS, begin, end)]
        found |= dict.fromkeys(reversed(ids))
        end = begin
    return list(found)[:MOST_CONVERSATIONS]


def _names(conversation: Conversation) -> tuple[str, ...]:
    customer = conversation.customer
    return tuple(name for name in (customer.name, customer.username) if name)


def masked(changed: Sequence[Changed], messages: Sequence[Message]) -> tuple[Changed, ...]:
    """The same without what tells who wrote it."""
    names = {message.text: message.names for message in messages}
    return tuple(replace(one, text=without_personal_data(one.text, names.get(one.text, ()))) for one in changed)
