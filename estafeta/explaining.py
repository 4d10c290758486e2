"""Why the bot answered as it did: what it understood, where in the content its words stand, which rule called people;
and whether it would answer the same again. For the command line and for desks.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from estafeta.kernel.model import Conversation, Entry
from estafeta.kernel.ports import Store
from estafeta.publications import NotPublished
from estafeta.releases import Releases
from estafeta.retelling import Retold, before, retell
from flows import markdown
from flows.model import Workspace
from flows.source import read

_AROUND = 200
"""Entries looked at before and behind the one that is asked about."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A customer's words, and what followed until the next of them."""

    asked: Entry
    followed: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Word:
    """What the bot said. `where` is file:line, "" when the content has changed since."""

    text: str
    flow: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One turn, told. `model` decided what was meant; `waited_at` is where the talk was; `again` are the bot's words by
    the content given, and `same` whether they are what was said then (None: people answered). `release` is the content
    that decided it, "" when that is not known."""

    seq: int
    at: str
    text: str
    intents: list[tuple[str, float]]
    model: str
    waited_at: str
    said: list[Word]
    flows: list[str]
    called: list[str]
    people: list[str] = field(default_factory=list)
    fallback: bool = False
    again: list[str] = field(default_factory=list)
    same: bool | None = None
    release: str = ""


WhyOf = Callable[[Conversation, int], Awaitable[Why | None]]
"""Of the turn in which the entry with that seq stands; 0: the latest in which the bot decided."""


class Reasons:
    """`content` is the content of a release, or what is in service (`serving`) when that is not to be had."""

    def __init__(
        self,
        store: Store,
        releases: Releases,
        *,
        content: Callable[[str], Awaitable[Workspace]],
        serving: Callable[[], str] = str,
    ) -> None:
        self._store = store
        self._releases = releases
        self._content = content
        self._serving = serving

    async def of(self, conversation: Conversation, seq: int = 0) -> Why | None:
        """None: the customer said nothing there, or not lately. Raises `StoreUnavailable`."""
        if seq:
            entries = await self._store.entries(conversation.id, after=max(0, seq - _AROUND), limit=2 * _AROUND)
        else:
            entries = await self._store.entries(conversation.id, limit=2 * _AROUND, newest=True)
        turn = _turn_of(turns(entries), seq)
        if turn is None:
            return None
        release = release_of(turn) or self._serving()
        content = await self._content(release)
        try:
            files = (await self._releases.content(release)).files
        except NotPublished:  # the folder serves
            files = None
        return await asyncio.to_thread(explained, turn, conversation, content, files)


def explained(turn: Turn, conversation: Conversation, content: Workspace, files: Mapping[str, str] | None) -> Why:
    """By a release, whose `files` lie in no folder; None: by the content's own folder."""
    if files is None:
        return explain(turn, conversation, content)
    with tempfile.TemporaryDirectory(prefix="estafeta-why-") as made:
        folder = Path(made)
        (folder / "flows").mkdir()
        for name, text in files.items():
            if name == f"flows/{Path(name).name}":
                (folder / name).write_text(text, encoding="utf-8", errors="replace")
        return explain(turn, conversation, content, folder=folder)


def _turn_of(found: Sequence[Turn], seq: int) -> Turn | None:
    if seq:
        return next((turn for turn in found if seq in {entry.seq for entry in (turn.asked, *turn.followed)}), None)
    decided = (turn for turn in reversed(found) if turn.asked.understanding is not None or _bot_spoke(turn))
    return next(decided, None)


def _bot_spoke(turn: Turn) -> bool:
    return any(entry.kind == "said" and entry.author.kind == "bot" for entry in turn.followed)


def turns(entries: Sequence[Entry]) -> list[Turn]:
    starts = [number for number, entry in enumerate(entries) if _by_customer(entry)]
    ends = [*starts[1:], len(entries)]
    return [Turn(entries[start], entries[start + 1 : end]) for start, end in zip(starts, ends, strict=True)]


def _by_customer(entry: Entry) -> bool:
    return entry.kind == "said" and entry.author.kind == "customer"


def explain(turn: Turn, conversation: Conversation, workspace: Workspace, *, folder: Path | None = None) -> Why:
    """Reads the content's files for the lines, from the workspace's own folder or from this one."""
    at = folder or workspace.path
    asked, understanding = turn.asked, turn.asked.understanding
    events = [entry for entry in turn.followed if entry.kind == "event"]
    words = [entry for entry in turn.followed if entry.kind == "said" and entry.author.kind == "bot"]
    people = any(entry.author.kind == "operator" for entry in turn.followed if entry.kind == "said")
    retold = retell(asked, conversation.customer, workspace)
    again = [markdown.parse(reply.text).text for reply in retold.outcome.replies]
    own = [entry.text for entry in words if entry.data.get("flow")]
    frames = before(asked).frames
    return Why(
        seq=asked.seq,
        at=asked.at.isoformat(timespec="seconds"),
        text=asked.text,
        intents=[(intent.name, intent.confidence) for intent in understanding.ranking] if understanding else [],
        model=understanding.model if understanding else "",
        waited_at=_place(at, workspace, frames[-1].flow, frames[-1].step) if frames else "",
        said=[Word(entry.text, str(entry.data.get("flow", "")), _where(at, workspace, entry)) for entry in words],
        flows=[str(entry.data["flow"]) for entry in events if entry.data["event"] == "flow"],
        called=[_call(entry) for entry in events if entry.data["event"] == "called"],
        people=[_opened(entry) for entry in events if entry.data["event"] == "opened"],
        fallback=any(entry.data["event"] == "fallback" for entry in events),
        again=again,
        same=None if people else _same(own, again, retold),
        release=release_of(turn),
    )


def release_of(turn: Turn) -> str:
    """The content the talk was on, or began on by these words."""
    known = (str(entry.data.get("release", "")) for entry in turn.followed if entry.kind == "event")
    return before(turn.asked).release or next(filter(None, known), "")


def _same(own: list[str], again: list[str], retold: Retold) -> bool:
    """What comes after an action's reply is not retold: nothing is called."""
    return own[: len(again)] == again if retold.outcome.call is not None else own == again


def _call(entry: Entry) -> str:
    given = json.dumps(entry.data.get("arguments") or {}, ensure_ascii=False)
    return f"{entry.data.get('action')} {given}: {'answered' if entry.data.get('ok') else 'failed'}"


def _opened(entry: Entry) -> str:
    return f"{entry.data.get('reason')} → {entry.data.get('skill')}"


def _where(folder: Path, workspace: Workspace, entry: Entry) -> str:
    flow, step = str(entry.data.get("flow", "")), str(entry.data.get("step", ""))
    return _place(folder, workspace, flow, step) if flow else ""


def _place(folder: Path, workspace: Workspace, name: str, step: str) -> str:
    """file:line of a step, by its pointer."""
    flow = workspace.library.flows.get(name)
    index = None if flow is None else flow.places.get(step.removeprefix("!").partition("?")[0])
    if flow is None or index is None:
        return ""
    for path in sorted((folder / "flows").glob("*.yml")):
        if name not in path.read_text(encoding="utf-8", errors="replace"):
            continue  # without parsing it
        source = read(path, f"flows/{path.name}")
        if isinstance(source.data, dict) and source.data.get("flow") == name:
            return f"{source.file}:{source.at(flow.steps[index].path)[0]}"
    return ""
