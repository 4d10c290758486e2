"""The audit log in words: who changed what about the team and the hours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

Data = Mapping[str, Any]


class AuditLine(BaseModel):
    """Who did what, when; `data` depends on what it was."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    at: datetime
    what: str
    by: dict[str, str]
    data: dict[str, Any] = {}


def told(line: AuditLine) -> str:
    """One line for people. Names in it are what people call themselves: print nothing of it unfiltered."""
    say = _SENTENCES.get(line.what)
    words = say(line.data) if say is not None else f"{line.what.replace('_', ' ')} {_fields(line.data)}".rstrip()
    return f"{line.at:%Y-%m-%d %H:%M:%S} UTC  {_who(line.by)} {words}"


def _who(person: Mapping[str, Any]) -> str:
    """The platform's own people have no desk."""
    name, desk = person.get("name") or "", person.get("desk") or ""
    place = f"{desk}:{person['id']}" if desk and person.get("id") else ""
    if name and place:
        return f"{name} ({place})"
    return str(name or place or person.get("id") or "somebody")


def _invited(data: Data) -> str:
    more = {name: data.get(name) for name in ("skills", "languages", "capacity") if data.get(name)}
    where = f" at {data['to']}" if data.get("to") else ""
    kept = [_fields(more), f"good until {_time(data.get('until'))}", _invitation(data)]
    return f"invited {_a(data.get('role'))}{where}: {'; '.join(part for part in kept if part)}"


def _enrolled(data: Data) -> str:
    by = data.get("invited_by")
    inviter = f", invited by {_who(by)}" if isinstance(by, Mapping) else ""
    number = _invitation(data)
    return f"came in as {_a(data.get('role'))}{inviter}{f' ({number})' if number else ''}"


_WHY_REFUSED = {
    "used": "was used before",
    "expired": "had expired",
    "elsewhere": "is for another desk",
    "revoked": "is of somebody who may not invite any more",
}


def _refused(data: Data) -> str:
    why = _WHY_REFUSED.get(str(data.get("why")), str(data.get("why", "")))
    return f"was not let in: {_invitation(data) or 'the invitation'} {why}"


def _changed(data: Data) -> str:
    was, now = data.get("was"), data.get("now")
    was, now = was if isinstance(was, Mapping) else {}, now if isinstance(now, Mapping) else {}
    changes = [
        f"{_words(name)} {_value(was[name])} → {_value(value)}" if name in was else f"{_words(name)} {_value(value)}"
        for name, value in now.items()
    ]
    return f"changed {_who(data)}: {', '.join(changes)}"


def _removed(data: Data) -> str:
    why = {"left": "they left the group", "put_out": "they were put out of the group", "by_hand": ""}
    said = str(data.get("why", ""))
    because = why.get(said, said)
    role = f", {_a(data['role'])}" if data.get("role") else ""
    return f"removed {_who(data)}{role}{f': {because}' if because else ''}"


def _presence(data: Data) -> str:
    until = f" until {_time(data['until'])}" if data.get("until") else ""
    return f"said that {_who(data)} is {data.get('presence') or 'there as the shift has it'}{until}"


def _closed(data: Data) -> str:
    return f"closed {data.get('skill') or 'all departments'} until {_time(data.get('until'))}"


def _reopened(data: Data) -> str:
    return f"opened {data.get('skill') or 'all departments'} again"


def _login_link(data: Data) -> str:
    if data.get("id"):
        return f"made a log-in link for {_who(data)}"
    return f"made a log-in link that makes whoever opens it {_a(data.get('role'))}"


def _logged_in(data: Data) -> str:
    return f"logged in as {_a(data.get('role'))}"


_SENTENCES: Mapping[str, Callable[[Data], str]] = {
    "invited": _invited,
    "enrolled": _enrolled,
    "invitation_refused": _refused,
    "joined": lambda data: f"began to answer in the open group, as {_a(data.get('role'))}",
    "changed": _changed,
    "removed": _removed,
    "presence": _presence,
    "closed": _closed,
    "reopened": _reopened,
    "login_link": _login_link,
    "logged_in": _logged_in,
    "login_refused": lambda data: "was not let in: the log-in link was used before",
}
TOLD = frozenset(_SENTENCES)
"""What there is a sentence for."""


def _a(role: object) -> str:
    return f"{'an' if str(role)[:1] in 'aeiou' else 'a'} {role}"


def _invitation(data: Data) -> str:
    return f"invitation {data['invitation']}" if data.get("invitation") else ""


def _time(told: object) -> str:
    try:
        return f"{datetime.fromisoformat(str(told)):%Y-%m-%d %H:%M} UTC"
    except ValueError:
        return str(told)


def _fields(data: Data) -> str:
    return ", ".join(f"{_words(name)} {_value(value)}" for name, value in data.items())


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: object) -> str:
    if isinstance(value, list):
        return "+".join(str(one) for one in value) or "all"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value or "none"
    return json.dumps(value, ensure_ascii=False)
