"""Particulars of one person that `Masking` leaves, for it also masks what the bot itself says: where somebody lives,
codes, passwords, dates of birth, number plates, profiles in social networks.

What takes their place reads as they do. What only people know for somebody's own (a village, a story) stays. Rather too
much is replaced than too little: a word more or less does not spoil an example.
"""

from __future__ import annotations

import re

_CAPITAL = r"(?-i:[А-ЯЁ])[\w-]+"
_STREET = (
    r"(ул\.|улиц[аеуы]|просп\.|проспекте?|пр-к?т|пер\.|переул(?:ок|ке)|бульваре?|б-р|шоссе|наб\.|набережн(?:ая|ой)"
    r"|проезде?|пл\.|площад[ьи])"
)
_NUMBER = r"(?:,?\s*\d[\w/-]*)"
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), instead)
    for pattern, instead in (
        (rf"\b{_STREET}(\s*)(?:\d+[- ])?(?:{_CAPITAL}(?:\s+{_CAPITAL})?{_NUMBER}?|[^\W\d_][\w-]+{_NUMBER})",
         r"\1\2Садовая 1"),
        (rf"\b{_CAPITAL}(?:ая|ий|ый|ой|ом)\s+{_STREET}{_NUMBER}?", r"Садовая \1 1"),
        (r"\b(?-i:[А-ЯЁ])[а-яё]+[сц]кая,?\s+\d[\w/-]*", "Садовая 1"),
        (r"\b(дом|д\.?|кв\.?|квартир[аеу]|корп\.|корпус|строение|подъезд|домофон)(\s*№?\s*)\d[\w/-]*", r"\g<1>\g<2>1"),
        (r"\b\d+[a-z]?\s+(?:(?-i:[A-Z])[\w']+\s+){1,3}?(street|st|road|rd|avenue|ave|lane|ln|drive|boulevard|blvd)\b",
         r"1 Garden \1"),
        (r"\b(?-i:[A-Z]{1,2}\d[A-Z\d]?\s+\d[A-Z]{2})\b", "AA1 1AA"),
        (r"\b(cvv2?|cvc2?|пин(?:-?код)?|pin|код(?:\s+(?:из|от|в)\s+\w+)?|серия|(?:sms|security)\s+code)(\W{1,3})\d{3,4}\b",
         r"\g<1>\g<2>000"),
        (r"\b(пароль|password)(\s*[:=-]\s*|\s+(?:is\s+)?)(?=\S*[\d_!@#$%^&*])\S+", r"\1\2password1"),
        (r"\b(рожд[её]н\w*|родил\w+|born|birth\w*|dob)(\D{0,15}?)(?:\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{4}-\d{2}-\d{2})",
         r"\g<1>\g<2>01.01.1990"),
        (r"\b[авекмнорстух]\d{3}[авекмнорстух]{2}\d{2,3}\b", "а000аа00"),
        (r"\b((?:t|telegram)\.me|wa\.me|vk\.(?:com|ru)|instagram\.com|facebook\.com)/[\w.+-]+", r"\1/name1"),
        (r"(?<![\w.@])@[a-z]\w{3,31}\b", "@name1"),
    )
)  # fmt: skip


def without_particulars(text: str) -> str:
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text
