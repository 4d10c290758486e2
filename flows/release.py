"""A release: the content of a workspace under a name made of what it says, and which one a conversation gets.

Content is the YAML that editors write (flows with their tests, bot.yml, hours.yml, replies.yml, sentiment.yml,
tone.yml) and the files in media/. Training data is the language model's and not of it. A talk stays on the release
it began on until nothing of it waits any more; a new talk gets the current release, or the staged one if it is among
its share.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from estafeta.kernel.model import Conversation, ConversationId, Dialog, Media
from flows.media_files import media_files
from flows.model import Workspace

FILES = ("bot.yml", "hours.yml", "replies.yml", "sentiment.yml", "tone.yml")
FOLDERS = ("flows", "flows/tests")
DIGITS = 12
"""Of the hash: two contents among a million have the same name once in hundreds of years of publishing daily."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """`files` by their path in the workspace, `media` by their path in its folder media/. `intents` and `entities`
    are the names that the training data beside it knew: no part of the release, they let a process read it whose own
    training data is older."""

    files: Mapping[str, str]
    media: Mapping[str, Media] = field(default_factory=dict)
    intents: tuple[str, ...] = ()
    entities: tuple[str, ...] = ()

    @property
    def release(self) -> str:
        """The same for the same files, on every machine."""
        digest = hashlib.sha256()
        parts = [*self.files.items(), *((f"media/{name}", media.ref) for name, media in self.media.items())]
        for path, content in sorted(parts):
            for piece in (path.encode("utf-8", "replace"), content.encode("utf-8", "replace")):
                digest.update(len(piece).to_bytes(8, "big") + piece)
        return digest.hexdigest()[:DIGITS]


def content_files(folder: Path) -> Iterator[Path]:
    """The files of a workspace's folder that belong to a release, but for media/."""
    yield from (folder / name for name in FILES if (folder / name).is_file())
    for name in FOLDERS:
        yield from sorted((folder / name).glob("*.yml"))


def content_of(folder: Path, workspace: Workspace | None = None) -> Content:
    """What the folder holds now, right or wrong. With the `workspace` that was read from it, also what its training
    data knew. Raises `OSError` when a file cannot be read."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes().decode("utf-8-sig", "replace")
        for path in content_files(folder)
    }
    known = workspace.training if workspace is not None else None
    return Content(
        files=files,
        media=media_files(folder),
        intents=tuple(sorted(known.intents)) if known is not None else (),
        entities=tuple(sorted(known.entities)) if known is not None else (),
    )


# --- which one a conversation gets -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All content that talks run on at a moment. `workspace` is that of `release`, the one in service. `staged` is
    tried with `share` percent of new talks; "" is none. `loaded` are the others, the staged one among them."""

    workspace: Workspace
    release: str = ""
    staged: str = ""
    share: int = 0
    loaded: Mapping[str, Workspace] = field(default_factory=dict)

    def of(self, release: str) -> Workspace | None:
        """None: it is not loaded here."""
        return self.workspace if release == self.release else self.loaded.get(release)


def content_for(conversation: Conversation, contents: Contents) -> tuple[str, Workspace]:
    """The release that this conversation goes by now, and its content. What a talk runs on and is not to be had
    gives way to the one in service: the talk goes on as far as its steps still stand there."""
    dialog = conversation.dialog
    running = dialog.release if dialog.frames or dialog.parked else ""
    if running:
        held = contents.of(running)
        return (contents.release, contents.workspace) if held is None else (running, held)
    if contents.staged and among(conversation.id, contents.staged, contents.share):
        held = contents.loaded.get(contents.staged)
        if held is not None:
            return contents.staged, held
    return contents.release, contents.workspace


def among(conversation: ConversationId, release: str, share: int) -> bool:
    """Whether the conversation is among those `share` percent that try the release: the same ones at every talk and
    on every machine, others for another release; who is among few is among more too."""
    digest = hashlib.blake2b(f"{conversation}\0{release}".encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % 10_000 < share * 100


def decided_on(dialog: Dialog, release: str) -> Dialog:
    """The dialog after a turn that was decided by this release: it stays there while anything of it waits."""
    return replace(dialog, release=release if dialog.frames or dialog.parked else "")
