"""The page says the same in both languages, and nothing that nobody asks for."""

from __future__ import annotations

import re

from handoff.desks.web.page import STATIC
from handoff.desks.web.refusals import SENTENCES

KEY = re.compile(r'^  "([a-z._]+)": (.+)$', re.MULTILINE)
PLACE = re.compile(r"\{(\w+)\}")


def sentences(name: str) -> dict[str, str]:
    files = [STATIC / f"{name}.js", STATIC / f"team{name}.js"]
    found = [pair for file in files for pair in KEY.findall(file.read_text(encoding="utf-8"))]
    assert len(found) == len(dict(found)), "a sentence stands twice"
    return dict(found)


def test_both_languages_have_every_sentence_with_the_same_places() -> None:
    russian, english = sentences("russian"), sentences("english")
    assert russian.keys() == english.keys()
    differ = [key for key in russian if set(PLACE.findall(russian[key])) != set(PLACE.findall(english[key]))]
    assert differ == []


def test_refusals_have_the_same_places_in_both_languages() -> None:
    for code, said in SENTENCES.items():
        assert set(PLACE.findall(said["ru"])) == set(PLACE.findall(said["en"])), code


def test_every_sentence_is_asked_for() -> None:
    """By its whole key, or by a key of which a part is filled in."""
    pages = "".join(
        path.read_text(encoding="utf-8")
        for path in STATIC.iterdir()
        if path.suffix in (".js", ".html") and not path.stem.endswith(("russian", "english"))
    )
    beginnings = tuple(re.findall(r"`([a-z.]+)\$\{", pages))
    ends = tuple(re.findall(r"`\$\{\w+\}([a-z.]+)`", pages))
    asked = [key for key in sentences("english") if f'"{key}"' in pages]
    unused = [key for key in sentences("english") if key not in asked and not key.startswith(beginnings)]
    unused = [key for key in unused if not key.endswith(ends)]
    assert unused == []
