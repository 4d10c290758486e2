"""Whether the words that customers write ask for a person. Pure.

Words are found as `flows.wording` tells. A phrase that says what to do ("позовите человека", "talk to a person")
counts wherever it stands. One that only names a person ("оператор", "human agent") counts where nothing but courtesy
stands around it: "my operator is down" and "оператор МТС" ask for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from flows.wording import WORD, pattern, plain, spaced, words_of

Phrases = Mapping[str, Sequence[str]]
"""By language."""

_CLAUSE = re.compile(r"[.,;!?…\n]+")


def _clauses(text: str) -> list[str]:
    found = (WORD.findall(clause) for clause in _CLAUSE.split(plain(text)))
    return [spaced(words) for words in found if words]


# --- asking for a person -------------------------------------------------------------------------

_CALLING = frozenset(
    """
    позовите позови позвать зовите зови соедините соедини соединить переключите переключи переключить переведите
    переведи перевести свяжите свяжи подключите подключи подключить пригласите пригласи пригласить вызовите вызови
    вызвать поговорить пообщаться общаться говорить
    talk speak chat call connect transfer switch
    """.split()  # noqa: SIM905
)
"""Words that say what to do, so that a phrase with one of them is a wish wherever it stands."""
_WANTING = frozenset("нужен нужна нужны нужно надо хочу want need".split())  # noqa: SIM905
"""Words that make a wish of what they name at the end of a clause: "посылка разбита, нужен оператор"."""
_COURTESY = _WANTING | frozenset(
    """
    пожалуйста плиз пж пжл мне нам меня дайте дай можно хотим хотел хотела хотелось бы срочно быстро быстрее скорее
    сюда а и ну да же давайте давай уже хватит есть тут здесь ли где на к с со просто лучше очень теперь сейчас снова
    опять еще раз эй алло ало привет здравствуйте добрый день вечер утро живой живого живому живым настоящий настоящего
    a an the please pls plz i i'd i'll me us wanna would like to get give can could may have let now asap just right
    here is there any some hi hello hey yes ok okay real live actual with
    """.split()  # noqa: SIM905
)
"""Words that leave a wish a wish."""
_WISHING = (
    _CALLING
    | _WANTING
    | frozenset(
        """
        дайте дай можно хотим хотел хотела хотелось верните передайте передай есть где пусть
        get give bring put pass hand let can could would like there where
        """.split()  # noqa: SIM905
    )
)
"""Words of which a wish may be made: where none stands beside a person, nobody is asked for."""


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(sorted(map(re.escape, words)))


_NOT = "не|нет|без|незачем|no|not|never|don't|dont|didn't|doesn't|needn't|without"
_REFUSED = re.compile(f" (?:{_NOT}) (?:(?:{_alternatives(_COURTESY | _CALLING)}) )*$")
"""Before the one who is not wanted: "не хочу говорить с", "no need to call a"."""
_REFUSED_WISH = re.compile(
    r" (?:не(?: (?:хочу|хотим|хотел|хотела|буду|будем|собираюсь|готов|готова))*|без"
    r"|(?:not|never|don't|dont|didn't|needn't|no need|without)"
    r"(?: (?:really|even|want|need|have|wish|like|going|to|me))*) $"
)
"""Before a phrase that says what to do. Narrower, for whoever asks for a person must get one: "не понимаю, позовите"
and "this is not working, call" are no refusals, with a comma or without."""
_NOT_NEEDED = re.compile(
    r" (?:(?:мне|нам|пока|больше|уже|мной|is|are) )*(?:не (?:нужен|нужна|нужны|нужно|надо|требуется|хочу)"
    r"|not (?:needed|necessary|required)) "
)
"""Behind the one who is not wanted."""


@dataclass(frozen=True, slots=True)
class _Phrase:
    """`anywhere`, `alone` or `last` find it in a clause; None: not so. None of them does where one of `words` is
    missing. `named` finds whom it names, however that is meant."""

    words: frozenset[str]
    anywhere: re.Pattern[str] | None
    alone: re.Pattern[str] | None
    last: re.Pattern[str] | None
    named: re.Pattern[str] | None


@lru_cache(maxsize=4096)
def _phrase(source: str) -> _Phrase:
    words = words_of(source, stars=True)
    core = list(words)
    while core and core[0] in _COURTESY:
        core.pop(0)
    while core and core[-1] in _COURTESY:
        core.pop()
    needed = frozenset(word for word in core or words if not word.endswith("*"))
    if not core:  # made of courtesy alone: it is what it is
        return _Phrase(needed, None, re.compile(f" {pattern(words)} ") if words else None, None, None)
    if _CALLING.intersection(core) or len(core) > 2:
        between = f" (?:(?:{_alternatives(_COURTESY)}) ){{0,3}}"  # "talk to a real person"
        return _Phrase(needed, re.compile(f"(?<= ){pattern(core, between)}(?= )"), None, None, None)
    around = _alternatives(_COURTESY | _CALLING)
    alone = re.compile(rf" (?:(?:{around}) )*{pattern(core)} (?:(?:{around}) )*")
    last = re.compile(rf"(?<= ){pattern(words)} (?:(?:{around}) )*$") if _WANTING.intersection(words) else None
    return _Phrase(needed, None, alone, last, re.compile(f"(?<= ){pattern(core)}(?= )"))


def _phrases(phrases: Phrases, clauses: Sequence[str]) -> Iterator[_Phrase]:
    """Those of which every word stands in the text."""
    said = {word for clause in clauses for word in clause.split()}
    for sources in phrases.values():
        for source in sources:
            phrase = _phrase(source)
            if phrase.words <= said:
                yield phrase


def asks_for_person(phrases: Phrases, text: str) -> bool:
    """Whether one of the phrases stands in the text, and is meant. A line is a message: they may come together."""
    lines = [clauses for line in text.splitlines() if (clauses := _clauses(line))]
    return any(_asks(phrase, clauses) for clauses in lines for phrase in _phrases(phrases, clauses))


def _asks(phrase: _Phrase, clauses: Sequence[str]) -> bool:
    for found, clause in _found(phrase.anywhere or phrase.last, clauses):
        if not _refused(found, clause):
            return True
    if phrase.alone is None:
        return False
    # In the middle of a long message such a clause is part of an account ("your man, the operator, said …").
    said = [clause for clause in clauses if not _COURTESY.issuperset(clause.split())]
    return any(phrase.alone.fullmatch(clause) for clause in said[:1] + said[-1:])


def _refused(found: re.Match[str], clause: str) -> bool:
    refusal = _REFUSED_WISH.search(clause[: found.start()])
    if refusal is None:
        return False
    # "не хочу позовите": nobody refuses by an imperative from afar, only by an infinitive, "не хочу говорить с".
    imperative = found[0].split()[0].endswith(("те", "ви", "ни", "чи", "зи"))
    return refusal[0] == " не " or not imperative


def speaks_of_person(phrases: Phrases, text: str) -> bool:
    """Whether somebody is named and not asked for: refused ("оператор не нужен", "I don't want to talk to a person")
    or only spoken of ("мой оператор МТС"). A model hears the word and may take it for a wish."""
    clauses = _clauses(text)
    named = [
        spoken for phrase in _phrases(phrases, clauses) for spoken in _found(phrase.named or phrase.anywhere, clauses)
    ]
    return bool(named) and not any(_may_be_wanted(found, clause) for found, clause in named)


def _may_be_wanted(found: re.Match[str], clause: str) -> bool:
    before, behind = clause[: found.start()], clause[found.end() :]
    if _REFUSED.search(before) or _NOT_NEEDED.match(behind):
        return False
    around = {*before.split(), *behind.split()}
    return not _WISHING.isdisjoint(clause.split()) or (bool(around) and _COURTESY.issuperset(around))


def _found(sought: re.Pattern[str] | None, clauses: Iterable[str]) -> Iterator[tuple[re.Match[str], str]]:
    if sought is not None:
        for clause in clauses:
            for match in sought.finditer(clause):
                yield match, clause
