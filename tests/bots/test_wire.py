"""Whatever bytes come, JSON is read so that nothing in it can break what follows."""

from __future__ import annotations

import pytest

from bots.wire import loads


def test_lone_surrogates_are_mended_and_pairs_are_kept() -> None:
    [part] = loads(b'["\\ud83d\\udc4d \\ud83d x \\udc00"]')
    assert part == "👍 \ufffd x \ufffd"


def test_names_are_mended_like_values() -> None:
    assert loads('{"a\\ud83d": [{"b": "\\udc00"}], "n": 1}') == {"a\ufffd": [{"b": "\ufffd"}], "n": 1}


def test_broken_utf8_is_mended() -> None:
    assert loads(b'{"text": "\xd0\xd0\xb0 \xff"}') == {"text": "\ufffdа \ufffd"}


@pytest.mark.parametrize("body", [b"", b"{", b"[" * 100_000, b"nonsense", b'{"a":' * 50_000, b"1" * 5000])
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        loads(body)
