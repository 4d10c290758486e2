"""Where the latest messages stand: the messengers' and the desks' ids of them, so that replies, edits, reactions and
what became of sending find the entry they are about. A part of a decision, so pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from estafeta.kernel.model import Address, Link

_KEPT = 20
"""Messages that replies, edits and reactions still find; the document stays small."""


class Links:
    """`chat` is where the thing happened that is being decided about, None for nowhere in particular."""

    def __init__(self, kept: tuple[Link, ...], chat: Address | None) -> None:
        self.kept = kept
        self._chat = chat

    def add(self, link: Link) -> None:
        self.kept = (*self.kept, link)[-_KEPT:]

    def change(self, link: Link, **changes: str) -> Link:
        fresh: Link = replace(link, **changes)  # type: ignore[arg-type]
        self.kept = tuple(fresh if held.entry == link.entry else held for held in self.kept)
        return fresh

    def of_entry(self, entry: str) -> Link | None:
        return next((link for link in self.kept if link.entry == entry), None)

    def here(self, message: str) -> Link | None:
        """The message that the chat calls so: others have their own message 5."""
        for link in reversed(self.kept):
            if message and message in link.here.split() and link.at == (self._chat or link.at):
                return link
        return None

    def there(self, desk: str, message: str) -> Link | None:
        """The message that the desk calls so: by its id there, or by the entry's."""
        for link in reversed(self.kept):
            if message and (link.entry == message or (link.desk == desk and message in link.there.split())):
                return link
        return None

    def latest(self, at: Address) -> Link | None:
        """What the customer said last in that chat."""
        return next((link for link in reversed(self.kept) if link.by == "customer" and link.at == at), None)

    def latest_of(self, operator: str) -> Link | None:
        """What this operator said last."""
        return next((link for link in reversed(self.kept) if link.by == "operator" and link.who == operator), None)

    def same(self, link: Link) -> Iterator[Link]:
        """All that stands in the same message of the messenger."""
        return (held for held in self.kept if held.at == link.at and held.here == link.here)

    def up_to(self, link: Link) -> Iterator[Link]:
        """The messages in the same chat that were sent before this one, and it."""
        for held in self.kept:
            if held.at == link.at:
                yield held
            if held.entry == link.entry:
                return
