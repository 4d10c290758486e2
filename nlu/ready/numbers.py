"""`number`: numbers in digits and in words, Russian ("двадцати пяти") and English ("two hundred and five").

No library reads both: text2num has no Russian, number-parser gives no places. The words are few, so
they are told here with their cases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from nlu.ready.found import Found, Setting

LONGEST = 15
"""Digits of a number; what has more is a code, not an amount."""


class Numeral(NamedTuple):
    """`grouped`: what a number like 1,500 is when its sign parts the thousands. `scale`: what its last word
    multiplied the rest by."""

    value: Decimal
    start: int
    end: int
    grouped: Decimal | None = None
    scale: int = 1


class _Word(NamedTuple):
    """`level`: a word of a lower level may follow one of a higher: 900 and 20 and 5. Scales multiply."""

    value: Decimal
    level: int
    scale: bool = False


def _table() -> dict[str, _Word]:
    words: dict[str, _Word] = {}

    def tell(level: int, first: int, step: int, forms: str, *, scale: bool = False) -> None:
        """`forms`: the words of the first number, a comma, those of the next, `step` higher, and so on."""
        for at, group in enumerate(forms.split(",")):
            for form in group.split():
                words[form] = _Word(Decimal(first + at * step), level, scale)

    tell(
        1,
        0,
        1,
        "ноль нуль ноля нуля нулю zero, один одна одно одного одной одному одну одним одном one, "
        "два две двух двум двумя two, три трех трем тремя three, четыре четырех четырем четырьмя four, "
        "пять пяти пятью five, шесть шести шестью six, семь семи семью seven, "
        "восемь восьми восемью восьмью eight, девять девяти девятью nine",
    )
    tell(
        2,
        10,
        1,
        "десять десяти десятью ten, одиннадцать одиннадцати одиннадцатью одинадцать eleven, "
        "двенадцать двенадцати двенадцатью twelve, тринадцать тринадцати тринадцатью thirteen, "
        "четырнадцать четырнадцати четырнадцатью fourteen, пятнадцать пятнадцати пятнадцатью fifteen, "
        "шестнадцать шестнадцати шестнадцатью sixteen, семнадцать семнадцати семнадцатью seventeen, "
        "восемнадцать восемнадцати восемнадцатью eighteen, девятнадцать девятнадцати девятнадцатью nineteen",
    )
    tell(
        3,
        20,
        10,
        "двадцать двадцати двадцатью двацать twenty, тридцать тридцати тридцатью трицать thirty, "
        "сорок сорока forty fourty, пятьдесят пятидесяти пятьюдесятью пятдесят fifty, "
        "шестьдесят шестидесяти шестьюдесятью шестдесят шесдесят sixty, "
        "семьдесят семидесяти семьюдесятью семдесят seventy, "
        "восемьдесят восьмидесяти восемьюдесятью восемдесят eighty, "
        "девяносто девяноста ninety",
    )
    tell(
        4,
        100,
        100,
        "сто ста, двести двухсот двумстам двумястами двухстах, триста трехсот тремстам тремястами трехстах, "
        "четыреста четырехсот четыремстам четырьмястами четырехстах, пятьсот пятисот пятистам пятьюстами пятистах, "
        "шестьсот шестисот шестистам шестьюстами шестистах, семьсот семисот семистам семьюстами семистах, "
        "восемьсот восьмисот восьмистам восемьюстами восьмистах, "
        "девятьсот девятисот девятистам девятьюстами девятистах",
    )
    tell(4, 100, 0, "hundred hundreds", scale=True)
    tell(4, 10, 0, "десяток десятка десятков", scale=True)
    tell(4, 12, 0, "дюжина дюжины дюжину дюжин dozen dozens", scale=True)
    tell(
        5,
        1_000,
        0,
        "тысяча тысячи тысячу тысяч тысяче тысячам тысячей тысячами тысячах тыс thousand "
        "тыща тыщи тыщу тыщ косарь косаря косарей",
        scale=True,
    )
    tell(6, 10**6, 0, "миллион миллиона миллионов миллиону миллионам миллионом миллионами млн million", scale=True)
    tell(7, 10**9, 0, "миллиард миллиарда миллиардов миллиарду миллиардам млрд billion", scale=True)
    for form in ("полтора", "полторы", "полутора"):
        words[form] = _Word(Decimal("1.5"), 1)
    words["полтораста"] = _Word(Decimal(150), 4)
    tell(1, 2, 1, "двое двоих двоим, трое троих троим, четверо четверых четверым, пятеро пятерых, шестеро, семеро")
    return words


_WORDS = _table()
_HALF, _UNIT, _TEEN, _TEN, _HUNDRED, _DIGITS = 0, 1, 2, 3, 4, 8
_FOLLOW = {(_HUNDRED, _TEN), (_HUNDRED, _TEEN), (_HUNDRED, _UNIT), (_TEN, _UNIT)}
_piece = re.compile(
    r"(?P<digits>(?<![\w.,])(?:-(?=\d))?(?:(?P<grouped>[0-9]{1,3}(?:(?:,[0-9]{3}){2,4}(?:\.[0-9]{1,2})?"
    r"|(?:\.[0-9]{3}){2,4}(?:,[0-9]{1,2})?|,[0-9]{3}\.[0-9]{1,2}|\.[0-9]{3},[0-9]{1,2}))"
    r"|(?:[0-9]{1,3}(?:[ \u00a0\u202f][0-9]{3})+(?!\d)|[0-9]{1,15})(?:[.,][0-9]{1,15})?)"
    r"(?![0-9]|[.,][0-9])(?P<kilo>[kк](?!\w))?)|(?P<half>(?:с половиной|and a half)(?!\w))|(?P<word>[^\W\d_]{2,20})",
    re.IGNORECASE,
)
_thousands = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}\Z")
_measure = re.compile(r"(?:шт|кг|гр?|мл|л|см|мм|м|км|х|pcs|kg|g|ml|cm|mm|km|x)(?!\w)", re.IGNORECASE)
"""What may stand right behind the digits of a number."""
_range = re.compile(r"\s?[-–—]\s?|\s+(?:до|to)\s+", re.IGNORECASE)
_cyrillic = re.compile(r"[\u0400-\u04ff]")
_article = re.compile(r"(?<!\w)a $", re.IGNORECASE)
_gap = re.compile(r"[ \t\u00a0]{1,2}|-|[ \t\u00a0]+and[ \t\u00a0]+", re.IGNORECASE)


class _Part(NamedTuple):
    word: _Word
    start: int
    end: int
    digits: bool
    grouped: Decimal | None = None


def find(text: str, setting: Setting) -> Iterator[Found]:
    """1,500 is a thousand and a half in a text without Cyrillic letters, one and a half in others."""
    del setting  # a number is the same everywhere
    english = not _cyrillic.search(text)
    for numeral in numerals(text):
        if text[numeral.end : numeral.end + 1].isalnum() and not _measure.match(text, numeral.end):
            continue
        comma = english and numeral.grouped is not None and "," in text[numeral.start : numeral.end]
        value = numeral.grouped if comma and numeral.grouped is not None else numeral.value
        yield Found("number", plain(value), numeral.start, numeral.end)


def plain(value: Decimal) -> str:
    """Without an exponent and zeros that say nothing."""
    return format(value.normalize(), "f")


def numerals(text: str) -> list[Numeral]:
    """The numbers of a text, in order. A letter may follow digits: "1500р"."""
    found: list[Numeral] = []
    run: list[_Part] = []
    for part in _parts(text):
        if run and not _follows(text, run, part):
            found.append(_numeral(run))
            run = []
        if run or _begins(text, part):
            run.append(part)
    if run:
        found.append(_numeral(run))
    for at, (one, other) in enumerate(pairwise(found)):  # "2-3 тысячи" are thousands both
        if (
            one.scale == 1 < other.scale
            and one.value * other.scale < other.value
            and _range.fullmatch(text, one.end, other.start)
        ):
            found[at] = one._replace(value=one.value * other.scale, grouped=None)
    return found


def _begins(text: str, part: _Part) -> bool:
    if part.word.level == _HALF:
        return False
    return part.word != _WORDS["hundred"] or bool(_article.search(text, max(0, part.start - 3), part.start))


def _parts(text: str) -> Iterator[_Part]:
    for match in _piece.finditer(text):
        if match["digits"]:
            yield from _digits(match)
        elif match["half"]:
            yield _Part(_Word(Decimal("0.5"), _HALF), match.start(), match.end(), digits=False)
        else:
            word = _WORDS.get(match[0].lower().replace("ё", "е"))
            if word is not None:
                yield _Part(word, match.start(), match.end(), digits=False)


def _digits(match: re.Match[str]) -> Iterator[_Part]:
    said, kilo = match["digits"], match["kilo"]
    said = said[: len(said) - len(kilo or "")]
    signs = "".join(sign for sign in said if sign in ",.")
    if match["grouped"]:
        point = signs[-1] if signs[-1] != signs[0] else ""
        said = "".join("." if sign == point else sign for sign in said if sign == point or sign not in ",.")
    digits = re.sub(r"[ \u00a0\u202f]", "", said).replace(",", ".")
    if len(digits) > LONGEST:
        return
    value = Decimal(digits)
    grouped = Decimal(re.sub("[.,]", "", said)) if _thousands.match(said.lstrip("-")) and not kilo else None
    if grouped is not None and said.startswith("-"):
        grouped = -abs(grouped)
    yield _Part(
        _Word(value * (1_000 if kilo else 1), _DIGITS), match.start(), match.end(), digits=True, grouped=grouped
    )


def _follows(text: str, run: Sequence[_Part], part: _Part) -> bool:
    """Whether the word goes on with the number."""
    last, word = run[-1].word, part.word
    gap = text[run[-1].end : part.start]
    if not _gap.fullmatch(gap):
        return False
    if gap.strip() and gap != "-" and not (last.scale and not word.scale):
        return False  # "two and three" are two numbers, "two hundred and three" is one
    if word.level == _HALF:
        return not last.scale and last.value % 1 == 0
    if last.level == _HALF:
        return word.scale
    if word.level == _HUNDRED and word.scale:
        return last.level in {_UNIT, _TEEN} or (last.level == _DIGITS and word.value < 100)
    if word.scale:
        scales = [each.word.level for each in run if each.word.scale]
        return not scales or word.level < min(scales) or scales[-1] == _HUNDRED < word.level
    if part.digits:
        return last.scale and last.level > _HUNDRED and 0 < word.value < 1_000
    if last.scale:
        return True
    # 900, then 20, then 5; 900, then 15. After digits nothing but scales.
    return (last.level, word.level) in _FOLLOW and word.value > 0


def _numeral(run: Sequence[_Part]) -> Numeral:
    total, group = Decimal(0), Decimal(0)
    for part in run:
        if not part.word.scale:
            group += part.word.value
        elif part.word.level == 4:
            group = (group or 1) * part.word.value
        else:
            total += (group or 1) * part.word.value
            group = Decimal(0)
    grouped = run[0].grouped if len(run) == 1 else None
    scale = int(run[-1].word.value) if run[-1].word.scale else 1
    return Numeral(total + group, run[0].start, run[-1].end, grouped, scale)


def small_number(texts: Sequence[str], at: int) -> tuple[int, int] | None:
    """A number from 0 to 99 told in words at a place of a list of words, and the place behind it."""
    word = _WORDS.get(texts[at]) if at < len(texts) else None
    if word is None or word.level > _TEN or word.scale or word.value % 1:
        return None
    dash = at + 1 < len(texts) and texts[at + 1] == "-"
    unit = _WORDS.get(texts[at + 1 + dash]) if at + 1 + dash < len(texts) else None
    if word.level == _TEN and unit and unit.level == _UNIT and unit.value > 0 and not unit.value % 1:
        return int(word.value + unit.value), at + 2 + dash
    return int(word.value), at + 1
