"""Ready-made entities, Russian and English. What is written in the tables is what customers write."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu import ready
from nlu.entities import EntityFinder
from nlu.normalise import read
from nlu.ready import Setting
from nlu.ready.time_grammar import words

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 11, 25, 14, 30, tzinfo=MOSCOW)
"""A Wednesday."""
HERE = Setting(at=NOW)


def found(text: str, *names: str, setting: Setting = HERE) -> list[tuple[str, str]]:
    """Values and the words they were found in."""
    return [(each.value, text[each.start : each.end]) for each in ready.find(text, names, setting)]


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("мой 8 (903) 123-45-67, звоните", "RU", [("+79031234567", "8 (903) 123-45-67")]),
        ("+7 903 123-45-67", "US", [("+79031234567", "+7 903 123-45-67")]),
        ("89031234567 или 88005553535", "RU", [("+79031234567", "89031234567"), ("+78005553535", "88005553535")]),
        ("call (415) 555-2671", "US", [("+14155552671", "(415) 555-2671")]),
        ("or +44 20 7946 0958", "RU", [("+442079460958", "+44 20 7946 0958")]),
        ("заказ 100272 от 12.11.2026", "RU", []),
        ("карта 4276 1234 5678 9012", "RU", []),
    ],
)
def test_phones(text: str, region: str, expected: list[tuple[str, str]]) -> None:
    assert found(text, "phone-number", setting=Setting(region=region)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("пишите на Anna.K@Example.ORG, жду", [("Anna.K@example.org", "Anna.K@Example.ORG")]),
        ("(a+b@mail.example.com).", [("a+b@mail.example.com", "a+b@mail.example.com")]),
        ("ящик: почта@пример.рф!", [("почта@пример.рф", "почта@пример.рф")]),
        ("'bob@example.com'", [("bob@example.com", "bob@example.com")]),
        ("🙈 anna@shop.test", [("anna@shop.test", "anna@shop.test")]),
        ("a@b", []),
        ("x..y@example.com", []),
        ("@anna в телеграме", []),
        ("a@@b.com", []),
    ],
)
def test_emails(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text, "email") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("см. https://shop.ru/p/1?a=b&c=d, там", [("https://shop.ru/p/1?a=b&c=d", "https://shop.ru/p/1?a=b&c=d")]),
        ("на example.com/a", [("http://example.com/a", "example.com/a")]),
        ("сайт пример.рф!", [("http://пример.рф", "пример.рф")]),
        ("(http://a.ru/b(c))", [("http://a.ru/b(c)", "http://a.ru/b(c)")]),
        ("магазин.Когда привезут", []),
        ("javascript:alert(1)", []),
        ("пишите anna@example.org", []),
        ("12.11.2026", []),
    ],
)
def test_links(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text, "url") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("двадцать пять", ["25"]),
        ("двадцати пяти", ["25"]),
        ("двумстам сорока", ["240"]),
        ("сто двадцать тысяч пятьсот", ["120500"]),
        ("полтора миллиона", ["1500000"]),
        ("две тысячи двадцать шесть", ["2026"]),
        ("тысяча", ["1000"]),
        ("пять шесть семь", ["5", "6", "7"]),
        ("ноль", ["0"]),
        ("two hundred and five", ["205"]),
        ("Twenty-Five", ["25"]),
        ("a hundred", ["100"]),
        ("nineteen ninety nine", ["19", "99"]),
        ("two hundred thousand and seven", ["200007"]),
        ("two and three", ["2", "3"]),
        ("1 000 000", ["1000000"]),
        ("3,5 млн", ["3500000"]),
        ("2 тысячи 300", ["2300"]),
        ("-5", ["-5"]),
        ("1.2.3", []),
        ("v2", []),
        ("1" * 16, []),
        ("стол и сотня", []),
        ("одна книга", ["1"]),
    ],
)
def test_numbers(text: str, expected: list[str]) -> None:
    assert [value for value, _ in found(text, "number")] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("за 1500р", [("1500 RUB", "1500р")]),
        ("двести пятьдесят рублей", [("250 RUB", "двести пятьдесят рублей")]),
        ("5 рублей 50 копеек", [("5.50 RUB", "5 рублей 50 копеек")]),
        ("до 2 тыс. руб.", [("2000 RUB", "2 тыс. руб.")]),
        ("5 000 ₽ или €10", [("5000 RUB", "5 000 ₽"), ("10 EUR", "€10")]),
        ("$5.50", [("5.50 USD", "$5.50")]),
        ("five dollars and twenty cents", [("5.20 USD", "five dollars and twenty cents")]),
        ("50 копеек", [("0.50 RUB", "50 копеек")]),
        ("3 million euros", [("3000000 EUR", "3 million euros")]),
        ("5 центров и 3 рукава", []),
        ("рубли", []),
    ],
)
def test_money(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text, "amount-of-money") == expected


@pytest.mark.parametrize(
    ("text", "value", "said"),
    [
        ("привезите послезавтра в три", "2026-11-27T15:00", "послезавтра в три"),
        ("завтра", "2026-11-26", "завтра"),
        ("27.11 с 10 до 12", "2026-11-27T10:00/2026-11-27T12:00", "27.11 с 10 до 12"),
        ("27.11 в три", "2026-11-27T15:00", "27.11 в три"),
        ("завтра утром", "2026-11-26T06:00/2026-11-26T12:00", "завтра утром"),
        ("вечером", "2026-11-25T18:00/2026-11-26T00:00", "вечером"),
        ("в пятницу", "2026-11-27", "пятницу"),
        ("в среду", "2026-12-02", "среду"),
        ("в следующую пятницу в 5", "2026-12-04T17:00", "следующую пятницу в 5"),
        ("в прошлый вторник", "2026-11-24", "прошлый вторник"),
        ("через два дня", "2026-11-27", "через два дня"),
        ("через неделю в полдень", "2026-12-02T12:00", "через неделю в полдень"),
        ("через полчаса", "2026-11-25T15:00", "через полчаса"),
        ("3 дня назад", "2026-11-22", "3 дня назад"),
        ("двадцать пятого декабря", "2026-12-25", "двадцать пятого декабря"),
        ("25 ноября в 15:00", "2026-11-25T15:00", "25 ноября в 15:00"),
        ("третьего мая 2027 года", "2027-05-03", "третьего мая 2027 года"),
        ("25.12.2026 с 10 до 12", "2026-12-25T10:00/2026-12-25T12:00", "25.12.2026 с 10 до 12"),
        ("до 1.12", "2026-12-01", "1.12"),
        ("29 февраля", "2028-02-29", "29 февраля"),
        ("25 числа", "2026-11-25", "25 числа"),
        ("в 5 вечера", "2026-11-25T17:00", "в 5 вечера"),
        ("в 3 часа ночи", "2026-11-26T03:00", "в 3 часа ночи"),
        ("в час дня", "2026-11-26T13:00", "в час дня"),
        ("завтра в полшестого", "2026-11-26T17:30", "завтра в полшестого"),
        ("с двух до четырёх", "2026-11-26T14:00/2026-11-26T16:00", "с двух до четырёх"),
        ("на следующей неделе", "2026-11-30/2026-12-07", "следующей неделе"),
        ("на выходных", "2026-11-28/2026-11-30", "выходных"),
        ("next friday at 5", "2026-12-04T17:00", "next friday at 5"),
        ("this friday", "2026-11-27", "this friday"),
        ("last friday", "2026-11-20", "last friday"),
        ("tomorrow at 3 pm", "2026-11-26T15:00", "tomorrow at 3 pm"),
        ("maybe the day after tomorrow at noon", "2026-11-27T12:00", "the day after tomorrow at noon"),
        ("on march 3rd", "2027-03-03", "march 3rd"),
        ("december 25th, 2027 at 10:30", "2027-12-25T10:30", "december 25th, 2027 at 10:30"),
        ("the twenty-fifth of december", "2026-12-25", "the twenty-fifth of december"),
        ("tonight at 8", "2026-11-25T20:00", "tonight at 8"),
        ("in the morning", "2026-11-26T06:00/2026-11-26T12:00", "in the morning"),
        ("half past five", "2026-11-25T17:30", "half past five"),
        ("3-5pm tomorrow", "2026-11-26T15:00/2026-11-26T17:00", "3-5pm tomorrow"),
        ("from 9 to 5 on monday", "2026-11-30T09:00/2026-11-30T17:00", "from 9 to 5 on monday"),
        ("in two hours", "2026-11-25T16:30", "in two hours"),
        ("a week ago", "2026-11-18", "a week ago"),
        ("next month", "2026-12-01/2027-01-01", "next month"),
        ("2026-12-01", "2026-12-01", "2026-12-01"),
        ("приезжайте в 5", "2026-11-25T17:00", "в 5"),
        ("three in the morning", "2026-11-26T03:00", "three in the morning"),
        ("at seven thirty", "2026-11-25T19:30", "at seven thirty"),
        ("в час тридцать", "2026-11-26T13:30", "в час тридцать"),
        ("в 6 часов 30 минут", "2026-11-25T18:30", "в 6 часов 30 минут"),
        ("без пятнадцати шесть", "2026-11-25T17:45", "без пятнадцати шесть"),
        ("завтра между 3 и 5", "2026-11-26T15:00/2026-11-26T17:00", "завтра между 3 и 5"),
    ],
)
def test_times(text: str, value: str, said: str) -> None:
    assert [(v.replace("+03:00", ""), words) for v, words in found(text, "time")] == [(value, said)]


@pytest.mark.parametrize(
    "text",
    [
        "в 5 заказах ошибка",
        "мне нужно 2 книги и 3 тетради",
        "доброе утро",
        "good evening, where is my order",
        "среда обитания",
        "цена 1.12 руб",
        "31 февраля",
        "в 25:00",
        "99.99.2026",
        "at 5 main street",
        "you may be right",
        "through the night",
        "twelve divided by four",
        "чёрная пятница",
        "black friday sale",
        "from 3 to 5 apples",
        "в 5 10 штук",
        "заказ 100272",
        "",
    ],
)
def test_what_is_no_time(text: str) -> None:
    assert found(text, "time") == []


def test_times_need_the_message_s_own_time_and_nothing_else() -> None:
    assert found("завтра", "time", setting=Setting()) == []
    tokyo = Setting(at=NOW.astimezone(ZoneInfo("Asia/Tokyo")))
    assert found("сегодня в 23:00", "time", setting=tokyo) == [("2026-11-25T23:00+09:00", "сегодня в 23:00")]
    late = Setting(at=datetime(2026, 12, 31, 23, 30, tzinfo=MOSCOW))
    assert found("завтра", "time", setting=late)[0][0] == "2027-01-01"
    assert found("в 8:00", "time", setting=late)[0][0] == "2027-01-01T08:00+03:00"


def test_clocks_that_are_changed_are_known() -> None:
    berlin = Setting(at=datetime(2027, 3, 27, 12, tzinfo=ZoneInfo("Europe/Berlin")))
    assert found("tomorrow at 10:00", "time", setting=berlin)[0][0] == "2027-03-28T10:00+02:00"


def test_day_and_month_stand_as_the_region_has_them() -> None:
    assert found("by 3/4/2027", "time", setting=Setting(at=NOW, region="US"))[0][0] == "2027-03-04"
    assert found("by 3/4/2027", "time", setting=Setting(at=NOW, region="GB"))[0][0] == "2027-04-03"


def test_the_longest_find_hides_those_inside_it() -> None:
    text = "переведу 1500 рублей завтра в 5, тел. 8 903 123-45-67, anna@example.org"
    assert [(f.name, f.value.replace("+03:00", "")) for f in ready.find(text, ready.NAMES, HERE)] == [
        ("amount-of-money", "1500 RUB"),
        ("time", "2026-11-26T17:00"),
        ("phone-number", "+79031234567"),
        ("email", "anna@example.org"),
    ]


def test_a_finder_has_them_beside_its_own() -> None:
    finder = EntityFinder(regexes={"order": [r"\d{6}"]}, phrases={}, synonyms={}, ready_made=["time", "phone-number"])
    text = "🙈 заказ 100272 за\u200bвтра в\u00a0три, 8\u200b903 123-45-67"
    entities = EntityFinder.from_plain(finder.to_plain()).find(read(text), NOW)
    assert [(e.name, e.value, text[e.start : e.end]) for e in entities] == [
        ("order", "100272", "100272"),
        ("time", "2026-11-26T15:00+03:00", "за\u200bвтра в\u00a0три"),
        ("phone-number", "+79031234567", "8\u200b903 123-45-67"),
    ]
    assert [e.name for e in finder.find(read(text))] == ["order", "phone-number"]


def test_digits_inside_of_a_longer_find_are_nothing_else() -> None:
    """Also where the workspace's pattern takes them for an order's number."""
    finder = EntityFinder(
        regexes={"order": [r"(?<!\d)\d{6}(?!\d)", r"АБ-\d{5}"]}, phrases={}, synonyms={},
        ready_made=["number", "phone-number"],
    )  # fmt: skip
    text = "тел 8 (4852) 123456, заказ АБ-10452 или 100272"
    assert [(e.name, e.value) for e in finder.find(read(text), NOW)] == [
        ("phone-number", "+74852123456"),
        ("order", "АБ-10452"),
        ("number", "100272"),
        ("order", "100272"),
    ]


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(KeyError):
        EntityFinder(regexes={}, phrases={}, synonyms={}, ready_made=["temperature"])


HOSTILE = {
    "digits": "1" * 1_000_000,
    "spaced digits": "1 " * 100_000,
    "joiners": "\u200d" * 100_000,
    "cues": "в " * 50_000,
    "joints": "in the " * 20_000,
    "days": "завтра " * 20_000,
    "ranges": "с 1 до 2 " * 20_000,
    "tens": "двадцать " * 20_000,
    "scales": "миллион " * 20_000,
    "counts": "через " * 20_000,
    "signs": "@" * 100_000,
    "addresses": "a@b.ru " * 20_000,
    "domains": "a." * 50_000,
    "schemes": "http://" * 20_000,
    "brackets": "http://a.ru/" + "[(" * 50_000,
    "phones": "8 903 123 45 67 " * 20_000,
    "half phones": "8-(9)-" * 20_000,
    "dots": "1.1." * 50_000,
    "amounts": "5 руб " * 20_000,
    "superscripts": "²" * 50_000,
    "other digits": "٣" * 50_000,
}


@pytest.mark.parametrize("name", ready.NAMES)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_text_is_bounded_work(name: str, text: str) -> None:
    """At best of three: the machine may stop us at any time, the code may not."""
    ready.load([name])
    spent = []
    for _ in range(3):
        began = time.process_time()
        ready.find(read(text).text, [name], HERE)
        spent.append(time.process_time() - began)
    assert min(spent) < 0.05


@settings(deadline=None)
@given(st.text(max_size=200))
def test_finds_lie_inside_any_text(text: str) -> None:
    reading = read(text)
    for each in ready.find(reading.text, ready.NAMES, HERE):
        assert 0 <= each.start < each.end <= len(reading.text)


_SAID = """в 5 25 ноября завтра с до 10 12 следующую пятницу неделю через два часа дня утра вечером next friday at
half past to pm the 31 february may 2026 , - . : 24 99999 лет назад полчаса on month last 0 год 15:30 30.02.2026
1234.56 2.5 31-12-2026 2026.12.31 2026-13 25/12 14.00 пн mon по от конца недели 3х полтора с_половиной ноль пол к ( )
минут from after week fri через-2 and a half дня_через последний обеда вечеру end of 29.02 декабре около где-то"""


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(_SAID.split()), max_size=12).map(" ".join), st.datetimes(timezones=st.just(MOSCOW)))
def test_any_words_of_time_make_a_time_or_none(text: str, at: datetime) -> None:
    for each in ready.find(text, ["time"], Setting(at=at)):
        start, _, end = each.value.partition("/")
        begin = datetime.fromisoformat(start)
        if end:
            assert begin < datetime.fromisoformat(end)


def test_the_words_of_a_text_are_bounded() -> None:
    assert len(words("1 " * 5_000)) == 250
