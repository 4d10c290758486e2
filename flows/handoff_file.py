"""`skills` and `handoff` of bot.yml: whom people are asked for, why they are called, and how it ends.

Durations are in seconds unless their name says otherwise. What is left out keeps working as it stands here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr, model_validator

from flows.strict import LocalText, Strict, wrong

Seconds = Annotated[int, Field(ge=1, le=90 * 86400)]


class Routing(Strict):
    """When nobody takes what they were offered, in seconds after the ticket was opened or offered: `again` the
    same people are called; `wider` the people of `relax_to`'s skills too; then `supervisor`, then `on_call`."""

    again: Seconds = 120
    wider: Seconds = 300
    supervisor: Seconds = 600
    on_call: Seconds = 1200


class Skill(Strict):
    """A department. `intents` bring what is asked there. `first_answer` and `next_answer` are what is aimed at,
    in seconds of business time. `off_hours`: `queue` now all the same, `queue_at_opening`, or take a `message`
    that people answer when they are back, while the bot stays."""

    title: LocalText
    mode: Literal["everyone", "round_robin", "least_loaded", "same_operator"] = "everyone"
    intents: tuple[StrictStr, ...] = ()
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    relax_to: tuple[StrictStr, ...] = ()
    routing: Routing = Routing()
    off_hours: Literal["queue", "queue_at_opening", "message"] = "queue_at_opening"
    first_answer: Seconds | None = None
    next_answer: Seconds | None = None

    @model_validator(mode="before")
    @classmethod
    def _only_a_title(cls, given: Any) -> Any:
        """`delivery: {ru: …, en: …}` or `delivery: Delivery` is a skill with nothing but a title."""
        if isinstance(given, str) or (isinstance(given, dict) and given and "title" not in given):
            known = set(cls.keys()) & set(given) if isinstance(given, dict) else set()
            if known:
                raise wrong(f'a skill with "{min(known)}" needs a "title" too')
            return {"title": given}
        return given


class Rule(Strict):
    """One reason for calling people. `say` is told to the customer before the words about waiting; `skill` and
    `priority` are for the ticket, "" and 0 leave what they would be."""

    on: bool = True
    say: LocalText | None = None
    skill: StrictStr = ""
    priority: Annotated[int, Field(ge=-10, le=10)] = 0


class AskedFor(Rule):
    """A person is asked for: by one of `intents`, or by `phrases`, whatever the bot understands; both by
    language, as words that stand in the message."""

    intents: tuple[StrictStr, ...] = ()
    phrases: dict[StrictStr, tuple[StrictStr, ...]] = {
        "ru": (
            "позовите человека", "позови человека", "позовите оператора", "позови оператора", "живой человек",
            "живого человека", "соедините с оператором", "соедини с оператором", "хочу поговорить с человеком",
            "переключите на оператора", "нужен оператор", "нужен человек", "оператора", "оператор",
        ),
        "en": (
            "a person, please", "a person please", "talk to a person", "speak to a person", "talk to a human",
            "speak to a human", "real person", "human agent", "live agent", "talk to an agent", "operator please",
            "operator", "human please", "call a person",
        ),
    }  # fmt: skip


class LowConfidence(Rule):
    """A message of at least `words` words whose best guess is below `below` is not asked about again."""

    below: Annotated[float, Field(ge=0, le=1)] = 0.0
    words: Annotated[int, Field(ge=1, le=100)] = 6


class Sentiment(Rule):
    """A message is angry when its marks add up to `score`: words of sentiment.yml, capitals, !!! and ???."""

    score: Annotated[float, Field(gt=0, le=100)] = 3.0


class Sensitive(Rule):
    """What a bot should not talk about: `intents`, or `words` by language that stand in the message."""

    intents: tuple[StrictStr, ...] = ()
    words: dict[StrictStr, tuple[StrictStr, ...]] = {}


class Vip(Rule):
    """Customers with one of these `tags`, or who write from one of these addresses (`channel:account:chat`)."""

    tags: tuple[StrictStr, ...] = ("vip",)
    customers: tuple[StrictStr, ...] = ()
    on: bool = True
    priority: Annotated[int, Field(ge=-10, le=10)] = 5


class BotDown(Rule):
    """After `tries` at understanding a message a person is called. When `opens_after` messages in a row were not
    understood in time, further ones are not tried for `rests` seconds, but for one at a time."""

    tries: Annotated[int, Field(ge=1, le=5)] = 3
    opens_after: Annotated[int, Field(ge=1, le=1000)] = 5
    rests: Seconds = 30


class Recontact(Rule):
    """The customer comes back about the same matter within `within` seconds of its end."""

    within: Seconds = 86400


class Reasons(Strict):
    """Why people are called, by the codes that desks and reports show."""

    user_request: AskedFor = AskedFor()
    low_confidence: LowConfidence = LowConfidence()
    repeated_fallback: Rule = Rule()
    negative_sentiment: Sentiment = Sentiment()
    flow_rule: Rule = Rule()
    sensitive_topic: Sensitive = Sensitive()
    vip: Vip = Vip(on=False)
    action_error: Rule = Rule()
    bot_down: BotDown = BotDown()
    csat_bad: Rule = Rule(priority=3)
    recontact: Recontact = Recontact()
    operator_takeover: Rule = Rule()


class Idle(Strict):
    """Silence of a customer who was answered: reminded of after `remind`, closed after `close` more; None: never."""

    remind: Seconds | None = 3600
    close: Seconds | None = 3600


class SurveyRules(Strict):
    """How it was: asked `after` seconds after the end, at most every `every_days` of one customer; `reopen` is how
    long the reasons of a bad mark are waited for."""

    on: bool = True
    bot: bool = False
    after: Annotated[int, Field(ge=5, le=3600)] = 45
    every_days: Annotated[int, Field(ge=0, le=365)] = 7
    waits_for: Seconds = 3600


class HandoffRules(Strict):
    """`remind_after`: seconds until an untaken ticket is called out again, where its skill says nothing. `updates`:
    so often at most a customer whom no time was promised hears, while people are at work, that nobody came yet; 0 is
    never. `undo`: so long an answer can be taken back, 0 is never. `names`: customers read who answers, by the phrase
    `signed`. `reopen`: so long after its end a ticket goes to the operator who had it. `solved`: intents by which a
    waiting customer says that nobody is needed any more."""

    remind_after: Annotated[int, Field(ge=1)] = 120
    updates: Annotated[int, Field(ge=0, le=10)] = 3
    undo: Annotated[int, Field(ge=0, le=60)] = 5
    names: bool = False
    reopen: Seconds = 86400
    solved: tuple[StrictStr, ...] = ()
    reasons: Reasons = Reasons()
    idle: dict[StrictStr, Idle] = {"default": Idle()}
    survey: SurveyRules = SurveyRules()

    def idle_on(self, channel: str) -> Idle:
        return self.idle.get(channel) or self.idle.get("default") or Idle()
