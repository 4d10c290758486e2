"""Which sentences call people, and which must not, by the demo's rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from estafeta.kernel.model import Address, Customer, Ending, Intent, Past, Reason, TicketId, Understanding
from flows.handoff_file import LowConfidence, Sensitive, Vip
from flows.model import Workspace
from handoff import triggers
from handoff.triggers import Trigger

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)

ASKED = [
    "позовите человека",
    "Позовите человека!",
    "ПОЗОВИТЕ ЧЕЛОВЕКА",
    "позовите, пожалуйста, человека",
    "позовите мне оператора",
    "Оператор",
    "оператора!!!",
    "оператора, пожалуйста",
    "оператора срочно",
    "мне нужен оператор",
    "Здравствуйте, нужен человек",
    "дайте живого человека",
    "хочу поговорить с человеком",
    "можно поговорить с живым человеком",
    "хочу живого оператора",
    "соедините меня уже с живым оператором",
    "переключите меня на человека",
    "у меня пришла разбитая игра и не хватает фишек позовите человека пожалуйста",
    "не хочу разговаривать с ботом, позовите оператора",
    "не понимаю вас, соедините с оператором",
    "посылка разбита, нужен оператор",
    "всё не то! Оператора!",
    "оператор, вы где",
    "нужен менеджер",
    "живой человек тут есть",
    "Talk to a person",
    "can I talk to a human please",
    "A person, please.",
    "a person please",
    "operator",
    "Operator, please!",
    "I want a real person",
    "live agent now",
    "my parcel is wet\noperator\nand the box is torn",
    "позовите\nчеловека",
    "let me talk to a real person",
    "please call me a person",
    "this is not working, call a person",
    "why can't I talk to a person",
    "I have told you three times already: let me speak to a human",
    "no, operator please",
    "no bots, I'd like to speak to a person",
    "it does not help, human agent please",
    "/human",
    "/human@polka_bot",
]
MISSPELT = [
    "пазавите чиловека",
    "позовите челвека",
    "позавите аператора",
    "соедените с опиратором",
    "приключите на оператора",
    "оператр",
    "оператооор",
    "опиратора пожалуста",
    "менеджерра",
    "нужен челавек",
    "жывой человек",
    "хочу поговорить с живым чиловеком",
    "opertor",
    "opperator!!",
    "humam please",
    "a persn please",
    "talk to a preson",
    "speek to a human",
    "representativ",
]
NOT_MISSPELT = [
    "операция",
    "операции по карте",
    "оператива",
    "оперативно",
    "опера",
    "опера на диске есть?",
    "император",
    "императора",
    "сепаратор",
    "человечный",
    "человечество",
    "человеческий",
    "позвоните мне",
    "перезвоните",
    "живот",
    "менеджмент",
    "сотрудничество",
    "есть набор человечков лего",
    "operation",
    "operations",
    "opera",
    "operate",
    "operates",
    "cooperation",
    "humane",
    "humans",
    "humor",
    "persona",
    "Persona 5, the board game",
    "prison",
    "reason",
    "representation",
    "agency",
]
NEWS = [
    "ну где вы?",
    "где вы",
    "Вы тут?",
    "вы тут???",
    "ау",
    "ауууу!",
    "алло, вы тут?",
    "есть кто-нибудь?",
    "есть тут кто",
    "сколько ещё ждать?",
    "долго ещё?",
    "когда уже ответите?",
    "какой я в очереди?",
    "ну что там?",
    "жду",
    "anyone there?",
    "is anybody there",
    "hello?",
    "are you there?",
    "so where are you guys",
    "how much longer?",
    "any news?",
    "what's my place in the queue",
    "I'm still waiting",
]
NO_NEWS = [
    "где вы находитесь",
    "где мой заказ",
    "где вы храните заказы",
    "когда ответите про возврат денег",
    "вы тут писали про скидку",
    "когда привезут заказ",
    "сколько ждать доставку",
    "долго ждать посылку из Казани?",
    "where are you located",
    "where is my order",
    "how long does delivery take",
    "is anyone there on Sundays at the store",
    "спасибо",
    "",
]
NOT_ASKED = [
    "я не хочу оператора сотовой связи, мой оператор МТС",
    "мой оператор МТС",
    "оператор МТС",
    "какой у вас сотовый оператор",
    "телефон 8 900 000-00-00, оператор Мегафон",
    "мне нужен оператор сотовой связи",
    "мне звонил ваш оператор и обещал перезвонить",
    "мне звонил ваш сотрудник, оператор, и сказал ждать",
    "оператор нагрубил мне вчера по телефону",
    "не надо оператора",
    "оператор не нужен",
    "не нужен оператор",
    "мне не нужен оператор",
    "я не хочу поговорить с человеком",
    "без оператора",
    "для человека паука есть раскраска",
    "есть фигурка человек-паук?",
    "игра на одного человека или на двоих",
    "книга про живого человека в пустыне",
    "сколько человек может играть",
    "операторская работа, учебник",
    "где мой заказ",
    "да",
    "100234",
    "my mobile operator is down",
    "is the operator's manual included",
    "I don't want to talk to a person",
    "I do not need to speak to a human",
    "there is no need to call a person",
    "a game for one person or two",
    "books about what it means to be human",
    "your operator called me yesterday and promised a refund",
    "no operator",
    "the real person behind this novel",
    "/humans",
    "/start",
    "",
]
SENSITIVE = [
    "я обращусь в Роспотребнадзор",
    "напишу жалобу в прокуратуру",
    "подам на вас в суд",
    "мой адвокат с вами свяжется",
    "иду в полицию",
    "вы мошенники",
    "у вас утечка персональных данных?",
    "I will take you to court",
    "you will hear from my lawyer",
    "I am reporting this to consumer protection",
    "I'll file a chargeback",
    "I'm going to the police",
]
NOT_SENSITIVE = [
    "есть книга «Адвокат дьявола»?",
    "судья и палач, сколько стоит",
    "настольная игра про полицию",
    "мой брат юрист, ему понравится?",
    "do you have a courtroom drama",
    "a board game about the police",
    "my sister is a lawyer, which book would she like",
    "посудомойка",
]
ANGRY = [
    "это просто безобразие",
    "Сколько можно ждать???",
    "ДА СКОЛЬКО МОЖНО ЭТО ТЕРПЕТЬ",
    "вы издеваетесь?",
    "вы меня уже достали",
    "ужасный сервис!!!",
    "тупой бот",
    "ГДЕ МОЙ ЗАКАЗ???!!!",
    "КОШМАР КАКОЙ-ТО, ЖДУ ТРЕТЬЮ НЕДЕЛЮ",
    "This is unacceptable",
    "worst shop ever!!!",
    "WHERE IS MY ORDER???!!!",
    "I'm fed up with this",
    "ARE YOU KIDDING ME?! THIS IS TERRIBLE",
    "wtf",
    "stupid bot!",
    "дерьмо, а не магазин",
    "дерьмовый сервис",
    "ненавижу вас",
    "я вас ненавижу",
    "вы идиоты",
    "какого чёрта вы молчите",
    "сволочи",
    "совсем обнаглели",
    "меня всё это бесит",
    "как вам не стыдно",
    "полный бред",
    "отвратно",
    "вы врёте",
    "I hate you",
    "I hate this shop",
    "this is bullshit",
    "what a load of shit",
    "your service sucks",
    "fuck off",
    "you are idiots",
    "I am sick and tired of waiting",
    "screw you",
]
CALM = [
    "ОК",
    "ДА",
    "П-100234",
    "ЗАКАЗ 100234",
    "ГДЕ МОЙ ЗАКАЗ",
    "LEGO NINJAGO",
    "USB HDMI DVI",
    "где мой заказ???",
    "ура!!!",
    "СПАСИБО ВАМ БОЛЬШОЕ!!!",
    "Спасибо, это было ужасно мило!!!",
    "СПАСИБО ОГРОМНОЕ!!!!!!",
    "не ужасно, но мог бы быть и лучше",
    "книга «Преступление и наказание»",
    "Мне надоела старая обложка, есть другая?",
    "обманчивая внешность, есть такой роман?",
    "где?!",
    "THANK YOU SO MUCH!!!",
    "I LOVE THIS SHOP!!!",
    "not terrible at all",
    "OK",
    "how do I pay???",
    "a book on fraud prevention",
    "ISBN 978-5-17-080115-2",
    "есть «Идиот» Достоевского?",
    "курьеры достали посылку из машины",
    "тупые ножницы для детей",
    "книга «Ужас Данвича»",
    "не ненавижу",
    "do you have The Hate U Give",
    "is The Idiot in stock",
    "do you sell trash bins",
    "",
    "/order",
]


def _reason(workspace: Workspace, text: str, understanding: Understanding | None = None) -> Reason | None:
    found = _trigger(workspace, text, understanding)
    return None if found is None else found.reason


def _trigger(
    workspace: Workspace, text: str, understanding: Understanding | None = None, *,
    customer: Customer | None = None, past: tuple[Past, ...] = (), language: str = "ru",
) -> Trigger | None:  # fmt: skip
    return triggers.reason_to_call(
        workspace, text=text, understanding=understanding, customer=customer or Customer(), past=past,
        language=language, now=NOW,
    )  # fmt: skip


def _meant(intent: str, confidence: float = 0.9) -> Understanding:
    return Understanding(
        intent=intent, confidence=confidence, ranking=(Intent(name=intent, confidence=confidence),), model="test"
    )


def _past(intent: str, *, ago: timedelta = timedelta(hours=1), how: Ending = "closed") -> Past:
    return Past(
        id=TicketId("c.1"), reason=Reason.USER_REQUEST, skill="delivery", opened_at=NOW - ago - timedelta(hours=1),
        ended_at=NOW - ago, how=how, intent=intent,
    )  # fmt: skip


def _with(workspace: Workspace, **rules: object) -> Workspace:
    """The workspace with other rules of these reasons."""
    reasons = workspace.bot.handoff.reasons.model_copy(update=rules)
    handoff = workspace.bot.handoff.model_copy(update={"reasons": reasons})
    return replace(workspace, bot=workspace.bot.model_copy(update={"handoff": handoff}))


def _without_command(workspace: Workspace) -> Workspace:
    library = replace(workspace.library, by_command={})
    return replace(workspace, library=library)


@pytest.mark.parametrize("text", ASKED)
def test_these_ask_for_a_person(demo_workspace: Workspace, text: str) -> None:
    workspace = _without_command(demo_workspace)
    for language in ("ru", "en", ""):  # the nearest words are taken, whatever was spoken before
        assert triggers.asked_for_person(workspace, text, None, language)
    assert _reason(workspace, text) is Reason.USER_REQUEST


@pytest.mark.parametrize("text", MISSPELT)
def test_a_slip_of_the_finger_asks_too(demo_workspace: Workspace, text: str) -> None:
    assert triggers.asked_for_person(_without_command(demo_workspace), text, None)


@pytest.mark.parametrize("text", NOT_MISSPELT)
def test_another_word_is_no_slip(demo_workspace: Workspace, text: str) -> None:
    assert not triggers.asked_for_person(_without_command(demo_workspace), text, None)


@pytest.mark.parametrize("text", ["мой опиратор МТС", "оператр не нужен", "no opertor"])
def test_who_is_not_wanted_may_be_misspelt_too(demo_workspace: Workspace, text: str) -> None:
    assert not triggers.asked_for_person(demo_workspace, text, _meant("human_request"))


@pytest.mark.parametrize("text", NEWS)
def test_these_ask_where_everybody_is(text: str) -> None:
    assert triggers.asks_for_news(text)


@pytest.mark.parametrize("text", NO_NEWS)
def test_these_ask_for_something_else(text: str) -> None:
    assert not triggers.asks_for_news(text)


@pytest.mark.parametrize("text", NOT_ASKED)
def test_these_ask_for_nobody(demo_workspace: Workspace, text: str) -> None:
    assert not triggers.asked_for_person(_without_command(demo_workspace), text, None, "ru")


@pytest.mark.parametrize("text", SENSITIVE)
def test_these_are_no_matter_for_a_bot(demo_workspace: Workspace, text: str) -> None:
    assert _reason(demo_workspace, text) is Reason.SENSITIVE_TOPIC


@pytest.mark.parametrize("text", NOT_SENSITIVE)
def test_these_only_sound_so(demo_workspace: Workspace, text: str) -> None:
    assert _reason(demo_workspace, text) is None


@pytest.mark.parametrize("text", ANGRY)
def test_these_are_angry(demo_workspace: Workspace, text: str) -> None:
    assert _reason(demo_workspace, text) is Reason.NEGATIVE_SENTIMENT


@pytest.mark.parametrize("text", CALM)
def test_these_are_not(demo_workspace: Workspace, text: str) -> None:
    assert _reason(demo_workspace, text) is None


@pytest.mark.parametrize(
    "text",
    [
        "я не хочу оператора сотовой связи, мой оператор МТС",
        "мой оператор МТС",
        "оператор не нужен",
        "не нужен оператор",
        "мне пока не нужен оператор",
        "без оператора",
        "я не хочу поговорить с человеком",
        "книга про живого человека в пустыне",
        "I don't want to talk to a person",
        "there is no need to call a person",
        "no operator",
        "operator is not needed",
    ],
)
def test_a_model_that_hears_only_the_word_is_not_believed(demo_workspace: Workspace, text: str) -> None:
    guess = _meant("human_request")
    assert not triggers.asked_for_person(demo_workspace, text, guess, "ru")
    believed = triggers.as_meant(demo_workspace, text, guess)
    assert believed is not None
    assert (believed.intent, believed.confidence) == ("", 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "есть там кто живой? позовите",
        "не хочу общаться с роботом, дайте людей",
        "подключите оператора к чату",
        "можно мне кого-то из людей",
        "bring a person in",
        "I'd rather talk to your staff",
        "is there a human being I may write to",
        "не могу сам, оператора бы мне, а не бота",
    ],
)
def test_a_model_that_understands_more_than_the_phrases_is_believed(demo_workspace: Workspace, text: str) -> None:
    assert triggers.asked_for_person(demo_workspace, text, _meant("human_request"), "ru")


def test_other_understandings_stay_as_they_are(demo_workspace: Workspace) -> None:
    known = _meant("contacts")
    assert triggers.as_meant(demo_workspace, "мой оператор МТС", known) is known
    assert triggers.as_meant(demo_workspace, "мой оператор МТС", None) is None


def test_a_command_of_a_flow_is_the_flows(demo_workspace: Workspace) -> None:
    assert "human" in demo_workspace.library.by_command
    assert not triggers.asked_for_person(demo_workspace, "/human", None, "ru")


def test_an_intent_asks_too_if_it_is_understood_well_enough(demo_workspace: Workspace) -> None:
    assert triggers.asked_for_person(demo_workspace, "с кем бы потолковать", _meant("human_request"), "ru")
    assert not triggers.asked_for_person(demo_workspace, "с кем бы потолковать", _meant("human_request", 0.3), "ru")


def test_the_weightiest_reason_counts(demo_workspace: Workspace) -> None:
    workspace = _with(demo_workspace, low_confidence=LowConfidence(below=0.5, words=2))
    vip = Customer(tags=("vip",))
    past = (_past("order_status"),)
    known = _meant("order_status")
    for text, reason in [
        ("это безобразие, подам в суд, позовите человека", Reason.USER_REQUEST),
        ("это безобразие, подам в суд", Reason.SENSITIVE_TOPIC),
        ("это безобразие", Reason.NEGATIVE_SENTIMENT),
        ("где мой заказ", Reason.VIP),
    ]:
        found = _trigger(workspace, text, known, customer=vip, past=past)
        assert found is not None
        assert found.reason is reason
        assert found.priority == 5, "a VIP comes no later for having another reason"
    found = _trigger(workspace, "где мой заказ", known, past=past)
    assert found is not None
    assert found.reason is Reason.RECONTACT
    assert _reason(workspace, "где мой заказ", _meant("order_status", 0.2)) is Reason.LOW_CONFIDENCE


def test_a_rule_brings_its_words_its_people_and_its_urgency(demo_workspace: Workspace) -> None:
    found = _trigger(demo_workspace, "подам на вас в суд")
    assert found is not None
    assert (found.skill, found.priority) == ("", 4)
    assert found.say is not None
    assert found.say.pick("en", "ru").startswith("This is serious")
    assert triggers.trigger(demo_workspace, Reason.CSAT_BAD, Customer()).priority == 3


def test_what_is_switched_off_does_not_count(demo_workspace: Workspace) -> None:
    reasons = demo_workspace.bot.handoff.reasons
    quiet = _with(
        demo_workspace,
        sensitive_topic=reasons.sensitive_topic.model_copy(update={"on": False}),
        negative_sentiment=reasons.negative_sentiment.model_copy(update={"on": False}),
        vip=Vip(on=False),
        recontact=reasons.recontact.model_copy(update={"on": False}),
    )
    past = (_past("order_status"),)
    for text in ("подам на вас в суд", "это безобразие", "где мой заказ"):
        assert _trigger(quiet, text, _meant("order_status"), customer=Customer(tags=("vip",)), past=past) is None


def test_an_intent_may_be_sensitive(demo_workspace: Workspace) -> None:
    workspace = _with(demo_workspace, sensitive_topic=Sensitive(intents=("complaint",)))
    assert _reason(workspace, "у меня жалоба", _meant("complaint")) is Reason.SENSITIVE_TOPIC
    assert _reason(workspace, "у меня жалоба", _meant("complaint", 0.2)) is None


@pytest.mark.parametrize(
    ("customer", "known"),
    [
        (Customer(tags=("vip",)), True),
        (Customer(tags=("VIP",)), True),
        (Customer(tags=("regular",)), False),
        (Customer(addresses=(Address(channel="telegram", account="shop", chat="42"),)), True),
        (Customer(addresses=(Address(channel="telegram", account="shop", chat="43"),)), False),
        (Customer(), False),
    ],
)
def test_vips_are_known_by_a_tag_or_by_where_they_write_from(
    demo_workspace: Workspace, customer: Customer, *, known: bool
) -> None:
    workspace = _with(demo_workspace, vip=Vip(on=True, tags=("vip",), customers=("telegram:shop:42",)))
    found = _trigger(workspace, "где мой заказ", customer=customer)
    assert (found is not None and found.reason is Reason.VIP) == known


def test_a_vip_whom_people_gave_back_to_the_bot_stays_with_it_for_a_while(demo_workspace: Workspace) -> None:
    vip = Customer(tags=("vip",))
    assert _trigger(demo_workspace, "100234", customer=vip, past=(_past("", how="returned"),)) is None
    long_ago = (_past("", how="returned", ago=timedelta(days=2)),)
    assert _trigger(demo_workspace, "100234", customer=vip, past=long_ago) is not None


@pytest.mark.parametrize(
    ("intent", "past", "again"),
    [
        ("order_status", _past("order_status"), True),
        ("order_status", _past("order_status", how="solved"), True),
        ("order_status", _past("order_status", ago=timedelta(hours=23, minutes=59)), True),
        ("order_status", _past("order_status", ago=timedelta(hours=24)), False),
        ("order_status", _past("returns"), False),
        ("order_status", _past("order_status", how="returned"), False),
        ("", _past(""), False),
        ("greeting", _past("greeting"), False),
    ],
)
def test_coming_back_about_the_same_within_a_day(
    demo_workspace: Workspace, intent: str, past: Past, *, again: bool
) -> None:
    found = _trigger(demo_workspace, "и снова я", _meant(intent), past=(past, _past("stock_check")))
    assert (found is not None and found.reason is Reason.RECONTACT) == again


def test_what_says_that_nobody_is_needed_calls_nobody(demo_workspace: Workspace) -> None:
    handoff = demo_workspace.bot.handoff.model_copy(update={"solved": ("thanks",)})
    workspace = replace(demo_workspace, bot=demo_workspace.bot.model_copy(update={"handoff": handoff}))
    vip = Customer(tags=("vip",))
    assert _trigger(workspace, "ну вот и всё", _meant("thanks"), customer=vip) is None
    assert _trigger(demo_workspace, "Спасибо большое!", _meant("thanks"), customer=vip) is None
    assert _trigger(demo_workspace, "спасибо, а где мой заказ", _meant("order_status"), customer=vip) is not None


def test_only_long_and_obscure_messages_are_not_asked_about(demo_workspace: Workspace) -> None:
    workspace = _with(demo_workspace, low_confidence=LowConfidence(below=0.2, words=6))
    story = "вчера приходил курьер соседа и оставил записку"
    assert _reason(workspace, story, _meant("", 0.1)) is Reason.LOW_CONFIDENCE
    assert _reason(workspace, story, _meant("", 0.3)) is None
    assert _reason(workspace, "вчера приходил курьер", _meant("", 0.1)) is None
    assert _reason(workspace, story, None) is None


def test_anger_is_a_sum_in_which_each_word_counts_once(demo_workspace: Workspace) -> None:
    sentiment = demo_workspace.sentiment
    assert triggers.anger(sentiment, "ужасно", "ru") == 2
    assert triggers.anger(sentiment, "ужасно, ужасно, ужасно", "ru") == 2
    assert triggers.anger(sentiment, "ужасно!!!", "ru") == 3
    assert triggers.anger(sentiment, "!!! !!! !!! !!!", "ru") == 2
    assert triggers.anger(sentiment, "спасибо", "ru") == 0
    assert triggers.anger(sentiment, "что ж, terrible", "ru") == 2, "another language's words count too"


@pytest.mark.parametrize(
    "text",
    [
        "*" * 4000,
        "talk to a to a to a " * 200,
        "позовите с с с " * 270,
        "не " * 1300,
        "!" * 4000,
        "оператор " * 440,
        "\ufdfa" * 200,
        "'-'",
    ],
)
def test_odd_texts_harm_nobody(demo_workspace: Workspace, text: str) -> None:
    _trigger(demo_workspace, text)
