"""What things are called inside Redis, and how conversations and news are written there."""

from __future__ import annotations

import json

from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Live

STREAM = "wakes"
GROUP = "workers"
LIVE = "live"
WOKEN_KEY = "woken"
LOCK_KEY = "lock"
BUCKET_KEY = "bucket"

_LONGEST_ID = 1_024
_LONGEST_NEWS = 16_384
_KINDS = frozenset(("changed", "typing", "missed"))


def id_out(conversation: ConversationId) -> bytes:
    """Any string, even one with half a surrogate pair."""
    return conversation.encode("utf-8", "surrogatepass")


def id_in(written: object) -> ConversationId | None:
    """None: this is no conversation's id. Anything may stand in a stream."""
    if not isinstance(written, bytes) or not 0 < len(written) <= _LONGEST_ID:
        return None
    try:
        return ConversationId(written.decode("utf-8", "surrogatepass"))
    except UnicodeDecodeError:
        return None


def news_out(sender: str, live: Live) -> bytes:
    return json.dumps([sender, live.kind, live.conversation, live.who, live.name], separators=(",", ":")).encode()


def news_in(written: object) -> tuple[str, Live] | None:
    """Who sent it, and what; None: it is no news. Anything may be published on a channel."""
    if not isinstance(written, bytes) or len(written) > _LONGEST_NEWS:
        return None
    try:
        told = json.loads(written)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, list) or len(told) != 5 or not all(isinstance(part, str) for part in told):
        return None
    sender, kind, conversation, who, name = told
    if kind not in _KINDS or len(conversation) > _LONGEST_ID:
        return None
    return sender, Live(kind=kind, conversation=ConversationId(conversation), who=who, name=name)
