"""`estafeta init`: a workspace that is whole, and nothing of anybody's written over."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner

from estafeta.app import starter, understanders
from estafeta.app.cli import main
from estafeta.app.config import Settings
from flows import loader


def test_a_new_workspace_is_whole(tmp_path: Path) -> None:
    folder = tmp_path / "my shop"
    done = CliRunner().invoke(main, ["init", str(folder)])
    assert done.exit_code == 0
    assert f"ESTAFETA_WORKSPACE='{folder}'" in done.output
    workspace, findings = loader.find(folder)
    assert workspace is not None
    assert findings == []
    assert (folder / "flows" / "tests").is_dir()


def test_a_folder_that_is_there_and_empty_is_taken(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    assert (tmp_path / "bot.yml").is_file()


@pytest.mark.parametrize("there", ["file", "full", "link"])
def test_what_is_there_is_not_written_over(there: str, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    if there == "file":
        folder.write_text("mine")
    elif there == "full":
        folder.mkdir()
        (folder / "bot.yml").write_text("name: mine\n")
    else:
        folder.symlink_to(tmp_path / "nowhere")
    refused = CliRunner().invoke(main, ["init", str(folder)])
    assert refused.exit_code == 1
    assert str(folder) in refused.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == (["bot.yml", "shop"] if there == "full" else ["shop"])


def test_where_nothing_can_be_made_the_reason_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(main, ["init", str(tmp_path / "file" / "shop")])
    assert refused.exit_code == 1
    assert "A workspace cannot be made in" in refused.stderr


def test_it_is_talked_to_before_anything_is_taught(tmp_path: Path) -> None:
    starter.begin(tmp_path / "shop")
    workspace = loader.load(tmp_path / "shop")
    assert not understanders.learns(workspace)
    knows = understanders.chosen(Settings(_env_file=None), workspace, tmp_path / "models")
    heard = asyncio.run(knows.understand("мой заказ 100234", deadline=1))
    assert (heard.intent, [entity.value for entity in heard.entities]) == ("", ["100234"])
    assert not (tmp_path / "models").exists()
