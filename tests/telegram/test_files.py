"""Files on their way in: from the messenger to our own store, once, within its limits, and with no token anywhere."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from bots.telegram.content import parts_of
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import CustomerSaid, Media
from tests.telegram.samples import JPEG, OGG, PDF
from tests.telegram.stage import Stage, staged


async def content_of(stage: Stage, media: Media) -> bytes:
    stored = await stage.attachments.obtain(media)
    return b"".join([chunk async for chunk in stage.attachments.read(stored.file)])


async def received(stage: Stage, count: int = 1) -> Media:
    event = (await stage.inbox.have(count))[-1].event
    assert isinstance(event, CustomerSaid)
    [media] = (part for part in event.parts if isinstance(part, Media))
    return media


@pytest.mark.parametrize(
    ("kind", "content", "name"), [("photo", JPEG, "ф.jpg"), ("voice", OGG, "г.ogg"), ("document", PDF, "счёт №1.pdf")],
    ids=["photo", "voice", "document"],
)  # fmt: skip
async def test_what_a_customer_sent_can_be_had(kind: str, content: bytes, name: str) -> None:
    async with staged() as stage, stage.listening():
        stage.fake.private("Анна").sends(kind, content, name=name)
        media = await received(stage)
        assert stage.fake.calls_of("getFile") == []  # nothing is fetched before it is stored
        assert await content_of(stage, media) == content
        assert await content_of(stage, media) == content
        assert len(stage.fake.calls_of("getFile")) == 1


async def test_what_is_above_the_messengers_limit_is_said_to_be_without_asking() -> None:
    async with staged() as stage, stage.listening():
        stage.fake.private("Анна").sends("document", PDF, name="большой.pdf", size=20_000_001)
        media = await received(stage)
        with pytest.raises(SendFailed) as failed:
            await stage.attachments.obtain(media)
        assert failed.value.code == "file_too_large"
        assert stage.fake.calls_of("getFile") == []


async def test_what_hid_its_size_is_refused_by_the_messenger_in_the_same_words() -> None:
    async with staged() as stage:
        channel = stage.make_channel()
        sent = stage.fake.private("Анна").sends("document", PDF, size=30_000_000)["document"]
        with pytest.raises(SendFailed) as failed:
            async with channel.fetch(Media(kind="document", ref=sent["file_id"], origin=channel.origin)):
                pass
        assert failed.value.code == "file_too_large"


async def test_what_is_gone_is_said_to_be_and_the_token_is_nowhere() -> None:
    async with staged() as stage:
        channel = stage.make_channel()
        sent = stage.fake.private("Анна").sends("document", PDF)["document"]
        secret = stage.fake.token.partition(":")[2]
        for ref in ("FAKE-none", sent["file_id"]):
            if ref == sent["file_id"]:  # there when asked for, gone when fetched
                original = stage.client.file_url

                async def url(file_id: str) -> str:
                    return (await original(file_id)) + "x"  # noqa: B023

                stage.client.file_url = url  # type: ignore[method-assign]
            with capture_logs() as logs, pytest.raises(SendFailed) as failed:
                async with channel.fetch(Media(kind="document", ref=ref, origin=channel.origin)):
                    pass
            assert failed.value.code == "file_gone"
            assert secret not in f"{failed.value} {failed.value.__cause__} {failed.value.__context__} {logs}"


async def test_two_accounts_keep_their_files_apart() -> None:
    message = {"photo": [{"file_id": "x"}]}
    [one], [other] = parts_of(message, account="shop"), parts_of(message, account="help")
    assert isinstance(one, Media)
    assert isinstance(other, Media)
    assert (one.origin, other.origin) == ("telegram:shop", "telegram:help")


async def test_a_file_of_another_account_is_uploaded_anew() -> None:
    async with staged() as shop, staged(token="7000000002:FAKE-token-of-another-one-000000000") as other:
        source, channel = shop.make_channel(), other.make_channel()
        sent = shop.fake.private("Анна").sends("photo", JPEG)["photo"][-1]
        other.attachments.sources["telegram:first"] = source
        media = Media(kind="photo", ref=sent["file_id"], origin="telegram:first")
        from tests.telegram.test_sending import said

        await channel.send(said(other.address("Борис"), media))
        [shown] = other.fake.messages(other.fake.private("Борис"))
        assert other.fake.world.files[shown.raw["photo"][-1]["file_id"]].content == JPEG
