"""The numbers are those of Meta's schema, and each says where it comes from."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import estafeta.fakes.whatsapp as fake
from bots.whatsapp import capabilities
from bots.whatsapp.capabilities import CAPABILITIES, SOURCES
from estafeta.fakes.whatsapp.media import SIZES
from estafeta.kernel.model import Capabilities

SCHEMAS = json.loads((Path(fake.__file__).parent / "data" / "cloud-api.json").read_text())["schemas"]


def test_each_number_has_its_source() -> None:
    def at_default(field: Any) -> bool:
        default = field.default if field.default is not MISSING else field.default_factory()
        return bool(getattr(CAPABILITIES, field.name) == default)

    told = {
        field.name
        for field in fields(Capabilities)
        if (field.default is MISSING and field.default_factory is MISSING) or not at_default(field)
    }
    assert set(SOURCES) == told
    assert all(SOURCES.values())


def test_the_lengths_are_those_of_the_schema() -> None:
    text = SCHEMAS["TextMessage"]["properties"]["text"]["properties"]["body"]
    image = SCHEMAS["ImageMessage"]["properties"]["image"]["properties"]["caption"]
    body = SCHEMAS["BodyObject"]["properties"]["text"]
    assert (text["maxLength"], image["maxLength"]) == (CAPABILITIES.text, CAPABILITIES.caption)
    assert body["maxLength"] == capabilities.INTERACTIVE_BODY
    [buttons] = [
        action["properties"]["buttons"]
        for action in SCHEMAS["ActionObject"]["oneOf"]
        if action["required"] == ["buttons"]
    ]
    title = buttons["items"]["properties"]["reply"]["properties"]["title"]
    assert (buttons["maxItems"], title["maxLength"]) == (CAPABILITIES.buttons, CAPABILITIES.label)
    rows = SCHEMAS["SectionObject"]["properties"]["rows"]
    row = rows["items"]["properties"]
    assert (rows["maxItems"], row["title"]["maxLength"]) == (CAPABILITIES.rows, capabilities.ROW_TITLE)
    assert row["description"]["maxLength"] == CAPABILITIES.row


def test_the_sizes_are_those_that_meta_documents() -> None:
    kinds = {"photo": "image", "voice": "audio"}
    assert {kind: SIZES[kinds.get(kind, kind)] for kind in CAPABILITIES.media} == dict(CAPABILITIES.media)
