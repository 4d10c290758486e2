"""Files of the desk, over a real server: how those of messages are served, and how an operator's are kept."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientError, ClientSession

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import ConversationId, Media, MediaKind, Stage, Text
from estafeta.kernel.ports import StoredFile
from handoff.desks.web.files import disposition
from tests.desks.web.cabinet import LIMIT
from tests.desks.web.office import HEADERS, Office
from tests.desks.web.scene import held, png


def at(who: ConversationId, seq: int = 1, number: int | str = 0) -> str:
    return f"api/v1/conversations/{who}/entries/{seq}/files/{number}"


async def test_a_picture_is_shown_and_can_do_nothing_else(office: Office) -> None:
    who, data = await office.customer("Вера"), png(1, 2, 3)
    await office.say(who, "customer", (Text(text="вот"), await held(office, "photo", data, "чек.png")))
    async with office.client() as client, client.get(at(who, number=1)) as answer:
        assert await answer.read() == data
        assert answer.content_type == "image/png"
        assert answer.headers["Content-Disposition"].startswith("inline;")
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        tag = answer.headers["ETag"]
        assert (await client.get(at(who, number=1), headers={"If-None-Match": tag})).status == 304


ACTIVE = {
    "a.html": b"<!doctype html><script>hurt()</script>",
    "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="hurt()"/>',
    "a.xml": b'<?xml version="1.0"?><x/>',
    "a.pdf": b"%PDF-1.4",
    "a.png": b"<script>hurt()</script>",
}


@pytest.mark.parametrize("name", ACTIVE)
@pytest.mark.parametrize("kind", ["photo", "document"])
async def test_what_could_run_is_only_saved(office: Office, name: str, kind: MediaKind) -> None:
    who = await office.customer("Вера")
    said = replace(await held(office, kind, ACTIVE[name], name), mime="image/png")
    await office.say(who, "customer", said)
    async with office.client() as client, client.get(at(who)) as answer:
        assert answer.content_type == "application/octet-stream", "whatever the sender says of it"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.content_length == len(ACTIVE[name])


@pytest.mark.parametrize(
    "name", ['a".html', "a\r\nX-Evil: 1.txt", "../../etc/passwd", "чек.pdf", "\ud83d.txt", "", "a;b=c.txt", "х" * 300]
)
def test_a_name_cannot_break_the_header(name: str) -> None:
    value = disposition("attachment", name)
    value.encode("ascii")
    assert not {"\r", "\n"} & set(value)
    assert value.count('"') == 2
    assert "/" not in value


async def test_a_file_that_cannot_be_had_is_a_sentence(office: Office) -> None:
    who = await office.customer("Вера")
    for code, fault in (("file_gone", "content"), ("file_too_large", "content"), ("unreachable", "messenger")):
        office.cabinet.elsewhere[code] = SendFailed(code, f"It is {code}.", fault=fault)  # type: ignore[arg-type]
        await office.say(who, "customer", Media(kind="photo", ref=code, origin="telegram:main"))
    vanished = await held(office, "photo", png(9, 9, 9))
    await office.say(who, "customer", vanished)
    await office.cabinet.files.delete(vanished.ref)
    async with office.client() as client:
        for seq, status in enumerate((410, 413, 502, 410), 1):
            async with client.get(at(who, seq)) as answer:
                assert answer.status == status
                assert (await answer.json())["error"]["text"]


async def test_a_file_that_vanishes_before_it_is_read_is_a_sentence_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = await office.customer("Вера")
    await office.say(who, "customer", await held(office, "photo", png(1, 2, 3)))

    async def there(_media: Media) -> StoredFile:
        return StoredFile(file="0" * 64, size=1, mime="image/png", name="a.png")

    monkeypatch.setattr(office.cabinet.attachments, "obtain", there)
    async with office.client() as client, client.get(at(who)) as answer:
        assert answer.status == 410
        assert (await answer.json())["error"]["code"] == "file_gone"


async def test_a_file_that_breaks_off_is_not_taken_for_whole(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    who = await office.customer("Вера")
    await office.say(who, "customer", await held(office, "photo", png(1, 2, 3)))

    async def half(_file: str) -> AsyncIterator[bytes]:
        yield b"\x89PNG"
        raise StoreUnavailable("The place for files is gone.")

    monkeypatch.setattr(office.cabinet.attachments, "read", half)
    async with office.client() as client:
        with pytest.raises(ClientError):
            async with client.get(at(who)) as answer:
                await answer.read()


async def test_a_store_of_files_that_is_out_is_503(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    who = await office.customer("Вера")
    await office.say(who, "customer", await held(office, "photo", png(1, 2, 3)))

    async def out(_media: Media) -> Any:
        raise StoreUnavailable("The place for files does not answer.")

    monkeypatch.setattr(office.cabinet.attachments, "obtain", out)
    async with office.client() as client:
        assert (await client.get(at(who))).status == 503


async def test_only_files_of_messages_are_served(office: Office) -> None:
    who = await office.customer("Вера")
    await office.say(who, "customer", "слова")
    async with office.client() as client:
        for number, status in ((0, 404), (5, 404), (10**8, 404), ("x", 400), ("-1", 400), ("1e3", 400)):
            assert (await client.get(at(who, number=number))).status == status
        assert (await client.get(at(who, seq=9))).status == 404
    async with office.client("") as client:
        assert (await client.get(at(who))).status == 401


async def upload(client: ClientSession, data: Any, mime: str, name: str, **headers: str) -> tuple[int, Any]:
    given = {**HEADERS, "Content-Type": mime, **headers}
    async with client.post("api/v1/files", params={"name": name}, data=data, headers=given) as answer:
        return answer.status, await answer.json()


async def test_an_upload_is_kept_and_sent_with_a_reply(office: Office) -> None:
    who, data = await office.customer("Вера", stage=Stage.QUEUED), png(5, 5, 5)
    async with office.client() as client:
        status, kept = await upload(client, data, "image/png", "чек.png")
        assert status == 201
        assert (kept["kind"], kept["name"], kept["size"]) == ("photo", "чек.png", len(data))
        body = {"id": str(uuid4()), "files": [kept["file"]]}
        async with client.post(f"api/v1/conversations/{who}/reply", json=body, headers=HEADERS) as answer:
            assert answer.status == 202
        async with client.get(at(who)) as answer:
            assert await answer.read() == data


async def test_an_upload_above_the_limit_of_json_is_read_and_one_above_its_own_is_refused(office: Office) -> None:
    async with office.client() as client:
        assert (await upload(client, io.BytesIO(b"x" * 2_500_000), "application/pdf", "big.pdf"))[0] == 201
        status, told = await upload(client, io.BytesIO(b"x" * (LIMIT + 1)), "application/pdf", "huge.pdf")
    assert status == 413
    assert "MB" in told["error"]["text"]


async def test_an_upload_needs_a_session_the_header_and_our_own_page(office: Office) -> None:
    async with office.client("") as client:
        assert (await upload(client, b"x", "text/plain", "a"))[0] == 401
    async with office.client() as client:
        assert (await upload(client, b"x", "text/plain", "a", **{"X-Estafeta": "0"}))[0] == 403
        assert (await upload(client, b"x", "text/plain", "a", Origin="https://evil.example"))[0] == 403
    assert office.cabinet.empty
