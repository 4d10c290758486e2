"""Whether a model may be published: the rules of `gate:` in bot.yml, applied to what it and the model in service say to
the pinned examples, to the held-out texts and to real messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flows.gate_file import GateRules
from nlu.comparison import Changed, Comparison, changed, compare
from nlu.figures import Evaluation, figures
from nlu.judging import Outcome

SENTENCES: Mapping[str, str] = {
    "pinned": "pinned examples that do not hold any more: {new} (gate.pinned allows {limit})",
    "pinned_first": "pinned examples that do not hold: {new} (gate.pinned allows {limit})",
    "accuracy": "{lost:.1f} points fewer held-out texts are understood rightly, {after:.1%} of them instead of "
    "{before:.1%} (gate.accuracy allows {limit:g})",
    "intent": "the F1 of {intent} falls from {before:.2f} to {after:.2f} (gate.intent allows {limit:g} points)",
    "out_of_scope": "{after:.1%} of the texts out of scope would be answered instead of {before:.1%} "
    "(gate.out_of_scope allows {limit:g} points more)",
    "changed": "{share:.1f}% of {messages} real messages would be decided otherwise (gate.changed allows {limit:g})",
    "lost": "{lost:.1f} points more of {messages} real messages would not be understood (gate.lost allows {limit:g})",
    "silent": "texts that got no answer at all: {failed}",
    "no_model_before": "nothing was published before to compare it with: only the pinned examples were judged",
    "unreadable": "only the pinned examples were judged, for {model}, which serves now, cannot be asked: {why}",
    "no_pinned": "there are no pinned examples: texts that must never go wrong belong in nlu/tests/pinned.yml",
    "no_held_out": "there are no held-out texts in nlu/tests/: what the model has not seen was not judged",
    "few_messages": "only {messages} real messages were found, so they did not count",
    "no_messages": "no real messages were found in the store",
}
"""What the gate says, by code, in English."""


@dataclass(frozen=True, slots=True)
class Remark:
    """What the gate says: a code of `SENTENCES`, and what stands in the sentence."""

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return SENTENCES[self.code].format(**self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failing:
    """A pinned example that does not hold. `new`: it does with the model in service."""

    text: str
    expected: str
    got: str
    file: str
    line: int
    new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """Real messages that both models were asked, nothing sent; each counts as often as it was said. `decisions` are the
    changed ones, the most frequent first. To ask what is meant is not to be without understanding."""

    messages: int
    changed: int
    not_understood_before: int
    not_understood_after: int
    decisions: tuple[Changed, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the gate says of the model `after`. `before` is the one in service, "" for none. Without `refusals` it
    may be published. `notes` tell what could not be judged."""

    before: str
    after: str
    pinned: int
    failing: tuple[Failing, ...]
    evaluation: Evaluation | None
    held_out: Comparison | None
    shadow: Shadow | None
    refusals: tuple[Remark, ...]
    notes: tuple[Remark, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.refusals

    @property
    def in_words(self) -> str:
        """One line for the history."""
        done = [f"{self.pinned} pinned"] if self.pinned else []
        done += [f"{self.evaluation.examples} held out"] if self.evaluation is not None else []
        done += [f"{self.shadow.messages} messages"] if self.shadow is not None else []
        what = f" ({', '.join(done)})" if done else ""
        return f"passed{what}" if self.passed else f"refused{what}: {'; '.join(map(str, self.refusals))}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a model said, in the order of the cases. `times`: how often each real message was said."""

    model: str
    pinned: Sequence[Outcome] = ()
    held_out: Sequence[Outcome] = ()
    messages: Sequence[Outcome] = ()
    times: Sequence[int] = ()


def judge_models(before: Asked | None, after: Asked, rules: GateRules, enough: float) -> Verdict:
    """`before` was asked the same as `after`; None where no model is in service."""
    failing = tuple(_failing(before, after, enough))
    evaluation = figures(after.held_out, enough) if after.held_out else None
    held_out = compare(before.held_out, after.held_out, enough) if before is not None and after.held_out else None
    shadow = _shadow(before, after, enough) if before is not None and after.messages else None
    refusals = [*_pinned_refusals(failing, rules, first=before is None)]
    if before is not None and held_out is not None:
        refusals += _held_out_refusals(before.held_out, after.held_out, held_out, rules, enough)
    if shadow is not None:
        refusals += _shadow_refusals(shadow, rules)
    refusals += _silent(after)
    return Verdict(
        before=before.model if before is not None else "",
        after=after.model,
        pinned=len(after.pinned),
        failing=failing,
        evaluation=evaluation,
        held_out=held_out,
        shadow=shadow,
        refusals=tuple(refusals),
        notes=tuple(_notes(before, after, shadow, rules)),
    )


def _failing(before: Asked | None, after: Asked, enough: float) -> Iterator[Failing]:
    for at, one in enumerate(after.pinned):
        if not _holds(one, enough):
            new = before is None or _holds(before.pinned[at], enough)
            got = _decided(one, enough) if one.right(enough) is False else _named(one.entities or {})
            yield Failing(
                text=one.case.text, expected=_expected(one), got=got, file=one.case.file, line=one.case.line, new=new
            )


def _holds(one: Outcome, enough: float) -> bool:
    return one.right(enough) and one.entities_right


def _expected(one: Outcome) -> str:
    what = one.case.intent or "not understood"
    return what if one.case.entities is None else f"{what}, {_named(one.case.entities)}"


def _named(entities: Mapping[str, Sequence[str]]) -> str:
    found = [f"{name} {', '.join(values)}" for name, values in sorted(entities.items())]
    return f"entities: {'; '.join(found)}" if found else "no entities"


def _decided(one: Outcome, enough: float) -> str:
    if one.failed:
        return f"no answer: {one.failed}"
    if one.asks:
        return f"asks: {' or '.join(one.asks)} ({one.confidence:.2f})"
    decision = one.decision(enough)
    return f"{decision or 'not understood'} ({one.said or 'nothing'} {one.confidence:.2f})"


def _pinned_refusals(failing: Sequence[Failing], rules: GateRules, *, first: bool) -> Iterator[Remark]:
    new = sum(one.new for one in failing)
    if new > rules.pinned:
        yield Remark("pinned_first" if first else "pinned", {"new": new, "limit": rules.pinned})


def _held_out_refusals(
    before: Sequence[Outcome], after: Sequence[Outcome], found: Comparison, rules: GateRules, enough: float
) -> Iterator[Remark]:
    lost = -100 * found.accuracy.more
    if lost > rules.accuracy:
        shares = {"before": found.accuracy.before, "after": found.accuracy.after}
        yield Remark("accuracy", {"lost": lost, **shares, "limit": rules.accuracy})
    one, other = figures(before, enough), figures(after, enough)
    was = {intent.name: intent.f1 for intent in one.intents}
    for intent in other.intents:
        fallen = 100 * (was[intent.name] - intent.f1)
        if intent.examples >= rules.intent_least and fallen > rules.intent:
            scores = {"before": was[intent.name], "after": intent.f1}
            yield Remark("intent", {"intent": intent.name, **scores, "limit": rules.intent})
    if one.scope is not None and other.scope is not None:
        shares = {"before": one.scope.answered, "after": other.scope.answered}
        if 100 * (shares["after"] - shares["before"]) > rules.out_of_scope:
            yield Remark("out_of_scope", {**shares, "limit": rules.out_of_scope})


def _shadow(before: Asked, after: Asked, enough: float) -> Shadow:
    by_text = {one.case.text: count for one, count in zip(after.messages, after.times, strict=True)}
    decisions = [(one, by_text[one.text]) for one in changed(before.messages, after.messages, enough)]
    silent = [
        sum(
            count
            for one, count in zip(asked.messages, after.times, strict=True)
            if not one.decision(enough) and not one.asks
        )
        for asked in (before, after)
    ]
    found = sorted(decisions, key=lambda pair: (-pair[1], pair[0].text))
    return Shadow(
        messages=sum(after.times),
        changed=sum(count for _, count in decisions),
        not_understood_before=silent[0],
        not_understood_after=silent[1],
        decisions=tuple(replace(one, intent="", right="", times=count) for one, count in found),
    )


def _shadow_refusals(shadow: Shadow, rules: GateRules) -> Iterator[Remark]:
    if shadow.messages < rules.messages_least:
        return
    share = 100 * shadow.changed / shadow.messages
    if share > rules.changed:
        yield Remark("changed", {"share": share, "messages": shadow.messages, "limit": rules.changed})
    lost = 100 * (shadow.not_understood_after - shadow.not_understood_before) / shadow.messages
    if lost > rules.lost:
        yield Remark("lost", {"lost": lost, "messages": shadow.messages, "limit": rules.lost})


def _silent(after: Asked) -> Iterator[Remark]:
    failed = sum(bool(one.failed) for one in (*after.pinned, *after.held_out, *after.messages))
    if failed:
        yield Remark("silent", {"failed": failed})


def _notes(before: Asked | None, after: Asked, shadow: Shadow | None, rules: GateRules) -> Iterator[Remark]:
    if before is None:
        yield Remark("no_model_before")
    if not after.pinned:
        yield Remark("no_pinned")
    if not after.held_out:
        yield Remark("no_held_out")
    if rules.messages and not after.messages:
        yield Remark("no_messages")
    elif rules.messages and shadow is not None and shadow.messages < rules.messages_least:
        yield Remark("few_messages", {"messages": shadow.messages})
