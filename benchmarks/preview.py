"""Speed of the preview: seconds from a flow of 200 steps to its picture and its messages in every channel and language.

`python -m benchmarks.preview` prints them, and how many rounds of a plain loop the same machine does in that time.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from estafeta.app.preview.pages import Look

_STEPS = 200
_SAMPLE = Path(__file__).parent.parent / "demo"
_ROUND = """\
  - ask: q{number}
    say: {{ru: "Вопрос **{number}**, {{{{ customer.name }}}}?", en: "Question **{number}**, {{{{ customer.name }}}}?"}}
    expect: yes_no
    buttons: [{{ru: Да, en: "Yes"}}, {{ru: Нет, en: "No"}}, {{text: {{ru: Человек, en: A person}}, handoff: {{}}}}]
  - choose:
      - when: slots.q{number}
        do: [{{say: {{ru: Хорошо, en: Good}}}}, {{set: {{a{number}: 1}}}}]
      - otherwise: [{{say: {{ru: Плохо, en: Bad}}}}]
"""
_STEPS_OF_ROUND = 5


def _workspace(folder: Path) -> Path:
    (folder / "flows").mkdir()
    for name in ("bot.yml", "hours.yml"):
        (folder / name).write_text((_SAMPLE / name).read_text(encoding="utf-8"), encoding="utf-8")
    rounds = "".join(_ROUND.format(number=number) for number in range(_STEPS // _STEPS_OF_ROUND))
    (folder / "flows" / "big.yml").write_text(f"flow: big\nstart: {{command: big}}\nsteps:\n{rounds}", encoding="utf-8")
    return folder


def _loops(seconds: float) -> float:
    """Rounds a second of the plainest work: what this machine gives at this moment."""
    rounds, end = 0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        sum(range(1000))
        rounds += 1
    return rounds / seconds


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = _workspace(Path(name))
        began = time.perf_counter()
        look = Look(folder)
        read = time.perf_counter()
        if not look.names:
            raise SystemExit(str(look.workspace()))
        look.flow("big")
        drawn = time.perf_counter()
    print(f"read and checked in {read - began:.2f} s; picture and messages of {_STEPS} steps in {drawn - read:.2f} s")
    print(f"a plain loop of 1,000 goes {_loops(1.0) * (drawn - read):,.0f} rounds in the time of the latter")


if __name__ == "__main__":
    main()
