"""What people do in VK: write, press, edit, comment, allow and deny messages; what a community's people do there.

Each act is told to the community as VK would. An act that VK's own apps would not offer raises `NotPossible`.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from estafeta.fakes.common.errors import Json, NotPossible
from estafeta.fakes.vk import keyboard, wall
from estafeta.fakes.vk.additions import TEXT_LIMIT
from estafeta.fakes.vk.attachments import made
from estafeta.fakes.vk.dialogs import set_reaction
from estafeta.fakes.vk.scene import Scene
from estafeta.fakes.vk.world import CHATS, Dialog, Group, Post, Press, foreign


@dataclass(frozen=True, slots=True)
class Participant:
    """One person in one conversation with a community (its messages, or a chat). Messages are named by their
    `conversation_message_id`; methods that post return the message as VK shows it."""

    scene: Scene
    group: Group
    user: Json
    peer: int

    @property
    def id(self) -> int:
        return int(self.user["id"])

    @property
    def dialog(self) -> Dialog:
        return self.group.dialog(self.peer)

    # Writing

    def says(
        self,
        text: str,
        *,
        reply_to: int | None = None,
        forwards: tuple[int, ...] = (),
        payload: str = "",
        ref: str = "",
        client: Json | None = None,
    ) -> Json:
        """`payload`: JSON, as a button of the app's sends it. `ref`: of the link that led here (vk.me/…?ref=).
        `client`: fields of `client_info`, as {"carousel": False}."""
        content: Json = {"text": _plain(text)}
        if payload:
            content["payload"] = payload
        if ref:
            content |= {"ref": ref, "ref_source": ""}
        return self._post(content, reply_to, forwards, client)

    def sends(
        self,
        *kinds: str,
        content: bytes = b"...",
        name: str = "",
        size: int | None = None,
        text: str = "",
        reply_to: int | None = None,
        **more: Any,
    ) -> Json:
        """Attachments: photo, doc, audio_message, graffiti (with `content`, `name` and the `size` they pretend to
        have), or sticker, link, video, audio, wall, market, gift, poll, story, wall_reply. Several kinds make one
        message. `more`: fields of the attachment in place of the made-up ones."""
        attached = [made(self.scene.world, self.id, kind, content, name, size, more) for kind in kinds]
        return self._post({"text": text, "attachments": attached}, reply_to)

    def sends_location(self, latitude: float, longitude: float) -> Json:
        return self._post({"geo": _geo(latitude, longitude)})

    def _post(
        self, content: Json, reply_to: int | None = None, forwards: tuple[int, ...] = (), client: Json | None = None
    ) -> Json:
        dialog = self.dialog
        if dialog.banned:
            raise NotPossible(f"{self.user['first_name']} is on the community's blacklist")
        if dialog.is_chat and self.id not in dialog.members:
            raise NotPossible(f"{self.user['first_name']} is not in the chat")
        if reply_to is not None:
            content["reply_message"] = foreign(self.message(reply_to))
        if forwards:
            content["fwd_messages"] = [foreign(self.message(number)) for number in forwards]
        dialog.allowed = True  # who writes may be answered
        message = self.scene.world.post(self.group, dialog, self.id, content)
        return self.scene.arrived(self.group, dialog, message, client)

    def message(self, number: int) -> Json:
        try:
            return self.dialog.messages[number]
        except KeyError:
            raise NotPossible(f"there is no message {number}") from None

    def edits(self, number: int, text: str) -> Json:
        return self.scene.revise(self.group, self.dialog, self._own(number), {"text": _plain(text)})

    def deletes(self, number: int) -> None:
        """For everybody. The community is not told: VK has no event for it."""
        self._own(number)
        del self.dialog.messages[number]
        self.scene.changed()

    def _own(self, number: int) -> Json:
        message = self.message(number)
        if message["from_id"] != self.id:
            raise NotPossible(f"message {number} is not {self.user['first_name']}'s")
        return message

    # Buttons

    def presses(self, button: str, *, message: int | None = None, client: Json | None = None) -> Json | Press:
        """Presses the newest button with this label or payload, inline or under the input field (`message`: on that
        message). A text or location button sends a message; a callback button gives a `Press` to be answered."""
        number, found = self._button(button, message)
        action = found["action"]
        payload = {"payload": action["payload"]} if "payload" in action else {}
        match action["type"]:
            case "text":
                pressed = self._post({"text": action["label"]} | payload, client=client)
            case "location":
                pressed = self._post({"geo": _geo(55.75, 37.62)} | payload, client=client)
            case "callback":
                return self._press(number, action)
            case kind:
                raise NotPossible(f"a button {kind!r} opens something; nothing is told to the community")
        shown = self.dialog.keyboard
        if shown and shown.get("one_time") and found in keyboard.buttons(shown):
            self.dialog.keyboard = None
        return pressed

    def _button(self, button: str, number: int | None) -> tuple[int, Json]:
        dialog = self.dialog
        shown = list(reversed(dialog.messages.values())) if number is None else [self.message(number)]
        places = [(m["conversation_message_id"], m["keyboard"]) for m in shown if m.get("keyboard", {}).get("inline")]
        if number is None and dialog.keyboard:
            places.insert(0, (dialog.last, dialog.keyboard))
        places += [(m["conversation_message_id"], _carousel(m)) for m in shown if "template" in m]
        for place, keys in places:
            for item in keyboard.buttons(keys):
                if button in {item["action"].get("label"), item["action"].get("payload")}:
                    return place, item
        raise NotPossible(f"no button {button!r} is shown")

    def _press(self, number: int, action: Json) -> Press:
        press = Press(id=secrets.token_hex(6), user=self.id, peer=self.peer, message=number)
        self.group.presses[press.id] = press
        if len(self.group.presses) > 1000:
            self.group.presses.popitem(last=False)
        about: Json = {
            "user_id": self.id,
            "peer_id": self.peer,
            "event_id": press.id,
            "payload": keyboard.payload_of(action),
            "conversation_message_id": number,
        }
        self.scene.tell(self.group, "message_event", about, self.peer)
        return press

    # What apps tell of

    def types(self) -> None:
        about: Json = {"state": "typing", "from_id": self.id, "to_id": -self.group.id}
        self.scene.tell(self.group, "message_typing_state", about, self.peer)

    def reads(self) -> None:
        """Everything up to the newest message."""
        last = max((m["id"] for m in self.dialog.messages.values()), default=0)
        self.dialog.out_read = last
        about: Json = {
            "from_id": self.id,
            "peer_id": self.peer,
            "read_message_id": last,
            "conversation_message_id": max(self.dialog.last, 1),
        }
        self.scene.tell(self.group, "message_read", about, self.peer)

    def reacts(self, number: int, reaction: int | None) -> None:
        """One of VK's reactions by its number, or none: takes it away."""
        self.message(number)
        set_reaction(self.dialog, number, self.id, reaction)
        about: Json = {"reacted_id": self.id, "peer_id": self.peer, "cmid": number}
        if reaction is not None:
            about["reaction_id"] = reaction
        self.scene.tell(self.group, "message_reaction_event", about, self.peer)

    # Coming and going

    def allows(self, key: str = "") -> None:
        """Lets the community write. `key`: what the site's button was given."""
        self.dialog.allowed = True
        self.scene.tell(self.group, "message_allow", {"user_id": self.id, "key": key}, self.peer)

    def blocks(self) -> None:
        """Denies the community to write; a message of theirs allows it again."""
        self.dialog.allowed = False
        self.scene.tell(self.group, "message_deny", {"user_id": self.id}, self.peer)

    def hides(self) -> None:
        """By privacy settings; nobody is told."""
        self.dialog.private = True
        self.scene.changed()

    def vanishes(self) -> None:
        """The account is deleted."""
        self.user["deactivated"] = "deleted"
        self.user["first_name"], self.user["last_name"] = "DELETED", ""
        self.scene.changed()

    def joins(self) -> None:
        self.group.members.add(self.id)
        self.scene.tell(self.group, "group_join", {"user_id": self.id, "join_type": "join"}, self.peer)

    def leaves(self) -> None:
        self.group.members.discard(self.id)
        self.scene.tell(self.group, "group_leave", {"user_id": self.id, "self": 1}, self.peer)

    # Wall

    def comments(self, post: int, text: str, *, reply_to: int | None = None, **attached: Any) -> Json:
        """`attached`: kind of attachment, its fields, as photo={}."""
        place = _open(self.group, post)
        if reply_to is not None and reply_to not in place.comments:
            raise NotPossible(f"there is no comment {reply_to}")
        content: Json = {"text": text}
        if attached:
            content["attachments"] = [
                made(self.scene.world, self.id, kind, b"...", "", None, more) for kind, more in attached.items()
            ]
        return wall.add(self.scene, self.group, place, self.id, content, reply_to)

    def edits_comment(self, comment: int, text: str) -> Json:
        post, found = self._own_comment(comment)
        revised = post.comments[comment] = found | {"text": text}
        wall.tell(self.scene, self.group, "wall_reply_edit", revised)
        return revised

    def deletes_comment(self, comment: int) -> None:
        post, found = self._own_comment(comment)
        wall.remove(self.scene, self.group, post, found, self.id)

    def restores_comment(self, comment: int) -> None:
        for post in self.group.posts.values():
            if comment in post.deleted:
                post.comments[comment] = post.deleted.pop(comment)
                wall.tell(self.scene, self.group, "wall_reply_restore", post.comments[comment])
                return
        raise NotPossible(f"there is no deleted comment {comment}")

    def _own_comment(self, number: int) -> tuple[Post, Json]:
        found = self.group.comment(number)
        if found is None or found[1]["from_id"] != self.id:
            raise NotPossible(f"there is no comment {number} by {self.user['first_name']}")
        return found


def _open(group: Group, number: int) -> Post:
    post = group.posts.get(number)
    if post is None:
        raise NotPossible(f"there is no post {number}")
    if post.closed:
        raise NotPossible("comments are closed")
    return post


def _geo(latitude: float, longitude: float) -> Json:
    return {"type": "point", "coordinates": {"latitude": latitude, "longitude": longitude}}


def _carousel(message: Json) -> Json:
    """Its buttons as a keyboard's: each element is a row."""
    return {"buttons": [element["buttons"] for element in message["template"]["elements"]]}


def _plain(text: str) -> str:
    text = text.strip()
    if not text:
        raise NotPossible("an empty message cannot be sent")
    if len(text) > TEXT_LIMIT:
        raise NotPossible(f"a message holds at most {TEXT_LIMIT} characters")
    return text


@dataclass(frozen=True, slots=True)
class Chat:
    """A group chat that the community is in."""

    scene: Scene
    group: Group
    peer: int

    @property
    def dialog(self) -> Dialog:
        return self.group.dialogs[self.peer]

    def member(self, name: str) -> Participant:
        """By name; comes in on first mention, which the chat is told."""
        for user in self.scene.world.users.values():
            if user["id"] in self.dialog.members and f"{user['first_name']} {user['last_name']}".strip() == name:
                return Participant(self.scene, self.group, user, self.peer)
        user = self.scene.world.add_user(name)
        self.dialog.members[user["id"]] = "member"
        self.service(user["id"], {"type": "chat_invite_user", "member_id": user["id"]})
        return Participant(self.scene, self.group, user, self.peer)

    def service(self, author: int, action: Json) -> Json:
        """What the chat says itself, as VK's `action`."""
        message = self.scene.world.post(self.group, self.dialog, author, {"action": action})
        return self.scene.arrived(self.group, self.dialog, message)

    def expels_community(self) -> None:
        del self.dialog.members[-self.group.id]
        self.scene.changed()


@dataclass(frozen=True, slots=True)
class Community:
    """A community of the stand-in, and what its administrator does in VK's own pages."""

    scene: Scene
    group: Group

    @property
    def id(self) -> int:
        return self.group.id

    @property
    def token(self) -> str:
        return self.group.token

    @property
    def admin_token(self) -> str:
        return self.group.admin_token

    def chat(self, title: str, *, role: str = "member") -> Chat:
        """The group chat with this title; `role`: what the community is in it, "admin" or "member"."""
        for dialog in self.group.dialogs.values():
            if dialog.is_chat and dialog.title == title:
                return Chat(self.scene, self.group, dialog.peer)
        peer = CHATS + 1 + sum(dialog.is_chat for dialog in self.group.dialogs.values())
        self.group.dialogs[peer] = Dialog(peer=peer, title=title, members={-self.id: role}, allowed=True)
        return Chat(self.scene, self.group, peer)

    def posts(self, text: str) -> int:
        """On the wall; returns the post's id."""
        self.group.last_wall += 1
        self.group.posts[self.group.last_wall] = Post(id=self.group.last_wall, text=text)
        self.scene.changed()
        return self.group.last_wall

    def closes_comments(self, post: int) -> None:
        self.group.posts[post].closed = True

    def forbids_links(self, post: int) -> None:
        self.group.posts[post].links_forbidden = True

    def answers(self, person: Participant, text: str) -> Json:
        """Typed by the administrator in the community's own messages (`message_reply` with `admin_author_id`)."""
        content: Json = {"text": _plain(text), "admin_author_id": self.group.admin}
        message = self.scene.world.post(self.group, person.dialog, -self.id, content)
        return self.scene.arrived(self.group, person.dialog, message)

    def comments(self, post: int, text: str, *, reply_to: int | None = None) -> Json:
        """Typed by the administrator in the community's name."""
        return wall.add(self.scene, self.group, _open(self.group, post), -self.id, {"text": text}, reply_to)

    def bans(self, person: Participant) -> None:
        person.dialog.banned = True
        about: Json = {"admin_id": self.group.admin, "user_id": person.id, "unblock_date": 0, "reason": 0}
        self.scene.tell(self.group, "user_block", about, person.peer)

    def pardons(self, person: Participant) -> None:
        person.dialog.banned = False
        about: Json = {"admin_id": self.group.admin, "user_id": person.id, "by_end_date": 0}
        self.scene.tell(self.group, "user_unblock", about, person.peer)

    def new_token(self, *scopes: str) -> str:
        """In place of the old one, which opens nothing from now on; with only these scopes when any are named."""
        self.group.token = f"vk1.a.FAKE-community-{self.id}-{self.scene.world.next_number()}"
        if scopes:
            self.group.scopes = frozenset(scopes)
        return self.group.token

    def switches_bot_features(self, *, on: bool) -> None:
        self.group.bot_features = on

    def changes_confirmation(self) -> str:
        """VK does so from time to time."""
        code = self.scene.callback.codes[self.id] = f"{self.scene.world.next_number():08x}"
        return code
