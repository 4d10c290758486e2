"""Canned replies: found by words, filled in with what is known of the customer by the sandbox that renders the flows'
texts. Pure.

What cannot be filled in raises, so that nothing half made is ever sent.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import lru_cache

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Conversation, Json, Ticket
from flows import templates
from flows.model import CannedReply, Workspace

Known = Mapping[str, Json]
"""What templates may name."""

_WORD = re.compile(r"\w+")
_STEM = 5
"""Letters that two words have in common when they are taken for one: "заказ", "заказа", "заказом"."""
_COMPILED = 1024


class NotFilled(EstafetaError):
    """The reply's template is broken, fails with these values, or leaves nothing to say."""


# --- found ---------------------------------------------------------------------------------------


def stems(words: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(words.casefold().replace("ё", "е")))


def exact(replies: Sequence[CannedReply], name: str) -> CannedReply | None:
    return next((reply for reply in replies if reply.name.casefold() == name.casefold().strip()), None)


def search(replies: Sequence[CannedReply], words: str, language: str, default: str) -> list[CannedReply]:
    """Those in which every word stands, in the name before the text; all of them for no words."""
    wanted = stems(words)
    found: list[tuple[int, int, CannedReply]] = []
    for reply in replies:
        name, text = stems(reply.name), stems(reply.text.pick(language, default))
        if wanted <= name | text:
            found.append((-len(wanted & name), len(found), reply))
    return [reply for *_, reply in sorted(found, key=lambda one: one[:2])]


# --- filled in -----------------------------------------------------------------------------------


def language_of(conversation: Conversation, workspace: Workspace) -> str:
    """The one to answer in."""
    return conversation.customer.language or workspace.default_language


def values(conversation: Conversation, operator: str, workspace: Workspace, now: datetime) -> Known:
    """What a reply may name: slots by themselves and under `slots`, `customer`, `ticket`, `operator` (the name of who
    answers, where customers are to read it), `bot`, `now`. Times are in the zone of hours.yml, titles in the
    customer's language."""
    slots, customer = dict(conversation.dialog.slots), conversation.customer
    language, zone = language_of(conversation, workspace), workspace.hours.zone
    name = workspace.library.names.words(language)
    return {
        **slots,
        "slots": slots,
        "customer": {
            "name": customer.name,
            "username": customer.username,
            "language": customer.language,
            "tags": list(customer.tags),
        },
        "ticket": _ticket(conversation.ticket, language, zone, workspace),
        "operator": operator if workspace.bot.handoff.names else "",
        "bot": {"name": name if isinstance(name, str) else templates.unrendered(name)},
        "now": now.astimezone(zone),
    }


def _ticket(ticket: Ticket | None, language: str, zone: tzinfo, workspace: Workspace) -> Known:
    if ticket is None:
        return {}
    skill = workspace.skills.get(ticket.skill)
    return {
        "id": str(ticket.id),
        "skill": skill.title.pick(language, workspace.default_language) if skill is not None else ticket.skill,
        "reason": ticket.reason.value,
        "request": ticket.request,
        "priority": ticket.priority,
        "tags": list(ticket.tags),
        "opened_at": ticket.opened_at.astimezone(zone),
    }


def filled(reply: CannedReply, language: str, default: str, known: Known) -> str:
    """What the customer would read. Raises `NotFilled`."""
    try:
        text = templates.render(_compiled(reply.text.pick(language, default)), known).strip()
    except (templates.TemplateWrong, templates.TemplateFailed) as error:
        raise NotFilled(f"The canned reply {reply.name} cannot be filled in: {error}") from error
    if not text:
        raise NotFilled(f"The canned reply {reply.name} says nothing.")
    return text


@lru_cache(maxsize=_COMPILED)
def _compiled(source: str) -> templates.Words:
    return templates.text(source)
