"""Files in both directions: photos, documents and voice, uploaded once; downloads from VK's own hosts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.vk.channel import VkChannel
from estafeta.attachments import Attachments
from estafeta.clock import SystemClock
from estafeta.fakes.vk import Participant
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import CustomerSaid, Media, Text
from storage.files.folder import FolderFiles
from storage.sqlite.store import SqliteStore
from tests.attachments.samples import JPEG as PICTURE
from tests.vk.stage import Stage
from tests.vk.test_sending import failed, meant, seen

JPEG = b"\xff\xd8\xff\xe0 not quite a picture"


async def test_a_photo_is_a_photo_and_is_uploaded_once(stage: Stage, ivan: Participant) -> None:
    ivan.says("покажите")
    photo = stage.shelf.put(JPEG)
    await stage.channel.send(meant(ivan, photo, "вот он"))
    await stage.channel.send(meant(ivan, photo))
    first, second = seen(stage, ivan)
    assert first.text == "вот он"
    assert [attachment["type"] for attachment in first.raw["attachments"]] == ["photo"]
    assert first.raw["attachments"][0]["photo"]["id"] == second.raw["attachments"][0]["photo"]["id"]
    assert len(stage.fake.calls_of("photos.saveMessagesPhoto")) == 1
    [stored] = [file for file in stage.fake.world.files.values() if file.kind == "photo"]
    assert stored.content == JPEG


async def test_an_album_is_one_message(stage: Stage, ivan: Participant) -> None:
    ivan.says("покажите")
    photos = [stage.shelf.put(JPEG + bytes([number])) for number in range(4)]
    await stage.channel.send(meant(ivan, *photos))
    [message] = seen(stage, ivan)
    assert len(message.raw["attachments"]) == 4


async def test_documents_and_voice(stage: Stage, ivan: Participant) -> None:
    ivan.says("пришлите счёт")
    bill = stage.shelf.put(b"%PDF-1.7", "document", mime="application/pdf", name="счёт.pdf")
    voice = stage.shelf.put(b"OggS", "voice", mime="audio/ogg", name="voice.ogg")
    music = stage.shelf.put(b"RIFF", "voice", mime="audio/wav", name="voice.wav")
    for media in (bill, voice, music):
        await stage.channel.send(meant(ivan, media))
    kinds = [attachment["type"] for message in seen(stage, ivan) for attachment in message.raw["attachments"]]
    assert kinds == ["doc", "audio_message", "doc"]
    assert seen(stage, ivan)[0].raw["attachments"][0]["doc"]["title"] == "счёт.pdf"


async def test_a_file_that_vk_has_forgotten_is_uploaded_again(stage: Stage, ivan: Participant) -> None:
    ivan.says("покажите")
    photo = stage.shelf.put(JPEG)
    await stage.channel.send(meant(ivan, photo))
    stage.fake.world.files.clear()
    await stage.channel.send(meant(ivan, photo))
    assert len(seen(stage, ivan)) == 2
    assert len(stage.fake.calls_of("photos.saveMessagesPhoto")) == 2


async def test_a_file_that_is_erased_meanwhile_is_told(stage: Stage, ivan: Participant) -> None:
    ivan.says("покажите")
    photo = stage.shelf.put(JPEG)
    (stage.shelf.folder / photo.ref).unlink()
    assert (await failed(stage, meant(ivan, photo))).code == "file_gone"


def said(stage: Stage) -> list[CustomerSaid]:
    return [signal.event for signal in stage.inbox.signals if isinstance(signal.event, CustomerSaid)]


async def test_what_a_customer_sent_goes_back_as_what_it_was(stage: Stage, ivan: Participant, tmp_path: Path) -> None:
    """Fetched from VK, kept in our own store by the product's own attachments, and uploaded from there."""
    store, files = SqliteStore(tmp_path / "store.db", clock=SystemClock()), FolderFiles(tmp_path / "files")
    await store.open()
    await files.open()
    attachments = Attachments(files=files, store=store, clock=SystemClock(), folder=tmp_path / "arriving")
    attachments.sources[stage.channel.origin] = stage.channel
    channel = VkChannel(stage.config, stage.client, clock=stage.clock, stock=attachments, set_aside=stage.aside)
    voice = b"OggS" + bytes(100)
    ivan.sends("photo", content=PICTURE)
    ivan.sends("audio_message", content=voice)
    ivan.sends("doc", content=b"%PDF-1.7 x", name="bill.pdf")
    await stage.inbox.until(lambda: len(said(stage)) == 3)
    for event in said(stage):
        await channel.send(meant(ivan, *event.parts))
    await channel.close()
    await store.close()
    came_back = [message.raw["attachments"][0] for message in seen(stage, ivan)]
    assert [attachment["type"] for attachment in came_back] == ["photo", "audio_message", "doc"]
    uploaded = [stage.fake.world.files[one[one["type"]]["id"]].content for one in came_back]
    assert uploaded == [PICTURE, voice, b"%PDF-1.7 x"]


async def test_uploads_that_fail_are_told(stage: Stage, ivan: Participant) -> None:
    ivan.says("покажите")
    empty = stage.shelf.put(b"", name="пусто.jpg")
    assert (await failed(stage, meant(ivan, empty))).code == "file_refused"
    photo = stage.shelf.put(JPEG)
    stage.fake.fail("photos.getMessagesUploadServer", code=15)
    assert (await failed(stage, meant(ivan, photo))).code == "no_rights"
    stage.fake.world.base = "http://127.0.0.2:9"
    assert (await failed(stage, meant(ivan, photo))).code == "messenger_down"
    stage.fake.world.base = stage.fake.url
    await stage.channel.send(meant(ivan, photo))
    assert len(seen(stage, ivan)) == 1


async def test_what_a_customer_sends_can_be_fetched(stage: Stage, ivan: Participant) -> None:
    ivan.sends("photo", "doc", "audio_message", content=b"content", name="file.bin", text="смотрите")
    [signal] = await stage.inbox.have(1)
    assert isinstance(signal.event, CustomerSaid)
    words, *files = signal.event.parts
    assert words == Text(text="смотрите")
    assert [media.kind for media in files if isinstance(media, Media)] == ["photo", "document", "voice"]
    for media in files:
        assert isinstance(media, Media)
        assert media.origin == stage.channel.origin == "vk:shop"
        async with stage.channel.fetch(media) as incoming:
            assert b"".join([chunk async for chunk in incoming.chunks]) == b"content"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/x",
        "http://sun9-1.userapi.com/x",
        "https://userapi.com.example.org/x",
        "https://example.org/x.jpg",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "",
    ],
)
async def test_files_come_from_nowhere_else(stage: Stage, url: str) -> None:
    with pytest.raises(SendFailed) as caught:
        async with stage.channel.fetch(Media(kind="photo", ref=url, origin=stage.channel.origin)):
            pass
    assert caught.value.code == "file_unreachable"


async def test_an_upload_goes_to_vk_alone(stage: Stage) -> None:
    uploads = stage.channel._uploads
    for url in ("https://pu.vk.com/c1/upload.php?a=b", "https://pu.vkuser.net/x", stage.fake.url + "/upload/photo/1"):
        assert uploads._is_home(url)
    for url in ("http://pu.vk.com/x", "https://vk.com.evil.example/x", "https://evilvk.com/x", "http://10.0.0.1/", "["):
        assert not uploads._is_home(url)
