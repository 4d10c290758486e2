"""`estafeta report` with MongoDB for its store."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from estafeta.app.cli import main
from storage.mongo.store import MongoStore
from tests.conftest import ROOT
from tests.contracts.store_examples import ANNA, NOW, event_of, holding


async def test_it_reads_the_events_and_the_audit_log(
    mongo: MongoStore, replica_set: str, database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    line = {"at": NOW.isoformat(), "what": "invited", "by": {"name": "Вера"}}
    await mongo.put(f"audit:{NOW.isoformat(timespec='microseconds')}:1", line)
    await mongo.commit(holding(ANNA, event_of(ANNA, 1, "opened"), event_of(ANNA, 2, "closed")))
    environment = {
        "ESTAFETA_MONGO__URL": replica_set,
        "ESTAFETA_MONGO__DATABASE": database,
        "ESTAFETA_WORKSPACE": str(ROOT / "tests" / "engine" / "workspace"),
    }

    async def told(what: str) -> Any:
        asked = ["report", what, "--since", NOW.isoformat(), "--until", "2027-01-01", "--json"]
        result = await asyncio.to_thread(CliRunner(env=environment).invoke, main, asked)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    found = await told("handoffs")
    assert (found["handoffs"]["opened"], found["endings"][0]["tickets"]) == (1, 1)
    assert await told("audit") == [line]
