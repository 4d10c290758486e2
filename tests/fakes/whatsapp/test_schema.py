"""Meta's own examples pass, what its schema or documentation forbids does not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from estafeta.fakes.whatsapp.schema import examples
from estafeta.fakes.whatsapp.sending import validated
from estafeta.fakes.whatsapp.shapes import misfits

REQUESTS = copy.deepcopy(examples()["requests"])
REQUESTS["out_send_multi_product_message"]["interactive"]["header"]["type"] = "text"  # published as "<HEADER_TYPE>"
WEBHOOKS = {name: payload for name, payload in examples()["webhooks"].items() if not name.startswith("in_group")}


def test_all_published_examples_are_here() -> None:
    assert len(REQUESTS) >= 48
    assert len(WEBHOOKS) == 13


@pytest.mark.parametrize("name", REQUESTS)
def test_metas_own_requests_pass(name: str) -> None:
    assert validated(REQUESTS[name], strict=True)[1] == []


@pytest.mark.parametrize("name", WEBHOOKS)
def test_metas_own_webhooks_have_the_shape_of_ours(name: str) -> None:
    for entry in WEBHOOKS[name]["entry"]:
        for change in entry["changes"]:
            assert misfits(change["field"], change["value"]) == []


@pytest.mark.parametrize("name", REQUESTS)
def test_an_unknown_field_anywhere_does_not_pass(name: str) -> None:
    for path in _objects(REQUESTS[name]):
        body = copy.deepcopy(REQUESTS[name])
        target: Any = body
        for step in path:
            target = target[step]
        target["unheard_of"] = 1
        assert validated(body, strict=True)[1], path
        assert validated(body, strict=False)[1] == []


def _objects(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where objects lie, but for those that the schema leaves open inside."""
    if isinstance(value, list):
        return [found for number, item in enumerate(value) for found in _objects(item, (*path, number))]
    if not isinstance(value, dict):
        return []
    here = [] if {"parameters", "data", "date_time"} & set(path) or (path and path[-1] == "action") else [path]
    return here + [found for name, item in value.items() for found in _objects(item, (*path, name))]


def test_our_webhooks_shape_forbids() -> None:
    value = WEBHOOKS["in_text_message"]["entry"][0]["changes"][0]["value"]
    changes: list[dict[str, Any]] = [{"text": {}}, {"type": "poll"}, {"timestamp": 1}, {"unheard_of": 1}]
    for change in changes:
        broken = copy.deepcopy(value)
        broken["messages"][0].update(change)
        assert misfits("messages", broken), change
    anonymous = copy.deepcopy(value)
    del anonymous["messages"][0]["from"]
    assert misfits("messages", anonymous) == ["a message from nobody"]
