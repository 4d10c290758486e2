"""What lies in a message or a comment of VK's, as parts. Pure and tolerant: no JSON value makes it raise.

Objects are those of https://dev.vk.com/ru/reference/objects/attachments-message and of
https://dev.vk.com/ru/reference/objects/attachments-wall. A file's address is what is remembered of it; it is signed by
VK, and good for a while.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from bots.vk import formats
from bots.vk.wire import LONGEST, array, cut, integer, number, obj, short, string
from estafeta.kernel.model import Location, Media, MediaKind, Part, Text, Unsupported

_MOST = 50
_DEEPEST = 4
_LONGEST_URL = 4096
_SIZES = "wzyrqpoxms"
"""The letters of a photo's sizes, the largest first (https://dev.vk.com/ru/reference/objects/photo-sizes)."""
_STICKER = 256
"""The width of a sticker's picture that is enough to see it."""


def parts_of(message: Mapping[str, Any], origin: str) -> tuple[Part, ...]:
    """The words, then files, then the place. What somebody forwards without a word of their own is what they say."""
    text = cut(message.get("text"))
    parts: list[Part] = [formats.read(text, message.get("format_data"))] if text.strip() else []
    parts += _attached(message, origin, text)
    forwards = list(_forwarded(message, _DEEPEST))
    if not parts:
        parts += [Text(text=words) for forward in forwards[:_MOST] if (words := cut(forward.get("text"))).strip()]
    for forward in forwards[:_MOST]:
        parts += _attached(forward, origin, "")
    return _within(parts)


def _within(parts: list[Part]) -> tuple[Part, ...]:
    """So many parts, and so many words in all, as a store takes in one piece; VK's own limits are far below."""
    kept: list[Part] = []
    room = LONGEST
    for part in parts[: 2 * _MOST]:
        fitting = part if not isinstance(part, Text) or len(part.text) <= room else Text(text=part.text[:room])
        if isinstance(fitting, Text):
            room -= len(fitting.text)
        if not isinstance(fitting, Text) or fitting.text:
            kept.append(fitting)
    return tuple(kept)


def quote_of(message: Mapping[str, Any]) -> str:
    """The words that are answered or, with words of one's own, forwarded."""
    replied = obj(message.get("reply_message"))
    if replied:
        return cut(replied.get("text"))
    if not string(message.get("text")).strip() and not message.get("attachments") and not message.get("geo"):
        return ""
    return cut("\n".join(words for one in _forwarded(message, _DEEPEST) if (words := string(one.get("text"))).strip()))


def _forwarded(message: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    for forward in map(obj, array(message.get("fwd_messages"), _MOST)):
        yield forward
        if depth:
            yield from _forwarded(forward, depth - 1)


def _attached(message: Mapping[str, Any], origin: str, text: str) -> list[Part]:
    parts: list[Part] = []
    for attachment in map(obj, array(message.get("attachments"), _MOST)):
        kind = short(attachment.get("type")) or "attachment"
        parts += _part(kind, obj(attachment.get(kind)), origin, text)
    if "geo" in message:
        parts.append(_place(obj(message["geo"])))
    return parts


def _part(kind: str, about: Mapping[str, Any], origin: str, text: str) -> list[Part]:
    if kind == "link" and (url := string(about.get("url"))) and _without_scheme(url) in text:
        return []  # the snippet that VK makes of an address in the text
    media = _media(kind, about, origin)
    if media is not None:
        return [media]
    words = _words(kind, about)
    return [Unsupported(kind=kind), *([Text(text=words)] if words else [])]


def _without_scheme(url: str) -> str:
    return url.partition("://")[2].rstrip("/") or url


# --- files ---------------------------------------------------------------------------------------


def _media(kind: str, about: Mapping[str, Any], origin: str) -> Media | None:
    match kind:
        case "photo" | "posted_photo":
            return _file("photo", _largest(about), origin, mime="image/jpeg")
        case "graffiti":
            return _file("photo", string(about.get("url")) or string(about.get("photo_586")), origin, mime="image/png")
        case "doc":
            return _document(about, origin)
        case "audio_message":
            ogg = string(about.get("link_ogg"))
            url, mime = (ogg, "audio/ogg") if ogg else (string(about.get("link_mp3")), "audio/mpeg")
            return _file("voice", url, origin, mime=mime, duration=number(about.get("duration")))
        case "audio":
            name = " – ".join(filter(None, (string(about.get("artist")), string(about.get("title")))))
            url = string(about.get("url"))
            return _file("audio", url, origin, name=short(name), duration=number(about.get("duration")))
        case "video":
            files = obj(about.get("files"))
            urls = (string(files.get(f"mp4_{lines}")) for lines in (720, 480, 360, 240, 1080))
            url = next(filter(None, urls), "")
            name, duration = short(about.get("title")), number(about.get("duration"))
            return _file("video", url, origin, name=name, mime="video/mp4", duration=duration)
        case "sticker":
            return _file("sticker", _sticker(about), origin, mime="image/png")
    return None


def _file(
    kind: MediaKind,
    url: str,
    origin: str,
    *,
    name: str = "",
    mime: str = "",
    size: int = 0,
    duration: float = 0.0,
) -> Media | None:
    """None where VK hides the address (music, most videos)."""
    if not url.startswith(("https://", "http://")) or len(url) > _LONGEST_URL:
        return None
    return Media(kind=kind, ref=url, origin=origin, name=name, mime=mime, size=size, duration=duration)


def _document(about: Mapping[str, Any], origin: str) -> Media | None:
    name, ending = short(about.get("title")), short(about.get("ext"))
    if ending and not name.lower().endswith(f".{ending.lower()}"):
        name = short(f"{name}.{ending}")
    size = max(integer(about.get("size")) or 0, 0)
    return _file("document", string(about.get("url")), origin, name=name, size=size)


def _largest(photo: Mapping[str, Any]) -> str:
    sizes = [obj(size) for size in [*array(photo.get("sizes"), _MOST), photo.get("orig_photo")]]
    found = [(_area(size), -_rank(string(size.get("type"))), string(size.get("url"))) for size in sizes]
    return max((size for size in found if size[2]), default=(0.0, 0, ""))[2]


def _area(size: Mapping[str, Any]) -> float:
    return number(size.get("width")) * number(size.get("height"))


def _rank(letter: str) -> int:
    return _SIZES.index(letter) if len(letter) == 1 and letter in _SIZES else len(_SIZES)


def _sticker(about: Mapping[str, Any]) -> str:
    images = [obj(image) for image in array(about.get("images"), _MOST)]
    sized = sorted((number(image.get("width")), string(image.get("url"))) for image in images if image.get("url"))
    return next((url for width, url in sized if width >= _STICKER), sized[-1][1] if sized else "")


# --- places and words ----------------------------------------------------------------------------


def _place(geo: Mapping[str, Any]) -> Part:
    coordinates, place = obj(geo.get("coordinates")), obj(geo.get("place"))
    latitude, longitude = coordinates.get("latitude"), coordinates.get("longitude")
    for value, most in ((latitude, 90), (longitude, 180)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return Unsupported(kind="location")
        if not -most <= value <= most:
            return Unsupported(kind="location")
    return Location(latitude=float(latitude), longitude=float(longitude), title=short(place.get("title")))  # type: ignore[arg-type]


def _words(kind: str, about: Mapping[str, Any]) -> str:
    """What a person is told of something that cannot be shown here."""
    match kind:
        case "link":
            return _lines(about.get("title"), about.get("url"))
        case "wall":
            return _lines(about.get("text"), _address("wall", about, owner="to_id"))
        case "wall_reply":
            return _lines(about.get("text"))
        case "market":
            return _lines(about.get("title"), obj(about.get("price")).get("text"), _address("product", about))
        case "video":
            return _lines(about.get("title"), _address("video", about))
        case "audio":
            return " – ".join(filter(None, (string(about.get("artist")), string(about.get("title")))))
        case "poll":
            return _lines(about.get("question"))
        case "story":
            return _lines(_address("story", about))
        case "doc":
            return _lines(about.get("title"))
    return _lines(about.get("title"), about.get("text"), about.get("url"))


def _lines(*values: Any) -> str:
    return cut("\n".join(text for value in values if (text := string(value)).strip()))


def _address(page: str, about: Mapping[str, Any], *, owner: str = "owner_id") -> str:
    """The page on VK itself."""
    whose, which = integer(about.get(owner)) or integer(about.get("owner_id")), integer(about.get("id"))
    return f"https://vk.com/{page}{whose}_{which}" if whose and which else ""
