"""What one could answer now: what the bot would say to it, and what people answered to the like before.

The latter is an index of answers of the last weeks by the words of what was asked. It is made when somebody asks and
kept for a while, one for all desks. Answers that hold anything of one customer's own (numbers, addresses, names) are
left out of it, and so are bare greetings and what was taken back.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Literal

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Conversation, ConversationId, Entry, Intent, Json, Understanding
from estafeta.kernel.ports import Clock, Store, Understander
from flows import markdown, templates
from flows.model import Ask, Flow, Say, Workspace
from handoff.replies import language_of, stems, values

BY_BOT = 3
BY_PEOPLE = 3
DAYS = 30
KEPT_SECONDS = 600.0

_EVENTS = 500
_CONVERSATIONS = 50
_ENTRIES = 60
_SHORTEST = 10
_LONGEST = 1000
_ALIKE = 0.34
"""The part of the words of both questions that must be in common."""
_LIKELY = 0.05
_DEADLINE = 2.0
_OWN = re.compile(r"\d{4,}|[\w.+-]+@[\w-]+|https?://|\+\d")
_WORD = re.compile(r"\w+(?:'\w+)?")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_GREETING = re.compile(
    r"\b(?:здравствуйте|здравствуй|привет(?:ствую)?|доброго времени суток|"
    r"добр(?:ый|ое|ого|ой) (?:день|дня|вечер|вечера|утро|утра|ночи)|"
    r"hello|hi|hey|good (?:morning|afternoon|evening|day))\b",
    re.IGNORECASE,
)
_COURTESY = frozenset(
    """
    я мы это меня зовут имя на связи слушаю слушаем вас вам вы чем могу можем помочь рад рада и с ваш оператор
    i i'm am we it's this is my name here there how can may help you your today what do for to and operator
    """.split()  # noqa: SIM905
)
"""Words that beside a greeting tell nothing: who is there and that they listen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Words that could answer the customer. `source`: "bot" for what the bot would say, with `title` for what it is
    about; "past" for what people answered in a like case, `at` that time."""

    source: Literal["bot", "past"]
    text: str
    title: str = ""
    at: datetime | None = None


SuggestionsOf = Callable[[Conversation, str, str], Awaitable[Sequence[Suggestion]]]
"""For a conversation, the name of who answers and the language they read; the best first. Raises
`StoreUnavailable`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    asked: frozenset[str]
    text: str
    at: datetime
    russian: bool


class Suggestions:
    """`workspace` is the content in service. Without an `understander` the bot's are for what was understood last."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        workspace: Callable[[], Workspace],
        understander: Understander | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._workspace = workspace
        self._understander = understander
        self._answers: dict[ConversationId, list[_Answer]] = {}
        self._unread: list[ConversationId] = []
        self._looked_at = float("-inf")
        self._reading = asyncio.Lock()

    async def of(self, conversation: Conversation, operator: str, language: str) -> list[Suggestion]:
        """As `SuggestionsOf`: the bot's and people's in turn."""
        entries = await self._store.entries(conversation.id, limit=_ENTRIES, newest=True)
        asked = "\n".join(entry.text for entry in _unanswered(entries)) or conversation.last_words
        by_bot = await self._by_bot(conversation, asked, operator, language)
        by_people = await self._by_people(conversation, asked)
        said = {one.text for one in by_bot}
        return [
            one
            for pair in zip_longest(by_bot, by_people)
            for one in pair
            if one is not None and (one.source == "bot" or one.text not in said)
        ]

    # --- what the bot would say

    async def _by_bot(self, conversation: Conversation, asked: str, operator: str, language: str) -> list[Suggestion]:
        workspace = self._workspace()
        known = values(conversation, operator, workspace, self._clock.now())
        found: dict[str, Suggestion] = {}
        for intent in await self._likely(conversation, asked):
            flow = workspace.library.flows.get(workspace.library.by_intent.get(intent.name, ""))
            text = _says(flow, language_of(conversation, workspace), known) if flow is not None else ""
            if flow is not None and text:
                title = flow.title.pick(language, workspace.default_language) if flow.title is not None else intent.name
                found.setdefault(text, Suggestion(source="bot", title=title, text=text))
        return list(found.values())[:BY_BOT]

    async def _likely(self, conversation: Conversation, asked: str) -> list[Intent]:
        """The best first."""
        meaning = await self._meaning(conversation, asked)
        if meaning is None:
            return []
        ranking = meaning.ranking or (Intent(name=meaning.intent, confidence=meaning.confidence),)
        return [intent for intent in ranking if intent.confidence >= _LIKELY]

    async def _meaning(self, conversation: Conversation, asked: str) -> Understanding | None:
        """Of these very words if there is somebody to ask: nobody understands them while a person answers."""
        if self._understander is not None and asked:
            with contextlib.suppress(UnderstandingFailed):  # what was understood before will do
                return await self._understander.understand(asked[:_LONGEST], deadline=_DEADLINE)
        return next(reversed(conversation.understandings), None)

    # --- what people said before

    async def _by_people(self, conversation: Conversation, asked: str) -> list[Suggestion]:
        wanted = _asked(asked)
        if len(wanted) < 2:
            return []
        await self._renew()
        russian, own = _is_russian(asked), stems(conversation.customer.name)
        alike = [
            (_overlap(wanted, answer.asked), answer)
            for held, answers in self._answers.items()
            for answer in answers
            if held != conversation.id and answer.russian is russian and not own & stems(answer.text)
        ]
        best = sorted((one for one in alike if one[0] >= _ALIKE), key=lambda one: (one[0], one[1].at), reverse=True)
        latest: dict[str, datetime] = {}
        for _, answer in best:
            latest[answer.text] = max(answer.at, latest.get(answer.text, answer.at))
        return [Suggestion(source="past", text=text, at=at) for text, at in latest.items()][:BY_PEOPLE]

    async def _renew(self) -> None:
        """Whoever loses patience leaves the rest to the next who asks."""
        async with self._reading:
            if self._clock.monotonic() - self._looked_at >= KEPT_SECONDS:
                now = self._clock.now()
                events = await self._store.events(
                    ["answered"], since=now - timedelta(days=DAYS), until=now + timedelta(seconds=1), limit=_EVENTS
                )
                self._unread = list(dict.fromkeys(event.conversation for event in reversed(events)))[:_CONVERSATIONS]
                self._answers = {held: self._answers.get(held, []) for held in self._unread}
                self._looked_at = self._clock.monotonic()
            while self._unread:
                entries = await self._store.entries(self._unread[0], limit=_ENTRIES, newest=True)
                self._answers[self._unread[0]] = list(_answers(entries))
                del self._unread[0]


def _answers(entries: Sequence[Entry]) -> Iterator[_Answer]:
    """Each answer of a person's that may be shown to others, with what the customer had asked."""
    gone = {entry.data.get("of") for entry in entries if _takes_back(entry)}
    names = stems(" ".join(entry.author.name for entry in entries if entry.author.kind == "customer"))
    asked: list[str] = []
    for entry in entries:
        if entry.kind != "said":
            continue
        if entry.author.kind == "customer":
            asked.append(entry.text)
        elif entry.author.kind == "operator" and not _only_greets(entry):
            question, text, asked = "\n".join(asked), entry.text.strip(), []
            fits = _SHORTEST <= len(text) <= _LONGEST and entry.id not in gone
            if question and fits and not _OWN.search(text) and not names & stems(text):
                yield _Answer(asked=_asked(question), text=text, at=entry.at, russian=_is_russian(question))


def _takes_back(entry: Entry) -> bool:
    return entry.kind in ("deletion", "edit") or (entry.kind == "event" and entry.data.get("event") == "undone")


def _only_greets(entry: Entry) -> bool:
    """Such words answer nothing: the question stays."""
    words = set(_WORD.findall(_GREETING.sub(" ", entry.text).casefold()))
    return words <= _COURTESY | set(_WORD.findall(entry.author.name.casefold()))


def _asked(words: str) -> frozenset[str]:
    """By what questions are compared."""
    return stems(_GREETING.sub(" ", words))


def _is_russian(words: str) -> bool:
    return bool(_CYRILLIC.search(words))


def _unanswered(entries: Sequence[Entry]) -> list[Entry]:
    """The customer's latest words, up to the answer before them."""
    found: list[Entry] = []
    for entry in reversed(entries):
        if entry.kind != "said":
            continue
        if entry.author.kind != "customer":
            break
        found.insert(0, entry)
    return found


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def _says(flow: Flow, language: str, known: Mapping[str, Json]) -> str:
    """What the flow says first, if it can be told before the flow runs; "" else."""
    step = flow.steps[flow.start] if 0 <= flow.start < len(flow.steps) else None
    if not isinstance(step, Say | Ask):
        return ""
    try:
        rendered = templates.render_markdown(step.words.variants[0].words(language), known)
    except templates.TemplateFailed:
        return ""
    return markdown.parse(rendered).text.strip()
