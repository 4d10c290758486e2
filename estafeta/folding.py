"""What of a queue may be sent as one message. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from estafeta.kernel.model import EntryId, OutboxId, OutboxItem, Text, ToCustomer, ToDesk

FOLDED = 50
"""Entries in one post at most."""


def folded(waiting: Sequence[OutboxItem], *, merges: bool) -> tuple[OutboxItem, list[OutboxId]]:
    """What to do first, and the items that are done with it.

    Words for a desk that wait one behind the other are shown as one message, so that a burst costs a
    group's budget one post. Where the messenger lets us send few messages (`merges`), the bot's words that
    wait one behind the other become one message too.
    """
    first = waiting[0]
    if isinstance(first.body, ToCustomer):
        return _merged(first, first.body, waiting[1:]) if merges else (first, [first.id])
    ids, entries = [first.id], list(_words(first))
    if not entries or not isinstance(first.body, ToDesk):
        return first, ids
    for item in waiting[1:]:
        more = _words(item)
        if _wordless(item):
            continue
        if not more or len(entries) + len(more) > FOLDED:
            break
        ids.append(item.id)
        entries += more
    notice = replace(first.body.notice, entries=tuple(entries))
    return replace(first, body=replace(first.body, notice=notice)), ids


def _merged(first: OutboxItem, body: ToCustomer, behind: Sequence[OutboxItem]) -> tuple[OutboxItem, list[OutboxId]]:
    """Buttons end a message: what comes after them is a message of its own."""
    message, ids = body.message, [first.id]
    for item in behind:
        if message.buttons or not (_plain(body) and isinstance(item.body, ToCustomer) and _plain(item.body)):
            break
        more = item.body.message
        if more.to != message.to:
            break
        message = replace(message, parts=(*message.parts, *more.parts), buttons=more.buttons)
        ids.append(item.id)
    return replace(first, body=replace(body, message=message)), ids


def _plain(body: ToCustomer) -> bool:
    message = body.message
    return message.does == "say" and message.author.kind == "bot" and all(isinstance(p, Text) for p in message.parts)


def _wordless(item: OutboxItem) -> bool:
    """It posts nothing that stands among the words: words behind it may go before it."""
    return isinstance(item.body, ToDesk) and item.body.notice.kind in ("receipt", "state")


def _words(item: OutboxItem) -> tuple[EntryId, ...]:
    body = item.body
    return body.notice.entries if isinstance(body, ToDesk) and body.notice.kind == "said" else ()
