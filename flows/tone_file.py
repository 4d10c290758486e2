"""tone.yml: the house style of what operators and the bot write. Remarks only: nothing is ever kept from being sent."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, StrictStr

from flows.strict import Strict, wrong

_WORD = re.compile(r"[^\W_]")


def _with_a_word(given: str) -> str:
    if not _WORD.search(given):
        raise wrong(f'expected a word or a phrase, found "{given[:40]}"')
    return given


Banned = Annotated[StrictStr, AfterValidator(_with_a_word)]

RUDE: dict[str, tuple[str, ...]] = {
    "ru": (
        "идиот*", "дурак*", "дебил*", "тупица", "тупой вопрос", "тупые вопросы", "бред", "чушь", "меня достал",
        "меня достали", "вы достали", "отстань*", "к черту", "черт возьми", "черт побери", "нафиг", "вот блин",
    ),
    "en": (
        "idiot", "idiots", "stupid", "moron", "dumb", "shut up", "damn", "wtf", "crap", "nonsense", "bullshit",
    ),
}  # fmt: skip
"""What hardly any house writes. A word that is harmless elsewhere stands with another one: couriers «достали» a
parcel, knives are «тупые»."""


JOKING: dict[str, tuple[str, ...]] = {
    "ru": ("ха-ха", "хаха", "хи-хи", "лол", "упс", "ой", "шутка", "шучу", "прикол*", "не парьтесь", "ну бывает"),
    "en": ("haha", "ha-ha", "lol", "oops", "whoops", "yay", "just kidding", "no worries", "chill"),
}
"""What makes light of a complaint."""


class Complaints(Strict):
    """Where the bot does not joke: in flows that one of `intents` starts, and in those that call people of one of
    `skills`. `joking` by language: words and phrases that make light of it, besides every emoji and smile; left out,
    it is a short list."""

    intents: tuple[StrictStr, ...] = ()
    skills: tuple[StrictStr, ...] = ()
    joking: dict[StrictStr, tuple[Banned, ...]] = JOKING


class ToneFile(Strict):
    """`address`: how Russian words speak to a customer; the other way gets a remark, `any` none. `capitals`: whether a
    text in capitals throughout gets one; `piled`: whether !!! and ??? do. `banned` by language: words and phrases that
    the house does not write. A `*` at the end of a word stands for any ending. Left out, it is a short list of harsh
    words; {} is none. `complaints`: where the bot does not joke."""

    address: Literal["вы", "ты", "any"] = "вы"
    capitals: bool = True
    piled: bool = True
    banned: dict[StrictStr, tuple[Banned, ...]] = RUDE
    complaints: Complaints = Complaints()
