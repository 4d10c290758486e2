"""Message texts as the Bot API reads them: the HTML parse mode, entities, lengths in UTF-16 code units.

The tags, the character references and the wording of the errors follow https://core.telegram.org/bots/api#html-style
and what the server is known to answer (byte offsets are counted in UTF-8).
"""

from __future__ import annotations

import re
from html import unescape

from estafeta.fakes.telegram.errors import Json, Refused, bad

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024

TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
REFERENCE = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
ATTRIBUTE = re.compile(r"""\s*([a-zA-Z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([a-zA-Z0-9.-]+)))?""")
PERSON = re.compile(r"tg:(?://)?user\?(?:[^#]*&)?id=([0-9]{1,19})(?:[&#].*)?", re.IGNORECASE)
COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@\w{3,32})?(?!\S)")
LINK = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)


def units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def found_in(text: str) -> list[Json]:
    """The entities Telegram finds by itself in a plain text: commands and links."""
    entities: list[Json] = []
    if "/" not in text:
        return entities
    for kind, pattern in (("bot_command", COMMAND), ("url", LINK)):
        entities.extend(
            {"type": kind, "offset": units(text[: match.start()]), "length": units(match.group())}
            for match in pattern.finditer(text)
        )
    return sorted(entities, key=lambda entity: entity["offset"])


def read_text(text: str, parse_mode: str | None, entities: list[Json] | None, *, caption: bool) -> Json:
    """`{"text": …, "entities": […]}` (or the caption's names) as the message will hold them; raises `Refused`."""
    if parse_mode:
        if parse_mode.lower() != "html":
            raise bad("unsupported parse_mode")
        text, entities = parse_html(text)
    elif entities:
        _check_entities(text, entities)
    else:
        entities = found_in(text)
    text = text.rstrip() if entities else text.strip()
    if not text.strip():
        if caption:
            return {}
        raise bad("message text is empty")
    if len(text) * 2 > CAPTION_LIMIT and units(text) > (CAPTION_LIMIT if caption else TEXT_LIMIT):
        raise bad("message caption is too long" if caption else "message is too long")
    names = ("caption", "caption_entities") if caption else ("text", "entities")
    return {names[0]: text, names[1]: entities} if entities else {names[0]: text}


def _check_entities(text: str, entities: list[Json]) -> None:
    length = units(text)
    for entity in entities:
        offset, end = entity["offset"], entity["offset"] + entity["length"]
        if offset < 0 or end > length:
            raise bad(
                f"entity beginning at UTF-16 offset {offset} ends after the end of the text at UTF-16 offset {length}"
            )
        if entity["type"] == "text_link" and (problem := _wrong_url(entity.get("url", ""))):
            raise bad(f"entity URL '{entity.get('url', '')}' is invalid: {problem}")


def _wrong_url(url: str) -> str:
    """Links that a bot may make lead to the web or into Telegram."""
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in {"http", "https", "tg", "ton"}:
        return "Unsupported URL protocol"
    if scheme.lower() in {"tg", "ton"}:
        return ""
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    return "" if "." in host.strip(".") else "Wrong HTTP URL" if host else "URL host is empty"


class _Open:
    __slots__ = ("attributes", "name", "start")

    def __init__(self, name: str, attributes: dict[str, str], start: int) -> None:
        self.name = name
        self.attributes = attributes
        self.start = start


def parse_html(source: str) -> tuple[str, list[Json]]:
    """The plain text and its entities; raises "can't parse entities" as Telegram does. Of who is mentioned by a link
    only the id is told: `Scene.told` knows the person."""
    if "<" not in source and "&" not in source:
        return source, found_in(source)
    pieces: list[str] = []
    entities: list[Json] = []
    stack: list[_Open] = []
    length = place = 0
    while place < len(source):
        if source[place] != "<":
            end = source.find("<", place)
            end = len(source) if end < 0 else end
            piece = REFERENCE.sub(lambda match: unescape(match.group()), source[place:end])
            pieces.append(piece)
            length += units(piece)
            place = end
            continue
        at = len(source[:place].encode("utf-8", "surrogatepass"))
        if source.startswith("</", place):
            opened, place = _close(source, place, at, stack)
            if stack and stack[-1].name == "pre" and "language-" in opened.attributes.get("class", ""):
                stack[-1].attributes["language"] = opened.attributes["class"].removeprefix("language-")
            elif entity := _entity(opened, length):
                entities.append(entity)
        else:
            name, attributes, place = _open_tag(source, place, at)
            stack.append(_Open(name, attributes, length))
    if stack:
        raise _cannot(f'Can\'t find end tag corresponding to start tag "{stack[-1].name}"')
    return "".join(pieces), sorted(entities, key=lambda entity: (entity["offset"], -entity["length"]))


def _cannot(text: str) -> Refused:
    return bad(f"can't parse entities: {text}")


def _open_tag(source: str, place: int, at: int) -> tuple[str, dict[str, str], int]:
    match = re.compile(r"<([^\s>/]*)").match(source, place)
    name = match.group(1).lower() if match else ""
    if name not in TAGS:
        raise _cannot(f'Unsupported start tag "{name}" at byte offset {at}')
    end = place + 1 + len(name)
    attributes: dict[str, str] = {}
    while True:
        rest = re.compile(r"\s*>").match(source, end)
        if rest:
            break
        found = ATTRIBUTE.match(source, end)
        if not found:
            raise _cannot(f'Unclosed start tag "{name}" at byte offset {at}')
        value = next((group for group in found.groups()[1:] if group is not None), "")
        attributes[found.group(1).lower()] = REFERENCE.sub(lambda ref: unescape(ref.group()), value)
        end = found.end()
    if name == "span" and attributes.get("class") != "tg-spoiler":
        raise _cannot(f'Tag "span" must have class "tg-spoiler" at byte offset {at}')
    return name, attributes, rest.end()


def _close(source: str, place: int, at: int, stack: list[_Open]) -> tuple[_Open, int]:
    if not stack:
        raise _cannot(f"Unexpected end tag at byte offset {at}")
    match = re.compile(r"</([^\s>]*)\s*>").match(source, place)
    if not match:
        raise _cannot(f"Unclosed end tag at byte offset {at}")
    opened = stack.pop()
    name = match.group(1).lower()
    if name and name != opened.name:
        raise _cannot(f'Unmatched end tag at byte offset {at}, expected "</{opened.name}>", found "</{name}>"')
    return opened, match.end()


def _entity(opened: _Open, length: int) -> Json | None:
    if length == opened.start:
        return None
    entity: Json = {"type": TAGS[opened.name], "offset": opened.start, "length": length - opened.start}
    match opened.name:
        case "a":
            url = opened.attributes.get("href", "")
            if person := PERSON.fullmatch(url):
                return entity | {"type": "text_mention", "user": {"id": int(person[1])}}
            if not re.match(r"(https?|tg|mailto|tel):", url, re.IGNORECASE):
                return None
            entity["url"] = url
        case "tg-emoji":
            entity["custom_emoji_id"] = opened.attributes.get("emoji-id", "")
        case "pre" if "language" in opened.attributes:
            entity["language"] = opened.attributes["language"]
        case "blockquote" if "expandable" in opened.attributes:
            entity["type"] = "expandable_blockquote"
    return entity
