"""The embedded engine against published references: accuracy, calibration, scope, speed and memory.

    python -m benchmarks.nlu --data FOLDER [--sets hwu64,clinc150,…] [--split test] [--rasa .venv-rasa/bin/rasa]

FOLDER holds a folder for each set with `<set>.jsonl`, one {"text", "intent", "split"} a line; splits are
train, train_10shot, valid, test, oos_valid and oos_test. Every set is trained and served in processes of
their own, with encoders and without. With `--rasa` Rasa's DIET is trained on the very same files beside it, and
asked the same texts (`benchmarks.nlu_rasa`). Prints each figure with its target, and ends with 1 when one falls
short.

References: Casanueva et al. 2020 (https://arxiv.org/abs/2003.04807) for the accuracies of dual sentence
encoders on HWU64 and CLINC150; Rasa 3.6.21's DIET.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from benchmarks.nlu_rasa import measured as rasa_measured
from nlu.evaluate import calibration_error

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo"
ENCODERS = ("minilm-l6", "navec-news")

Texts = list[tuple[str, str]]
"""Texts with their intents."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a set must reach: the least accuracy and AUROC, the largest calibration error, seconds."""

    accuracy: float = 0.0
    auroc: float = 0.0
    ece: float = 1.0
    seconds: float = 1e9


AIMS: Mapping[tuple[str, bool], Aim] = {
    ("hwu64", True): Aim(accuracy=0.92, ece=0.03, seconds=20),
    ("hwu64", False): Aim(accuracy=0.90, ece=0.03, seconds=20),
    ("hwu64-10", True): Aim(accuracy=0.84),
    ("clinc150", True): Aim(accuracy=0.965, auroc=0.975, ece=0.03),
    ("clinc150", False): Aim(accuracy=0.925, ece=0.03),
    ("demo", True): Aim(seconds=3),
    ("demo", False): Aim(seconds=3),
}
"""By set, and whether encoders are used."""
SERVED = {True: {"p50": 8.0, "loaded": 1.0, "megabytes": 350.0}, False: {"p50": 2.0, "loaded": 1.0, "megabytes": 150.0}}
KNOWN: Mapping[str, str] = {
    "hwu64": "USE+ConveRT 92.6 %; DIET without a transformer 84.8 %, 356 s, 1050 MB",
    "hwu64-10": "USE+ConveRT 85.8 %; DIET 63.4 %, 143 s, 1300 MB",
    "clinc150": "USE+ConveRT 97.2 %; MiniLM and n-grams in one regression 96.2 %, AUROC 0.979",
    "clinc150-10": "USE+ConveRT 93.3 %; MiniLM and n-grams in one regression 91.0 %, AUROC 0.964",
}


class Figures:
    """What was measured against what is claimed."""

    def __init__(self) -> None:
        self.short = 0

    def tell(self, name: str, value: float, shown: str, target: str = "", *, holds: bool = True) -> None:
        self.short += not holds
        verdict = f"   target {target}: {'holds' if holds else 'FALLS SHORT'}" if target else ""
        print(f"  {name:<44}{shown.format(value):>10}{verdict}", flush=True)

    def at_least(self, name: str, value: float, shown: str, least: float) -> None:
        target = f"at least {shown.format(least)}" if least else ""
        self.tell(name, value, shown, target, holds=value >= least)

    def at_most(self, name: str, value: float, shown: str, most: float, unheard_of: float = 1e9) -> None:
        target = f"at most {shown.format(most)}" if most < unheard_of else ""
        self.tell(name, value, shown, target, holds=value <= most)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", default="hwu64,hwu64-10,clinc150,clinc150-10,snips,demo")
    parser.add_argument("--split", default="test", help="the split that is judged")
    parser.add_argument("--only", choices=("with", "without"), help="encoders")
    parser.add_argument("--rasa", type=Path, help="the command rasa, to measure it on the same files")
    parser.add_argument("--rasa-sets", default="hwu64,hwu64-10,demo", help="those of the sets that Rasa is measured on")
    parser.add_argument("--rasa-config", type=Path, help="its config.yml, instead of the pipeline that rasa init makes")
    parser.add_argument("--at-most", type=int, help="texts of a split: for a try, in which no target means anything")
    given = parser.parse_args()
    figures = Figures()
    sets = given.sets.split(",")
    for name in sets:
        if name == "snips":
            _slots(given.data / "snips" / "snips.jsonl", given.split)
            continue
        print(f"{name}{'; known: ' + KNOWN[name] if name in KNOWN else ''}")
        texts = _read(given.data, name, given.split)
        if given.at_most:
            texts = {kind: listed[:: len(listed) // given.at_most + 1] for kind, listed in texts.items()}
        rasa = None
        if given.rasa and name in given.rasa_sets.split(","):
            rasa = _judge_rasa(figures, texts, given.rasa.resolve(), given.rasa_config)
        for encoders in (True, False):
            if given.only in (None, "with" if encoders else "without"):
                _judge(figures, name, texts, rasa, encoders=encoders)
    print(f"{figures.short} targets fall short" if figures.short else "every target holds")
    sys.exit(1 if figures.short else 0)


def _read(data: Path, name: str, split: str) -> dict[str, Texts]:
    """`taught`, `judged`, and `strange` (out of scope) texts of a set."""
    if name == "demo":
        items = _demo("held_out.yml")["nlu"]
        judged = [
            (line.strip().removeprefix("-").strip(), item["intent"])
            for item in items
            for line in item["examples"].splitlines()
            if line.strip()
        ]
        strange = [(text, "") for texts in _demo("out_of_scope.yml").values() for text in texts]
        return {"taught": [], "judged": judged, "strange": strange}
    base, _, shots = name.partition("-")
    by_split: dict[str, Texts] = defaultdict(list)
    with (data / base / f"{base}.jsonl").open(encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            by_split[row["split"]].append((row["text"], row["intent"]))
    taught = by_split[f"train_{shots}shot" if shots else "train"]
    return {"taught": taught, "judged": by_split[split], "strange": by_split[f"oos_{split}"]}


def _demo(file: str) -> Any:
    return YAML(typ="safe", pure=True).load(DEMO / "nlu" / "tests" / file)


def _write(workspace: Path, taught: Texts) -> None:
    by_intent: dict[str, list[str]] = defaultdict(list)
    for text, intent in taught:
        by_intent[intent].append(" ".join(text.replace("[", "(").replace("]", ")").split()))
    lines = ['version: "3.1"', "nlu:"]
    for intent, texts in by_intent.items():
        lines += [f"  - intent: {intent}", "    examples: |", *(f"      - {text}" for text in texts)]
    (workspace / "nlu").mkdir(parents=True)
    (workspace / "nlu" / "nlu.yml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _judge_rasa(figures: Figures, texts: Mapping[str, Texts], rasa: Path, config: Path | None) -> dict[str, float]:
    """Rasa's figures, for the embedded engine to be held against."""
    print(f" Rasa, {config or 'its usual pipeline'}")
    with tempfile.TemporaryDirectory() as place:
        workspace = DEMO
        if texts["taught"]:
            workspace = Path(place) / "workspace"
            _write(workspace, texts["taught"])
        found = rasa_measured(rasa, workspace, Path(place) / "rasa", config, [text for text, _ in texts["judged"]])
    right = [intent == true for (_, true), intent in zip(texts["judged"], found.intents, strict=True)]
    accuracy = sum(right) / len(right)
    figures.tell("training, s", found.seconds, "{:.1f}")
    figures.tell("  memory at its largest, MB", found.megabytes, "{:.0f}")
    figures.tell("accuracy", accuracy, "{:.2%}")
    figures.tell("a text, p50, ms", found.p50, "{:.2f}")
    figures.tell("  p99, ms", found.p99, "{:.2f}")
    figures.tell("memory while serving, MB", found.serving, "{:.0f}")
    return {
        "accuracy": accuracy, "seconds": found.seconds, "megabytes": found.megabytes, "serving": found.serving,
    }  # fmt: skip


def _judge(
    figures: Figures, name: str, texts: Mapping[str, Texts], rasa: Mapping[str, float] | None, *, encoders: bool
) -> None:
    aim = AIMS.get((name, encoders), Aim())
    print(f" {'with' if encoders else 'without'} encoders")
    with tempfile.TemporaryDirectory() as place:
        workspace, models = DEMO, Path(place) / "models"
        if texts["taught"]:
            workspace = Path(place) / "workspace"
            _write(workspace, texts["taught"])
        trained = _child("train", workspace, models, *(ENCODERS if encoders else ()))
        figures.at_most("training, s", trained["seconds"], "{:.1f}", aim.seconds)
        figures.tell("  of it both cores at work, s", trained["cpu"], "{:.1f}")
        figures.tell("  memory at its largest, MB", trained["megabytes"], "{:.0f}")
        asked = Path(place) / "texts.json"
        asked.write_text(json.dumps([text for text, _ in texts["judged"] + texts["strange"]]), encoding="utf-8")
        served = _child("serve", models, asked)
    accuracy = _accuracy(figures, aim, texts, served["answers"])
    limits = SERVED[encoders]
    figures.at_most("model loaded, s", served["loaded"], "{:.2f}", limits["loaded"])
    figures.at_most("a text, p50, ms", served["p50"], "{:.2f}", limits["p50"])
    figures.tell("  p99, ms", served["p99"], "{:.2f}")
    figures.tell("  the machine's fixed piece of work, ms", served["machine"], "{:.1f}")
    figures.at_most("memory while serving, MB", served["megabytes"], "{:.0f}", limits["megabytes"])
    if rasa is not None:
        figures.at_least("accuracy above Rasa's", accuracy - rasa["accuracy"], "{:.2%}", 1e-9)
        figures.at_most("training time, of Rasa's", trained["seconds"] / rasa["seconds"], "{:.3f}", 0.1)
        figures.at_most("memory of training, of Rasa's", trained["megabytes"] / rasa["megabytes"], "{:.2f}", 1 / 3)
        figures.at_most("memory of serving, of Rasa's", served["megabytes"] / rasa["serving"], "{:.2f}", 1 / 3)


def _accuracy(figures: Figures, aim: Aim, texts: Mapping[str, Texts], answers: Sequence[Any]) -> float:
    inside = len(texts["judged"])
    said = [intent for intent, _, _ in answers]
    confidence = np.array([value for _, value, _ in answers])
    in_scope = np.array([value for _, _, value in answers])
    right = np.array([true == intent for (_, true), intent in zip(texts["judged"], said, strict=False)])
    figures.at_least("accuracy", float(right.mean()), "{:.2%}", aim.accuracy)
    error = calibration_error(confidence[:inside], right)
    figures.at_most("expected calibration error", error, "{:.2%}", aim.ece, 1.0)
    if texts["strange"]:
        truth = np.repeat([True, False], [inside, len(answers) - inside])
        figures.at_least("out of scope, AUROC", _auroc(in_scope, truth), "{:.4f}", aim.auroc)
        figures.tell("  by confidence alone", _auroc(confidence, truth), "{:.4f}")
        mixed = calibration_error(confidence, np.concatenate((right, np.zeros(len(answers) - inside, dtype=bool))))
        figures.tell("  calibration error with those mixed in", mixed, "{:.2%}")
    return float(right.mean())


def _auroc(scores: NDArray[Any], truth: NDArray[np.bool_]) -> float:
    """The chance that one of the true has a higher score than one of the others; a tie is half of it."""
    high, low = np.sort(scores[truth]), scores[~truth]
    above = len(high) - np.searchsorted(high, low, side="right")
    ties = np.searchsorted(high, low, side="right") - np.searchsorted(high, low, side="left")
    return float((above + ties / 2).mean() / len(high))


def _child(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.nlu_child", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _slots(file: Path, split: str) -> None:
    """A program of its own measures these, against CRFsuite alone."""
    print("snips: slots, target F1 at least 0.93", flush=True)
    subprocess.run([sys.executable, "-m", "benchmarks.nlu_slots", str(file), "--split", split], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
