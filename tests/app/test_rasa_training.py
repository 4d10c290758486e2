"""`estafeta train --engine rasa` with a program in Rasa's place. A real Rasa trains in tests/rasa."""

from __future__ import annotations

import asyncio
import json
import os
import select
import shlex
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from estafeta.app import config
from estafeta.app.config import Settings
from estafeta.app.rasa_training import KEPT, TrainingFailed, _Progress, run_rasa_train, train
from estafeta.kernel.errors import ConfigurationError
from nlu.rasa_server import RasaError
from tests.nlu.conftest import SHOP, ignore
from tests.nlu.rasa_stand_in import TOKEN, RasaStandIn

_AS_RASA = """
import os, sys, time
assert sys.argv[1:3] == ["train", "nlu"], sys.argv
given = dict(zip(sys.argv[3::2], sys.argv[4::2]))
assert os.path.isfile(given["--config"]) and os.path.isfile(given["--domain"])
assert os.path.isfile(given["--nlu"] + "/ru.yml")
assert not [name for name in os.environ if name.startswith("ESTAFETA_")], "no secrets of ours"
say = sys.stderr.write
say("\\x1b[93mUserWarning: something\\x1b[0m\\n")
say("2026-01-12 INFO rasa.engine.training.hooks - Starting to train component 'CountVectorsFeaturizer'.\\n")
say("2026-01-12 INFO rasa.engine.training.hooks - Starting to train component 'DIETClassifier'.\\n")
for share in (0, 25, 50, 100):
    say(f"Epochs: {share:3}%|###  | 1/4 [00:01<00:01, 10.24it/s]\\r")
ENDS
open(f"{given['--out']}/{given['--fixed-model-name']}.tar.gz", "wb").write(b"model")
"""


@pytest.fixture
async def server() -> AsyncIterator[RasaStandIn]:
    stand_in = await RasaStandIn().start()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
def command(tmp_path: Path) -> str:
    return program(tmp_path)


def program(folder: Path, ends: str = "") -> str:
    path = folder / "as_rasa.py"
    path.write_text(_AS_RASA.replace("ENDS", ends))
    return shlex.join([sys.executable, str(path)])


async def test_a_model_is_trained_and_put_into_service(
    server: RasaStandIn, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESTAFETA_RASA__TOKEN", "secret")
    told: list[tuple[str, float]] = []
    folder = tmp_path / "rasa"
    trained = await train(server.config(command=command), SHOP, folder, lambda *what: told.append(what))
    assert trained.fresh
    assert server.served == [str(folder / "models" / f"{trained.model}.tar.gz")]
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert max(share for what, share in told if what == "Rasa trains DIETClassifier") > 0.8
    log = (folder / "train.log").read_text()
    assert "UserWarning: something" in log
    assert "Epochs" not in log
    assert "\x1b" not in log


def test_progress_follows_what_rasa_trains_in_whatever_order() -> None:
    """Rasa begins with what needs the least: the pipeline's last may be among the first."""
    told: list[tuple[str, float]] = []
    progress = _Progress(
        [("DIETClassifier", 60), ("CRFEntityExtractor", 20), ("ResponseSelector", 20)], lambda *what: told.append(what)
    )
    for name in ("CRFEntityExtractor", "DIETClassifier", "ResponseSelector"):
        assert not progress.heard(f"2026-01-12 INFO - Starting to train component '{name}'.")
        assert progress.heard("Epochs:  50%|###  | 1/2 [00:01<00:01, 10.24it/s]")
    assert told == [
        ("Rasa starts", 0.0), ("Rasa trains CRFEntityExtractor", 0.0), ("Rasa trains CRFEntityExtractor", 0.1),
        ("Rasa trains DIETClassifier", 0.2), ("Rasa trains DIETClassifier", 0.5),
        ("Rasa trains ResponseSelector", 0.8), ("Rasa trains ResponseSelector", 0.9),
    ]  # fmt: skip


async def test_the_same_data_are_trained_from_once(server: RasaStandIn, command: str, tmp_path: Path) -> None:
    first = await train(server.config(command=command), SHOP, tmp_path, ignore)
    again = await train(server.config(command="not-to-be-run"), SHOP, tmp_path, ignore)
    assert (again.model, again.fresh) == (first.model, False)
    assert len(server.served) == 1, "it is in service already"
    server.model = "another.tar.gz"
    await train(server.config(command="not-to-be-run"), SHOP, tmp_path, ignore)
    assert server.served == [f"{tmp_path}/models/{first.model}.tar.gz"] * 2


async def test_old_models_go(server: RasaStandIn, command: str, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    for number in range(9):
        old = tmp_path / "models" / f"old-{number}.tar.gz"
        old.touch()
        os.utime(old, (number, number))
    trained = await train(server.config(command=command), SHOP, tmp_path, ignore)
    left = {path.name for path in (tmp_path / "models").iterdir()}
    assert left == {f"{trained.model}.tar.gz", *[f"old-{n}.tar.gz" for n in range(10 - KEPT, 9)]}


async def test_the_server_may_see_the_folder_elsewhere(server: RasaStandIn, command: str, tmp_path: Path) -> None:
    trained = await train(server.config(command=command, models="/app/models"), SHOP, tmp_path, ignore)
    assert server.served == [f"/app/models/{trained.model}.tar.gz"]


async def test_the_server_may_train(server: RasaStandIn, tmp_path: Path) -> None:
    trained = await train(server.config(trained_by="server"), SHOP, tmp_path / "rasa", ignore)
    assert trained.model == "20260112-100000-fancy"
    assert server.served == ["models/20260112-100000-fancy.tar.gz"]
    assert b"DIETClassifier" in server.trained[0]
    assert not (tmp_path / "rasa").exists()


@pytest.mark.parametrize(
    ("ends", "told"),
    [
        ("sys.exit('InvalidConfigException: no such component')", "no such component"),
        ("raise RuntimeError('out of luck')", "RuntimeError: out of luck"),
        ("print('just words'); sys.exit(3)", "Rasa ended with 3: just words"),
        ("os.kill(os.getpid(), 9)", "want of memory"),
        ("sys.exit(0)", "without a model"),
        ("print('x' * 10_000_000); sys.exit(1)", "Rasa ended with 1: xxx"),
    ],
)
async def test_why_rasa_made_no_model(server: RasaStandIn, tmp_path: Path, ends: str, told: str) -> None:
    with pytest.raises(TrainingFailed, match=told) as failed:
        await train(server.config(command=program(tmp_path, ends)), SHOP, tmp_path / "rasa", ignore)
    assert str(tmp_path / "rasa" / "train.log") in str(failed.value)
    assert len(str(failed.value)) < 1_000
    assert server.served == []


async def test_no_rasa_is_told(server: RasaStandIn, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="ESTAFETA_RASA__COMMAND"):
        await train(server.config(command="there-is-no-rasa"), SHOP, tmp_path, ignore)
    with pytest.raises(ConfigurationError, match="ESTAFETA_RASA__COMMAND"):
        await train(server.config(command="'"), SHOP, tmp_path, ignore)


async def test_nothing_is_trained_for_a_server_that_is_not_there(
    server: RasaStandIn, command: str, tmp_path: Path
) -> None:
    folder = tmp_path / "rasa"
    for given, told in (({"token": SecretStr("wrong")}, "_TOKEN"), ({"url": "http://127.0.0.1:1"}, "_URL")):
        with pytest.raises(RasaError, match=told):
            await train(server.config(command=command, **given), SHOP, folder, ignore)
    assert not folder.exists()


async def test_a_server_without_a_model_is_given_one(server: RasaStandIn, command: str, tmp_path: Path) -> None:
    server.model = ""
    trained = await train(server.config(command=command), SHOP, tmp_path, ignore)
    assert server.model == f"{trained.model}.tar.gz"


async def test_rasa_and_its_children_do_not_outlive_their_time(server: RasaStandIn, tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    ends = (
        "import subprocess\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "print(\"Starting to train component 'EntitySynonymMapper'\", flush=True)\n"
        "time.sleep(600)"
    )
    there = asyncio.Event()

    def tell(what: str, share: float) -> None:
        if "EntitySynonymMapper" in what:
            there.set()

    asking = asyncio.create_task(train(server.config(command=program(tmp_path, ends)), SHOP, tmp_path, tell))
    await there.wait()
    running = [os.pidfd_open(int(pid)) for pid in pids.read_text().split()]  # readable when the process has ended
    asking.cancel()
    await asyncio.wait([asking])
    for process in running:
        ended, _, _ = select.select([process], [], [], 60)
        assert ended
        os.close(process)


async def test_a_training_that_is_told_to_end_takes_rasa_with_it(server: RasaStandIn, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    command = program(tmp_path, f"open({str(pid)!r}, 'w').write(f'{{os.getpid()}}\\n'); time.sleep(600)")
    given = server.config(command=command)
    environment = {
        "ESTAFETA_RASA__URL": given.url, "ESTAFETA_RASA__TOKEN": TOKEN, "ESTAFETA_RASA__COMMAND": command,
        "ESTAFETA_DATA": str(tmp_path),
    }  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "estafeta.app.cli", "train", str(SHOP), "--engine", "rasa", cwd=tmp_path,
        env={**os.environ, **environment}, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    while not (pid.exists() and pid.read_text().endswith("\n")):
        assert process.returncode is None
        await asyncio.sleep(0.01)
    rasa = os.pidfd_open(int(pid.read_text()))
    process.terminate()
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"was stopped" in said
    ended, _, _ = select.select([rasa], [], [], 60)
    os.close(rasa)
    assert ended


async def test_a_time_limit_is_told(server: RasaStandIn, tmp_path: Path) -> None:
    command = program(tmp_path, "time.sleep(600)")
    with pytest.raises(TrainingFailed, match="ESTAFETA_RASA__TRAIN_WITHIN"):
        await train(server.config(command=command, train_within=0.3), SHOP, tmp_path, ignore)


async def test_a_model_that_the_server_does_not_take_is_told(server: RasaStandIn, command: str, tmp_path: Path) -> None:
    server.refuses_models = "yes"
    with pytest.raises(RasaError, match=r"is trained, and is not in service.*ESTAFETA_RASA__MODELS"):
        await train(server.config(command=command), SHOP, tmp_path, ignore)
    assert list((tmp_path / "models").glob("*.tar.gz")), "it is kept for the next try"


async def test_the_command_line(
    server: RasaStandIn, command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(_env_file=None).model_copy(update={"data": tmp_path, "rasa": server.config(command=command)})
    await asyncio.to_thread(run_rasa_train, settings, SHOP, as_json=False)
    said = capsys.readouterr().out
    assert "trained by Rasa" in said
    assert server.config().url in said
    await asyncio.to_thread(run_rasa_train, settings, SHOP, as_json=True)
    assert json.loads(capsys.readouterr().out)["fresh"] is False


def test_settings_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ESTAFETA_NLU__ENGINE", "rasa")
    monkeypatch.setenv("ESTAFETA_RASA__URL", "http://rasa:5005/")
    monkeypatch.setenv("ESTAFETA_RASA__TOKEN", "secret")
    settings = config.read(Path("nowhere"))
    assert (settings.nlu.engine, settings.rasa.url) == ("rasa", "http://rasa:5005")
    assert "secret" not in repr(settings)
    monkeypatch.setenv("ESTAFETA_RASA__URL", "rasa:5005")
    with pytest.raises(ConfigurationError, match="ESTAFETA_RASA__URL"):
        config.read(Path("nowhere"))
