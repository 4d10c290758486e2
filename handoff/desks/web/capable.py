"""What may be done on a conversation's channel now: told to the page, so that nobody types in vain, and checked
again when it is asked for. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from estafeta.kernel.model import Capabilities, Conversation
from handoff.desks.web import wire
from handoff.desks.web.refusals import Refused

CapabilitiesOf = Callable[[str, str], Capabilities | None]
"""Of a channel's account; None: it is not connected."""

REACTIONS = ("👍", "❤", "😁", "🙏", "🎉", "😢")
"""Those that every messenger with reactions has, Telegram's fixed set among them:
https://core.telegram.org/bots/api#reactiontypeemoji"""


def can_view(conversation: Conversation, known: Capabilities | None, now: datetime) -> wire.Can | None:
    if known is None:
        return None
    return wire.Can(
        channel=conversation.address.channel,
        replies=known.replies,
        edits=known.edits,
        deletes=known.deletes,
        reactions=list(REACTIONS) if known.reactions else [],
        files={kind: size for kind, size in known.media.items() if size > 0},
        album=max(known.album, 1),
        window=_window(conversation, known.window, now),
        templates=known.templates,
        public=known.public,
        private=known.private,
    )


def _window(conversation: Conversation, lasts: float | None, now: datetime) -> wire.Window | None:
    if lasts is None:
        return None
    if conversation.heard_at is None:
        return wire.Window(until=None, left=0.0)
    until = conversation.heard_at + timedelta(seconds=lasts)
    return wire.Window(until=until, left=max(0.0, (until - now).total_seconds()))


def check_reply(can: wire.Can | None, *, files: int, answers: bool) -> None:
    """Raises `Refused` with why the reply would not arrive as it is meant."""
    if can is None:
        if files:
            raise Refused(409, "not_connected")
        return
    if can.window is not None and can.window.left <= 0:
        raise Refused(409, "window_closed_templates" if can.templates else "window_closed")
    if files and not can.files:
        raise Refused(409, "no_files")
    if answers and not can.replies:
        raise Refused(409, "no_replies")


def check_can(able: bool, code: str) -> None:
    """Raises `Refused` for what the channel cannot do."""
    if not able:
        raise Refused(409, code)
