"""From an event of a community's wall to what happened. Pure and tolerant: no JSON value makes it raise.

Comments are `wall_wall_comment` of https://github.com/VKCOM/vk-api-schema. Below a post there are comments, and
below each of them one level of answers. A conversation is what one person says below one comment: its chat is
`post_comment_person`, where `comment` is the uppermost one. So an answer always finds its place, whoever sends it,
and after any restart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bots.vk.attachments import parts_of
from bots.vk.wire import array, integer, positive
from estafeta.kernel.model import CustomerDeleted, CustomerEdited, CustomerSaid, Event, Profile

CHANNEL = "vk_wall"

EVENTS = ("wall_reply_new", "wall_reply_edit", "wall_reply_delete", "wall_reply_restore")


def read(
    kind: str, comment: Mapping[str, Any], group_id: int, origin: str, profile: Callable[[int], Profile]
) -> tuple[str, Any, Event] | None:
    """Chat, date, event. Comments of communities, the own one among them, are nobody's."""
    number, post = positive(comment.get("id")), positive(comment.get("post_id"))
    owner = integer(comment.get("owner_id")) or integer(comment.get("post_owner_id"))
    if number is None or post is None or owner != -group_id:
        return None
    if kind == "wall_reply_delete":
        # Says nothing of what it stood below, so the deletion of an answer to a comment finds no conversation.
        user = positive(comment.get("user_id"))
        return (f"{post}_{number}_{user}", None, CustomerDeleted(message=str(number))) if user else None
    user = positive(comment.get("from_id"))
    parts = parts_of(comment, origin)
    if user is None or not parts:
        return None
    above = array(comment.get("parents_stack"), 1)
    replied = positive(comment.get("reply_to_comment"))
    top = (positive(above[0]) if above else None) or replied or number
    chat = f"{post}_{top}_{user}"
    if kind == "wall_reply_new":
        said = CustomerSaid(
            message=str(number), parts=parts, profile=profile(user), reply_to=str(replied) if replied else ""
        )
        return chat, comment.get("date"), said
    if kind in ("wall_reply_edit", "wall_reply_restore"):
        return chat, None, CustomerEdited(message=str(number), parts=parts)
    return None


def place(chat: str) -> tuple[int, int, int] | None:
    """Post, uppermost comment, person."""
    numbers = chat.split("_")
    if len(numbers) != 3 or not all(n.isascii() and n.isdecimal() and 0 < len(n) < 19 for n in numbers):
        return None
    post, top, user = map(int, numbers)
    return post, top, user
