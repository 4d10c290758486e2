"""Attachments of messages: what a name like `photo-1_2_key` stands for, and VK's objects for what people send."""

from __future__ import annotations

import re

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.errors import invalid
from estafeta.fakes.vk.world import Group, StoredFile, World

MOST = 10
NAME = re.compile(
    r"(photo|doc|audio_message|video|audio|wall|market|poll)(-?\d+)_(\d+)(?:_([0-9A-Za-z_-]+))?", re.ASCII
)
STORED = frozenset({"photo", "doc", "audio_message"})
LINK = re.compile(r"https?://[^\s<>]+")


def named(world: World, group: Group, names: str) -> list[Json]:
    """The attachments a call names, comma between them."""
    parts = [name.strip() for name in names.split(",") if name.strip()]
    if len(parts) > MOST:
        raise invalid(f"attachment has too many items, at most {MOST}")
    return [_named(world, group, name) for name in parts]


def _named(world: World, group: Group, name: str) -> Json:
    found = NAME.fullmatch(name)
    if found is None:
        raise invalid(f"attachment is invalid: {name[:80]}")
    kind, owner, number, key = found[1], int(found[2]), int(found[3]), found[4]
    if kind in STORED:
        file = world.files.get(number)
        # voice messages are also sent under the name of documents
        if file is None or file.owner != owner or (key or file.key) != file.key or (kind == "photo") != is_photo(file):
            raise invalid(f"attachment is invalid: there is no {name[:80]}")
        if key is None and owner != -group.id:
            raise invalid(f"attachment is invalid: {name[:80]} lacks its access_key")
        return stored(world, file)
    if kind == "wall" and owner == -group.id and number not in group.posts:
        raise invalid(f"attachment is invalid: there is no {name[:80]}")
    return {"type": kind, kind: {"id": number, "owner_id": owner}}


def is_photo(file: StoredFile) -> bool:
    return file.kind == "photo"


def links(text: str) -> list[Json]:
    """The snippet VK makes of the first link in a text."""
    found = LINK.search(text)
    return [{"type": "link", "link": {"url": found[0], "title": found[0][:80], "caption": ""}}] if found else []


def stored(world: World, file: StoredFile) -> Json:
    """A file of the stand-in as an attachment."""
    return {"type": file.kind, file.kind: described(world, file)}


def described(world: World, file: StoredFile) -> Json:
    url = world.base + file.path
    plain: Json = {"id": file.id, "owner_id": file.owner, "access_key": file.key}
    match file.kind:
        case "photo":
            sizes = [
                {"type": kind, "url": url, "width": width, "height": width * 3 // 4}
                for kind, width in (("s", 75), ("x", 604), ("w", 1280))
            ]
            return plain | {"album_id": -3, "date": int(world.now()), "text": "", "has_tags": False, "sizes": sizes}
        case "audio_message":
            return plain | {"duration": 3, "waveform": [1, 5, 3], "link_mp3": url, "link_ogg": url}
        case "graffiti":
            return plain | {"url": url, "width": 512, "height": 512}
        case _:
            ext = file.name.rpartition(".")[2] if "." in file.name else ""
            about: Json = {"title": file.name, "size": file.size, "ext": ext, "url": url, "date": int(world.now())}
            return plain | about | {"type": 4 if ext in {"jpg", "png", "webp"} else 1}


def made(world: World, owner: int, kind: str, content: bytes, name: str, size: int | None, more: Json) -> Json:
    """What a person attaches. `more`: fields in place of the made-up ones."""
    if kind in {"photo", "doc", "audio_message", "graffiti"}:
        file = world.add_file(owner, kind, name or EXAMPLE_NAMES[kind], content, size)
        return {"type": kind, kind: described(world, file) | more}
    number = world.next_number()
    base: Json = {"id": number, "owner_id": owner}
    about: dict[str, Json] = {
        "sticker": {
            "inner_type": "base_sticker_new",
            "sticker_id": number,
            "product_id": 1,
            "images": [],
            "is_allowed": True,
        },
        "link": {"url": "https://example.org/page", "title": "Страница", "caption": "example.org"},
        "video": base | {"title": "Видео", "duration": 12, "access_key": "k", "can_add": 1, "date": int(world.now())},
        "audio": base | {"artist": "Хор", "title": "Песня", "duration": 61, "url": "", "date": int(world.now())},
        "wall": base | {"from_id": owner, "text": "Запись", "date": int(world.now()), "post_type": "post"},
        "wall_reply": {"id": number, "from_id": owner, "date": int(world.now()), "text": "Комментарий"},
        "market": base | {"title": "Чайник", "price": {"amount": "199000", "currency": {"id": 643, "name": "RUB"}}},
    }
    return {"type": kind, kind: about.get(kind, base) | more}


EXAMPLE_NAMES = {
    "photo": "photo.jpg",
    "doc": "file.bin",
    "audio_message": "voice.ogg",
    "graffiti": "graffiti.png",
}
