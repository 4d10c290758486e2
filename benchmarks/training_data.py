"""How long reading and checking training data takes, against what YAML itself takes in the same run.

    python -m benchmarks.training_data [WORKSPACE]

Without a workspace it makes 20,000 examples of 200 intents up, of words that are more like each other than those of a
language. The reference is ruamel.yaml (pure Python, as the product uses it) loading the same files to plain values.
Processor time, the best of three: how busy the machine is does not count. Prints each figure as `name: value (claim …)
ok|FAILED`; ends with 1 when a claim fails.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ruamel.yaml import YAML

from nlu.check import check
from nlu.data import files_of, read_workspace

EXAMPLES, INTENTS, FILES = 20_000, 200, 8
READING, CHECKING = 3.0, 12.0
"""Times the reference that are claimed."""


def made_up(folder: Path) -> Path:
    """Examples of six words: two are their intent's own, the others as common as words are in a language."""
    pick = random.Random(7)
    syllables = [first + second for first in "bdfgklmnprstv" for second in "aeiou"]
    words = ["".join(pick.choices(syllables, k=3)) for _ in range(6_000)]
    weights = [1 / rank for rank in range(1, len(words) + 1)]
    (folder / "nlu").mkdir()
    for file in range(FILES):
        lines = ['version: "3.1"', "nlu:"]
        for intent in range(file, INTENTS, FILES):
            own = pick.sample(words, 30)
            lines += [f"- intent: intent_{intent}", "  examples: |"]
            for _ in range(EXAMPLES // INTENTS):
                said = pick.choices(words, weights, k=4) + pick.choices(own, k=2)
                lines.append(f"    - {' '.join(pick.sample(said, len(said)))}")
        (folder / "nlu" / f"part{file}.yml").write_text("\n".join(lines) + "\n")
    return folder


def seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def measured(workspace: Path) -> bool:
    texts = [path.read_text() for path in files_of(workspace)]
    reference = seconds(lambda: [YAML(typ="safe", pure=True).load(text) for text in texts])
    data = read_workspace(workspace)
    reading = seconds(lambda: read_workspace(workspace)) / reference
    checking = seconds(lambda: check(data, None)) / reference
    print(f"examples: {len(data.examples)} of {len(data.intents)} intents, YAML alone {reference:.2f} s", flush=True)
    holds = True
    for name, ratio, limit in (("reading", reading, READING), ("checking", checking, CHECKING)):
        holds = holds and ratio < limit
        print(f"{name}: {ratio:.2f} times YAML alone (claim: under {limit:g}) {'ok' if ratio < limit else 'FAILED'}")
    return holds


def main() -> None:
    if len(sys.argv) > 1:
        sys.exit(0 if measured(Path(sys.argv[1])) else 1)
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(0 if measured(made_up(Path(folder))) else 1)


if __name__ == "__main__":
    main()
