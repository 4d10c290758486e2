"""What only the logs tell: who was taken for dead while alive, and how long turns took."""

from __future__ import annotations

from pathlib import Path

from estafeta.app.faults import logged
from estafeta.app.faults.ledger import Fault, Ledger

EPOCH = 1_000_000.0


def log(folder: Path, process: str, *lines: str) -> None:
    (folder / f"{process}.log").write_text("\n".join(lines) + "\n")


def lapse(at: float, silent: float) -> str:
    return (
        f'{{"worker":"one","now":"two","silent":{silent},"event":"taken_for_dead","level":"warning","at":{EPOCH + at}}}'
    )


def noted(ledger: Ledger) -> list[tuple[float, float, str]]:
    return [
        (line.at, line.until, str(line.data["cause"]))
        for line in ledger.lines
        if isinstance(line, Fault) and line.kind == logged.TAKEN and line.repeats and line.data["source"] == "log"
    ]


def test_the_fault_lasts_from_the_last_sign_of_life_until_it_was_noticed(tmp_path: Path) -> None:
    log(tmp_path, "worker-1", '{"event":"started","at":1000000.0}', lapse(20, 6), '{"event":"taken_for_de')
    log(tmp_path, "worker-2", lapse(40, 3))
    log(tmp_path, "web-1", lapse(50, 3))
    ledger = Ledger()
    logged.note(ledger, tmp_path, EPOCH)
    assert noted(ledger) == [(14.0, 20.0, ""), (37.0, 40.0, "")]


def test_what_the_kit_did_meanwhile_to_this_worker_or_to_the_store_explains_it(tmp_path: Path) -> None:
    log(tmp_path, "worker-1", lapse(20, 6), lapse(40, 4), lapse(60, 4), lapse(80, 4))
    ledger = Ledger()
    ledger.fault("kill_mongod", 17.0, 19.0, target="mongod")
    ledger.fault("pause_worker", 14.5, 19.5, target="worker-1")
    ledger.fault("pause_worker", 36.5, 39.5, target="worker-2")
    ledger.fault("pause_mongod", 57.0, 59.0, target="mongod")
    ledger.fault("pause_redis", 77.0, 79.0, target="redis")
    logged.note(ledger, tmp_path, EPOCH)
    assert [cause for _, _, cause in noted(ledger)] == ["pause_worker", "", "pause_mongod", ""]


def turn(at: float, seconds: float) -> str:
    return f'{{"signals":["s"],"ms":{seconds * 1000},"event":"turn","level":"info","at":{EPOCH + at}}}'


def windows(ledger: Ledger) -> list[float]:
    return [line.window for line in ledger.lines if isinstance(line, Fault)]


def test_a_send_may_be_unrecorded_for_twice_as_long_as_turns_took(tmp_path: Path) -> None:
    log(tmp_path, "worker-1", turn(1, 9), turn(18, 4), turn(19, 3), turn(21, 8))
    log(tmp_path, "worker-2", turn(19, 1), turn(26, 6))
    ledger = Ledger()
    ledger.fault("kill_worker", 20.0, 20.0, repeats=True, target="worker-1")
    ledger.fault("kill_worker", 20.0, 20.0, repeats=True, target="worker-2")
    ledger.fault("pause_mongod", 20.0, 24.0, repeats=True, target="mongod")
    ledger.fault("kill_web", 20.0, 20.0, target="web-1")
    logged.note(ledger, tmp_path, EPOCH)
    assert windows(ledger) == [8.0, 2.0, 16.0, 0.0]
