"""Remarks on how operators write, as tone.yml says."""

from __future__ import annotations

import pytest

from flows.model import ToneFile, Workspace
from flows.tone_file import RUDE
from handoff.tone import TOLD, tone

USUAL = ToneFile()

POLITE_RU = """\
Привет! Чем могу помочь?
Всем привет, на связи поддержка.
Приветик, рады снова Вас видеть!
Здравствуйте! Уже смотрю Ваш заказ.
Доброе утро! Подождите, пожалуйста, минуту.
Деньги пришли нам вчера, сегодня отправим чек.
Курьер достал посылку и ждёт у подъезда.
Мы достали для Вас последний экземпляр.
Вели переговоры со складом, ответ будет к вечеру.
Выберите, пожалуйста, размер: S, M, L, XL, XXL, XXXL или XXXXL.
S, M, L, XL, XXL, XXXL, XXXXL
Нажмите кнопку «Отправь код» в приложении.
В поле "Скажи пароль" введите номер заказа.
Вы писали: «Где мой заказ???» Он уже в пути.
> ТЫ ОБЕЩАЛ ПРИВЕЗТИ ВЧЕРА
Извините нас, пожалуйста, за задержку.
Не переживайте, мы всё исправим.
Если нож тупой, заменим его бесплатно.
Это тысяча рублей, или 1 тыс. за штуку.
Мы сами виноваты, простите нас.
Утыкали коробку пенопластом, ничего не разобьётся.
Сертификат ГОСТ Р ИСО 9001, ТУ 2.105, ООО «РОМАШКА»
Спасибо!! Очень рады!
Это правда так?! Сейчас проверю.
Посмотрите, пожалуйста, на фото: всё верно?
Твёрдый переплёт есть, мягкого пока нет.
Ваш код: AB-12-CD-34
Набор называется «Твоя первая книга», он в наличии.
Хотите, оформим возврат?
Команда Estafeta ответит в течение часа.
Будем ждать Вас завтра с 9:00 до 18:00.
ОК, записала."""

POLITE_EN = """\
Hi! How can I help?
Hey there, I'm looking into it now.
Good morning! One moment, please.
I'm sorry about the delay, let me check.
Your order is on its way!
You'll get it tomorrow by 6 PM.
Could you send me a photo of the box, please?
Please don't worry, we'll sort it out.
Thank you so much!!
Is that really so?! I'll check.
The sizes are S, M, L, XL, XXL, XXXL, XXXXL.
Tracking: RB 123 456 789 GB
We accept VISA and EUR, USD, GBP.
It's all our fault, and we apologise.
There's nothing to pay.
I'll call you back within ten minutes.
The dumbbells are out of stock until Monday.
Our classic is back in stock.
The scrapbook comes in two colours.
You wrote: "Where is my order???" It left the warehouse today.
The button says “SEND IT NOW PLEASE”: press it once.
> THIS IS THE WORST SHOP EVER
Would you prefer a refund or a replacement?
Sure, I've changed the address.
The Damnath collection arrives next week.
Please shut the lid up to the mark.
I understand how annoying this must be.
Feel free to write to us any time.
OK, done.
Let me know if there's anything else.
Kind regards from the whole team!"""

JARS_RU = """\
Ты где живёшь?
Тебе уже ответили.
Твой заказ едет.
Напиши номер заказа
Привет, скажи адрес
Подожди минуту
Не переживай, всё будет
Проверь почту ещё раз
Можешь прислать фото?
Извини, не увидела
Я УЖЕ ВАМ ВСЁ ОТВЕТИЛА
ЧИТАЙТЕ ПРАВИЛА ВОЗВРАТА
Ждите!!!
Что ещё???
Это чушь.
Ну Вы и идиот"""

JARS_EN = """\
I ALREADY TOLD YOU THAT
PLEASE READ THE RULES FIRST
Wait!!!
What now???
What?!?!
That is stupid.
Don't be an idiot
This is nonsense
Shut up already
Damn, again
wtf is this
You moron
That's dumb
What a load of crap
bullshit
We serve no idiots"""


@pytest.mark.parametrize(
    "text",
    [
        "Здравствуйте! Смотрю Ваш заказ.",
        "Заказ будет завтра, спасибо!!",
        "Здорово, что всё получилось!",
        "Деньги вернутся туда, откуда пришли",
        "ОК",
        "Номер ABC-123, ГОСТ 2.105",
        "Where is it? I'll check!",
        "Вы пришлите, пожалуйста, фото",
        "Это наша стыковка, ребята",
        "",
        "*",
        "🙂",
    ],
)
def test_ordinary_words_get_no_remark(text: str) -> None:
    assert tone(text, "ru", USUAL) == []


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("Я УЖЕ ВАМ ВСЁ СКАЗАЛА", "прописными"),
        ("Ждите!!!", "!!!"),
        ("Привет, напиши номер", "«ты»"),
        ("Тебе уже ответили", "«ты»"),
        ("Это ЧУШЬ какая-то", "«чушь»"),
        ("К чёрту!", "«к черту»"),
        ("this is nonsense", "«nonsense»"),
        ("Не будьте идиотами", "«идиотами»"),
    ],
)
def test_what_jars_is_remarked_on(text: str, remark: str) -> None:
    assert any(remark in one for one in tone(text, "ru", USUAL))


@pytest.mark.parametrize("text", [*POLITE_RU.splitlines(), *POLITE_EN.splitlines()])
def test_a_polite_sentence_is_left_alone(demo_workspace: Workspace, text: str) -> None:
    assert tone(text, "ru", demo_workspace.tone) == []


@pytest.mark.parametrize("text", [*JARS_RU.splitlines(), *JARS_EN.splitlines()])
def test_a_sentence_that_jars_is_remarked_on(demo_workspace: Workspace, text: str) -> None:
    assert tone(text, "ru", demo_workspace.tone)


def test_remarks_are_in_the_readers_language_whatever_the_texts() -> None:
    assert tone("ГДЕ НОМЕР ВАШЕГО ЗАКАЗА???", "en", USUAL) == [
        "capitals throughout read as shouting",
        "!!! and ??? read as irritation",
    ]
    assert tone("Бред", "en", USUAL) == ["the house does not write this: “бред”"]


def test_a_house_may_say_thou_and_then_you_is_remarked_on() -> None:
    familiar = ToneFile(address="ты")
    assert tone("Привет, напиши номер", "ru", familiar) == []
    assert tone("Напишите Ваш номер", "ru", familiar) == ["похоже на «Вы», а мы пишем на «ты»"]
    for text in ("Привет, напиши номер", "Напишите Ваш номер"):
        assert tone(text, "ru", ToneFile(address="any")) == []


def test_rules_can_be_switched_off_one_by_one() -> None:
    text = "ПРИВЕТ, ЭТО ЧУШЬ, ИДИ ОТСЮДА!!!"
    assert len(tone(text, "ru", USUAL)) == 4
    for style in (
        ToneFile(capitals=False), ToneFile(piled=False), ToneFile(address="any"), ToneFile(banned={}),
    ):  # fmt: skip
        assert len(tone(text, "ru", style)) == 3
    assert tone(text, "ru", ToneFile(address="any", capitals=False, piled=False, banned={})) == []


def test_banned_words_are_whole_words_unless_they_are_starred() -> None:
    style = ToneFile(banned={"ru": ("ваучер*", "не наша проблема"), "en": ("sir",)})
    assert tone("Отправили ваучером", "ru", style) == ["у нас так не пишут: «ваучером»"]
    assert tone("Это НЕ наша, проблема", "ru", style) == ["у нас так не пишут: «не наша проблема»"]
    assert tone("Yes, sir", "en", style) == ["the house does not write this: “sir”"]
    assert tone("Siren, desire; проблема не наша", "en", style) == []


def test_a_remark_names_few_words_and_each_once() -> None:
    [remark] = tone("бред бред чушь нафиг идиот", "ru", USUAL)
    assert remark == "у нас так не пишут: «бред», «чушь», «нафиг»"
    assert remark.count("«") == TOLD


@pytest.mark.parametrize(
    "text", ["*" * 4000, "ты " * 1300, "!?" * 2000, "чушь " * 800, "А" * 4000, "\ufdfa" * 200, "«" * 4000, "\n" * 4000]
)
def test_odd_texts_harm_nobody(text: str) -> None:
    assert len(tone(text, "ru", USUAL)) <= 5


def test_the_demos_style_is_the_usual_one_and_more(demo_workspace: Workspace) -> None:
    """Where a word is harmless elsewhere, the demo has it in the phrases that jar."""
    assert tone("Вы не поняли", "ru", USUAL) == []
    assert tone("Вы не поняли", "ru", demo_workspace.tone) == ["у нас так не пишут: «вы не поняли»"]
    for language, words in RUDE.items():
        ours = " ".join(demo_workspace.tone.banned[language])
        assert [word for word in words if word.rstrip("*")[:3] not in ours] == []


def test_what_the_demo_writes_itself_is_in_its_own_style(demo_workspace: Workspace) -> None:
    for reply in demo_workspace.replies:
        for language in demo_workspace.languages:
            assert tone(reply.text.pick(language, "ru"), "en", demo_workspace.tone) == [], reply.name
