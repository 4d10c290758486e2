"""The names in the training data: which intents and entities there are, and what is known of each.

Only that: what the sentences teach is the business of `nlu`, whose `nlu.reading` and `nlu.markup` read the same files
whole; a retrieval intent is known by its whole name (faq/ask_price), as there. The format is Rasa's,
https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from estafeta.kernel.patterns import UnsafePattern, compile_pattern
from flows.model import Entity, Training
from flows.source import Source
from flows.written import Place

_MARKED = re.compile(r"\[([^\[\]\n]+)\](?:\(\s*([\w.-]+)\s*(?::([^()\n]*))?\)|(?=\{))")
_ITEM = re.compile(r"^[^\S\n]*-[^\S\n]*(\S.*?)[^\S\n]*$", re.MULTILINE)


def training(sources: Iterable[Source]) -> tuple[Training, dict[str, tuple[Source, Place]]]:
    """The names, and where each intent is first taught. Tells the sources what is no training data."""
    intents: dict[str, tuple[Source, Place]] = {}
    patterns: dict[str, list[str]] = {}
    values: dict[str, dict[str, str]] = {}
    lookups: dict[str, list[str]] = {}
    synonyms: dict[str, str] = {}
    declared: set[str] = set()
    for source in sources:
        declared |= _declared(source)
        for place, block in _blocks(source):
            lines = _examples(source, place, block)
            if "intent" in block:
                intents.setdefault(str(block["intent"]).strip(), (source, place))
                for line in lines:
                    for words, entity, value in _entities(line):
                        values.setdefault(entity, {})[words.casefold()] = value
            elif "regex" in block:
                good = [line for line in lines if _compiles(source, place, line)]
                patterns.setdefault(str(block["regex"]), []).extend(good)
            elif "lookup" in block:
                lookups.setdefault(str(block["lookup"]), []).extend(lines)
            elif "synonym" in block:
                synonyms.update((line.casefold(), str(block["synonym"]).strip()) for line in lines)
    for name, listed in lookups.items():
        values.setdefault(name, {}).update((word.casefold(), word) for word in listed)
    entities = {
        name: Entity(
            patterns=tuple(patterns.get(name, ())),
            values={words: synonyms.get(words, value) for words, value in values.get(name, {}).items()},
        )
        for name in sorted(values.keys() | patterns.keys() | declared)
    }
    return Training(intents=frozenset(intents), entities=entities), intents


def _declared(source: Source) -> set[str]:
    """The names below `entities`: ready-made ones, and those that are defined by examples as well."""
    listed = source.data.get("entities") if isinstance(source.data, dict) else None
    if not isinstance(listed, list):
        return set()
    names = (next(iter(item), None) if isinstance(item, dict) else item for item in listed)
    return {name.strip() for name in names if isinstance(name, str)}


def _blocks(source: Source) -> Iterator[tuple[Place, dict[str, Any]]]:
    data = source.data
    if data is None:
        return
    if not isinstance(data, dict):
        source.tell((), "expected training data", 'a file begins with version: "3.1" and nlu:')
        return
    blocks = data.get("nlu")
    if blocks is None:
        return
    if not isinstance(blocks, list):
        source.tell(("nlu",), "expected a list", "each item is - intent: name with examples: |")
        return
    for number, block in enumerate(blocks):
        if isinstance(block, dict) and {"intent", "regex", "lookup", "synonym"} & block.keys():
            yield ("nlu", number), block
        else:
            source.tell(("nlu", number), "expected an intent, a regex, a lookup or a synonym", "name it: - intent: …")


def _examples(source: Source, place: Place, block: dict[str, Any]) -> list[str]:
    examples = block.get("examples")
    if isinstance(examples, str):
        return _ITEM.findall(examples)
    if isinstance(examples, list):
        texts = (item.get("text") if isinstance(item, dict) else item for item in examples)
        return [text.strip().removeprefix("- ") for text in texts if isinstance(text, str)]
    source.tell((*place, "examples"), "expected examples", 'write examples: | and below it lines that begin with "- "')
    return []


def _entities(line: str) -> Iterator[tuple[str, str, str]]:
    """The marked words of an example, each with its entity and value."""
    for match in _MARKED.finditer(line):
        words, entity, value = match[1], match[2], match[3]
        if entity:
            yield words, entity, (value or "").strip() or words
        else:
            try:
                told, _ = json.JSONDecoder().raw_decode(line, match.end())
            except (ValueError, RecursionError):
                continue
            if isinstance(told, dict) and isinstance(told.get("entity"), str):
                yield words, told["entity"], str(told.get("value") or words)


def _compiles(source: Source, place: Place, pattern: str) -> bool:
    try:
        compile_pattern(pattern)
    except UnsafePattern as error:
        source.tell((*place, "examples"), f'"{pattern[:60]}": {error}')
        return False
    return True
