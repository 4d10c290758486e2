"""How a ticket ends: what ends it besides an operator, and what is kept of it. Pure.

A customer's thanks end it only while it waits for people and only in so many words: whoever says "thank you" for
being put through still wants to be. So a message is taken apart into words, courtesies are left out, and what is
left must be one of the phrases below as a whole.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from estafeta.kernel.model import Ending, Json, Past, Ticket, Timer, Understanding
from flows.handoff_file import Idle
from flows.model import Workspace

IDLE = "idle"
"""The timer that reminds a silent customer."""
CLOSE = "close"
"""The timer that closes after a silence."""

PHRASES: dict[Ending, str] = {
    "closed": "closed",
    "returned": "returned",
    "solved": "left_queue",
    "idle": "closed_idle",
}
"""What the customer hears, by how it ended."""

KEPT = 5
"""So many tickets that are over stay with the conversation."""

_WORD = re.compile(r"[^\W_]+")

_COURTESIES = frozenset(
    """
    я мы спасибо спс благодарю большое огромное вам тебе всем за помощь пожалуйста здравствуйте добрый день привет
    ок окей хорошо ладно отлично супер да ну ой а и это этот мой наш извините простите все уже сам сама сами
    thanks thank you thx ty so much very many a lot for your the help please hi hello ok okay great good yes well oh
    and it its is im ive i my this that sorry all now already myself issue problem question been have has
    вопрос проблема мне меня у больше само
    """.split()  # noqa: SIM905
)
"""Words that neither settle nor unsettle anything; "ё" is read as "е"."""

_THANKS = frozenset("спасибо спс благодарю thanks thank thx ty".split())  # noqa: SIM905

_NOTHING = frozenset(
    """
    понял поняла поняли понятно ясно принято договорились жду ждем подожду подождем буду ждать тогда пока свидания до
    всего доброго хорошего доброй ночи дня вечера неа нет не за что удачи взаимно получил получила супер класс круто
    got understood see will wait waiting i'll ill bye goodbye good night day evening cheers fine cool nice perfect
    awesome wonderful excellent welcome no worries take care later lot much really appreciate
    """.split()  # noqa: SIM905
)
"""Words by which somebody takes note, waits or says goodbye: nothing that wants an answer."""

_SOLVED = frozenset(
    {
        "решено", "решен", "решена", "решил", "решила", "решили", "решилось", "решился", "решилась",
        "разобрался", "разобралась", "разобрались", "разобралось", "нашел", "нашла", "нашли", "нашелся", "нашлась",
        "нашлось", "получилось", "заработало", "не надо", "не нужно", "не актуально", "неактуально", "не требуется",
        "справился", "справилась", "справились", "человек не нужен", "оператор не нужен", "не нужен",
        "не нужен человек", "не нужен оператор", "отбой", "ложная тревога",
        "solved", "resolved", "sorted", "sorted out", "fixed", "settled", "figured out", "worked out", "found",
        "never mind", "nevermind", "nvm", "no longer needed", "not needed", "no need", "not needed anymore",
        "no longer relevant", "works", "solved never mind", "never mind solved", "never mind found",
        "never mind fixed", "never mind sorted", "no longer need", "no one needed", "dont need anymore",
    }
)  # fmt: skip


def _words(text: str) -> list[str]:
    plain = text.casefold().replace("ё", "е").replace("’", "'").replace("'", "")
    return _WORD.findall(plain)


def _core(text: str) -> str:
    """What is said apart from courtesies."""
    return " ".join(word for word in _words(text) if word not in _COURTESIES)


def only_thanks(text: str) -> bool:
    """Whether somebody says thank you and nothing else: no new question."""
    words = _words(text)
    return not _core(text) and any(word in _THANKS for word in words)


def asks_nothing(text: str) -> bool:
    """Whether somebody says thanks, "all right" or goodbye, or shows a smile: words that want no answer. No words at
    all say something, being a file."""
    if not text.strip() or "?" in text or any(letter.isdecimal() for letter in text):
        return False
    return all(word in _COURTESIES or word in _NOTHING for word in _words(text))


def solved(workspace: Workspace, text: str, understanding: Understanding | None) -> bool:
    """Whether a customer who waits says that nobody is needed any more: by one of the intents that the workspace
    names for it, or in words that can hardly mean anything else. A question never does."""
    if understanding is not None and understanding.intent in workspace.bot.handoff.solved:
        return understanding.confidence >= workspace.bot.fallback.confidence
    return "?" not in text and _core(text) in _SOLVED


def after_answer(idle: Idle, now: datetime) -> Timer | None:
    """What a person's answer sets off, should the customer stay silent. None: nothing."""
    if idle.remind is not None:
        return Timer(name=IDLE, at=now + timedelta(seconds=idle.remind))
    return after_reminder(idle, now)


def after_reminder(idle: Idle, now: datetime) -> Timer | None:
    return None if idle.close is None else Timer(name=CLOSE, at=now + timedelta(seconds=idle.close))


def is_silent(ticket: Ticket) -> bool:
    """Whether it is the customer's turn: whoever has it answered since they took it, nothing of the customer's
    waits, and nobody put it off."""
    if ticket.assignee is None or ticket.replied_at is None:
        return False
    answered = ticket.taken_at is None or ticket.taken_at <= ticket.replied_at
    return answered and ticket.asked_at is None and ticket.held_until is None


def over(workspace: Workspace, ticket: Ticket, how: Ending, resolution: str, now: datetime) -> Past:
    """What is kept of a ticket."""
    return Past(
        id=ticket.id,
        reason=ticket.reason,
        skill=ticket.skill,
        opened_at=ticket.opened_at,
        ended_at=now,
        how=how,
        assignee=ticket.assignee,
        request=ticket.request,
        intent=_matter(workspace, ticket),
        resolution=resolution,
        tags=ticket.tags,
    )


def _matter(workspace: Workspace, ticket: Ticket) -> str:
    """What it was about, as far as that was understood: asking for a person is no matter."""
    asks = workspace.bot.handoff.reasons.user_request.intents
    meant = (one.intent for one in reversed(ticket.understandings))
    return next((intent for intent in meant if intent and intent not in asks), "")


def told_to_the_bot(past: Past, *, named: bool) -> dict[str, Json]:
    """`slots.handoff` of the flows: what people did. The operator's name only where customers may read it."""
    return {
        "how": past.how,
        "resolution": past.resolution,
        "summary": past.request,
        "reason": past.reason.value,
        "skill": past.skill,
        "tags": list(past.tags),
        "operator": past.assignee.name if named and past.assignee else "",
    }
