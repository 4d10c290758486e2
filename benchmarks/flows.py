"""Speed of the flows: steps a second in one process, and the seconds to load and check a large workspace.

`python -m benchmarks.flows` prints both, each beside a plain loop of the same machine in the same run.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from estafeta.kernel.model import Dialog
from flows import loader
from flows.interpreter import Said, Scope, advance

STEPS_AIM = 50_000
LOAD_AIM = 3.0
_SECONDS = 3.0
_FLOWS = 500
_SAMPLE = Path(__file__).parent.parent / "demo"
_SCOPE = Scope(language="ru", customer_name="", now=datetime(2026, 11, 21, 12, tzinfo=UTC), open=True, seed="s")
_WALK = """\
flow: walk
start: {command: walk}
steps:
  - set: {count: 0, total: 10}
  - name: round
    set: {count: "{{ count + 1 }}"}
  - choose:
      - when: count < total
        do: [{goto: round}]
  - say: {ru: "Готово: {{ count }}", en: "Done: {{ count }}"}
"""
_WALK_STEPS = 1 + 10 + 10 + 9 + 1
_LONG = """\
flow: long-{number}
start: {{command: long{number}}}
steps:
  - say: {{ru: "Здравствуйте, {{{{ customer.name }}}}!", en: "Hello, {{{{ customer.name }}}}!"}}
    buttons: [{{ru: Дальше, en: Go on}}, {{text: {{ru: Человек, en: A person}}, handoff: {{}}}}]
  - {{ask: number_{number}, say: {{ru: Номер?, en: Number?}}, expect: number, attempts: 2}}
  - choose:
      - when: number_{number} > 5
        do: [{{say: {{ru: Много, en: Many}}}}]
      - otherwise: [{{say: {{ru: Мало, en: Few}}}}]
  - menu: [{{text: {{ru: Ещё, en: More}}, flow: long-{following}}}, {{text: {{ru: Хватит, en: Enough}}}}]
    say: {{ru: Что дальше?, en: What next?}}
"""


def _loops(seconds: float) -> float:
    """Rounds a second of the plainest work: what this machine gives at this moment."""
    rounds, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        sum(range(1000))
        rounds += 1
    return rounds / seconds


def _rate(turn: Callable[[], object], seconds: float) -> float:
    turns, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        turn()
        turns += 1
    return turns / seconds


def _workspace(folder: Path, flows: dict[str, str]) -> Path:
    (folder / "flows").mkdir(parents=True)
    (folder / "bot.yml").write_text((_SAMPLE / "bot.yml").read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "hours.yml").write_text((_SAMPLE / "hours.yml").read_text(encoding="utf-8"), encoding="utf-8")
    for name, text in flows.items():
        (folder / "flows" / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder


def steps(folder: Path) -> float:
    """Steps a second of a flow that counts in a loop: conditions, values, a text."""
    found, findings = loader.find(_workspace(folder, {"walk": _WALK}))
    errors = [finding for finding in findings if finding.severity == "error" and finding.file == "flows/walk.yml"]
    if errors:
        raise SystemExit(str(errors[0]))
    if found is None:
        raise SystemExit("\n".join(str(finding) for finding in findings if finding.severity == "error"))
    said = Said(text="/walk")
    return _WALK_STEPS * _rate(lambda: advance(found, Dialog(), said, _SCOPE), _SECONDS)


def loading(folder: Path) -> float:
    """Seconds to load and check a workspace of many flows, from its files."""
    flows = {f"f{n}": _LONG.format(number=n, following=(n + 1) % _FLOWS) for n in range(_FLOWS)}
    path = _workspace(folder, flows)
    began = time.perf_counter()
    loader.find(path)
    return time.perf_counter() - began


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        before = _loops(1.0)
        rate = steps(Path(name) / "steps")
        seconds = loading(Path(name) / "loading")
        loops = (before + _loops(1.0)) / 2
    holds = "holds" if rate >= STEPS_AIM else "falls short"
    print(f"steps a second: {rate:,.0f} (aim {STEPS_AIM:,}: {holds}); for each plain loop of 1,000: {rate / loops:.2f}")
    holds = "holds" if seconds < LOAD_AIM else "falls short"
    print(f"{_FLOWS} flows loaded and checked in {seconds:.2f} s (aim {LOAD_AIM:g} s: {holds})")


if __name__ == "__main__":
    main()
