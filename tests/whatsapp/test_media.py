"""Files in both directions."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from estafeta.attachments import Attachments
from estafeta.clock import SystemClock
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, CustomerSaid, Media, Text
from storage.files.folder import FolderFiles
from storage.sqlite import SqliteStore
from tests.attachments.samples import JPEG
from tests.whatsapp.stage import Stage, staged

PDF, OGG, WEBP = b"%PDF-1.7 ...", b"OggS...", b"RIFF....WEBP"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


async def received(stage: Stage, kind: str, content: bytes, **more: Any) -> tuple[Address, Media]:
    stage.fake.person("Мария").sends(kind, content, **more)
    [*_, signal] = await stage.inbox.have(len(stage.inbox.signals) + 1)
    assert isinstance(signal.event, CustomerSaid)
    media = signal.event.parts[0]
    assert isinstance(media, Media)
    assert signal.address is not None
    return signal.address, media


async def meet(stage: Stage) -> Address:
    stage.fake.person("Мария").says("здравствуйте")
    address = (await stage.inbox.have())[0].address
    assert address is not None
    return address


async def shown(stage: Stage, count: int) -> list[tuple[str, str, bytes | None]]:
    """What came from us: type, text, content."""
    person = stage.fake.person("Мария")

    def ours() -> list[Any]:
        return [one for one in stage.fake.messages(person) if one.by_business]

    await stage.fake.wait(lambda: len(ours()) >= count)
    return [(one.type, one.text, stage.fake.content(one) if "id" in one.raw else None) for one in ours()]


@pytest.mark.parametrize(
    ("kind", "mime", "content", "type_", "text"),
    [
        ("photo", "image/jpeg", b"1", "image", "[image] вот"),
        ("video", "video/mp4", b"2", "video", "[video] вот"),
        ("document", "application/pdf", PDF, "document", "[document] вот"),
        ("document", "image/png", b"3", "image", "[image] вот"),
    ],
)
async def test_a_file_goes_as_what_it_is_with_its_words(
    stage: Stage, kind: str, mime: str, content: bytes, type_: str, text: str
) -> None:
    media = stage.shelf.put(content, kind, mime=mime, name="файл.pdf")
    await stage.channel.send(stage.message(await meet(stage), media, Text(text="вот")))
    assert await shown(stage, 1) == [(type_, text, content)]


@pytest.mark.parametrize(
    ("kind", "mime", "content", "type_"),
    [("voice", "audio/ogg", OGG, "audio"), ("audio", "audio/mpeg", b"4", "audio"),
     ("sticker", "image/webp", WEBP, "sticker"), ("document", "audio/mpeg", b"5", "audio")],
)  # fmt: skip
async def test_what_carries_no_words_is_followed_by_them(
    stage: Stage, kind: str, mime: str, content: bytes, type_: str
) -> None:
    media = stage.shelf.put(content, kind, mime=mime)
    await stage.channel.send(stage.message(await meet(stage), media, Text(text="вот")))
    (first, _, got), (second, words, _) = await shown(stage, 2)
    assert (first, got, second, words) == (type_, content, "text", "вот")
    assert stage.fake.calls_of("messages")[0].params.get("audio", {}).get("voice", False) is (kind == "voice")


async def test_an_album_is_one_message_for_each(stage: Stage) -> None:
    photos = [stage.shelf.put(bytes([number])) for number in range(3)]
    ids = await stage.channel.send(stage.message(await meet(stage), *photos, Text(text="три вида")))
    assert [content for _, _, content in await shown(stage, 3)] == [b"\0", b"\1", b"\2"]
    assert len(ids.split()) == 3


async def test_a_file_is_uploaded_once_until_its_id_dies(stage: Stage) -> None:
    address, media = await meet(stage), stage.shelf.put(b"jpeg")
    for number in range(2):
        await stage.channel.send(stage.message(address, media, id_=f"c.{number}"))
    assert len(stage.fake.calls_of("media")) == 1
    [key] = [key for key in stage.pad.values if ".media." in key]
    stage.pad.values[key]["until"] = 0
    await stage.channel.send(stage.message(address, media, id_="c.2"))
    assert len(stage.fake.calls_of("media")) == 2


async def test_an_id_that_whatsapp_forgot_is_uploaded_anew(stage: Stage) -> None:
    address, media = await meet(stage), stage.shelf.put(b"jpeg")
    await stage.channel.send(stage.message(address, media))
    stage.fake.world.media.clear()
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(address, media, id_="c2"))
    assert (failed.value.code, failed.value.retry_after) == ("file_gone", 0.0)
    await stage.channel.send(stage.message(address, media, id_="c2"))
    assert len(stage.fake.calls_of("media")) == 2


@pytest.mark.parametrize(
    ("mime", "size", "code"),
    [
        ("application/zip", 5, "file_refused"),
        ("image/gif", 5, "file_refused"),
        ("image/jpeg", 6 * 2**20, "file_too_large"),
        ("video/mp4", 17 * 2**20, "file_too_large"),
        ("application/pdf", 101 * 2**20, "file_too_large"),
    ],
)
async def test_what_whatsapp_does_not_take_is_refused_here(stage: Stage, mime: str, size: int, code: str) -> None:
    media = stage.shelf.put(b"bytes", mime=mime, name="файл.bin", size=size)
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(await meet(stage), media, Text(text="вот")))
    assert (failed.value.code, failed.value.fault, failed.value.retry_after) == (code, "content", None)
    assert "файл.bin" in failed.value.sentence
    assert stage.fake.calls_of("media", "messages") == []


async def test_an_upload_that_fails_shows_the_customer_nothing(stage: Stage) -> None:
    address = await meet(stage)
    stage.fake.fail("media", "drop_after")
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(address, Text(text="сначала слова"), stage.shelf.put(b"jpeg")))
    assert (failed.value.code, failed.value.maybe_sent) == ("no_answer", False)
    assert stage.fake.calls_of("messages") == []


# From customers


async def read(stage: Stage, media: Media) -> bytes:
    async with stage.channel.fetch(media) as incoming:
        return b"".join([chunk async for chunk in incoming.chunks])


async def test_a_customers_file_is_fetched_with_the_token(stage: Stage) -> None:
    _, media = await received(stage, "document", PDF, name="счёт.pdf")
    assert media.origin == stage.channel.origin == "whatsapp:shop"
    async with stage.channel.fetch(media) as incoming:
        assert (incoming.size, incoming.mime, incoming.name) == (len(PDF), "application/pdf", "счёт.pdf")
        assert b"".join([chunk async for chunk in incoming.chunks]) == PDF


async def test_a_file_that_is_not_what_whatsapp_says_is_not_taken(stage: Stage) -> None:
    _, media = await received(stage, "image", JPEG)
    stage.fake.listen(lambda: swapped(stage, media))
    with pytest.raises(SendFailed) as failed:
        await read(stage, media)
    assert (failed.value.code, failed.value.retry_after) == ("file_unreachable", 5.0)


def swapped(stage: Stage, media: Media) -> None:
    """Between its description and its download."""
    if stage.fake.calls_of("media_url"):
        stage.fake.world.media[media.ref].content = b"other"


async def test_a_file_that_is_gone(stage: Stage) -> None:
    _, media = await received(stage, "image", JPEG)
    stage.fake.passes(days=8)
    for one in (media, Media(kind="photo", ref="../../x", origin="whatsapp:shop")):
        with pytest.raises(SendFailed) as failed:
            await read(stage, one)
        assert (failed.value.code, failed.value.retry_after) == ("file_gone", None)


async def test_a_description_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        _, media = await received(stage, "image", JPEG)
        stage.channel._files._hosts = type(stage.channel._files._hosts)(allow=("lookaside.fbsbx.com",))
        with pytest.raises(SendFailed) as failed:
            await read(stage, media)
        assert failed.value.code == "file_unreachable"


async def test_there_and_back_through_our_own_store(tmp_path: Path) -> None:
    store, files = SqliteStore(tmp_path / "store.db", clock=SystemClock()), FolderFiles(tmp_path / "files")
    await store.open()
    await files.open()
    async with staged(tmp_path) as stage:
        attachments = Attachments(files=files, store=store, clock=SystemClock(), folder=tmp_path / "way")
        stage.shelf = attachments  # type: ignore[assignment]
        stage.pad = store  # type: ignore[assignment]
        stage.channel = stage.made()
        attachments.sources[stage.channel.origin] = stage.channel
        stage.fake.person("Мария").sends("image", JPEG, caption="такой")
        async with stage.served():
            stage.fake.person("Мария").says("и вот")
            await stage.inbox.have(2)
        [signal, *_] = stage.inbox.signals
        assert isinstance(signal.event, CustomerSaid)
        assert signal.address is not None
        await stage.channel.send(stage.message(signal.address, *signal.event.parts))
        assert (await shown(stage, 1))[-1] == ("image", "[image] такой", JPEG)
    await store.close()
    await files.close()
