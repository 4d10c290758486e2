"""The words of dates and times, Russian and English, in lower case and with е for ё."""

from __future__ import annotations

from collections.abc import Mapping


def _forms(groups: str, first: int = 0) -> dict[str, int]:
    """From each word to the number of its group; groups stand between commas."""
    return {word: at for at, group in enumerate(groups.split(","), start=first) for word in group.split()}


MONTHS = _forms(
    "января январь январе янв january jan, февраля февраль феврале фев февр february feb, "
    "марта март марте мар march mar, апреля апрель апреле апр april apr, мая май мае may, "
    "июня июнь июне июн june jun, июля июль июле июл july jul, августа август августе авг august aug, "
    "сентября сентябрь сентябре сен сент september sept sep, октября октябрь октябре окт october oct, "
    "ноября ноябрь ноябре ноя нояб november nov, декабря декабрь декабре дек december dec",
    first=1,
)
WEEKDAYS = _forms(
    "понедельник понедельника понедельнику пн monday mon, вторник вторника вторнику вт tuesday tue tues, "
    "среду среды среде ср wednesday wed, четверг четверга четвергу чт thursday thu thur thurs, "
    "пятницу пятницы пятнице пятница пт friday fri, субботу субботы субботе суббота сб saturday sat, "
    "воскресенье воскресенья воскресенью вс sunday sun"
)
"""Monday is 0. A plain "среда" is more often surroundings than Wednesday."""
SHORT = {"ср", "mon", "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun"}
"""Days by their first letters, which are other words too: "the sun", "I sat"."""
RELATIVE = {
    "позавчера": -2,
    "вчера": -1,
    "вчерась": -1,
    "yesterday": -1,
    "сегодня": 0,
    "сегодняшний": 0,
    "сегодняшнего": 0,
    "севодня": 0,
    "седня": 0,
    "today": 0,
    "tonight": 0,
    "завтра": 1,
    "завтрашний": 1,
    "завтрашнего": 1,
    "завтро": 1,
    "зафтра": 1,
    "tomorrow": 1,
    "tmrw": 1,
    "tmr": 1,
    "tomorow": 1,
    "tommorow": 1,
    "tommorrow": 1,
    "послезавтра": 2,
    "послезавтро": 2,
    "послезавтрашний": 2,
}
"""Days from the day the message was sent."""
PARTS: Mapping[str, tuple[int, int]] = {
    "утром": (6, 12),
    "утра": (6, 12),
    "morning": (6, 12),
    "днем": (12, 18),
    "дня": (12, 18),
    "afternoon": (12, 18),
    "вечером": (18, 24),
    "вечера": (18, 24),
    "evening": (18, 24),
    "tonight": (18, 24),
    "утречком": (6, 12),
    "вечерком": (18, 24),
    "ночью": (22, 30),
    "ночи": (22, 30),
    "night": (22, 30),
}
"""The hours a part of the day has, counted from the day's midnight."""
PHRASES: Mapping[tuple[str, str], tuple[int, int]] = {
    ("к", "утру"): (6, 12),
    ("до", "обеда"): (6, 13),
    ("в", "обед"): (12, 14),
    ("к", "обеду"): (12, 14),
    ("после", "обеда"): (13, 18),
    ("к", "вечеру"): (18, 24),
}
ADVERBS = {"утром", "утречком", "днем", "вечером", "вечерком", "ночью", "tonight"}
"""Parts of the day that are a time without any other word; "доброе утро" and "good evening" are none."""
ENGLISH_PARTS = {"morning", "afternoon", "evening", "night"}
HOURS = _forms("час часа часов часам часикам ч oclock")
ABOUT = {"примерно", "приблизительно", "ориентировочно", "около", "about", "around", "early", "late"}
"""What may stand between a day and its hour, or before a part of the day, and changes neither."""
NOON = {"полдень": 12, "полдня": 12, "noon": 12, "midday": 12, "полночь": 0, "полуночи": 0, "midnight": 0}
CUES = {
    "в",
    "во",
    "к",
    "до",
    "после",
    "около",
    "с",
    "раньше",
    "позже",
    "at",
    "by",
    "around",
    "before",
    "after",
    "until",
    "till",
    "from",
}
"""A number behind one of these may be an hour."""
ENGLISH_CUES = {"at", "by", "around", "before", "after", "until", "till", "from"}
LONE_CUES = {"в", "во", "к", "около", "после", "раньше", "позже", "at", "around", "after"}
"""Those by which an hour is one without a day beside it, at the end of a clause; "by four" may be a division."""
SALES = {"black", "черная", "черную", "черной"}
"""Before a Friday: no day that anybody could be expected on."""
DAY_CUES = CUES - {"раньше", "позже"} | {"на", "on", "от", "for", "since", "this", "next", "last"}
MONTH_CUES = {"в", "к", "до", "с", "in", "by", "until", "till", "since"}
"""Before the name of a month that is meant whole."""
NOT_DAYS = _forms(
    "цена цену цене ценой за стоит стоимость курс версия версии версию размер размера рост вес весит оценка "
    "номер пункт price cost costs version size weight rate №"
)
"""Before 25.12, which is a number then."""
MEASURES = _forms(
    "₽ $ € £ % ° руб рублей рубля р коп кг г гр грамм м см мм км л мл шт штук тыс млн usd eur rub dollars euros "
    "kg g m cm mm km l ml pcs percent процентов градусов"
)
"""Behind it, with the same effect."""
NEXT = {"next", "след"} | {f"следующ{ending}" for ending in ("ий", "ую", "ее", "ем", "ей", "его", "ие", "их")}
LAST = {"last"} | {f"прошл{ending}" for ending in ("ый", "ую", "ое", "ом", "ой", "ого", "ые", "ых")}
THIS = {"this", "coming", "эту", "этот", "это", "этой", "этом", "эти", "этих"} | {
    f"ближайш{ending}" for ending in ("ий", "ую", "ее", "ем", "ей", "его", "ие", "их")
}
UNITS = {
    word: unit
    for unit, words in {
        "minute": "минуту минуты минут минутку минутки минуток минуточку мин minute minutes min mins",
        "hour": "час часа часов часик часика часиков hour hours",
        "day": "день дня дней денек денька деньков сутки суток day days",
        "week": "неделю недели недель недельку недельки week weeks",
        "month": "месяц месяца месяцев месяцок month months",
        "year": "год года лет year years",
    }.items()
    for word in words.split()
}
SINGLE = _forms("минуту минутку минуточку час часик день денек сутки неделю недельку месяц месяцок год")
"""One of them is meant where no number stands before it."""
WEEK = {"неделе", "неделю", "week"}
END_OF = {
    "дня": "day",
    "day": "day",
    "недели": "week",
    "week": "week",
    "месяца": "month",
    "month": "month",
    "года": "year",
    "year": "year",
}
"""What may end: "до конца недели"."""
MONTH = {"месяце", "месяц", "month"}
WEEKEND = {"выходные", "выходных", "weekend"}
_UNITS_RU = ["перв", "втор", "треть", "четверт", "пят", "шест", "седьм", "восьм", "девят"]
_TEENS_RU = "десят одиннадцат двенадцат тринадцат четырнадцат пятнадцат шестнадцат семнадцат восемнадцат девятнадцат"
_ENDINGS = ("ое", "ого", "ому", "е", "его", "ему")


def _ordinals() -> dict[str, int]:
    """First to nineteenth, twentieth, thirtieth, in the forms that a date takes."""
    words = {f"{stem}{end}": at for at, stem in enumerate([*_UNITS_RU, *_TEENS_RU.split()], 1) for end in _ENDINGS}
    words |= {f"{stem}{end}": number for stem, number in (("двадцат", 20), ("тридцат", 30)) for end in _ENDINGS}
    words |= dict.fromkeys(("третье", "третьего", "третьему"), 3)
    english = (
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth "
        "fifteenth sixteenth seventeenth eighteenth nineteenth twentieth"
    )
    words |= {word: at for at, word in enumerate(english.split(), 1)}
    return words | {"thirtieth": 30}


ORDINALS = _ordinals()
TENS = {"двадцать": 20, "тридцать": 30, "twenty": 20, "thirty": 30}
"""What a unit may follow: "двадцать пятого", "twenty-fifth"."""
