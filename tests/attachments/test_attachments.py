"""Files fetched once, checked, kept by their hash, and had again."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from estafeta.attachments import Attachments, Limits
from estafeta.attachments.failures import failure
from estafeta.clock import TestClock
from estafeta.kernel.errors import FileGone, SendFailed, StoreUnavailable
from estafeta.kernel.model import Media
from estafeta.kernel.ports import Incoming, StoredFile
from storage.files.folder import FolderFiles
from storage.sqlite.store import SqliteStore
from tests.attachments.samples import JPEG, PNG, PROGRAMS

HASH = hashlib.sha256(JPEG).hexdigest()
PHOTO = Media(kind="photo", ref="AgAC", origin="telegram:shop", name="cat.jpg", size=len(JPEG))


async def chunks(data: bytes, size: int = 16) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


@dataclass
class Messenger:
    """A source whose files are told by a test."""

    origin: str = "telegram:shop"
    files: dict[str, bytes] = field(default_factory=lambda: {PHOTO.ref: JPEG})
    fetched: list[str] = field(default_factory=list)
    open: int = 0
    started: asyncio.Event = field(default_factory=asyncio.Event)
    name: str = ""
    size: int = 0
    gate: asyncio.Event | None = None
    trouble: Exception | None = None

    @asynccontextmanager
    async def fetch(self, media: Media) -> AsyncIterator[Incoming]:
        self.fetched.append(media.ref)
        if media.ref not in self.files:
            raise failure("file_gone", "en")
        self.open += 1
        try:
            yield Incoming(chunks=self._chunks(media.ref), size=self.size, mime="text/html", name=self.name)
        finally:
            self.open -= 1

    async def _chunks(self, ref: str) -> AsyncIterator[bytes]:
        yield self.files[ref][:10]
        self.started.set()
        if self.gate is not None:
            await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        yield self.files[ref][10:]


@dataclass
class Place:
    """All that the attachments of a test work with."""

    attachments: Attachments
    files: FolderFiles
    store: SqliteStore
    messenger: Messenger
    folder: Path

    def left(self) -> list[Path]:
        return list(self.folder.iterdir()) if self.folder.exists() else []

    def again(self, limits: Limits = Limits()) -> Attachments:  # noqa: B008 - frozen
        """As another process, or the same after a restart, sees the same place."""
        attachments = Attachments(
            files=self.files, store=self.store, clock=TestClock(), limits=limits, folder=self.folder, language="en"
        )
        attachments.sources[self.messenger.origin] = self.messenger
        return attachments


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    store = SqliteStore(tmp_path / "estafeta.db", clock=TestClock())
    await store.open()
    files = FolderFiles(tmp_path / "files")
    await files.open()
    attachments = Attachments(
        files=files, store=store, clock=TestClock(), folder=tmp_path / "on-the-way", language="en"
    )
    messenger = Messenger()
    attachments.sources[messenger.origin] = messenger
    yield Place(attachments, files, store, messenger, tmp_path / "on-the-way")
    assert messenger.open == 0
    await store.close()


async def whole(attachments: Attachments, file: str) -> bytes:
    return b"".join([chunk async for chunk in attachments.read(file)])


async def failing(call: Callable[[], object]) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        await call()  # type: ignore[misc]
    return failed.value


# --- fetched once ----------------------------------------------------------------------------------


async def test_a_file_is_fetched_and_kept_by_its_hash(place: Place) -> None:
    stored = await place.attachments.obtain(PHOTO)
    assert stored == StoredFile(file=HASH, size=len(JPEG), mime="image/jpeg", name="cat.jpg")
    assert await whole(place.attachments, HASH) == JPEG
    assert place.left() == []


async def test_a_file_is_fetched_once_over_restarts_too(place: Place) -> None:
    first = await place.attachments.obtain(PHOTO)
    assert await place.attachments.obtain(PHOTO) == first
    assert await place.again().obtain(PHOTO) == first
    assert place.messenger.fetched == [PHOTO.ref]


async def test_many_who_ask_at_once_have_it_fetched_once(place: Place) -> None:
    place.messenger.gate = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        asked = [group.create_task(place.attachments.obtain(PHOTO)) for _ in range(5)]
        await place.messenger.started.wait()
        place.messenger.gate.set()
    assert {task.result().file for task in asked} == {HASH}
    assert place.messenger.fetched == [PHOTO.ref]


async def test_one_who_stops_asking_does_not_stop_the_others(place: Place) -> None:
    place.messenger.gate = asyncio.Event()
    first = asyncio.create_task(place.attachments.obtain(PHOTO))
    second = asyncio.create_task(place.attachments.obtain(PHOTO))
    await place.messenger.started.wait()
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    place.messenger.gate.set()
    assert (await second).file == HASH
    assert place.left() == []


async def test_two_messengers_may_call_different_files_the_same(place: Place) -> None:
    other = Messenger(origin="vk:shop", files={PHOTO.ref: PNG})
    place.attachments.sources["vk:shop"] = other
    assert (await place.attachments.obtain(PHOTO)).mime == "image/jpeg"
    assert (await place.attachments.obtain(replace(PHOTO, origin="vk:shop"))).mime == "image/png"


async def test_the_same_bytes_are_kept_once_and_named_as_each_sender_named_them(place: Place) -> None:
    place.messenger.files["other"] = JPEG
    one = await place.attachments.obtain(PHOTO)
    other = await place.attachments.obtain(replace(PHOTO, ref="other", name="dog.jpg"))
    assert one.file == other.file
    assert (one.name, other.name) == ("cat.jpg", "dog.jpg")
    assert await place.attachments.obtain(PHOTO) == one


async def test_a_file_that_was_erased_here_is_fetched_again(place: Place) -> None:
    await place.attachments.obtain(PHOTO)
    await place.files.delete(HASH)
    assert (await place.attachments.obtain(PHOTO)).file == HASH
    assert place.messenger.fetched == [PHOTO.ref] * 2


@pytest.mark.parametrize("ref", ["", "\ud800", "x" * 20_000, "a\0b", "../../etc"])
async def test_references_are_the_messengers_and_may_be_anything(ref: str, place: Place) -> None:
    place.messenger.files[ref] = JPEG
    media = replace(PHOTO, ref=ref)
    assert await place.attachments.obtain(media) == await place.attachments.obtain(media)
    assert len(place.messenger.fetched) == 1


# --- our own ---------------------------------------------------------------------------------------


async def test_our_own_files_are_known(place: Place) -> None:
    stored = await place.attachments.obtain(PHOTO)
    media = await place.attachments.media(stored)
    assert media == Media(kind="photo", ref=HASH, name="cat.jpg", mime="image/jpeg", size=len(JPEG))
    assert await place.again().obtain(media) == stored
    assert (await place.attachments.obtain(Media(kind="photo", ref=HASH))).name == "cat.jpg"
    assert (await place.attachments.obtain(Media(kind="photo", ref=HASH, name="a/b\u202e.jpg"))).name == "b.jpg"


async def test_a_file_is_sent_as_what_its_content_suggests_or_as_told(place: Place) -> None:
    stored = await place.attachments.obtain(PHOTO)
    assert (await place.attachments.media(stored, "document")).kind == "document"
    text = await place.attachments.keep(Incoming(chunks=chunks(b"words"), name="a.jpg"))
    assert (await place.attachments.media(text)).kind == "document"


@pytest.mark.parametrize("ref", ["", "f" * 64, "F" * 64, "../secret", "\ud800"])
async def test_what_is_not_ours_is_gone(ref: str, place: Place) -> None:
    failed = await failing(lambda: place.attachments.obtain(Media(kind="photo", ref=ref)))
    assert (failed.code, failed.retry_after) == ("file_gone", None)
    with pytest.raises(FileGone):
        async with place.attachments.local(ref):
            pass
    with pytest.raises(FileGone):
        await whole(place.attachments, ref)


async def test_an_erased_file_of_our_own_is_gone(place: Place) -> None:
    stored = await place.attachments.keep(Incoming(chunks=chunks(JPEG)))
    await place.files.delete(stored.file)
    media = await place.attachments.media(stored)
    assert (await failing(lambda: place.attachments.obtain(media))).code == "file_gone"


async def test_a_path_is_there_as_long_as_it_is_needed(place: Place) -> None:
    await place.attachments.obtain(PHOTO)
    async with place.attachments.local(HASH) as path, place.attachments.local(HASH) as other:
        assert path != other
        assert path.name == "cat.jpg"
        assert path.read_bytes() == JPEG
        path.write_bytes(b"whatever a library does with it")
        assert other.read_bytes() == JPEG
    async with place.attachments.local(HASH, "../dog") as path:
        assert path.name == "dog.jpg"
    assert await whole(place.attachments, HASH) == JPEG
    assert place.left() == []


async def test_what_the_reader_of_a_path_raises_stays_the_readers(place: Place) -> None:
    await place.attachments.obtain(PHOTO)
    with pytest.raises(OSError, match="my own"):
        async with place.attachments.local(HASH):
            raise OSError("my own")
    assert place.left() == []


# --- uploads ---------------------------------------------------------------------------------------


async def test_an_upload_is_kept_as_what_it_is_and_not_as_what_it_is_said_to_be(place: Place) -> None:
    page = b"<html><script>alert(1)</script>"
    stored = await place.attachments.keep(Incoming(chunks=chunks(page), mime="image/png", name="../a.png"))
    assert (stored.mime, stored.name, stored.size) == ("application/octet-stream", "a.png", len(page))
    assert await whole(place.attachments, stored.file) == page


async def test_an_upload_without_a_name_gets_one(place: Place) -> None:
    assert (await place.attachments.keep(Incoming(chunks=chunks(PNG)))).name == "photo.png"
    assert (await place.attachments.keep(Incoming(chunks=chunks(b"words")))).name == "document.txt"


async def test_a_large_upload_is_written_as_it_comes(place: Place) -> None:
    data = os.urandom(5 * 1024 * 1024)
    stored = await place.attachments.keep(Incoming(chunks=chunks(data, 100_000)))
    assert stored.file == hashlib.sha256(data).hexdigest()
    assert await whole(place.attachments, stored.file) == data


# --- limits ----------------------------------------------------------------------------------------


async def test_a_declared_size_above_the_limit_is_refused_unasked(place: Place) -> None:
    attachments = place.again(limits=Limits(most=1024 * 1024))
    failed = await failing(lambda: attachments.obtain(replace(PHOTO, size=3 * 1024 * 1024)))
    assert (failed.code, failed.retry_after, failed.fault) == ("file_too_large", None, "content")
    assert failed.sentence == "The file is larger than is allowed: 3 MB, at most 1 MB."
    assert place.messenger.fetched == []
    large = Incoming(chunks=chunks(JPEG), size=2 * 1024 * 1024)
    assert (await failing(lambda: attachments.keep(large))).code == "file_too_large"
    place.messenger.size = 2 * 1024 * 1024
    assert (await failing(lambda: attachments.obtain(PHOTO))).code == "file_too_large"


async def test_bytes_are_counted_whatever_was_declared(place: Place) -> None:
    attachments = place.again(limits=Limits(most=1000))
    for size, code in ((1000, ""), (1001, "file_too_large")):
        incoming = Incoming(chunks=chunks(JPEG.ljust(size, b"x")), size=10)
        if code:
            failed = await failing(lambda incoming=incoming: attachments.keep(incoming))  # type: ignore[misc]
            assert failed.code == code
        else:
            assert (await attachments.keep(incoming)).size == size
    place.messenger.files[PHOTO.ref] = bytes(5000)
    assert (await failing(lambda: attachments.obtain(PHOTO))).code == "file_too_large"
    assert place.left() == []


async def test_what_takes_too_long_is_left(place: Place) -> None:
    place.messenger.gate = asyncio.Event()
    attachments = place.again(limits=Limits(seconds=0.05))
    failed = await failing(lambda: attachments.obtain(PHOTO))
    assert failed.code == "file_unreachable"
    assert failed.retry_after
    assert failed.sentence == "The file could not be fetched: it took too long."
    assert place.left() == []


@pytest.mark.parametrize(("ending", "data"), [(ending, data) for ending, many in PROGRAMS.items() for data in many])
async def test_programs_are_refused_whatever_they_are_called(ending: str, data: bytes, place: Place) -> None:
    failed = await failing(lambda: place.attachments.keep(Incoming(chunks=chunks(data), name="photo.jpg")))
    assert (failed.code, failed.retry_after, failed.fault) == ("file_refused", None, "content")
    assert failed.sentence == f"Files of this kind are not taken: programs (.{ending})."
    assert not await place.files.has(hashlib.sha256(data).hexdigest())
    assert place.left() == []


@pytest.mark.parametrize("name", ["setup.exe", "photo.jpg.SCR", "a.bat. .", "photo\u202egpj.exe", "x/y.vbs"])
async def test_names_of_programs_are_refused_unasked(name: str, place: Place) -> None:
    assert (await failing(lambda: place.attachments.obtain(replace(PHOTO, name=name)))).code == "file_refused"
    assert place.messenger.fetched == []
    place.messenger.name = name
    assert (await failing(lambda: place.attachments.obtain(replace(PHOTO, name="")))).code == "file_refused"


async def test_an_administrator_may_refuse_more_or_nothing(place: Place) -> None:
    (data,) = PROGRAMS["elf"]
    stored = await place.again(limits=Limits(refused=frozenset())).keep(Incoming(chunks=chunks(data), name="tool.exe"))
    assert (stored.mime, stored.name) == ("application/octet-stream", "tool.exe")
    strict = place.again(limits=Limits(refused=frozenset({"zip", "jpg"})))
    assert (await failing(lambda: strict.keep(Incoming(chunks=chunks(JPEG), name="a.png")))).code == "file_refused"


async def test_an_empty_file_is_refused(place: Place) -> None:
    failed = await failing(lambda: place.attachments.keep(Incoming(chunks=chunks(b""), name="a.txt")))
    assert failed.code == "file_refused"
    assert failed.sentence == "Files of this kind are not taken: there is nothing in it."


# --- failures --------------------------------------------------------------------------------------


async def test_nobody_hands_over_files_of_a_channel_that_is_not_connected(place: Place) -> None:
    failed = await failing(lambda: place.attachments.obtain(replace(PHOTO, origin="vk:closed")))
    assert (failed.code, failed.retry_after) == ("file_unreachable", None)
    assert failed.sentence == "The file could not be fetched: the channel that it came from is not connected."


async def test_the_sources_own_failures_are_passed_on_and_nothing_is_remembered(place: Place) -> None:
    place.messenger.trouble = failure("file_unreachable", "en", retry_after=5)
    assert (await failing(lambda: place.attachments.obtain(PHOTO))).retry_after == 5
    assert place.left() == []
    place.messenger.trouble = None
    assert (await place.attachments.obtain(PHOTO)).file == HASH
    assert (await failing(lambda: place.attachments.obtain(replace(PHOTO, ref="none")))).code == "file_gone"


async def test_operators_read_it_in_their_language(place: Place, tmp_path: Path) -> None:
    russian = Attachments(
        files=place.files, store=place.store, clock=TestClock(), folder=tmp_path / "x", limits=Limits(most=1_200_000)
    )
    failed = await failing(lambda: russian.keep(Incoming(chunks=chunks(JPEG), size=1_200_001)))
    assert failed.sentence == "Файл больше, чем разрешено: 1,2 МБ, а можно до 1,1 МБ."
    failed = await failing(lambda: russian.keep(Incoming(chunks=chunks(b"x"), name="a.exe")))
    assert failed.sentence == "Такие файлы не принимаются: программы (.exe)."


async def test_a_full_disk_is_told_and_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(tempfile, "mkstemp", full)
        with pytest.raises(StoreUnavailable, match=r"on-the-way does not take files \(No space left on device\)"):
            await place.attachments.obtain(PHOTO)
    assert place.left() == []
    assert (await place.attachments.obtain(PHOTO)).file == HASH


async def test_a_folder_that_cannot_be_made_is_told(place: Place, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    attachments = Attachments(
        files=place.files, store=place.store, clock=TestClock(), folder=tmp_path / "taken" / "folder"
    )
    with pytest.raises(StoreUnavailable, match="does not take files"):
        await attachments.keep(Incoming(chunks=chunks(JPEG)))


async def test_a_record_that_is_not_ours_to_read_is_no_record(place: Place) -> None:
    await place.attachments.obtain(PHOTO)
    await place.store.put(f"file:{HASH}", {"file": HASH, "size": "unknown"})
    assert (await failing(lambda: place.attachments.obtain(Media(kind="photo", ref=HASH)))).code == "file_gone"


async def test_what_a_killed_process_left_on_the_way_is_cleaned_up_a_day_later(place: Place) -> None:
    place.folder.mkdir()
    old, folder, young, other = (place.folder / name for name in ("arriving-1", "arriving-2", "arriving-3", "notes"))
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(JPEG)
    for path in (old, young, other):
        path.write_bytes(b"x")
    for path in (old, folder, other):
        os.utime(path, (time.time() - 90_000, time.time() - 90_000))
    await place.attachments.obtain(PHOTO)
    assert sorted(place.left()) == [young, other]
