"""Pictures of figures, as SVG for a page: what is confused with what, how sure the model was, how far that can be
trusted, how well texts of the bot's are told from others.

Every picture takes its colours from the page's style and names each of its parts in a `<title>`; the same numbers stand
in the tables beside it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from nlu.comparison import Difference
from nlu.figures import Bar, Evaluation, Scope, Trust

MOST_INTENTS = 40
"""Rows of the confusion matrix: with more intents, those most often confused."""
_CELL, _NAME, _SIDE = 18, 190, 300
_PAD = 34

Words = Mapping[str, str]
"""By the key of a sentence, in the page's language."""


def _svg(width: float, height: float, label: str, parts: Iterator[Markup]) -> Markup:
    return Markup('<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">{3}</svg>').format(
        round(width), round(height), label, Markup("").join(parts)
    )


# --- what is confused with what ------------------------------------------------------------------


def confusion(found: Evaluation, words: Words) -> Markup:
    """Rows are what was meant, columns what was said. Empty when nothing was judged."""
    names = shown_intents(found)
    if not names:
        return Markup("")
    height = _NAME + _CELL * len(names) + 10
    width = height + _NAME // 2  # the last name leans over
    return _svg(width, height, words["confusion"], _cells(found, names, words))


def named(found: Evaluation) -> set[str]:
    """All that were meant or said."""
    return {name for true, said, _ in found.confusions for name in (true, said) if name}


def shown_intents(found: Evaluation) -> list[str]:
    """Those of the matrix, by their names: all, or the most confused."""
    wrong: Counter[str] = Counter()
    for true, said, count in found.confusions:
        if true != said:
            wrong[true] += count
            wrong[said] += count
    names = sorted(named(found), key=lambda name: (-wrong[name], name))
    return sorted(names[:MOST_INTENTS])


def _cells(found: Evaluation, names: Sequence[str], words: Words) -> Iterator[Markup]:
    at = {name: _NAME + number * _CELL for number, name in enumerate(names)}
    asked = {intent.name: intent.examples for intent in found.intents}
    for name, place in at.items():
        middle = place + _CELL - 5
        shown = Markup("{}<title>{}</title>").format(_short(name), name)
        yield Markup('<text x="{}" y="{}" class="end">{}</text>').format(_NAME - 6, middle, shown)
        yield Markup('<text transform="translate({} {}) rotate(-60)">{}</text>').format(middle, _NAME - 6, shown)
    for true, said, count in found.confusions:
        if true in at and said in at:
            share = count / asked[true]
            title = words["cell"].format(true=true, said=said, count=count, share=f"{share:.0%}")
            yield Markup(
                '<rect x="{}" y="{}" width="{}" height="{}" class="{}" fill-opacity="{:.2f}"><title>{}</title></rect>'
            ).format(
                at[said] + 1, at[true] + 1, _CELL - 2, _CELL - 2, "good" if true == said else "bad",
                0.15 + 0.85 * share**0.5, title,
            )  # fmt: skip


def _short(name: str, most: int = 26) -> str:
    """Cut in its middle: related names differ at their ends."""
    half = most // 2
    return name if len(name) <= most else f"{name[: half - 1]}…{name[-half:]}"


# --- how sure --------------------------------------------------------------------------------------


def histogram(bars: Sequence[Bar], enough: float, words: Words) -> Markup:
    """Texts by confidence: said rightly, wrongly, and none of the bot's."""
    most = max((bar.right + bar.wrong + bar.nobodys for bar in bars), default=0)
    return _svg(_SIDE + 2 * _PAD, _SIDE + 2 * _PAD, words["histogram"], _bars(bars, most, enough, words))


def _bars(bars: Sequence[Bar], most: int, enough: float, words: Words) -> Iterator[Markup]:
    width = _SIDE / max(1, len(bars))
    yield from _axes(words["confidence"], f"{most}", words["texts"])
    for number, bar in enumerate(bars):
        bottom = float(_PAD + _SIDE)
        for kind, count, key in (
            ("good", bar.right, "right"), ("bad", bar.wrong, "wrong"), ("other", bar.nobodys, "nobodys"),
        ):  # fmt: skip
            height = _SIDE * count / most if most else 0
            bottom -= height
            if count:
                title = f"{bar.low:.2f}–{bar.high:.2f}: {words[key]} {count}"
                yield Markup(
                    '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}"><title>{}</title></rect>'
                ).format(_PAD + number * width + 1, bottom, width - 2, height, kind, title)
    yield _upright(_PAD + _SIDE * enough, words["enough"].format(enough=f"{enough:.2f}"))


def calibration(points: Sequence[Trust], words: Words) -> Markup:
    """Confidence against the share that was right; on the diagonal it means what it says. The larger a dot, the more
    texts it stands for."""
    return _svg(_SIDE + 2 * _PAD, _SIDE + 2 * _PAD, words["calibration"], _trusted(points, words))


def _trusted(points: Sequence[Trust], words: Words) -> Iterator[Markup]:
    yield from _axes(words["confidence"], "1", words["share_right"])
    most = max((point.texts for point in points), default=1)
    yield _line([(0.0, 0.0), (1.0, 1.0)], "guide")
    yield _line([(point.confidence, point.accuracy) for point in points], "own")
    for point in points:
        x, y = _place(point.confidence, point.accuracy)
        title = f"{point.confidence:.2f}: {point.accuracy:.0%} ({point.texts})"
        yield _dot(x, y, 2.5 + 4.5 * (point.texts / most) ** 0.5, "own", title)


def scope(found: Scope, enough: float, words: Words) -> Markup:
    """For each confidence to answer from: the texts of others that would be answered, and the bot's own. A dot stands
    where the bot answers from."""
    return _svg(_SIDE + 2 * _PAD, _SIDE + 2 * _PAD, words["scope"], _scoped(found, enough, words))


def _scoped(found: Scope, enough: float, words: Words) -> Iterator[Markup]:
    yield from _axes(words["others_answered"], "1", words["own_answered"])
    yield _line([(0.0, 0.0), (1.0, 1.0)], "guide")
    yield _line([(1.0, 1.0), *((point.others, point.own) for point in found.points), (0.0, 0.0)], "own")
    here = next((point for point in found.points if point.confidence >= enough), None)
    others, own = (here.others, here.own) if here is not None else (0.0, 0.0)
    title = (
        f"{words['enough'].format(enough=f'{enough:.2f}')}: {words['others_answered']} {others:.0%}, "
        f"{words['own_answered']} {own:.0%}"
    )
    yield _dot(*_place(others, own), 5, "own", title)


# --- two models ------------------------------------------------------------------------------------


def interval(found: Difference) -> Markup:
    """How much more the second has, and where that lies in 95 of 100 cases, around a line at zero."""
    reach = max(abs(found.low), abs(found.high), abs(found.more), 0.01) * 1.15
    low, high, more = (90 + 80 * value / reach for value in (found.low, found.high, found.more))
    kind = "good" if found.low > 0 else "bad" if found.high < 0 else "other"
    title = f"{100 * found.low:+.1f} … {100 * found.high:+.1f}"
    return _svg(
        180, 24, title,
        iter([
            Markup('<line x1="90" x2="90" y1="2" y2="22" class="guide"/>'),
            Markup('<line x1="{:.1f}" x2="{:.1f}" y1="12" y2="12" class="{}"/>').format(low, high, kind),
            Markup('<circle cx="{:.1f}" cy="12" r="4" class="{}"><title>{}</title></circle>').format(more, kind, title),
        ]),
    )  # fmt: skip


# --- parts -----------------------------------------------------------------------------------------


def _place(x: float, y: float) -> tuple[float, float]:
    return _PAD + _SIDE * x, _PAD + _SIDE * (1 - y)


def _line(points: Sequence[tuple[float, float]], kind: str) -> Markup:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in (_place(*point) for point in points))
    return Markup('<polyline points="{}" class="{}"/>').format(places, kind)


def _dot(x: float, y: float, radius: float, kind: str, title: str) -> Markup:
    return Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" class="{}"><title>{}</title></circle>').format(
        x, y, radius, kind, title
    )


def _axes(below: str, top: str, beside: str) -> Iterator[Markup]:
    yield Markup('<polyline points="{0},{0} {0},{1} {1},{1}" class="axis"/>').format(_PAD, _PAD + _SIDE)
    for place, text in ((_PAD, "0"), (_PAD + _SIDE / 2, below), (_PAD + _SIDE, "1")):
        yield Markup('<text x="{:.1f}" y="{}" class="middle">{}</text>').format(place, _PAD + _SIDE + 18, text)
    yield Markup('<text x="{}" y="{}" class="end">{}</text>').format(_PAD - 5, _PAD + 4, top)
    yield Markup('<text x="{}" y="{}">{}</text>').format(_PAD, _PAD - 12, beside)


def _upright(x: float, title: str) -> Markup:
    return Markup('<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" class="guide"><title>{3}</title></line>').format(
        x, _PAD, _PAD + _SIDE, title
    )
