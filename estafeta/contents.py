"""What a worker serves: the content in service, a staged one, and older ones that talks still run on.

Looks into the store twice a second, so that what was published, staged or rolled back holds in every process within
seconds. Content is read aside and swapped whole: a decision that has begun keeps the one it began with. What cannot
be read leaves what is served as it is, and is tried again later. While nothing is published the workspace's folder
serves; a change in it is taken over once it is read without a mistake.

The folder is looked at by the times and sizes of its files: that needs no library, costs a millisecond for hundreds
of files, and works where the system tells of no changes (network disks, a container's volumes).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from estafeta.kernel.errors import FileGone, StoreUnavailable
from estafeta.kernel.ports import Clock, Files, Store
from estafeta.looking import AGAIN, Looking
from estafeta.publications import NotPublished, Standing
from estafeta.releases import Releases
from flows import loader
from flows.media_files import media_files
from flows.model import Training, Workspace
from flows.release import Content, Contents, content_files, content_of

_log = structlog.get_logger("contents")

EVERY = 0.5
"""Seconds between two looks."""
_KEPT_AGAIN = 6 * 3600.0
"""Seconds after which the folder's content is put into the store again: whatever serves stays there."""
_TIDIED_EVERY = 6 * 3600.0
_LOADED = 12
"""So many contents beside the one in service are held ready; another one is read when a talk comes to need it."""
_FINDINGS = 20
"""So many are logged of a content that is refused."""


_Looks = tuple[tuple[str, int, int], ...]
"""Files with their times and sizes."""


@dataclass(slots=True)
class Tally:
    """What this process has done since it started."""

    swaps: int = 0
    refused: int = 0
    lost: int = 0


class ContentWatch(Looking):
    """`workspace` was read from `folder`. `changed` is called with every new state, at once with the first.
    `reloads`: changes in the folder are taken over while nothing is published. `files` brings the media of published
    content that the folder does not hold."""

    def __init__(
        self, *, store: Store, clock: Clock, folder: Path, workspace: Workspace, files: Files | None = None,
        reloads: bool = False, every: float = EVERY, changed: Callable[[Contents], None] = lambda contents: None,
    ) -> None:  # fmt: skip
        super().__init__("contents", clock, every)
        self._folder = folder
        self._files = files
        self._reloads = reloads
        self.changed = changed
        self.releases = Releases(store, clock)
        self.tally = Tally()
        content = content_of(folder, workspace)
        self._own = (content, workspace)
        self.contents = Contents(workspace=workspace, release=content.release)
        self._standing = Standing()
        self._kept_at = float("-inf")
        self._stamp = self._seen = _Looks()  # so that the folder is read once more: it may have changed meanwhile
        self._renewing = asyncio.Lock()
        self._tried: dict[str, float] = {}
        changed(self.contents)

    @property
    def workspace(self) -> Workspace:
        """The content in service."""
        return self.contents.workspace

    def of(self, release: str) -> Workspace:
        """The content of that release, or the one in service."""
        return self.contents.of(release) or self.contents.workspace

    async def content(self, release: str) -> Workspace:
        """The same, read from the store if it must be."""
        with contextlib.suppress(StoreUnavailable):  # the one in service will do for now
            await self.ready(release)
        return self.of(release)

    async def renew(self) -> None:
        """Serves what the store, or the folder, now says. Raises `StoreUnavailable` and `NotPublished`."""
        async with self._renewing:
            if self._reloads:
                await self._look_at_folder()
            standing = await self.releases.standing()
            await self._keep_own(standing)
            if standing != self._standing or self._wanted(standing) != self._served():
                await self._serve(standing)

    async def ready(self, release: str) -> None:
        """Before a talk on that release is decided: reads it if it is not held. What is not to be had (nobody keeps
        it any more, it is damaged) is told in the log, once in a while, and the one in service takes its part.
        Raises `StoreUnavailable`."""
        if not release or self.contents.of(release) is not None or not self._may_try(release):
            return
        async with self._renewing:
            if self.contents.of(release) is None:
                loaded = await self._load(release)
                if loaded is not None:
                    self._swap(replace(self.contents, loaded=self._more({release: loaded})))

    # --- what the store says

    def _wanted(self, standing: Standing) -> tuple[str, str, int]:
        return standing.release or self._own[0].release, standing.staged, standing.share

    def _served(self) -> tuple[str, str, int]:
        return self.contents.release, self.contents.staged, self.contents.share

    async def _serve(self, standing: Standing) -> None:
        release, staged, share = self._wanted(standing)
        workspace = await self._have(release)
        if workspace is None:
            return  # what is served goes on
        loaded = self._more({self.contents.release: self.contents.workspace})
        tried = await self._have(staged) if staged else None
        if tried is None:
            staged, share = "", 0
        else:
            loaded[staged] = tried
        loaded.pop(release, None)
        self._standing = standing
        if (release, staged, share) != self._served():
            self._swap(Contents(workspace=workspace, release=release, staged=staged, share=share, loaded=loaded))
            _log.info("content_served", release=release, staged=staged, share=share, published=bool(standing.release))

    def _swap(self, contents: Contents) -> None:
        self.contents = contents
        self.tally.swaps += 1
        self.changed(contents)

    def _more(self, found: Mapping[str, Workspace]) -> dict[str, Workspace]:
        """What is held, with more; the longest held are let go, but never the staged one."""
        held = {name: one for name, one in self.contents.loaded.items() if name not in found} | dict(found)
        for name in list(held)[: max(0, len(held) - _LOADED)]:
            if name != self.contents.staged:
                del held[name]
        return held

    async def _have(self, release: str) -> Workspace | None:
        """Held already, or read now."""
        if release == self._own[0].release:
            return self._own[1]
        held = self.contents.of(release)
        return held if held is not None or not self._may_try(release) else await self._load(release)

    def _may_try(self, release: str) -> bool:
        return self._clock.monotonic() - self._tried.get(release, float("-inf")) >= AGAIN

    async def _load(self, release: str) -> Workspace | None:
        """From the store. None when that was in vain; it is tried again after a while."""
        self._tried[release] = self._clock.monotonic()
        try:
            content = await self.releases.content(release)
            with tempfile.TemporaryDirectory(prefix="estafeta-content-") as made:
                await asyncio.to_thread(lay_out, content, Path(made), self._folder, self._own[1].training)
                await self._fetch_media(content, Path(made))
                found, findings = await asyncio.to_thread(loader.find, Path(made))
        except StoreUnavailable:
            del self._tried[release]  # it was not tried: at the next look, not in half a minute
            raise
        except NotPublished as refused:
            self.tally.lost += 1
            _log.warning("content_lost", release=release, why=refused.code, error=str(refused))
            return None
        except (OSError, FileGone) as error:
            self.tally.refused += 1
            _log.warning("content_refused", release=release, error=str(error))
            return None
        if found is None:
            self.tally.refused += 1
            wrong = [str(finding) for finding in findings if finding.severity == "error"]
            _log.warning("content_refused", release=release, findings=wrong[:_FINDINGS])
            return None
        del self._tried[release]
        return replace(found, path=self._folder)

    async def _fetch_media(self, content: Content, made: Path) -> None:
        """Those that the folder does not hold as they were published. Raises `FileGone`."""
        for name, media in content.media.items():
            path = made / "media" / name
            if self._files is not None and not path.exists():
                with path.open("wb") as file:
                    async for chunk in self._files.read(media.ref):
                        file.write(chunk)

    # --- the folder

    async def _look_at_folder(self) -> None:
        """Takes a change over once nothing has changed for a whole look: an editor may be at the middle of it."""
        looks = await asyncio.to_thread(self._looks)
        settled, self._seen = looks == self._seen, looks
        if looks == self._stamp or not settled:
            return
        self._stamp = looks
        found, findings = await asyncio.to_thread(loader.find, self._folder)
        if found is None:
            wrong = [str(finding) for finding in findings if finding.severity == "error"]
            _log.warning("folder_not_taken_over", folder=str(self._folder), findings=wrong[:_FINDINGS])
            return
        content = await asyncio.to_thread(content_of, self._folder, found)
        if await asyncio.to_thread(self._looks) != looks:  # it changed while it was read: both times again
            self._stamp = ()
            return
        same, self._own = content.release == self._own[0].release, (content, found)
        if not same:
            self._kept_at = float("-inf")
            _log.info("folder_taken_over", release=content.release, serves=not self._standing.release)
        elif self.contents.release == content.release:
            self._swap(replace(self.contents, workspace=found))

    def _looks(self) -> _Looks:
        seen = []
        for path in [*content_files(self._folder), *(self._folder / "media").rglob("*")]:
            try:
                about = path.stat()
            except OSError:  # removed this moment
                continue
            seen.append((str(path), about.st_mtime_ns, about.st_size))
        return tuple(seen)

    async def _keep_own(self, standing: Standing) -> None:
        """The folder's content, while it serves, lies in the store too: talks go on with it wherever and whenever
        they go on, also when the folder has changed meanwhile."""
        now = self._clock.monotonic()
        if standing.release or now - self._kept_at < _KEPT_AGAIN:
            return
        try:
            await self.releases.keep(self._own[0])
        except NotPublished as refused:
            _log.warning("content_not_kept", release=self._own[0].release, error=str(refused))
        self._kept_at = now

    async def tidy(self) -> None:
        """Removes what nothing needs any more, now and then, until cancelled: for one process at a time."""
        while True:
            await self._clock.sleep(_TIDIED_EVERY)
            try:
                if removed := await self.releases.tidy():
                    _log.info("contents_removed", releases=removed)
            except (StoreUnavailable, NotPublished) as error:
                _log.warning("contents_not_tidied", error=str(error))


def lay_out(content: Content, into: Path, folder: Path, known: Training) -> None:
    """Writes the content as a workspace's folder, with the training data and the media of `folder` beside it, which
    taught what is `known`. Media that it does not hold, or holds otherwise, are left to be fetched. Raises
    `OSError`."""
    for name, text in content.files.items():
        path = _below(into, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    own = media_files(folder) if content.media else {}
    for name, media in content.media.items():
        path = _below(into / "media", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if name in own and own[name].ref == media.ref:
            path.symlink_to((folder / "media" / name).resolve())
    _teach(content, into / "nlu", folder / "nlu", known)


def _below(folder: Path, name: str) -> Path:
    """Never above the folder, whatever lies in the store."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise OSError(f"{name} is no path in a workspace")
    return path


def _teach(content: Content, into: Path, own: Path, known: Training) -> None:
    """The training data of the model that runs here; and for what was taught only where the content comes from, its
    names, so that a flow about it is no mistake here: it just is not begun by that intent yet."""
    into.mkdir()
    for path in sorted(own.glob("*.yml")):
        shutil.copyfile(path, into / path.name)
    missing = [
        *({"intent": name, "examples": f"- {name}\n"} for name in content.intents if name not in known.intents),
        *({"lookup": name, "examples": f"- {name}\n"} for name in content.entities if name not in known.entities),
    ]
    if missing:
        (into / "zz-published.yml").write_text(json.dumps({"nlu": missing}, ensure_ascii=False), encoding="utf-8")
