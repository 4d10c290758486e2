"""What operators typed lately, by their messages' numbers: for taking it back, and for sending it after all when a
colleague had the conversation. Where every worker finds it, and no longer than it is of use.
"""

from __future__ import annotations

from dataclasses import dataclass

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.model import Json, OperatorSaid, Part
from estafeta.kernel.ports import Store
from handoff.desks.telegram_forum.records import Ring

KEPT = 500
"""Messages of the group: the older ones make room."""

_ALBUM = 10
"""Messages of an album stand close to one another (https://core.telegram.org/bots/api#sendmediagroup)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`said` is one message, or all of an album. `user` is who typed it."""

    user: int
    thread: int
    said: OperatorSaid


class Own:
    """Raises `StoreUnavailable`."""

    def __init__(self, store: Store, *, group_id: int) -> None:
        self._said = Ring(store, f"forum.{group_id}.own", KEPT)

    async def keep(self, words: Words) -> None:
        said = words.said
        await self._said.put(said.message, {"user": words.user, "thread": words.thread, "said": encode(said)})

    async def of(self, message: str) -> Words | None:
        """The words of the message, with all of its album; None when they are too old."""
        first = _read(await self._said.get(message))
        if first is None or not first.said.group:
            return first
        parts: list[Part] = []
        for number in range(int(message) - _ALBUM, int(message) + _ALBUM + 1):
            one = first if str(number) == message else _read(await self._said.get(str(number)))
            if one is not None and one.said.group == first.said.group and one.user == first.user:
                parts += one.said.parts
        said = OperatorSaid(
            operator=first.said.operator, parts=tuple(parts), message=message, reply_to=first.said.reply_to
        )
        return Words(user=first.user, thread=first.thread, said=said)


def _read(kept: Json) -> Words | None:
    """None also for what another version wrote."""
    try:
        return Words(user=int(kept["user"]), thread=int(kept["thread"]), said=decode(OperatorSaid, kept["said"]))
    except (DecodingError, KeyError, TypeError, ValueError):
        return None
