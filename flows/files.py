"""The files of a workspace as they are written: one pydantic model per kind of file.

These models are what the loader validates, what `flows.compile` turns into something fast, and what
the JSON Schemas for editors are made from. Names and meanings are those of docs/workspace.md.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StrictStr, field_validator

from estafeta.kernel.ports import REGION
from flows.gate_file import GateRules
from flows.handoff_file import HandoffRules, Skill
from flows.publish_file import PublishRules
from flows.strict import LANGUAGE, LocalText, Strict, wrong

# --- bot.yml -------------------------------------------------------------------------------------


class Fallback(Strict):
    """Below `confidence` a message is not understood; after `attempts` in a row a person is called."""

    confidence: Annotated[float, Field(ge=0, le=1)] = 0.45
    attempts: Annotated[int, Field(ge=1, le=100)] = 3


class Action(Strict):
    """An HTTP call. `timeout` is seconds for one try; `retries` come on top of the first try."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    url: StrictStr
    headers: dict[StrictStr, StrictStr] = {}
    timeout: Annotated[float, Field(gt=0, le=60)] = 5.0
    retries: Annotated[int, Field(ge=0, le=10)] = 2


class Phrases(Strict):
    """What the bot says outside of the flows. Those without words of their own here are needed."""

    greeting: LocalText
    fallback: LocalText
    waiting: LocalText
    waiting_closed: LocalText
    still_waiting: LocalText
    taken: LocalText
    returned: LocalText
    closed: LocalText
    already_waiting: LocalText
    unsupported: LocalText
    stuck: LocalText
    human: LocalText
    did_you_mean: LocalText = LocalText({"ru": "Уточните, пожалуйста: Вы о чём?", "en": "Did you mean:"})
    in_private: LocalText = LocalText(
        {
            "ru": "Здесь нас читают и другие. Напишите нам, пожалуйста, лично: там и ответим.",
            "en": "Others can read this. Please write to us privately, and we will answer there.",
        }
    )
    write_in_private: LocalText = LocalText({"ru": "Написать лично", "en": "Write privately"})
    in_queue: LocalText = LocalText(
        {
            "ru": "Вы {{ position }}-й в очереди{% if wait %}, ждать примерно {{ wait }}{% endif %}.",
            "en": "You are number {{ position }} in the queue{% if wait %}, the wait is about {{ wait }}{% endif %}.",
        }
    )
    called_again: LocalText = LocalText(
        {
            "ru": "Ещё раз зову людей, место в очереди за Вами. Пишите всё, что важно: прочтут и ответят здесь.",
            "en": "I'm calling people again, and your place is kept. Write what matters: they read and answer here.",
        }
    )
    leave_contact: LocalText = LocalText(
        {
            "ru": "Пока никто не освободился, извините. Вопрос у людей, ответят здесь. Если удобнее звонок, "
            "оставьте номер телефона.",
            "en": "Nobody is free yet, and we are sorry. People have your question and answer here. If you would "
            "rather have a call, leave your phone number.",
        }
    )
    message_taken: LocalText = LocalText(
        {
            "ru": "Сейчас людей нет. Напишите, что передать: они прочитают и ответят {{ opens_at }}.",
            "en": "Nobody is there now. Write what to pass on: people will read it and answer {{ opens_at }}.",
        }
    )
    kept_for_people: LocalText = LocalText(
        {
            "ru": "Записал для людей: прочтут и ответят здесь{% if opens_at %} {{ opens_at }}{% endif %}.",
            "en": "Noted for our people: they read it and answer here{% if opens_at %} {{ opens_at }}{% endif %}.",
        }
    )
    message_done: LocalText = LocalText({"ru": "Это всё", "en": "That's all"})
    still_here: LocalText = LocalText(
        {
            "ru": "Хорошо, передам. Если пока есть другие вопросы, спрашивайте: я на месте.",
            "en": "Good, I'll pass it on. If you have other questions meanwhile, ask: I am here.",
        }
    )
    people_answer: LocalText = LocalText({"ru": "Ответят {{ opens_at }}.", "en": "They answer {{ opens_at }}."})
    promise_late: LocalText = LocalText(
        {
            "ru": "Обещали ответить к этому времени, но не успеваем. Ваш вопрос у людей, ответят {{ opens_at }}.",
            "en": "We promised an answer by now and are late. People have your question, they answer {{ opens_at }}.",
        }
    )
    left_queue: LocalText = LocalText(
        {
            "ru": "Хорошо, людей больше не зову. Если что, пишите.",
            "en": "Good, I've called our people off. Write whenever you need anything.",
        }
    )
    passed_on: LocalText = LocalText(
        {
            "ru": "Передаю Ваш вопрос коллеге, который в этом разбирается. Повторять ничего не придётся.",
            "en": "I'm passing your question on to a colleague who knows this. There is nothing to repeat.",
        }
    )
    idle: LocalText = LocalText(
        {
            "ru": "Вы ещё здесь? Если вопрос решён, отвечать не нужно.",
            "en": "Are you still there? If your question is settled, there is no need to answer.",
        }
    )
    closed_idle: LocalText = LocalText(
        {
            "ru": "Закрываю разговор: давно нет ответа. Продолжить можно в любое время, всё останется.",
            "en": "I'm closing this conversation, as there was no answer for a while. Go on at any time; all is kept.",
        }
    )
    survey: LocalText = LocalText({"ru": "Как Вам ответили?", "en": "How was our answer?"})
    survey_excellent: LocalText = LocalText({"ru": "Отлично", "en": "Excellent"})
    survey_fine: LocalText = LocalText({"ru": "Нормально", "en": "Fine"})
    survey_bad: LocalText = LocalText({"ru": "Плохо", "en": "Bad"})
    survey_thanks: LocalText = LocalText({"ru": "Спасибо!", "en": "Thank you!"})
    survey_changed: LocalText = LocalText({"ru": "Изменил Вашу оценку.", "en": "I've changed your mark."})
    survey_why: LocalText = LocalText({"ru": "Жаль. Расскажите, что не так?", "en": "We are sorry. What went wrong?"})
    survey_reopen: LocalText = LocalText({"ru": "Вернуть к человеку", "en": "Back to a person"})
    ask_contact: LocalText = LocalText(
        {
            "ru": "Поделитесь, пожалуйста, номером телефона, чтобы мы могли перезвонить.",
            "en": "Please share your phone number, so that we can call you back.",
        }
    )
    share_contact: LocalText = LocalText({"ru": "Поделиться номером", "en": "Share my number"})
    yes: LocalText = LocalText({"ru": "Да", "en": "Yes"})
    no: LocalText = LocalText({"ru": "Нет", "en": "No"})
    signed: LocalText = LocalText({"ru": "{{ operator }}: ", "en": "{{ operator }}: "})


_MISNAMED = {"UK": "GB", "GBR": "GB", "USA": "US", "RUS": "RU", "KAZ": "KZ"}
"""What is written for a country's code of two letters."""


class BotFile(Strict):
    name: LocalText
    languages: Annotated[tuple[StrictStr, ...], Field(min_length=1)]
    region: StrictStr = REGION
    skills: Annotated[dict[StrictStr, Skill], Field(min_length=1)]
    fallback: Fallback = Fallback()
    handoff: HandoffRules = HandoffRules()
    publish: PublishRules = PublishRules()
    gate: GateRules = GateRules()
    vars: dict[StrictStr, StrictStr] = {}
    actions: dict[StrictStr, Action] = {}
    phrases: Phrases

    @field_validator("languages")
    @classmethod
    def _codes(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        for code in given:
            if not LANGUAGE.fullmatch(code):
                raise wrong(f'"{code}" is no language code; expected one like ru, en, pt-BR')
        if len(set(given)) != len(given):
            raise wrong("a language is listed twice")
        return given

    @field_validator("region")
    @classmethod
    def _country(cls, given: str) -> str:
        from phonenumbers import SUPPORTED_REGIONS  # read where a region is named, and not before

        if given not in SUPPORTED_REGIONS:
            usual = _MISNAMED.get(given.upper(), given.upper())
            near = usual in SUPPORTED_REGIONS
            mend = f'did you mean "{usual}"?' if near else "expected one of two letters like RU, KZ, US or GB"
            raise wrong(f'"{given}" is no country\'s code; {mend}')
        return given


# --- replies.yml ---------------------------------------------------------------------------------


class CannedReply(Strict):
    name: StrictStr
    text: LocalText


class RepliesFile(Strict):
    replies: tuple[CannedReply, ...] = ()
