"""The report as a page: one file that needs nothing else, in Russian or English, light or dark as the reader's system
is. Whatever customers wrote is escaped, and nothing in the page can run: it has no scripts and its policy allows none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from estafeta.app.evaluation import pictures
from estafeta.app.evaluation.words import WORDS
from estafeta.kernel.errors import ConfigurationError
from nlu.comparison import Changed, Comparison
from nlu.figures import Evaluation
from nlu.gate import Verdict

MOST_MISTAKES = 300
MOST_CHANGED = 500
"""Rows of a table; how many more there are is told."""

_STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What stands on one page. `about` says what was judged and how. `decisions` are those on real messages, of which
    nobody knows what is right. `cross`: the figures are a cross-validation's."""

    title: str
    about: str
    evaluation: Evaluation | None = None
    compared: Comparison | None = None
    before: str = ""
    after: str = ""
    verdict: Verdict | None = None
    decisions: Sequence[Changed] = ()
    messages: int = 0
    cross: bool = False


def page(report: Report, language: str) -> str:
    """`language`: ru or en; another is English."""
    words = WORDS.get(language, WORDS["en"])
    return _template().render(
        report=report, found=report.evaluation, compared=report.compared, verdict=report.verdict, t=words,
        language=language if language in WORDS else "en", pictures=pictures, most_mistakes=MOST_MISTAKES,
        said=lambda remark: words[f"gate.{remark.code}"].format(**remark.values),
        most_changed=MOST_CHANGED, style=(_STATIC / "report.css").read_text(encoding="utf-8"),
    )  # fmt: skip


def gate_page(verdict: Verdict, language: str, enough: float) -> str:
    """What the gate found, with the figures of the held-out texts."""
    words = WORDS.get(language, WORDS["en"])
    about = words["gate_about"].format(before=verdict.before or "—", after=verdict.after, enough=f"{enough:.2f}")
    return page(
        Report(
            title=words["gate_title"], about=about, evaluation=verdict.evaluation, compared=verdict.held_out,
            before=verdict.before, after=verdict.after, verdict=verdict,
            decisions=verdict.shadow.decisions if verdict.shadow is not None else (),
            messages=verdict.shadow.messages if verdict.shadow is not None else 0,
        ),
        language,
    )  # fmt: skip


def refuse(file: Path) -> None:
    """What no page can be written to, before the work is done. Raises `ConfigurationError` with a sentence."""
    if not file.absolute().parent.is_dir():
        raise ConfigurationError(f"{file} can't be written ({file.parent} is no folder): choose another file.")


def write(file: Path, text: str) -> None:
    """Raises `ConfigurationError` with a sentence."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{file} can't be written ({error.strerror}): choose another file.") from None


@cache
def _template() -> Template:
    made = Environment(
        loader=FileSystemLoader(_STATIC), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters["percent"] = lambda share, digits=1: f"{share:.{digits}%}"
    made.filters["points"] = lambda share: f"{100 * share:+.1f}"
    return made.get_template("report.html")
