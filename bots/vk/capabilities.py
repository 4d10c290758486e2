"""What VK can do, as data, and where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping

from estafeta.kernel.model import Capabilities

MEGABYTE = 1024 * 1024

CAPABILITIES = Capabilities(
    text=4096,
    unit="utf16",
    caption=4096,
    buttons=10,
    label=40,
    url_buttons=True,
    rows=40,
    row=40,
    marks=frozenset(("bold", "italic", "link")),
    media={"photo": 50 * MEGABYTE, "document": 200 * MEGABYTE, "voice": 200 * MEGABYTE},
    album=10,
    location=True,
    replies=True,
    edits=True,
    deletes=True,
    reactions="some",
    typing=True,
    typing_lasts=10.0,
    reads=True,
    idempotent=True,
)
"""`rows`: more options than an inline keyboard takes stand in a carousel (30 at most) where the customer's app shows
one, or in the keyboard under the input field. A list holds no links. `unit`: VK says characters and counts
formatting in UTF-16 units; counted so, no text is ever too long."""

_KEYBOARD = "https://dev.vk.com/ru/api/bots/development/keyboard"
_SEND = "https://dev.vk.com/ru/method/messages.send"

SOURCES: Mapping[str, str] = {
    "text": "https://github.com/vkbottle/vkbottle/blob/master/vkbottle/tools/mini_types/base/message.py",
    "unit": "https://dev.vk.com/ru/reference/objects/message",
    "caption": _SEND,
    "buttons": _KEYBOARD,
    "label": _KEYBOARD,
    "url_buttons": _KEYBOARD,
    "rows": _KEYBOARD,
    "row": _KEYBOARD,
    "marks": "https://dev.vk.com/ru/reference/objects/message",
    "media": "https://vk.com/dev/upload_files",
    "album": "https://dev.vk.com/ru/reference/objects/attachments-message",
    "location": _SEND,
    "replies": _SEND,
    "edits": "https://dev.vk.com/ru/method/messages.edit",
    "deletes": "https://dev.vk.com/ru/method/messages.delete",
    "reactions": "https://dev.vk.com/ru/method/messages.sendReaction",
    "typing": "https://dev.vk.com/ru/method/messages.setActivity",
    "typing_lasts": "https://dev.vk.com/ru/method/messages.setActivity",
    "reads": "https://dev.vk.com/ru/method/messages.markAsRead",
    "idempotent": _SEND,
}


def wall_capabilities(group_id: int) -> Capabilities:
    """Of the comments on a community's wall. 280 characters is our own choice: VK takes more, but an answer that
    strangers read along with is a line or two and the way to a private conversation; what is longer belongs there,
    and whoever types it anyway sees it go out in several comments."""
    return Capabilities(
        text=280,
        unit="utf16",
        replies=True,
        idempotent=True,
        public=True,
        private=f"https://vk.me/club{group_id}",
    )


_COMMENT = "https://dev.vk.com/ru/method/wall.createComment"

WALL_SOURCES: Mapping[str, str] = {
    "text": _COMMENT,
    "unit": "https://dev.vk.com/ru/reference/objects/message",
    "replies": _COMMENT,
    "idempotent": _COMMENT,
    "public": "https://github.com/VKCOM/vk-api-schema",
    "private": "https://dev.vk.com/ru/api/community-messages/getting-started",
}
