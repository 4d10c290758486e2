"""A conversation with one of everything that a timeline can hold."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import replace
from datetime import timedelta

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Author,
    Button,
    Contact,
    ConversationId,
    Location,
    Mark,
    MarkKind,
    Media,
    MediaKind,
    Stage,
    Template,
    Text,
    Unsupported,
)
from tests.desks.web.office import Office

OGG = base64.b64decode("T2dnUwACAAAAAAAAAAAAAAAAAAAAAAAAAAAB")


def png(red: int, green: int, blue: int, *, width: int = 120, height: int = 90) -> bytes:
    """A picture of one colour."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = b"".join(b"\0" + bytes((red, green, blue)) * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


async def held(office: Office, kind: MediaKind, data: bytes, name: str = "") -> Media:
    """A file that lies in the cabinet."""
    stored = await office.cabinet.hold(data, name)
    return Media(kind=kind, ref=stored.file, name=name, mime=stored.mime, size=stored.size)


async def everything(office: Office) -> ConversationId:
    """Vera's conversation; Anna is to be logged in for the entries that are her own."""
    who = await office.customer(
        "Vera", stage=Stage.QUEUED, waits=timedelta(minutes=4), request="The lamp came broken", language="en",
        intents=[("complaint", 0.83), ("returns", 0.1)], slots={"order_number": "100234"},
    )  # fmt: skip
    say = office.say
    words = "🪔 The lamp came broken? Not in order 100234, see the rules"

    def mark(kind: MarkKind, of: str, url: str = "") -> Mark:
        start = words.index(of)
        return Mark(kind=kind, start=start, end=start + len(of), url=url)

    marks = (
        mark("bold", "lamp came"),
        mark("italic", "came"),
        mark("strike", "Not"),
        mark("code", "100234"),
        mark("link", "the rules", "https://polka.example/rules"),
    )
    first = await say(
        who, "bot", Text(text=words, marks=marks),
        buttons=(Button(id="b", text="Return it"), Button(id="u", text="Rules", url="https://polka.example/rules")),
    )  # fmt: skip
    photo = await say(
        who, "customer", (await held(office, "photo", png(200, 90, 60), "lamp.png"), Text(text="Look at it")),
        data={"message": "m1", "reply_to": first.id},
    )  # fmt: skip
    album = tuple([await held(office, "photo", png(60 * n, 120, 200), f"{n}.png") for n in range(3)])
    await say(who, "customer", (*album, Text(text="And from all sides")))
    await say(who, "customer", await held(office, "document", b"%PDF-1.4", "receipt.pdf"))
    await say(who, "customer", replace(await held(office, "voice", OGG), duration=65))
    await say(who, "customer", await held(office, "video", b"\0\0\0\x18ftypmp42" + bytes(12), "lamp.mp4"))
    await say(who, "customer", await held(office, "sticker", png(250, 200, 60)))
    await say(who, "customer", Location(latitude=55.7558, longitude=37.6173, title="Pick-up point"))
    await say(who, "customer", Contact(phone="+7 900 000-00-00", name="Vera", own=True))
    await say(who, "customer", Unsupported(kind="poll"))
    office.cabinet.elsewhere["gone"] = SendFailed("file_gone", "The messenger has deleted the file.", fault="content")
    await say(who, "customer", Media(kind="photo", ref="gone", origin="telegram:main", name="old.jpg"))
    edited = await say(who, "customer", "Can you sned another one?", data={"message": "m2", "quote": "Return it"})
    new = (Text(text="Can you send another one?"),)
    await office.add(who, kind="edit", author=edited.author, parts=new, data={"of": edited.id, "message": "m2"})
    deleted = await say(who, "customer", "My card is 4276", data={"message": "m3"})
    await office.add(who, kind="deletion", author=deleted.author, data={"of": deleted.id})
    system = Author(kind="operator", name="Boris")
    await office.add(who, kind="reaction", author=system, data={"of": photo.id, "emoji": "😢"})
    for status in ("sent", "delivered", "read"):
        said = await say(who, "operator", f"It was {status}", name="Boris")
        await office.became(said, status)
    await office.add(who, kind="reaction", author=edited.author, data={"of": said.id, "emoji": "❤"})
    template = Template(name="lamp_sent", language="en", values=("Vera",), text="Vera, a new lamp is on its way.")
    failed = await say(who, "operator", template, name="Boris")
    await office.became(failed, "failed", "The customer has blocked the bot")
    elsewhere = await say(who, "operator", "I will call you", name="Gleb", data={"where": "telegram", "message": "m9"})
    await office.add(who, kind="note", author=elsewhere.author, parts=(Text(text="A regular, be kind"),))
    return who
