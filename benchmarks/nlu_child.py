"""The processes that `benchmarks.nlu` measures: one trains a workspace, one serves what was trained.

    python -m benchmarks.nlu_child train WORKSPACE MODELS [ENCODER …]
    python -m benchmarks.nlu_child serve MODELS TEXTS.json

Each prints one line of JSON. Times of serving are of one text after the other, none asked twice.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def machine() -> float:
    """Milliseconds for a fixed piece of arithmetic on one core: how fast this machine is just now."""
    matrix = np.random.default_rng(1).random((400, 400), dtype=np.float32)
    times = []
    for _ in range(9):
        began = time.perf_counter()
        for _ in range(10):
            matrix @ matrix
        sum(number * number for number in range(100_000))
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1000


def train(workspace: Path, models: Path, encoders: list[str]) -> dict[str, Any]:
    from nlu.train import train

    began, worked = time.perf_counter(), time.process_time()
    trained = train(workspace, models, lambda _what, _share: None, encoders=encoders)
    return {
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - worked,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "ece": trained.ece,
        "accuracy": trained.accuracy_out_of_fold,
    }


def serve(models: Path, texts: list[str]) -> dict[str, Any]:
    from nlu.embedded import EmbeddedUnderstander

    began = time.perf_counter()
    understander = EmbeddedUnderstander.load(models)
    loaded = time.perf_counter() - began
    answers, times = asyncio.run(_asked(understander, texts))
    with Path("/proc/self/status").open(encoding="ascii") as status:
        resident = next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return {
        "loaded": loaded,
        "megabytes": resident / 1024,
        "p50": float(np.quantile(times, 0.5)) * 1000,
        "p99": float(np.quantile(times, 0.99)) * 1000,
        "machine": machine(),
        "answers": answers,
    }


async def _asked(understander: Any, texts: list[str]) -> tuple[list[tuple[str, float, float]], list[float]]:
    """Intent, confidence, and the confidence of all intents together (that the text is in scope)."""
    await understander.understand("a text to warm up with", deadline=60)
    answers, times = [], []
    for text in texts:
        began = time.perf_counter()
        said = await understander.understand(text, deadline=60)
        times.append(time.perf_counter() - began)
        answers.append((said.intent, said.confidence, sum(intent.confidence for intent in said.ranking)))
    return answers, times


def main() -> None:
    what, folder, *more = sys.argv[1:]
    if what == "train":
        print(json.dumps(train(Path(folder), Path(more[0]), more[1:])))
    else:
        print(json.dumps(serve(Path(folder), json.loads(Path(more[0]).read_text(encoding="utf-8")))))


if __name__ == "__main__":
    main()
