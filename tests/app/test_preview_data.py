"""What the page of `estafeta flows preview` is told, who may ask, and the page written to a folder."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner, Result

from estafeta.app.cli import main
from estafeta.app.preview.layout import Box, Line, laid_out
from estafeta.app.preview.pages import Look, version
from estafeta.app.preview.serving import STATIC, make_app
from tests.flows.world import PAYMENT, write

FLOW = """\
flow: talk
title: {ru: Разговор, en: A talk}
start: {intent: order_status, command: talk}
steps:
  - ask: size
    say: {ru: "**Какой** размер, {{ customer.name }}?", en: "**Which** size, {{ customer.name }}?"}
    expect: choice
    still: {ru: "Всё ещё {{ value }}?", en: "Still {{ value }}?"}
    buttons: [{ru: "Сорок два", en: Forty two}, "43", "44", {text: {ru: Оплата, en: Pay}, flow: payment}]
  - say: {ru: Спасибо, en: Thank you}
    channels: {whatsapp: {ru: Спасибо из Вотсапа, en: Thank you there}}
  - say: {ru: Только по-русски}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "shop", {"talk": FLOW, "payment": PAYMENT})


def told(given: Any) -> Any:
    """As the page gets it."""
    return json.loads(json.dumps(given))


def test_the_list_tells_titles_ways_and_findings(folder: Path) -> None:
    found = told(Look(folder).workspace())
    assert (found["title"], found["languages"], found["sound"]) == ("shop", ["ru", "en"], True)
    talk = found["flows"][1]
    assert (talk["name"], talk["title"], talk["file"]) == ("talk", {"ru": "Разговор", "en": "A talk"}, "flows/talk.yml")
    assert talk["ways"] == [{"kind": "intent", "value": "order_status"}, {"kind": "command", "value": "/talk"}]
    assert talk["findings"] == 1
    assert found["skills"]["delivery"] == {"ru": "Доставка", "en": "Delivery"}


def test_nodes_have_their_line_and_lines_run_between_them(folder: Path) -> None:
    found = told(Look(folder).flow("talk"))
    nodes = {node["id"]: node for node in found["nodes"]}
    assert [(node["kind"], node["line"]) for node in nodes.values()] == [
        ("start", 3), ("ask", 5), ("flow", 9), ("say", 10), ("say", 12), ("over", 12), ("handoff", 5),
    ]  # fmt: skip
    asked = nodes["0:ask:size"]
    assert asked["text"] == {"ru": "Какой размер, ‹customer.name›?", "en": "Which size, ‹customer.name›?"}
    for edge in found["edges"]:
        source, target = nodes[edge["source"]]["box"], nodes[edge["target"]]["box"]
        assert on_border(edge["points"][0], source)
        assert on_border(edge["points"][-1], target)


def on_border(point: list[float], box: list[float]) -> bool:
    (x, y), (left, top, width, height) = point, box
    inside = left - 1 <= x <= left + width + 1 and top - 1 <= y <= top + height + 1
    return inside and not (left + 1 < x < left + width - 1 and top + 1 < y < top + height - 1)


def test_messages_are_those_of_each_channel_and_language(folder: Path) -> None:
    found = told(Look(folder).flow("talk"))["messages"]
    asked = found["0:ask:size"]["ru"]
    assert set(asked) == {"telegram", "vk", "vk_wall", "whatsapp", "widget"}
    assert [one["part"] for one in asked["telegram"]] == ["still", "ask"]
    still, question = asked["whatsapp"]
    assert still["messages"][0]["text"] == "Всё ещё ‹value›?"
    assert still["messages"][0]["buttons"] == ["Да", "Нет"]
    assert (question["shows"], question["count"]) == ("list", 4)
    assert asked["telegram"][1]["messages"][0]["buttons"] == ["Сорок два", "43", "44", "Оплата"]
    assert "2. 43" in asked["vk_wall"][1]["messages"][0]["text"]
    thanks = found["1:say:"]["en"]
    assert thanks["whatsapp"][0]["messages"][0]["text"] == "Thank you there"
    assert thanks["vk"][0]["messages"][0]["text"] == "Thank you"


def test_what_a_messenger_draws_by_signs_is_shown_as_it_is_seen(folder: Path) -> None:
    shown = told(Look(folder).flow("talk"))["messages"]["0:ask:size"]["ru"]["whatsapp"][1]["messages"][0]
    assert shown["text"] == "Какой размер, ‹customer.name›?"
    assert shown["marks"] == [{"kind": "bold", "start": 0, "end": 5}]
    assert shown["length"] == len("*Какой* размер, ‹customer.name›?")


def test_findings_lie_on_their_steps(folder: Path) -> None:
    found = told(Look(folder).flow("talk"))["findings"]
    assert list(found) == ["2:say:"]
    assert found["2:say:"][0]["rule"] == "language"
    (folder / "flows" / "talk.yml").write_text(FLOW.replace("start: {intent: order_status, command: talk}\n", ""))
    assert list(told(Look(folder).flow("talk"))["findings"]) == ["start", "2:say:"]


def test_a_broken_workspace_has_findings_alone(folder: Path) -> None:
    (folder / "flows" / "talk.yml").write_text(FLOW.replace("expect", "expct"))
    look = Look(folder)
    found = told(look.workspace())
    assert (found["sound"], found["flows"]) == (False, [])
    assert ("flows/talk.yml", 7, "error") in [
        (item["file"], item["line"], item["severity"]) for item in found["findings"]
    ]  # fmt: skip
    with pytest.raises(KeyError):
        look.flow("talk")


def test_the_version_changes_with_any_file(folder: Path) -> None:
    before = version(folder)
    assert version(folder) == before
    later = (folder / "bot.yml").stat().st_mtime + 5
    os.utime(folder / "bot.yml", (later, later))
    touched = version(folder)
    (folder / "flows" / "new.yml").write_text("flow: new\n")
    assert len({before, touched, version(folder)}) == 3


def test_too_many_steps_are_no_picture_but_a_list(tmp_path: Path) -> None:
    steps = "".join(f"  - say: {{ru: Слово {number}, en: Word {number}}}\n" for number in range(700))
    write(tmp_path, {"long": f"flow: long\nstart: {{command: long}}\nsteps:\n{steps}"})
    found = told(Look(tmp_path).flow("long"))
    assert found["size"] is None
    assert len(found["nodes"]) == 702
    assert all(node["box"] is None for node in found["nodes"])


def test_boxes_do_not_lie_on_each_other_nor_on_words() -> None:
    boxes = [Box(200, 60 + 7 * number) for number in range(12)]
    lines = [Line(number // 2, number, 90, 22) for number in range(1, 12)] + [Line(11, 0), Line(5, 5, 60, 22)]
    found = laid_out(boxes, lines)
    assert found is not None
    assert found == laid_out(boxes, lines)
    areas = [(x, y, box.width, box.height) for (x, y), box in zip(found.boxes, boxes, strict=True)]
    for route, line in zip(found.routes, lines, strict=True):
        if route.words is not None:
            x, y = route.words
            areas.append((x - line.width / 2, y - line.height / 2, line.width, line.height))
    assert len(areas) == 12 + 12
    for number, (x, y, width, height) in enumerate(areas):
        assert 0 <= x <= found.width - width
        assert 0 <= y <= found.height - height
        for left, top, wide, high in areas[number + 1 :]:
            assert x + width <= left or left + wide <= x or y + height <= top or top + high <= y


async def test_the_server_tells_the_page_and_nobody_else(folder: Path) -> None:
    async with TestClient(TestServer(make_app(folder))) as client:
        page = await client.get("/")
        assert page.status == 200
        assert "default-src 'none'; script-src 'self'" in await page.text()
        assert page.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
        assert (await (await client.get("/data/workspace.json")).json())["sound"] is True
        assert (await (await client.get("/data/flows/talk.json")).json())["name"] == "talk"
        assert (await client.get("/data/flows/none.json")).status == 404
        assert (await client.get("/static/main.js")).content_type == "text/javascript"
        for outside in ("/static/..%2fpages.py", "/static/preview.html", "/static/%2fetc%2fpasswd"):
            assert (await client.get(outside)).status == 404
        elsewhere = await client.get("/data/workspace.json", headers={"Host": "evil.example"})
        assert elsewhere.status == 403
        assert (await client.get("/", headers={"Host": "localhost:1"})).status == 200


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["flows", "preview", *arguments])


def test_the_page_is_written_to_a_folder_without_where_it_was_made(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run("--workspace", str(folder), "--out", str(out))
    assert result.exit_code == 0, result.output
    written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert f"Written: {len(written)} files" in result.output
    static = sorted(f"static/{path.name}" for path in STATIC.iterdir() if path.suffix != ".html")
    assert written == sorted([
        "index.html", "data/version.json", "data/workspace.json", "data/flows/payment.json", "data/flows/talk.json",
        *static,
    ])  # fmt: skip
    assert str(tmp_path) not in "".join((out / name).read_text() for name in written if name.startswith("data/"))
    (folder / "flows" / "payment.yml").unlink()
    (folder / "flows" / "talk.yml").write_text(FLOW.replace(", {text: {ru: Оплата, en: Pay}, flow: payment}", ""))
    assert run("--workspace", str(folder), "--out", str(out)).exit_code == 0
    assert not (out / "data" / "flows" / "payment.json").exists()


def test_what_is_asked_wrongly_is_told(folder: Path, tmp_path: Path) -> None:
    assert run("--workspace", str(tmp_path / "none")).exit_code == 1
    assert "is no workspace" in run("--workspace", str(tmp_path / "none")).stderr
    assert "Name the FLOW" in run("--workspace", str(folder), "--channel", "vk").stderr
    assert "--json prints a flow" in run("talk", "--workspace", str(folder), "--json").stderr
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("--workspace", str(folder), "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 1
    assert "choose another with --port" in result.stderr
