"""What happens to messages after they were said: edits, deletions, reactions, and what became of sending
them. A part of a decision, so pure; nothing here moves the ownership of a conversation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from estafeta.draft import Draft
from estafeta.kernel.model import (
    Author,
    CustomerDeleted,
    CustomerEdited,
    CustomerReacted,
    Delivered,
    DeskThread,
    GaveUp,
    Json,
    Link,
    Notice,
    Operator,
    OperatorDeleted,
    OperatorEdited,
    OperatorReacted,
    OutboxId,
    OutboxItem,
    Part,
    ProfileLearned,
    StatusChanged,
    Text,
    ToCustomer,
    ToDesk,
    ToFiles,
    UndeliveredMoved,
)

Changes = (
    CustomerEdited
    | CustomerDeleted
    | CustomerReacted
    | ProfileLearned
    | OperatorEdited
    | OperatorDeleted
    | OperatorReacted
    | StatusChanged
    | UndeliveredMoved
    | Delivered
)

_ORDER = {"": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}
DISLIKES = ("👎", "💩", "🤬", "😡", "🤮", "💔")
"""What says that an answer was bad."""
_SHUT_OUT = ("blocked", "not_allowed", "deactivated")


def apply(draft: Draft, event: Changes) -> None:
    match event:
        case CustomerEdited():
            _customer_edited(draft, event)
        case CustomerDeleted():
            _customer_deleted(draft, event)
        case CustomerReacted():
            _customer_reacted(draft, event)
        case ProfileLearned():
            if draft.named(event.profile):
                draft.tell_people(Notice(kind="state"))
        case OperatorEdited():
            _operator_edited(draft, event)
        case OperatorDeleted():
            _operator_deleted(draft, event)
        case OperatorReacted():
            _operator_reacted(draft, event)
        case StatusChanged():
            _status_changed(draft, event)
        case UndeliveredMoved():
            _undelivered_moved(draft, event)
        case Delivered():
            _delivered(draft, event)


def operator_author(operator: Operator) -> Author:
    return Author(kind="operator", name=operator.name, id=operator.id)


def plain(words: str) -> tuple[Part, ...]:
    return (Text(text=words),)


# --- the customer's doing ------------------------------------------------------------------------


def _about(message: str, link: Link | None, **more: Json) -> dict[str, Json]:
    about: dict[str, Json] = {"message": message, **more}
    return {**about, "of": link.entry} if link else about


def _customer_edited(draft: Draft, event: CustomerEdited) -> None:
    data = _about(event.message, draft.links.here(event.message))
    entry = draft.entry("edit", draft.customer_author(), parts=event.parts, data=data)
    draft.fetch(event.parts)
    draft.tell_people(Notice(kind="said", entries=(entry.id,)))


def _customer_deleted(draft: Draft, event: CustomerDeleted) -> None:
    data = _about(event.message, draft.links.here(event.message))
    entry = draft.entry("deletion", draft.customer_author(), data=data)
    draft.tell_people(Notice(kind="said", entries=(entry.id,)))


def _customer_reacted(draft: Draft, event: CustomerReacted) -> None:
    data = _about(event.message, draft.links.here(event.message), emoji=event.emoji)
    entry = draft.entry("reaction", draft.customer_author(), data=data)
    about = draft.links.here(event.message)
    if about is not None and about.by == "bot" and event.emoji.startswith(DISLIKES):
        draft.happened_by("disliked", to=about.entry)
    draft.tell_people(Notice(kind="said", entries=(entry.id,)))


# --- people's doing ------------------------------------------------------------------------------


def _operator_edited(draft: Draft, event: OperatorEdited) -> None:
    if _undelivered_edited(draft, event):
        return
    link = _changeable(draft, event, "edits")
    if link is not None:
        _changed(draft, event.operator, "edit", link, parts=event.parts)
        draft.fetch(event.parts)
        draft.change(link, "edit", parts=event.parts, desk=event.operator.desk)


def _operator_deleted(draft: Draft, event: OperatorDeleted) -> None:
    if _undelivered_edited(draft, event):
        return
    link = _changeable(draft, event, "deletes")
    if link is not None:
        _changed(draft, event.operator, "deletion", link)
        draft.change(link, "delete", desk=event.operator.desk)


def _undelivered_edited(draft: Draft, event: OperatorEdited | OperatorDeleted) -> bool:
    """Whether it was about a message that never arrived: then it is this that changes, for whenever it is sent
    again."""
    link = draft.links.there(event.operator.desk, event.message)
    item = draft.take_undelivered(link.entry) if link else None
    if link is None or item is None or not isinstance(item.body, ToCustomer):
        return False
    if isinstance(event, OperatorEdited):
        message = replace(item.body.message, parts=event.parts)
        draft.not_delivered(replace(item, body=replace(item.body, message=message)))
        draft.fetch(event.parts)
        _changed(draft, event.operator, "edit", link, parts=event.parts)
    else:
        _changed(draft, event.operator, "deletion", link)
    return True


def _operator_reacted(draft: Draft, event: OperatorReacted) -> None:
    link = _changeable(draft, event, "reactions")
    if link is not None:
        _changed(draft, event.operator, "reaction", link, emoji=event.emoji)
        draft.change(link, "react", emoji=event.emoji, desk=event.operator.desk)


def _changed(
    draft: Draft, operator: Operator, kind: str, link: Link, *, parts: tuple[Part, ...] = (), **data: Json
) -> None:
    entry = draft.entry(kind, operator_author(operator), parts=parts, data={"of": link.entry, **data})
    draft.tell_desks(Notice(kind="said", entries=(entry.id,)), but=operator.desk)


def _changeable(draft: Draft, event: OperatorEdited | OperatorDeleted | OperatorReacted, what: str) -> Link | None:
    """The message, if the customer will see what is done to it; otherwise the operator's desk is told why not,
    by the name of a sentence that each desk has in its own languages."""
    link = draft.links.there(event.operator.desk, event.message)
    reacts = isinstance(event, OperatorReacted)
    if link is None or (link.by == "customer") is not reacts:
        why = "" if reacts else "too_old_to_change"  # anybody may react to anything in a group
    elif not getattr(draft.can(link.at), what, False):
        why = f"no_{what}"
    elif not link.here:
        why = "not_sent_yet"
    else:
        return link
    if why:
        draft.tell_desks(Notice(kind="info", text=why), only=event.operator.desk)
    return None


# --- what became of sending ----------------------------------------------------------------------


def _delivered(draft: Draft, event: Delivered) -> None:
    item = draft.take_item(event.item)
    if item is None:
        return
    if isinstance(item.body, ToDesk):
        _shown(draft, item.body, event)
    elif isinstance(item.body, ToCustomer):
        if event.unknown:
            draft.happened("sent_unknown", of=item.body.message.id)
        _sent(draft, item, item.body, event.external)


def _shown(draft: Draft, body: ToDesk, event: Delivered) -> None:
    if event.thread is not None:
        draft.thread(body.desk, DeskThread(address=event.thread, card=event.card))
    if body.notice.kind == "said" and event.external:
        for entry in body.notice.entries:
            link = draft.links.of_entry(entry)
            if link is not None and not link.there:
                draft.links.change(link, there=event.external, desk=body.desk)


def _sent(draft: Draft, item: OutboxItem, body: ToCustomer, external: str) -> None:
    if body.message.does != "say":
        return
    link = draft.links.of_entry(body.message.id)
    if link is not None:
        draft.links.change(link, here=external, status="sent")
    channel = draft.can(body.message.to)
    if channel is not None and channel.reconciles:
        draft.unsettle(item)
    if body.message.author.kind == "operator":
        _record(draft, body.message.id, "sent", "", body.desk, body.receipt)


def _status_changed(draft: Draft, event: StatusChanged) -> None:
    """Statuses come late, twice and in any order: a message only goes forward."""
    if event.item:
        waiting = draft.take_message(event.item)
        if waiting is None and event.status != "failed":
            waiting = draft.take_undelivered(event.item)  # given up for want of an answer, and it arrived
        if waiting is not None and isinstance(waiting.body, ToCustomer):
            if event.status == "failed":
                gave_up(draft, waiting, GaveUp(item=waiting.id, code=event.code, sentence=event.sentence))
                return
            link = draft.links.of_entry(waiting.body.message.id)
            if link is not None and link.status == "failed":
                draft.links.change(link, status="")
            _sent(draft, waiting, waiting.body, event.message)
    link = draft.links.here(event.message)
    if link is None:
        return
    affected = tuple(draft.links.up_to(link) if event.status == "read" else draft.links.same(link))
    for one in affected:
        if one.by != "customer" and one.here and _ORDER[event.status] > _ORDER[one.status]:
            _became(draft, one, event)
    if event.code in _SHUT_OUT:
        draft.reachable(False)


def _became(draft: Draft, link: Link, event: StatusChanged) -> None:
    draft.links.change(link, status=event.status)
    item = draft.settle(link.entry) if event.status != "sent" else None
    if event.status == "failed" and item is not None:
        draft.not_delivered(item)
    if link.by == "operator" and event.status != "sent":
        _record(draft, link.entry, event.status, event.sentence, link.desk, link.there.partition(" ")[0])
    elif event.status == "failed":
        _record(draft, link.entry, event.status, event.sentence, "", "")
        draft.tell_people(Notice(kind="info", text=event.sentence))


def gave_up(draft: Draft, item: OutboxItem, event: GaveUp) -> None:
    """A message to the customer, or a file to be fetched, that will not be."""
    body = item.body
    if isinstance(body, ToFiles):
        draft.happened("file_failed", name=body.media.name, why=event.sentence)
        draft.tell_people(Notice(kind="info", text=event.sentence))
        return
    if not isinstance(body, ToCustomer):
        return
    if event.code in _SHUT_OUT:
        draft.reachable(False)
    if body.message.does != "say":
        draft.happened("not_changed", does=body.message.does, why=event.sentence)
        draft.tell_desks(Notice(kind="info", text=event.sentence), only=body.desk)
        return
    draft.not_delivered(item)
    link = draft.links.of_entry(body.message.id)
    if link is not None:
        draft.links.change(link, status="failed")
    _record(draft, body.message.id, "failed", event.sentence, body.desk, body.receipt)
    if body.message.author.kind != "operator":
        draft.tell_people(Notice(kind="info", text=event.sentence))


def _undelivered_moved(draft: Draft, event: UndeliveredMoved) -> None:
    item = next((item for item in draft.undelivered if item.id == event.item), None)
    if item is None or not isinstance(item.body, ToCustomer):
        return
    draft.undelivered = tuple(held for held in draft.undelivered if held.id != event.item)
    draft.happened("resent" if event.move == "resend" else "dropped", of=item.body.message.id, name=event.name)
    if event.move == "resend":
        link = draft.links.of_entry(item.body.message.id)
        if link is not None:
            draft.links.change(link, status="")
        draft.post(item.body)


def _record(draft: Draft, of: OutboxId | str, status: str, sentence: str, desk: str, receipt: str) -> None:
    data: Mapping[str, Json] = {"of": str(of), "status": status, "sentence": sentence}
    entry = draft.entry("delivery", Author(kind="system"), data=dict(data))
    if desk and receipt:
        draft.tell_desks(Notice(kind="receipt", text=status, message=receipt, entries=(entry.id,)), only=desk)
