"""Texts with marks, as anybody might write them."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from bots.drawing import sound, write
from estafeta.kernel.model import Mark, MarkKind, Text

WHOLE = ["👨\u200d👩\u200d👧\u200d👦", "👍🏽", "🇷🇺", "1\ufe0f\u20e3", "e\u0301", "\u1100\u1161\u11a8",
         "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "❤\ufe0f"]  # fmt: skip
"""Each is one character to a reader."""
LINK = Mark(kind="link", start=0, end=1, url="https://example.com/a_b?c=d")
_WORDS = st.lists(
    st.sampled_from(
        [*WHOLE, "слово", "и", "word.", "Ещё!", "\n\n", "\n", " ", " ", "*", "_", "5 < 6 & 7", "длинноеслово"]
    ),
    max_size=40,
).map("".join)


@st.composite
def _marked(draw: st.DrawFn) -> Text:
    text = draw(_WORDS)
    offset = st.integers(0, len(text))
    marks = []
    for kind in draw(st.lists(st.sampled_from(get_args(MarkKind)), max_size=5)):
        start, end = sorted((draw(offset), draw(offset)))
        marks.append(Mark(kind=kind, start=start, end=end, url=LINK.url if kind == "link" else ""))
    return Text(text=text, marks=sound(marks, len(text)))


TEXTS = _marked()


def nested(text: Text) -> bool:
    """Whether the marks are as `Mark` promises."""
    marks = text.marks
    if any(not 0 <= mark.start < mark.end <= len(text.text) for mark in marks):
        return False
    if list(marks) != sorted(marks, key=lambda mark: (mark.start, -mark.end)):
        return False
    return not any(one.start < other.start < one.end < other.end for one in marks for other in marks)


def drawn(text: Text) -> str:
    """Signs around the words, and one more where a star must not be a sign."""
    signs = {"bold": "*", "italic": "_", "strike": "~", "code": "```", "link": "|"}
    return write(text, lambda mark: (signs[mark.kind],) * 2, lambda words: words.replace("*", "\u200b*"))
