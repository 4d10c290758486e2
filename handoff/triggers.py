"""Why people are called now: the rules under `handoff.reasons` of bot.yml, held against one message. Pure.

Nothing here guesses. A person is asked for by words that an editor wrote, or by an intent; anger is what the
lexicon in sentiment.yml counts; the rest are facts about the customer and about what was before. How words are
found is in `handoff.wording`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from estafeta.kernel.model import Customer, Past, Reason, Understanding
from flows.handoff_file import AskedFor, Recontact, Rule, Vip
from flows.model import Workspace
from flows.sentiment_file import SentimentFile
from flows.strict import LocalText
from flows.wording import any_of, pattern, spaced, words_of
from handoff import closing, spelling, wording

AT_ONCE = frozenset({Reason.USER_REQUEST, Reason.SENSITIVE_TOPIC, Reason.NEGATIVE_SENTIMENT})
"""Reasons for which people are called and the bot says nothing else."""
BESIDES = frozenset({Reason.VIP, Reason.RECONTACT})
"""Reasons for which people are called after the bot's answer. All others are for when it has none."""

HUMAN_COMMAND = "/human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A reason to call people, with what its rule says. `skill` is "" for whichever the matter belongs to."""

    reason: Reason
    skill: str = ""
    priority: int = 0
    say: LocalText | None = None


def rule_of(workspace: Workspace, reason: Reason) -> Rule:
    found: Rule = getattr(workspace.bot.handoff.reasons, reason.value)
    return found


def trigger(workspace: Workspace, reason: Reason, customer: Customer) -> Trigger:
    """What bot.yml says of a reason. A VIP comes no later for having another reason to call people."""
    rule = rule_of(workspace, reason)
    vip = workspace.bot.handoff.reasons.vip
    priority = max(rule.priority, vip.priority) if vip.on and is_vip(vip, customer) else rule.priority
    return Trigger(reason=reason, skill=rule.skill, priority=priority, say=rule.say)


def reason_to_call(
    workspace: Workspace,
    *,
    text: str,
    understanding: Understanding | None,
    customer: Customer,
    past: Sequence[Past],
    language: str,
    now: datetime,
) -> Trigger | None:
    """The weightiest reason that this message gives. `text` is "" for a press; `past` the tickets that are over.

    `LOW_CONFIDENCE` is for messages that nothing in the flows answers; that it is one is not known here.
    """
    reasons = workspace.bot.handoff.reasons
    reason: Reason | None = None
    if asked_for_person(workspace, text, understanding, language):
        reason = Reason.USER_REQUEST
    elif reasons.sensitive_topic.on and _is_sensitive(workspace, text, understanding):
        reason = Reason.SENSITIVE_TOPIC
    elif reasons.negative_sentiment.on and anger(workspace.sentiment, text, language) >= (
        reasons.negative_sentiment.score
    ):
        reason = Reason.NEGATIVE_SENTIMENT
    else:
        besides = reason_besides(workspace, understanding=understanding, customer=customer, past=past, now=now)
        if besides is not None and not closing.only_thanks(text):
            return besides
        if reasons.low_confidence.on and _is_obscure(workspace, text, understanding):
            reason = Reason.LOW_CONFIDENCE
    return None if reason is None else trigger(workspace, reason, customer)


def reason_besides(
    workspace: Workspace,
    *,
    understanding: Understanding | None,
    customer: Customer,
    past: Sequence[Past],
    now: datetime,
) -> Trigger | None:
    """Why people are called besides the bot's answer: for who it is, or for coming back about the same matter."""
    reasons = workspace.bot.handoff.reasons
    meant = _meant(workspace, understanding)
    if meant and meant in workspace.bot.handoff.solved:
        return None
    if reasons.vip.on and is_vip(reasons.vip, customer) and not _left_to_the_bot(workspace, past, now):
        return trigger(workspace, Reason.VIP, customer)
    if reasons.recontact.on and _is_matter(workspace, meant) and _comes_back(reasons.recontact, meant, past, now):
        return trigger(workspace, Reason.RECONTACT, customer)
    return None


# --- asked for -----------------------------------------------------------------------------------


def asked_for_person(workspace: Workspace, text: str, understanding: Understanding | None, language: str = "") -> bool:
    """Whether these words ask for a person: the command, a phrase, or an intent. The phrases of every language
    count, for whoever is annoyed takes the nearest word; so `language` decides nothing."""
    rule = workspace.bot.handoff.reasons.user_request
    if text.startswith("/"):
        command = text.split(maxsplit=1)[0].partition("@")[0].casefold()
        return command == HUMAN_COMMAND and HUMAN_COMMAND[1:] not in workspace.library.by_command
    if wording.asks_for_person(rule.phrases, _mended(rule, text)):
        return True
    return _meant(workspace, as_meant(workspace, text, understanding)) in rule.intents


def as_meant(workspace: Workspace, text: str, understanding: Understanding | None) -> Understanding | None:
    """The understanding without a wish for a person that the words themselves deny: the model hears "operator",
    and the customer said which mobile operator is theirs."""
    rule = workspace.bot.handoff.reasons.user_request
    if understanding is None or understanding.intent not in rule.intents:
        return understanding
    mended = _mended(rule, text)
    if wording.asks_for_person(rule.phrases, mended) or not wording.speaks_of_person(rule.phrases, mended):
        return understanding
    return replace(understanding, intent="", confidence=0.0)


def _mended(rule: AskedFor, text: str) -> str:
    """The text with slips of the finger in the words of the phrases put right: who is in a hurry is in earnest."""
    return spelling.mended(text, _wishes(tuple(tuple(sources) for sources in rule.phrases.values())))


@lru_cache(maxsize=64)
def _wishes(phrases: tuple[tuple[str, ...], ...]) -> frozenset[str]:
    """The words in which people ask for a person."""
    return spelling.long_enough(("пожалуйста", "please", *words_of(" ".join(" ".join(one) for one in phrases))))


_FILLERS = frozenset(
    """
    ну а и эй же так вот уже там все это еще вообще то то-то ли мне нам извините простите пожалуйста здравствуйте
    well so hey hi hello please still now yet then um excuse me sorry guys
    """.split()  # noqa: SIM905
)
_NEWS = frozenset(
    {
        "где", "где вы", "где ты", "вы где", "ты где", "вы тут", "ты тут", "вы здесь", "ты здесь", "тут вы", "вы",
        "есть кто", "есть кто нибудь", "кто нибудь", "кто нибудь тут", "кто нибудь здесь", "кто нибудь есть",
        "тут кто нибудь есть", "есть тут кто", "есть тут кто нибудь", "есть кто живой", "кто тут", "куда пропали",
        "куда вы пропали", "вы пропали", "пропали", "вы живы", "вы меня слышите", "меня слышно", "вы меня читаете",
        "вы читаете", "ау", "ауу", "ауууу", "аууу", "алло", "але", "алё", "алло вы тут", "ау вы тут", "ау вы где",
        "жду", "я жду", "мы ждем", "я жду ответа", "жду ответа", "долго", "долго ждать", "долго мне ждать",
        "сколько ждать", "сколько мне ждать", "сколько нужно ждать", "сколько надо ждать", "сколько осталось ждать",
        "сколько осталось", "сколько можно ждать", "скоро", "скоро ответите", "скоро ответят", "скоро вы",
        "когда", "когда ответите", "когда вы ответите", "когда ответят", "когда мне ответят", "когда ответит человек",
        "когда ответит оператор", "когда подойдет оператор", "когда подключится оператор", "когда придет человек",
        "когда будет ответ", "когда ждать ответа", "когда ждать ответ", "почему не отвечаете",
        "почему никто не отвечает", "почему вы молчите", "почему молчите", "чего молчите", "никто не отвечает",
        "где оператор", "где операторы", "где человек", "где люди", "где ответ", "где мой оператор", "где менеджер",
        "какой я", "какой я в очереди", "какая очередь", "какая у меня очередь", "большая очередь", "моя очередь",
        "моя очередь когда", "когда моя очередь", "мое место в очереди", "какое мое место в очереди", "что с очередью",
        "есть новости", "какие новости", "что", "ответьте", "ответьте кто нибудь", "кто нибудь ответит",
        "мне кто нибудь ответит", "мне ответят", "вы ответите",
        "anyone", "anyone there", "anyone here", "anybody there", "anybody here", "is anyone there", "is anyone here",
        "is anybody there", "is anybody here", "is there anyone", "is somebody there", "is someone there",
        "anybody", "are you there", "are you here", "you there", "r u there", "where are you", "where are u",
        "where is everyone", "where is everybody", "where is the operator", "where is the person",
        "where is the human", "where did you go", "are you alive", "can you hear", "can anyone hear",
        "how long", "how long is the wait", "how long is the queue", "how long will it take", "how long does it take",
        "how long do i have to wait", "how long do i wait", "how long must i wait", "how long to wait",
        "how much longer", "how many people are before", "what is the wait", "any news", "any update", "any updates",
        "when", "when will you answer", "when will someone answer", "when will somebody answer", "when do you answer",
        "when will i get an answer", "will someone answer", "will anyone answer", "will somebody answer",
        "why is nobody answering", "why is no one answering", "nobody answers", "no one answers",
        "waiting", "i am waiting", "i'm waiting", "im waiting", "am i in the queue", "what is my place",
        "what is my place in the queue", "what's my place in the queue", "my place in the queue", "what is my position",
        "what's my position", "where am i in the queue", "yoohoo", "ping",
    }
)  # fmt: skip
_CALLED_OUT = re.compile(r"(?:ау+|але+|алло+|hello+|hallo+|hey+)(?: (?:ау+|але+|алло+|hello+|hallo+|hey+))*")


def asks_for_news(text: str) -> bool:
    """Whether a customer who waits asks where everybody is, and nothing else: "ну где вы?", "anyone there?". The whole
    message is that, so that "где вы находитесь" keeps its meaning."""
    words = [word for said in words_of(text) for word in said.split("-")]
    said = " ".join(words)
    if _CALLED_OUT.fullmatch(said) or said in _NEWS:
        return True
    return " ".join(word for word in words if word not in _FILLERS) in _NEWS


# --- what it is about ----------------------------------------------------------------------------


def _meant(workspace: Workspace, understanding: Understanding | None) -> str:
    """The intent, if it is understood well enough; else ""."""
    if understanding is None or understanding.confidence < workspace.bot.fallback.confidence:
        return ""
    return understanding.intent


def _is_sensitive(workspace: Workspace, text: str, understanding: Understanding | None) -> bool:
    rule = workspace.bot.handoff.reasons.sensitive_topic
    meant = _meant(workspace, understanding)
    if meant and meant in rule.intents:
        return True
    said = spaced(words_of(text))
    return any(any_of(words).search(said) for words in rule.words.values() if words)


def _is_obscure(workspace: Workspace, text: str, understanding: Understanding | None) -> bool:
    rule = workspace.bot.handoff.reasons.low_confidence
    if understanding is None or text.startswith("/"):
        return False
    best = max((understanding.confidence, *(guess.confidence for guess in understanding.ranking)))
    return best < rule.below and len(words_of(text)) >= rule.words


def is_vip(rule: Vip, customer: Customer) -> bool:
    tags = {tag.casefold() for tag in customer.tags}
    return any(tag.casefold() in tags for tag in rule.tags) or any(
        address.key in rule.customers for address in customer.addresses
    )


def _left_to_the_bot(workspace: Workspace, past: Sequence[Past], now: datetime) -> bool:
    """Whether people gave the conversation back themselves a while ago: they know whose it is."""
    within = timedelta(seconds=workspace.bot.handoff.reopen)
    return bool(past) and past[-1].how == "returned" and now - past[-1].ended_at < within


def _is_matter(workspace: Workspace, intent: str) -> bool:
    """Whether people have something to do with it: "good morning" twice a day is no matter. Where no skill says what
    is its own, everything is."""
    matters = {own for skill in workspace.skills.values() for own in skill.intents}
    return bool(intent) and (not matters or intent in matters)


def _comes_back(rule: Recontact, intent: str, past: Sequence[Past], now: datetime) -> bool:
    """Whether a ticket about the same ended lately. One that people gave back to the bot is not over for that."""
    within = timedelta(seconds=rule.within)
    return any(
        ticket.intent == intent and ticket.how != "returned" and now - ticket.ended_at < within for ticket in past
    )


# --- anger ---------------------------------------------------------------------------------------

_SHOUTED_WORDS = 3
_SHOUTED_LETTERS = 8
_SHOUTED_SHARE = 0.7
_MARKS = re.compile(r"[!?]{3,}")
_LONG_MARKS = 6
_MOST_MARKS = 2


def anger(sentiment: SentimentFile, text: str, language: str) -> float:
    """How angry the message is, 0 or more: the weights of the lexicon's words in it, each counted once, those of
    its own language first where two languages weigh one word; capitals; !!! and ??? (at most twice)."""
    if not text or text.startswith("/"):
        return 0.0
    said = spaced(words_of(text))
    score = sum(_weights(sentiment, said, language))
    if _shouts(text):
        score += sentiment.capitals
    marks = sum(2 if len(run) >= _LONG_MARKS else 1 for run in _MARKS.findall(text))
    return max(score + sentiment.marks * min(marks, _MOST_MARKS), 0.0)


def _weights(sentiment: SentimentFile, said: str, language: str) -> Iterable[float]:
    known: dict[str, float] = {}
    for code in sorted(sentiment.words, key=lambda code: code != language):
        for word, weight in sentiment.words[code].items():
            known.setdefault(word, weight)
    if not known or not any_of(tuple(known)).search(said):
        return
    taken: list[tuple[int, int]] = []
    for word in sorted(known, key=len, reverse=True):  # "совсем не работает" before "не работает"
        for match in _undenied(word).finditer(said):
            if all(match.end() <= start or end <= match.start() for start, end in taken):
                taken.append(match.span())
                yield known[word]
                break


def _shouts(text: str) -> bool:
    """Several words in capitals that are most of what was written: no number of an order, no "ОК", no brand."""
    words = [word for word in re.findall(r"[^\W\d_]{2,}", text) if word.isupper()]
    capitals = sum(map(len, words))
    letters = sum(letter.isalpha() for letter in text)
    return len(words) >= _SHOUTED_WORDS and capitals >= max(_SHOUTED_LETTERS, _SHOUTED_SHARE * letters)


@lru_cache(maxsize=4096)
def _undenied(source: str) -> re.Pattern[str]:
    """The word, but not where it is denied: "не ужасно", "not bad"."""
    return re.compile(f"(?<! не)(?<! not) {pattern(words_of(source, stars=True))}(?= )")
