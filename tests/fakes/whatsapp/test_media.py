"""Files go up, come down with a token, and die."""

from __future__ import annotations

import base64
import hashlib
import io

import aiohttp
import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp
from tests.fakes.whatsapp.conftest import Business, Ear, told

PHOTO = b"\xff\xd8\xff\xe0 a photo"


def form(content: bytes = PHOTO, mime: str = "image/jpeg", **more: str) -> aiohttp.FormData:
    data = aiohttp.FormData({"messaging_product": "whatsapp", **more})
    data.add_field("file", io.BytesIO(content), filename="photo.jpg", content_type=mime)
    return data


async def uploaded(business: Business, content: bytes = PHOTO, mime: str = "image/jpeg") -> str:
    status, answer = await business.call("POST", f"{business.fake.number.id}/media", data=form(content, mime))
    assert status == 200, answer
    return str(answer["id"])


async def download(business: Business, url: str, token: str = "") -> tuple[int, bytes, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with business.session.get(url, headers=headers) as response:
        return response.status, await response.read(), response.content_type


async def test_up_and_down(fake: FakeWhatsApp, business: Business) -> None:
    media = await uploaded(business)
    status, answer = await business.call("GET", media, params={"phone_number_id": fake.number.id})
    assert status == 200
    assert answer["mime_type"] == "image/jpeg"
    assert answer["file_size"] == str(len(PHOTO))
    assert base64.b64decode(answer["sha256"]) == hashlib.sha256(PHOTO).digest()
    assert answer["url"].startswith(fake.url)
    assert await download(business, answer["url"], fake.token) == (200, PHOTO, "image/jpeg")
    assert (await download(business, answer["url"]))[0] == 401
    assert (await download(business, answer["url"], "wrong"))[0] == 401
    assert (await download(business, answer["url"] + "x", fake.token))[0] == 404


async def test_addresses_and_files_die(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    mine = await uploaded(business)
    maria = fake.person("Мария")
    maria.sends("image", PHOTO)
    await told(fake)
    hers = ear.messages[0]["image"]["id"]
    _, answer = await business.call("GET", hers)
    fake.passes(minutes=6)
    assert (await download(business, answer["url"], fake.token))[0] == 404
    _, answer = await business.call("GET", hers)
    assert (await download(business, answer["url"], fake.token))[1] == PHOTO
    fake.passes(days=8)
    status, answer = await business.call("GET", hers)
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)
    assert (await business.call("GET", mine))[0] == 200
    fake.passes(days=30)
    assert (await business.call("GET", mine))[0] == 400


async def test_a_file_is_sent_by_its_id(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    media = await uploaded(business)
    image = {"to": maria.phone, "type": "image", "image": {"id": media, "caption": "Чек"}}
    assert (await business.post(image))[0] == 200
    assert fake.shown(maria)[-1] == "[image] Чек"
    assert fake.content(fake.messages(maria)[-1]) == PHOTO
    assert (await business.post({"to": maria.phone, "type": "audio", "audio": {"id": media}}))[0] == 200
    await told(fake)
    assert [(s["status"], s.get("errors", [{}])[0].get("code")) for s in ear.statuses_heard][-1] == ("failed", 131053)
    assert await business.call("DELETE", media) == (200, {"success": True})
    assert (await business.refused(image))[:2] == (400, 100)


async def test_another_numbers_file_is_not_there(fake: FakeWhatsApp, business: Business) -> None:
    other = fake.add_number("+7 812 000-00-02", "Другой")
    media = await uploaded(business)
    status, answer = await business.call("GET", media, params={"phone_number_id": other.id})
    assert (status, answer["error"]["error_subcode"]) == (400, 33)


@pytest.mark.parametrize(
    ("size", "mime", "code", "words"),
    [
        (9, "application/x-msdownload", 100, "Received file of type 'application/x-msdownload'"),
        (0, "image/png", 131053, "empty"),
        (5 * 1024 * 1024 + 1, "image/jpeg", 131053, "larger"),
        (500 * 1024 + 1, "image/webp", 131053, "larger"),
    ],
)
async def test_types_and_sizes(
    fake: FakeWhatsApp, business: Business, size: int, mime: str, code: int, words: str
) -> None:
    status, answer = await business.call("POST", f"{fake.number.id}/media", data=form(b"x" * size, mime))
    assert (status, answer["error"]["code"]) == (400, code)
    assert words in str(answer["error"])


async def test_an_upload_needs_its_fields(fake: FakeWhatsApp, business: Business) -> None:
    edge = f"{fake.number.id}/media"
    bare = aiohttp.FormData({"type": "image/png"})
    bare.add_field("file", PHOTO, filename="a.png")
    status, answer = await business.call("POST", edge, data=bare)
    assert (status, answer["error"]["message"]) == (400, "(#100) The parameter messaging_product is required.")
    status, answer = await business.call("POST", edge, data={"messaging_product": "whatsapp"})
    assert answer["error"]["message"] == "(#100) The parameter file is required."
