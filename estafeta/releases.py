"""Releases: which content is in service, who put it there, when and why (`estafeta.publications`).

Content lies in the store under the name made of what it says. Without any publication the workspace's folder serves;
"" is its name here. Every method raises `StoreUnavailable` when the store cannot answer.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from estafeta.kernel.codec import encode
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Clock, Store
from estafeta.publications import Kind, Line, Publications, all_events
from flows.publish_file import PublishRules
from flows.release import Content

LARGEST = 12_000_000
"""Characters of one content; a document of MongoDB ends at 16 MiB
(https://www.mongodb.com/docs/manual/reference/limits/#bson-documents)."""
FRESH = timedelta(days=1)
"""So long a content is kept that nobody uses: somebody may be about to."""

DIALOGS = Kind(
    record="release",
    lease="releases",
    history="published:",
    sentences={
        "unchanged": "Nothing differs from the release in service: there is nothing to publish.",
        "staged_already": "This release is staged with that share already.",
        "wrong_share": "The share is a whole number from 1 to 100, in percent of new talks.",
        "too_large": f"The content has more than {LARGEST // 1_000_000} million characters: make it smaller.",
        "nothing_staged": "No release is staged.",
        "unknown": "There is no such release here, or it is not kept any more: `estafeta flows list` names them.",
        "in_service": "This release is in service already, and nothing is staged.",
        "nothing_before": "There is no earlier release to go back to.",
        "moved_on": "Another release was published meanwhile: look at it, and try again.",
        "busy": "Somebody else is publishing now: try again in a minute.",
        "slow": "The store took too long: look with `estafeta flows list` what is in service, and try again.",
        "damaged": "The release in the store cannot be read: publish it again.",
    },
)


class Releases(Publications):
    def __init__(self, store: Store, clock: Clock) -> None:
        super().__init__(store, clock, DIALOGS, self._has)

    async def _has(self, release: str) -> bool:
        return await self._store.get(f"content:{release}") is not None

    async def content(self, release: str) -> Content:
        """Raises `NotPublished`: unknown or damaged."""
        held = await self._store.get(f"content:{release}")
        if held is None:
            raise self.refused("unknown")
        content = self.read(Content, held)
        if content.release != release:
            raise self.refused("damaged")
        return content

    async def keep(self, content: Content) -> str:
        """Content that can be loaded from now on, though nothing published it; its name."""
        release = content.release
        if sum(map(len, content.files.values())) > LARGEST:
            raise self.refused("too_large")
        key, now = f"kept:{release}", self._clock.now().isoformat()
        held = await self._store.get(key)
        first = held.get("first", now) if isinstance(held, dict) else now
        await self._store.put(key, {"first": first, "at": now})  # before the content, which else nobody would remove
        await self._store.put(f"content:{release}", encode(content))
        return release

    async def publish(
        self, content: Content, *, who: str, why: str = "", untested: str = "", share: int = 100,
        rules: PublishRules | None = None,
    ) -> Line:  # fmt: skip
        """Puts the content into service, or with a `share` below 100 tries it with so many percent of new talks.
        What was staged before is not any more. Whoever calls has checked the content and gone through its
        conversations, or tells in `untested` why not."""
        return await self.put_into_service(
            content.release, lambda: self.keep(content), who=who, why=why, untested=untested, share=share, rules=rules
        )

    async def tidy(self) -> tuple[str, ...]:
        """Removes the content that nothing needs: it does not serve, cannot be gone back to, and no talk runs on it.
        The names of what was removed."""
        removed = []
        for key, value in await self.all("kept:"):
            release, (first, latest) = key.removeprefix("kept:"), _kept(value)
            if latest > self._clock.now() - FRESH or await self.named(release):
                continue
            if not await self._in_use(release, first):
                async with self.alone():
                    if await self._store.get(key) == value and not await self.named(release):
                        await self._store.put(f"content:{release}", None)
                        await self._store.put(key, None)
                        removed.append(release)
        return tuple(removed)

    async def _in_use(self, release: str, since: datetime) -> bool:
        """Whether a talk runs on it, by the events that tell which ones ever did since it was there."""
        looked_at = set()
        async for entry in all_events(self._store, ("flow",), since, self._clock.now() + timedelta(minutes=1)):
            if entry.data.get("release") == release and entry.conversation not in looked_at:
                looked_at.add(entry.conversation)
                held = (await self._store.load(entry.conversation)).conversation
                if held is not None and held.dialog.release == release:
                    return True
        return False


def _kept(value: Json) -> tuple[datetime, datetime]:
    """Since when it is there, and when somebody last wanted it to be."""
    return datetime.fromisoformat(value["first"]), datetime.fromisoformat(value["at"])
