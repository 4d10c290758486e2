"""Signs of what operators read, on a machine that has no font for them: each is drawn as something of its own."""

from __future__ import annotations

import re
from pathlib import Path

import handoff.desks.telegram_forum as desk
from estafeta.fakes.common.page import SHARED
from estafeta.fakes.telegram import FakeTelegram
from estafeta.fakes.telegram.view import view

EMOJI = re.compile("(?:[\U0001f000-\U0001faff\u2600-\u26ff\u270a-\u270d\u2753-\u2757\u23e9-\u23f3\u203c]\ufe0f?)")


def test_every_sign_of_the_desk_is_drawn() -> None:
    files = Path(desk.__path__[0]).glob("*.py")
    said = {sign for file in files for sign in EMOJI.findall(file.read_text(encoding="utf-8"))}
    known = set(re.findall(r'"([^"]+)"', (SHARED / "signs.js").read_text(encoding="utf-8").partition("];")[0]))
    style = (SHARED / "style.css").read_text(encoding="utf-8")
    assert "🟡" in said
    bare = {sign.removesuffix("\ufe0f") for sign in known}
    assert {sign for sign in said if sign not in known and sign.removesuffix("\ufe0f") not in bare} == set()
    drawn = {"🙋", "🟡", "‼️", "❗️", "📆", "⛔"}
    assert {sign for sign in drawn if f'[data-sign="{sign}"]' not in style} == set()


async def test_a_topics_new_icon_is_told_with_its_sign() -> None:
    async with FakeTelegram() as fake:
        group = fake.group("Операторы")
        topic = group.operator("Анна").opens_topic("Клиент")
        edited = {"forum_topic_edited": {"icon_custom_emoji_id": "5237699328843200968"}}
        fake.scene.service(group.chat, fake.world.bot, edited, topic=topic)
        line = view(fake, 0, group.id, topic)["group"]["messages"][-1]
        assert line["service"]["data"]["emoji"] == "✅"
