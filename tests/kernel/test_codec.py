"""The codec keeps every value, and says what it cannot read."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.model import (
    Address,
    Conversation,
    CustomerSaid,
    Entry,
    OutboxItem,
    Signal,
    Ticket,
    ToCustomer,
    ToDesk,
)

_TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
_TIMES = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)


@cache
def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value that the annotation allows."""
    if hint is Any:
        return _JSON
    if hint is str or getattr(hint, "__supertype__", None) is str:
        return _TEXTS
    if hint is float:
        return st.floats(allow_nan=False, allow_infinity=False)
    if hint is datetime:
        return _TIMES
    anything: Any = hint
    if isinstance(hint, type) and is_dataclass(anything):
        hints = typing.get_type_hints(hint)
        return st.builds(hint, **{item.name: _values(hints[item.name]) for item in fields(hint)})
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return st.one_of([_values(argument) for argument in arguments])
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        return st.lists(_values(arguments[0]), max_size=2).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(_TEXTS, _values(arguments[1]), max_size=2)
    found: st.SearchStrategy[Any] = st.from_type(hint)
    return found


@pytest.mark.parametrize("kind", [Signal, Conversation, Entry, Ticket, OutboxItem, ToCustomer, ToDesk])
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_is_encoded_comes_back_through_json(kind: Any, data: st.DataObject) -> None:
    value = data.draw(_values(kind))
    assert decode(kind, json.loads(json.dumps(encode(value)))) == value


def test_fields_at_their_default_take_no_room() -> None:
    address = Address(channel="widget", account="demo", chat="1")
    assert encode(Conversation(id=address.conversation, address=address)) == {
        "id": address.conversation,
        "address": {"channel": "widget", "account": "demo", "chat": "1"},
    }


def test_a_field_of_a_newer_version_is_ignored() -> None:
    plain = {"channel": "a", "account": "b", "chat": "c", "planet": "Mars"}
    assert decode(Address, plain) == Address(channel="a", account="b", chat="c")


@pytest.mark.parametrize(
    "plain", [None, 3, "text", [], {"channel": "a"}, {"parts": [{"t": "Hologram"}], "message": "1"}]
)
def test_what_was_not_encoded_here_is_refused(plain: Any) -> None:
    with pytest.raises(DecodingError):
        decode(CustomerSaid if isinstance(plain, dict) and "parts" in plain else Address, plain)
