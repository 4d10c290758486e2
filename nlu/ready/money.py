"""`amount-of-money`: "1500 RUB", "5.50 USD": the amount, and the currency's code (ISO 4217)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from nlu.ready.found import Found, Setting
from nlu.ready.numbers import Numeral, numerals, plain

_WHOLE = {
    "RUB": r"₽|руб(?:л(?:ь|я|ей|ю|ям|ём|ем|ями|ях|и))?\b\.?|р\b\.?|rub(?:les?)?\b|roubles?\b|rur\b",
    "USD": r"\$|доллар\w{0,3}|бакс\w{0,3}|usd\b|dollars?\b|bucks?\b",
    "EUR": r"€|евро\b|eur(?:os?)?\b",
    "GBP": r"£|фунт\w{0,3} стерлингов|gbp\b|pounds?\b(?: sterling\b)?|quid\b",
    "KZT": r"₸|тенге\b|kzt\b|tenge\b",
    "BYN": r"byn\b|бел\. ?руб\w{0,4}\.?",
    "UAH": r"₴|грив\w{1,3}|грн\b\.?|uah\b|hryvnias?\b",
    "CNY": r"юан\w{1,3}|cny\b|yuan\b",
    "JPY": r"¥|иен\w{0,2}|jpy\b|yen\b",
    "TRY": r"₺|лир(?:а|ы|у|ам)?\b",
}
_HUNDREDTH = r"коп(?:е[йеё]\w{1,3})?\b\.?|цент(?:а|ов|ы|ам)?\b|cents?\b|pence\b|¢"
_CODES = {code.lower(): code for code in _WHOLE} | dict.fromkeys(("руб", "рублей", "рубля"), "RUB")
_behind = re.compile(
    r"\.?\s?(?:"
    + "|".join(f"(?P<{code}>{words})" for code, words in _WHOLE.items())
    + rf"|(?P<part>{_HUNDREDTH})|(?P<thousand>т\.\s?р\b\.?|тыр\b))",
    re.IGNORECASE,
)
_SIGNS = {"$": "USD", "€": "EUR", "£": "GBP", "₽": "RUB", "₸": "KZT", "₴": "UAH", "¥": "JPY", "₺": "TRY"}
_before = re.compile(
    rf"(?P<sign>(?:(?<!\w)US)?[{''.join(map(re.escape, _SIGNS))}])\s?\Z|(?<!\w)(?P<word>{'|'.join(_CODES)})\.?\s\Z",
    re.IGNORECASE,
)
_LONGEST_BEFORE = 9
_TOO_MUCH = Decimal(10) ** 18
"""From here on it is no amount, and soon more digits than `Decimal` counts exactly: "999999999999999к миллиардов"."""
_range = re.compile(r"\s?[-–—]\s?|\s+(?:до|to)\s+", re.IGNORECASE)
_millions = re.compile(r"(?:m|mln)(?!\w)", re.IGNORECASE)
_between = re.compile(r"\s?(?:и\s|and\s)?\s?", re.IGNORECASE)


class _Sum(NamedTuple):
    amount: Decimal
    code: str
    start: int
    end: int


def find(text: str, setting: Setting) -> Iterator[Found]:
    """Both ends of a range have its currency: "1000-2000 руб", "$10-20"."""
    del setting  # the words name the currency
    amounts = numerals(text)
    sums: dict[int, _Sum] = {}
    behind = 0
    for at, amount in enumerate(amounts):
        if amount.start >= behind and (found := _sum(text, amounts, at, behind)):
            sums[at], behind = found, found.end
    for at in range(len(amounts)):
        found = sums.get(at) or _in_range(text, amounts, at, sums)
        if found and abs(found.amount) < _TOO_MUCH:
            exact = found.amount.quantize(Decimal("0.01"))
            said = plain(exact) if exact == exact.to_integral() else exact
            yield Found("amount-of-money", f"{said} {found.code}", found.start, found.end)


def _sum(text: str, amounts: list[Numeral], at: int, behind: int) -> _Sum | None:
    """The amount with the currency before or behind it; what lies before `behind` is taken."""
    amount = amounts[at]
    value = _whole(amount)
    before = _before.search(text, max(behind, amount.start - _LONGEST_BEFORE), amount.start)
    if before and before["sign"]:
        millions = _millions.match(text, amount.end)
        value, end = (value * 10**6, millions.end()) if millions else (value, amount.end)
        return _Sum(value, _SIGNS[before["sign"][-1]], before.start(), end)
    unit = _behind.match(text, amount.end)
    if unit is None:
        return _Sum(value, _CODES[before["word"].lower()], before.start(), amount.end) if before else None
    code = unit.lastgroup or ""
    if code == "thousand":
        return _Sum(value * 1_000, "RUB", amount.start, unit.end())
    if code == "part":
        said = unit[0].strip().lower()
        code = "USD" if said[0] in "cц¢" else "GBP" if "pence" in said else "RUB"
        return _Sum(value / 100, code, amount.start, unit.end())
    small = _small(text, amounts, at + 1, unit.end())
    if small:
        return _Sum(value + small[0] / 100, code, amount.start, small[1])
    return _Sum(value, code, amount.start, unit.end())


def _in_range(text: str, amounts: list[Numeral], at: int, sums: Mapping[int, _Sum]) -> _Sum | None:
    """An amount without a currency of its own, at one end of a range."""
    amount = amounts[at]
    for other, start, end in (
        (at + 1, amount.end, amounts[at + 1].start if at + 1 < len(amounts) else 0),
        (at - 1, amounts[at - 1].end, amount.start),
    ):
        if other in sums and start < end and _range.fullmatch(text, start, end):
            return _Sum(_whole(amount), sums[other].code, amount.start, amount.end)
    return None


def _whole(amount: Numeral) -> Decimal:
    """No money has three decimals: 1,500 and 1.500 are a thousand and a half."""
    return amount.value if amount.grouped is None else amount.grouped


def _small(text: str, amounts: list[Numeral], at: int, end: int) -> tuple[Decimal, int] | None:
    """The hundredths behind an amount ("50 копеек"), and where they end."""
    gap = _between.match(text, end)
    if at == len(amounts) or gap is None or gap.end() != amounts[at].start or not 0 <= amounts[at].value < 100:
        return None
    unit = _behind.match(text, amounts[at].end)
    if unit is None or unit.lastgroup != "part":
        return None
    return amounts[at].value, unit.end()
