"""Figures, comparisons and verdicts as lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from nlu.comparison import Changed, Comparison, Difference
from nlu.figures import Evaluation
from nlu.gate import Verdict

_MISTAKES = 20
_CHANGED = 50
"""Shown at most; the page and the data have all."""
_ALL = "all together"


def evaluation_lines(found: Evaluation) -> Iterator[str]:
    low, high = found.interval
    yield (
        f"{_counted(found.examples, 'example')}, {found.accuracy:.1%} right (95%: {low:.1%} to {high:.1%}), "
        f"calibration error {found.ece:.1%}, mean F1 {found.macro_f1:.3f}"
    )
    yield f"Believing from {found.enough:.2f} on, {found.decided:.1%} of all texts are decided rightly."
    if found.questions.texts:
        yield (
            f"{found.questions.share:.1%} of all texts are asked back with two intents to choose from; "
            f"{found.questions.right} of these {found.questions.texts} mean one of the two."
        )
    if found.scope is not None:
        what = "of intents hidden from the model" if found.scope.hidden else "out of scope"
        yield (
            f"{_counted(found.scope.texts, 'text')} {what}: {found.scope.answered:.1%} would be answered, "
            f"AUROC {found.scope.auroc:.3f}"
        )
    if found.entity_texts:
        yield (
            f"Of {_counted(found.entity_texts, 'text')} with entities named, exactly these are found in "
            f"{found.entities_exact} ({found.entities_exact / found.entity_texts:.1%})."
        )
    if found.failed:
        yield f"{_counted(found.failed, 'text')} got no answer."
    width = max((len(intent.name) for intent in found.intents), default=0) + 2
    yield f"{'intent':<{width}}{'examples':>9}{'precision':>11}{'recall':>8}{'F1':>7}  most confused with"
    for intent in found.intents:
        yield (
            f"{intent.name:<{width}}{intent.examples:>9}{intent.precision:>11.2f}{intent.recall:>8.2f}{intent.f1:>7.2f}"
            f"  {intent.confused_with}"
        )
    if found.entities:
        yield ""
        width = max(len(_ALL), *(len(entity.name) for entity in found.entities)) + 2
        yield f"{'entity':<{width}}{'marks':>9}{'precision':>11}{'recall':>8}{'F1':>7}"
    for entity in found.entities:
        yield (
            f"{entity.name or _ALL:<{width}}{entity.marks:>9}"
            f"{entity.precision:>11.2f}{entity.recall:>8.2f}{entity.f1:>7.2f}"
        )


def mistake_lines(found: Evaluation) -> Iterator[str]:
    """The surest mistakes, with the examples most like them."""
    for one in found.mistakes[:_MISTAKES]:
        where = f"{one.file}:{one.line}: " if one.line else ""
        yield f"{where}{one.text}: {one.intent or 'none'}, said {_decided(one.said, one.confidence)}"
        for text, intent, likeness in one.near:
            yield f"    like {text} ({intent}, {likeness:.2f})"
    if len(found.mistakes) > _MISTAKES:
        yield f"and {len(found.mistakes) - _MISTAKES} more mistakes: --html or --csv has them all"


def comparison_lines(found: Comparison, before: str, after: str) -> Iterator[str]:
    yield f"{before} → {after} on {_counted(found.texts, 'text')}:"
    for name, one in (("right", found.accuracy), ("decided rightly", found.decided), ("mean F1", found.macro_f1)):
        yield f"  {name:<16}{_difference(one)}"
    yield (
        f"  only {before} is right on {found.only_before}, only {after} on {found.only_after} "
        f"(by luck alone: {found.chance:.3f})"
    )
    yield from changed_lines(found.changed)


def changed_lines(found: tuple[Changed, ...]) -> Iterator[str]:
    for one in found[:_CHANGED]:
        times = f" ×{one.times}" if one.times > 1 else ""
        mark = {"before": "worse ", "after": "better"}.get(one.right, "      ")
        was, now = (
            _decided(*each)
            for each in (
                (one.before, one.before_confidence, one.before_asks),
                (one.after, one.after_confidence, one.after_asks),
            )
        )
        yield f"  {mark} {one.text}{times}: {was} → {now}"
    if len(found) > _CHANGED:
        yield f"  and {len(found) - _CHANGED} more: --html has them all"


def verdict_lines(found: Verdict) -> Iterator[str]:
    """All that the gate found, its verdict last."""
    for one in found.failing:
        new = "" if one.new else " (not with the model in service either)"
        yield f"{one.file}:{one.line}: {one.text}: expected {one.expected}, got {one.got}{new}"
    if found.held_out is not None:
        yield from comparison_lines(found.held_out, found.before, found.after)
    if found.shadow is not None:
        yield (
            f"{found.shadow.messages} real messages: {found.shadow.changed} would be decided otherwise, not understood "
            f"{found.shadow.not_understood_before} → {found.shadow.not_understood_after}"
        )
        yield from changed_lines(found.shadow.decisions)
    for note in found.notes:
        yield f"Note: {note}."
    for refusal in found.refusals:
        yield f"Refused: {refusal}."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _difference(one: Difference) -> str:
    return (
        f"{one.before:.1%} → {one.after:.1%}, {100 * one.more:+.1f} points "
        f"(95%: {100 * one.low:+.1f} to {100 * one.high:+.1f})"
    )


def _decided(name: str, confidence: float, asks: tuple[str, ...] = ()) -> str:
    if asks:
        return f"asks: {' or '.join(asks)} {confidence:.2f}"
    return f"{name or 'not understood'} {confidence:.2f}"
