"""What the methods and the people of the stand-in act on: the world, and whom it tells of what happens."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.callback import Callback
from estafeta.fakes.vk.limits import Pace
from estafeta.fakes.vk.longpoll import LongPoll
from estafeta.fakes.vk.schema import problems
from estafeta.fakes.vk.world import Dialog, Group, World

OBJECTS = {
    "message_new": "callback_message_object",
    "message_reply": "callback_message",
    "message_edit": "callback_message",
    "message_allow": "callback_message_allow",
    "message_deny": "callback_message_deny",
    "message_event": "callback_message_event",
    "message_typing_state": "callback_message_typing_state",
    "message_read": "callback_message_read",
    "message_reaction_event": "callback_message_reaction_event",
    "wall_reply_new": "wall_wall_comment",
    "wall_reply_edit": "wall_wall_comment",
    "wall_reply_restore": "wall_wall_comment",
    "wall_reply_delete": "callback_wall_comment_delete",
    "group_join": "callback_group_join",
    "group_leave": "callback_group_leave",
    "user_block": "callback_user_block",
    "user_unblock": "callback_user_unblock",
}
"""Every event the stand-in sends, and what the schema calls its object."""

CLIENT: Json = {
    "button_actions": ["text", "vkpay", "open_app", "location", "open_link", "callback"],
    "keyboard": True,
    "inline_keyboard": True,
    "carousel": True,
    "lang_id": 0,
}
"""What a person's app can show (`client_info`)."""


@dataclass(slots=True, kw_only=True)
class Scene:
    world: World
    callback: Callback
    changed: Callable[[], None]
    clock: Callable[[], float] = time.monotonic
    pace: Pace | None = None
    polls: dict[int, LongPoll] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def add_group(self, name: str, *, token: str = "") -> Group:
        group = self.world.add_group(name, token=token)
        poll = self.polls[group.id] = LongPoll(community=group.id)
        poll.renew(self.world.next_number())
        self.callback.codes[group.id] = f"{self.world.next_number():08x}"
        return group

    def tell(self, group: Group, kind: str, about: Json, lane: object) -> Json:
        """Sends an event to whoever has asked for its kind; events of one lane stay in order."""
        event: Json = {
            "group_id": group.id,
            "type": kind,
            "event_id": secrets.token_hex(20),
            "v": "5.199",
            "object": about,
        }
        for definition, value in ((OBJECTS[kind], about), ("callback_base", event)):
            if problem := problems({"$ref": definition}, value):
                self.violations.append(f"event {kind}: {problem}")
        self.callback.put(event, lane)
        self.polls[group.id].put(event)
        self.changed()
        return event

    def arrived(self, group: Group, dialog: Dialog, message: Json, client: Json | None = None) -> Json:
        """Tells the community of a new message: a person's, or one of its own."""
        if message["out"]:
            self.tell(group, "message_reply", dict(message), dialog.peer)
        else:
            about = {"message": dict(message), "client_info": CLIENT | (client or {})}
            self.tell(group, "message_new", about, dialog.peer)
        return message

    def revise(self, group: Group, dialog: Dialog, message: Json, changes: Json) -> Json:
        """A message's new shape (None removes a field). A copy, for the old one may still wait to be delivered."""
        revised = {key: value for key, value in (message | changes).items() if value is not None}
        revised["update_time"] = int(self.world.now())
        dialog.messages[message["conversation_message_id"]] = revised
        self.tell(group, "message_edit", dict(revised), dialog.peer)
        return revised
