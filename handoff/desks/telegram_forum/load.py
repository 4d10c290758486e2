"""How the groups' budgets stand: for `/load`, for `/metrics`, and for choosing a group that has room.

Each process knows what it posted itself and what of its own waits. Where there are several, each tells the others
through the store, and what they tell is added up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import structlog

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Clock, Store
from handoff.desks.telegram_forum.texts import Language

TOLD_EVERY = 3.0
_FRESH = 4 * TOLD_EVERY
_PREFIX = "forum.load."
_log = structlog.get_logger(__name__)


class Load(Protocol):
    """As `bots.pacing.Load`: `own` of the `used` places of `most` were taken by this process; a place is free again
    `seconds` after it was taken."""

    @property
    def used(self) -> int: ...

    @property
    def own(self) -> int: ...

    @property
    def most(self) -> int: ...

    @property
    def seconds(self) -> float: ...

    @property
    def waiting(self) -> int: ...

    @property
    def oldest(self) -> float: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One group's budget: `posts` in the last minute of the `most` that it may get, what waits, and for how many
    seconds the oldest of it does."""

    group: int
    posts: int
    most: int
    waiting: int
    oldest: float
    seconds: float = 60.0

    def late(self, posts: int) -> float:
        """Seconds until so many more posts, the most urgent ones, would about be through."""
        missing = max(0, posts - max(0, self.most - self.posts))
        return max(self.oldest if self.waiting else 0.0, missing * self.seconds / self.most)


class Budgets:
    """`loads` tell how this process's side of each group stands (None: nothing is known of it), `titles` what a group
    is called in `/load`. `process` names this process, "" while it has no name; `store` is what several processes
    tell each other through, None: there is but this one."""

    def __init__(
        self,
        loads: Mapping[int, Callable[[], Load | None]],
        *,
        clock: Clock,
        store: Store | None = None,
        process: Callable[[], str] = lambda: "",
        titles: Mapping[int, str] | None = None,
    ) -> None:
        self._loads = loads
        self._clock = clock
        self._store = store
        self._process = process
        self._titles = titles or {}

    def own(self, group: int) -> Standing | None:
        """As far as this process knows; posts of others are among them where it came across them."""
        load = self._loads[group]() if group in self._loads else None
        return _standing(group, load, load.used) if load is not None else None

    def standings(self) -> list[Standing]:
        """This process's part of each group, so that those of several processes add up."""
        loads = ((group, load()) for group, load in self._loads.items())
        return [_standing(group, load, load.own) for group, load in loads if load is not None]

    async def every(self) -> list[Standing]:
        """All processes' parts, added up. Raises `StoreUnavailable`."""
        parts = self.standings()
        if self._store is not None:
            now = self._clock.now().timestamp()
            for key, told in await self._store.items(_PREFIX):
                if key != _PREFIX + self._process():
                    parts += _read(told, now)
        return [
            _sum([part for part in parts if part.group == group]) for group in dict.fromkeys(p.group for p in parts)
        ]

    async def answer(self, language: Language) -> str:
        """What `/load` says of the groups."""
        try:
            standings = await self.every()
        except StoreUnavailable:
            standings = self.standings()
        return answer(standings, language, titles=self._titles)

    async def tell(self) -> None:
        """Tells the other processes, until cancelled. What is not told is not known to them, and no more."""
        told: list[Json] = []
        while self._store is not None:
            parts = [[part.group, part.posts, part.most, part.waiting, part.oldest] for part in self.standings()]
            name = self._process()
            if name and (parts != told or any(part[3] for part in parts)):
                try:
                    await self._store.put(_PREFIX + name, {"at": self._clock.now().timestamp(), "groups": parts})
                    told = parts
                except StoreUnavailable as error:
                    _log.info("load_not_told", error=str(error))
            await self._clock.sleep(TOLD_EVERY)


def answer(standings: Sequence[Standing], language: Language, *, titles: Mapping[int, str] | None = None) -> str:
    """The groups' budgets in words."""
    lines = list(_lines(standings, language, titles or {}))
    return "\n".join(lines) if lines else _WORDS["nothing"][language]


def _lines(standings: Sequence[Standing], language: Language, titles: Mapping[int, str]) -> Iterator[str]:
    for number, standing in enumerate(standings, 1):
        title = titles.get(standing.group, "")
        if len(standings) > 1:
            yield f"{number}. {title}" if title else _WORDS["group"][language].format(number=number)
        yield _WORDS["posts"][language].format(posts=standing.posts, most=standing.most)
        if standing.waiting:
            for_how_long = _duration(standing.oldest, language)
            yield _WORDS["waiting"][language].format(waiting=standing.waiting, oldest=for_how_long)
        else:
            yield _WORDS["idle"][language]


_WORDS: Mapping[str, Mapping[Language, str]] = {
    "posts": {
        "ru": "📊 Сообщений в группу за минуту: {posts} из {most} возможных.",
        "en": "📊 Posts into the group in the last minute: {posts} of {most}.",
    },
    "waiting": {
        "ru": "⏳ Ждут отправки: {waiting}, дольше всех — {oldest}.",
        "en": "⏳ Waiting to be posted: {waiting}, the oldest for {oldest}.",
    },
    "idle": {"ru": "✅ Ничего не ждёт.", "en": "✅ Nothing waits."},
    "group": {"ru": "{number}. Группа", "en": "{number}. Group"},
    "nothing": {"ru": "Нагрузка на группу неизвестна.", "en": "How busy the group is is not known."},
}


def _duration(seconds: float, language: Language) -> str:
    minutes, rest = divmod(round(seconds), 60)
    minute, second = ("мин", "с") if language == "ru" else ("min", "s")
    parts = [f"{minutes} {minute}"] * bool(minutes) + [f"{rest} {second}"] * bool(rest or not minutes)
    return " ".join(parts)


def _standing(group: int, load: Load, posts: int) -> Standing:
    return Standing(
        group=group, posts=posts, most=load.most, waiting=load.waiting, oldest=load.oldest, seconds=load.seconds
    )


def _sum(parts: Sequence[Standing]) -> Standing:
    """Parts of one group."""
    first = parts[0]
    return Standing(
        group=first.group,
        posts=min(first.most, sum(part.posts for part in parts)),
        most=first.most,
        waiting=sum(part.waiting for part in parts),
        oldest=max(part.oldest for part in parts),
        seconds=first.seconds,
    )


def _read(told: Any, now: float) -> list[Standing]:
    """What another process told lately; nothing of what cannot be read, such as another version's."""
    try:
        if abs(now - float(told["at"])) > _FRESH:
            return []
        return [
            Standing(group=int(g), posts=int(posts), most=int(most), waiting=int(waiting), oldest=float(oldest))
            for g, posts, most, waiting, oldest in told["groups"]
        ]
    except (TypeError, ValueError, KeyError):
        return []
