"""Makes `data/bot-api.json` from aiogram's schema of the Bot API: names, types and what is required, without the prose.

    python -m estafeta.fakes.telegram.reduce SCHEMA.json

SCHEMA.json is `.butcher/schema/schema.json` of aiogram's source distribution (https://github.com/aiogram/aiogram, MIT).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "data" / "bot-api.json"


def reduced(schema: dict[str, Any]) -> dict[str, Any]:
    """Fields are `name: type`, with `?` after the type of what may be absent; unions are lists of type names."""
    methods: dict[str, dict[str, str]] = {}
    types: dict[str, dict[str, str]] = {}
    unions: dict[str, list[str]] = {}
    reactions: list[str] = []
    for section in schema["items"]:
        for item in section["children"]:
            fields = {a["name"]: a["type"] + ("" if a["required"] else "?") for a in item["annotations"]}
            if item["category"] == "methods":
                methods[item["name"]] = fields
            elif members := re.findall(r"^ - ([A-Z]\w+)$", item["description"], re.MULTILINE) if not fields else []:
                unions[item["name"]] = members
            else:
                types[item["name"]] = fields
            if item["name"] == "ReactionTypeEmoji":
                reactions = re.findall(r'"([^"]+)"', item["annotations"][1]["rst_description"])
    return {
        "version": schema["api"]["version"],
        "source": "aiogram 3.31.0, .butcher/schema/schema.json, reduced to names and types",
        "license": "MIT, Copyright (c) 2017 - present Alex Root Junior; see LICENSE beside this file",
        "reactions": reactions,
        "methods": methods,
        "types": types,
        "unions": unions,
    }


if __name__ == "__main__":
    source = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    TARGET.write_text(json.dumps(reduced(source), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
