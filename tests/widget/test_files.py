"""Files up and down: whose they are, what is refused, what a browser may do with them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from estafeta.kernel.model import Author, CustomerSaid, EntryId, Media, Text
from tests.widget.platform import Platform
from tests.widget.samples import HTML, PDF, PNG, PROGRAM, SVG, sound
from tests.widget.visitor import Visitor


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def _upload(
    session: aiohttp.ClientSession,
    tab: Visitor,
    content: Any = PNG,
    *,
    mime: str = "image/png",
    name: str = "%D0%A4%D0%BE%D1%82%D0%BE.png",
    key: str | None = None,
    **headers: str,
) -> tuple[int, dict[str, Any]]:
    platform = tab.platform
    given = {
        "Origin": platform.origin, "Authorization": f"Bearer {tab.token if key is None else key}",
        "Content-Type": mime, "X-File-Name": name, **headers,
    }  # fmt: skip
    async with session.post(f"{platform.origin}/widget/files?language=en", data=content, headers=given) as answer:
        plain = answer.content_type == "application/json"
        return answer.status, await answer.json() if plain else {"text": await answer.text()}


async def _fetch(
    session: aiohttp.ClientSession, tab: Visitor, seq: int, place: int, key: str | None = None
) -> tuple[int, bytes, Any]:
    headers = {"Authorization": f"Bearer {tab.token if key is None else key}"}
    async with session.get(f"{tab.platform.origin}/widget/files/{seq}/{place}", headers=headers) as answer:
        return answer.status, await answer.read(), answer.headers


async def test_an_upload_is_sent_with_a_message_and_comes_back(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    async with Visitor(platform) as tab:
        status, photo = await _upload(session, tab)
        assert (status, photo["kind"], photo["name"], photo["size"]) == (200, "photo", "Фото.png", len(PNG))
        _, paper = await _upload(session, tab, PDF, mime="application/pdf", name="terms.pdf")
        assert (await tab.say("Вот", files=[photo["file"], paper["file"]]))["type"] == "ack"
        (entry,) = await tab.entries(1)
        assert [(part["n"], part["kind"], part["name"]) for part in entry["parts"]] == [
            (0, "photo", "Фото.png"), (1, "document", "terms.pdf"),
        ]  # fmt: skip
        (said,) = platform.events(CustomerSaid)
        assert [type(part) for part in said.parts] == [Media, Media, Text]
        assert [part.origin for part in said.parts[:2]] == ["", ""]
        assert (await _fetch(session, tab, entry["seq"], 0))[:2] == (200, PNG)
        assert (await _fetch(session, tab, entry["seq"], 1))[:2] == (200, PDF)


async def test_files_may_go_without_words(platform: Platform, session: aiohttp.ClientSession) -> None:
    async with Visitor(platform) as tab:
        _, photo = await _upload(session, tab)
        assert (await tab.say("", files=[photo["file"]]))["type"] == "ack"
        assert (await tab.say("", "message-2"))["code"] == "bad_request"


async def test_what_is_inert_is_shown_and_the_rest_only_saved(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    files = [(PNG, "image/png"), (sound(), "audio/"), (SVG, ""), (HTML, ""), (PDF, ""), (b"just words", "")]
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        for number, (content, inert) in enumerate(files):
            media = await platform.file(content, 'a"\r\nb;ж.html')
            platform.append(
                platform.conversation, EntryId(f"m{number}"), author=Author(kind="operator"), parts=(media,)
            )
            status, body, headers = await _fetch(session, tab, 2 + number, 0)
            assert (status, body) == (200, content)
            assert headers["Content-Type"].startswith(inert or "application/octet-stream")
            disposition = headers["Content-Disposition"]
            assert disposition.startswith("inline; " if inert else "attachment; ")
            assert disposition.isascii()
            assert not {'"', "\r", "\n"} & set(disposition)
            assert disposition.count(";") == 1
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
            assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
            assert headers["Cache-Control"] == "no-store"


async def test_a_file_opens_for_its_own_conversation_only(platform: Platform, session: aiohttp.ClientSession) -> None:
    async with Visitor(platform) as tab, Visitor(platform) as stranger:
        _, photo = await _upload(session, tab)
        await tab.say("Вот", files=[photo["file"]])
        assert (await _fetch(session, tab, 1, 0))[0] == 200
        assert (await _fetch(session, stranger, 1, 0))[0] == 404
        for key in ("", "x" * 43 + "!", "a.b.c", "x"):
            assert (await _fetch(session, tab, 1, 0, key=key))[0] == 401
        refused = await stranger.say("Чужое", files=[photo["file"]])
        assert (refused["code"], refused["id"]) == ("file_gone", "message-1")


@pytest.mark.parametrize(("seq", "place"), [(0, 0), (1, 0), (1, 1), (2, 1), (3, 0), (4, 0), (900, 0), (2**40, 999)])
async def test_what_is_no_file_of_the_conversation_is_not_found(
    platform: Platform, session: aiohttp.ClientSession, seq: int, place: int
) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        secret = await platform.file(PNG, "note.png")
        for number, kind in enumerate(("said", "note", "event")):
            author = Author(kind="operator")
            platform.append(
                platform.conversation, EntryId(f"n{number}"), author=author, parts=(secret,), kind=kind  # type: ignore[arg-type]
            )  # fmt: skip
        assert (await _fetch(session, tab, 2, 0))[0] == 200
        assert (await _fetch(session, tab, seq, place))[0] == 404


async def test_a_file_whose_message_was_taken_back_is_gone(platform: Platform, session: aiohttp.ClientSession) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        one, other = await platform.file(b"one"), await platform.file(b"other")
        author, conversation = Author(kind="operator"), platform.conversation
        platform.append(conversation, EntryId("m"), author=author, parts=(one,))
        platform.append(conversation, EntryId("e"), author=author, parts=(other,), kind="edit", data={"of": "m"})
        assert (await _fetch(session, tab, 3, 0))[:2] == (200, b"other")
        platform.append(conversation, EntryId("d"), author=author, parts=(), kind="deletion", data={"of": "m"})
        for seq in (2, 3):
            assert (await _fetch(session, tab, seq, 0))[0] == 404


async def test_a_file_that_is_lost_or_a_store_that_is_away_says_so(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    async with Visitor(platform) as tab:
        await tab.say("Раз")
        lost = Media(kind="photo", ref="0" * 64)
        platform.append(platform.conversation, EntryId("m"), author=Author(kind="operator"), parts=(lost,))
        assert (await _fetch(session, tab, 2, 0))[0] == 404
        platform.store.broken = True
        assert (await _fetch(session, tab, 2, 0))[0] == 503
        status, answer = await _upload(session, tab)
        assert (status, answer["error"]["code"]) == (503, "unavailable")


# --- what is not taken


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
async def test_uploads_come_from_the_chats_own_page(
    platform: Platform, session: aiohttp.ClientSession, origin: str
) -> None:
    async with Visitor(platform) as tab:
        assert (await _upload(session, tab, Origin=origin))[0] == 403
    assert not platform.kept()


async def test_uploads_need_a_key(platform: Platform, session: aiohttp.ClientSession) -> None:
    async with Visitor(platform) as tab:
        assert (await _upload(session, tab, key="nobody"))[0] == 401
        assert (await _upload(session, tab, Authorization=f"Basic {tab.token}"))[0] == 401


async def _slowly(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 1000):
        yield b"x" * 1000


async def test_a_large_file_is_refused_whether_it_says_its_size_or_not(session: aiohttp.ClientSession) -> None:
    platform = Platform(file_limit=200_000)
    await platform.start()
    async with Visitor(platform) as tab:
        status, answer = await _upload(session, tab, b"x" * 200_001)
        assert (status, answer["error"]) == (413, {"code": "file_too_large", "text": "The file is too large."})
        assert (await _upload(session, tab, _slowly(300_000)))[0] == 413
        assert (await _upload(session, tab, _slowly(200_000)))[0] == 200
        assert (await tab.say("Раз"))["type"] == "ack"
    await platform.stop()


async def test_a_type_that_is_not_taken_is_told(platform: Platform, session: aiohttp.ClientSession) -> None:
    async with Visitor(platform) as tab:
        status, answer = await _upload(session, tab, PROGRAM, name="photo.png")
        assert (status, answer["error"]["code"]) == (415, "file_refused")
        assert (await _upload(session, tab, name="photo.png.exe"))[0] == 415


async def test_files_may_be_switched_off(session: aiohttp.ClientSession) -> None:
    platform = Platform(files=False)
    await platform.start()
    async with Visitor(platform) as tab:
        assert (await _upload(session, tab))[0] == 415
    await platform.stop()


async def test_too_many_files_at_once_are_put_off(platform: Platform, session: aiohttp.ClientSession) -> None:
    async with Visitor(platform) as tab, Visitor(platform) as other:
        assert [(await _upload(session, tab))[0] for _ in range(21)] == [200] * 20 + [429]
        assert (await _upload(session, other))[0] == 200
        platform.clock.time += timedelta(seconds=3)
        assert (await _upload(session, tab))[0] == 200


async def test_a_handle_is_good_for_a_week_and_ours_alone(platform: Platform, session: aiohttp.ClientSession) -> None:
    async with Visitor(platform) as tab:
        _, photo = await _upload(session, tab)
        head, body, signature = photo["file"].split(".")
        for forged in (f"{head}.{body}x.{signature}", f"{head}.{body}.", "a.b.c", photo["file"][:-2]):
            assert (await tab.say("", files=[forged]))["code"] == "file_gone"
        platform.clock.time += timedelta(days=6)
        assert (await tab.say("", files=[photo["file"]]))["type"] == "ack"
        platform.clock.time += timedelta(days=2)
        assert (await tab.say("", "message-2", files=[photo["file"]]))["code"] == "file_gone"


async def test_an_upload_that_breaks_off_leaves_the_chat_alone(platform: Platform) -> None:
    async with Visitor(platform) as tab:
        reader, writer = await asyncio.open_connection("127.0.0.1", platform.port)
        writer.write(
            f"POST /widget/files HTTP/1.1\r\nHost: 127.0.0.1:{platform.port}\r\nOrigin: {platform.origin}\r\n"
            f"Authorization: Bearer {tab.token}\r\nContent-Length: 100000\r\n\r\nhalf of it".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        del reader
        assert (await tab.say("Раз"))["type"] == "ack"
    assert not platform.kept()


async def test_a_thousand_malformed_uploads_break_nothing() -> None:
    platform = Platform(file_limit=5000)
    await platform.start()
    platform.channel._files._pace._burst = platform.channel._files._all._burst = 10**6  # type: ignore[union-attr]
    chance = random.Random(20261121)
    statuses = set()
    # A connection of its own for each: after a refusal the server closes it, perhaps just when the next would go.
    connector = aiohttp.TCPConnector(force_close=True)
    async with Visitor(platform) as tab, aiohttp.ClientSession(connector=connector) as session:
        keys = [tab.token, tab.token, tab.token, "", "x", "a.b.c", "é", "x" * 3000]
        names = [
            "a.png",
            "%",
            "%ff%fe",
            "%00",
            "..%2f..%2fetc%2fpasswd",
            "%0d%0aSet-Cookie:x",
            "x" * 2000,
            "",
            "%F0%9F%98%80",
        ]
        mimes = ["image/png", "text/html", "", "x", "a/b/c", 'image/png; charset="x', "multipart/form-data", "é/é"]
        for _ in range(1000):
            status, _ = await _upload(
                session, tab, chance.randbytes(chance.choice([0, 1, 100, 5000, 5001])), key=chance.choice(keys),
                mime=chance.choice(mimes), name=chance.choice(names),
            )  # fmt: skip
            statuses.add(status)
        assert (await tab.say("Раз"))["type"] == "ack"
    assert statuses <= {200, 400, 401, 413, 415}, statuses
    assert {200, 401, 413} <= statuses
    await platform.stop()
