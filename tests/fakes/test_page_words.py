"""What the pages of all stand-ins are written in: every word in both languages, no act that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from estafeta.fakes.common.page import SHARED
from estafeta.fakes.telegram import acts as telegram_acts
from estafeta.fakes.telegram import page as telegram
from estafeta.fakes.vk import acts as vk_acts
from estafeta.fakes.vk import page as vk
from estafeta.fakes.whatsapp import acts as whatsapp_acts
from estafeta.fakes.whatsapp import page as whatsapp

STAND_INS = [
    pytest.param(telegram.STATIC, set(telegram_acts.ACTS), id="telegram"),
    pytest.param(vk.STATIC, set(vk_acts.ACTS), id="vk"),
    pytest.param(whatsapp.STATIC, set(whatsapp_acts.ACTS), id="whatsapp"),
]
USED = re.compile(
    r"""\bword\("(\w+)"\)|data-(?:word|label|placeholder)"?[=:] ?"(\w+)"|\btool\("[\w-]+", "(\w+)"|^\s+\["(\w+)", """,
    re.MULTILINE,
)


def words(text: str, language: str) -> set[str]:
    own = text.partition(f"  {language}: {{")[2].partition("\n  }")[0]
    return set(re.findall(r'^    (\w+): "', own, re.MULTILINE))


@pytest.mark.parametrize(("static", "acts"), STAND_INS)
def test_a_page_does_only_what_there_is_and_has_every_word_in_both_languages(static: Path, acts: set[str]) -> None:
    own = {path.name: path.read_text(encoding="utf-8") for path in static.iterdir()}
    shared = {path.name: path.read_text(encoding="utf-8") for path in SHARED.iterdir() if "together" not in path.name}
    done = re.findall(r'\b(?:post|quick)\("([a-z-]+)"', own["page.js"])
    assert set(done) <= acts
    code = "\n".join([own["page.js"], *(text for name, text in shared.items() if not name.startswith("words"))])
    used = {word for found in USED.findall(code) for word in found if word}
    assert {"title", "groupSide", "send"} <= used
    for language in ("ru", "en"):
        known = words(shared["words.js"], language) | words(own["own-words.js"], language)
        assert used - known == set()
    assert "innerHTML" not in code


def test_the_page_of_all_stand_ins_has_every_word_in_both_languages() -> None:
    script = (SHARED / "together.js").read_text(encoding="utf-8")
    html = (SHARED / "together.html").read_text(encoding="utf-8")
    used = {word for found in USED.findall(script + html) for word in found if word}
    used |= {"telegram", "vk", "whatsapp", "operators", "whole"}
    for language in ("ru", "en"):
        assert used - words(script, language) == set()
    assert "innerHTML" not in script
