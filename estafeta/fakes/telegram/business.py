"""Business accounts that the bot serves: their chats, and the Bot API methods about them.

A customer writes to the account, the bot reads along and answers in the account's name; the owner may answer too
(https://core.telegram.org/bots/api#businessconnection).
"""

from __future__ import annotations

from dataclasses import dataclass

from estafeta.fakes.telegram.errors import Json, bad
from estafeta.fakes.telegram.people import Participant
from estafeta.fakes.telegram.scene import Scene, Uploads
from estafeta.fakes.telegram.world import Chat


@dataclass(frozen=True, slots=True)
class Business:
    """One account; `id` is its connection's."""

    scene: Scene
    id: str

    @property
    def owner(self) -> Json:
        user: Json = self.scene.world.businesses[self.id]["user"]
        return user

    def customer(self, name: str, **more: str) -> Participant:
        """Somebody with a chat with the account; the same person for the same name."""
        for (connection, number), chat in self.scene.world.business_chats.items():
            if connection == self.id and chat.brief["first_name"] == name:
                return Participant(self.scene, self.scene.world.users[number], number, self.id)
        user = self.scene.world.add_user(name, **more)
        brief: Json = {"id": user["id"], "type": "private", "first_name": name}
        # Messages of one account are numbered through, whichever chat they are in.
        chat = Chat(id=user["id"], brief=brief, connection=self.id, last_message=self.scene.world.next_number() * 1000)
        self.scene.world.business_chats[self.id, chat.id] = chat
        return Participant(self.scene, user, chat.id, self.id)

    def owner_with(self, customer: Participant) -> Participant:
        """The account's owner, in the chat with this customer."""
        return Participant(self.scene, self.owner, customer.chat_id, self.id)

    def switches(self, *, on: bool) -> None:
        """The owner connects the bot, or ends that."""
        connection = self.scene.world.businesses[self.id] | {"is_enabled": on}
        self.scene.world.businesses[self.id] = connection
        self.scene.updates.add("business_connection", connection)
        self.scene.changed()


def connect(scene: Scene, owner: str) -> Business:
    user = scene.world.add_user(owner)
    business = Business(scene, f"FAKE-business-{scene.world.next_number()}")
    scene.world.businesses[business.id] = {
        "id": business.id,
        "user": user,
        "user_chat_id": user["id"],
        "date": int(scene.world.now()),
        "rights": {"can_reply": True, "can_read_messages": True, "can_delete_sent_messages": True},
        "is_enabled": True,
    }
    business.switches(on=True)
    return business


def get_business_connection(scene: Scene, p: Json, _files: Uploads) -> Json:
    connection: Json | None = scene.world.businesses.get(p["business_connection_id"])
    if connection is None:
        raise bad("business connection not found")
    return connection


def read_business_message(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat = scene.place(p)
    if p["message_id"] not in chat.messages:
        raise bad("message not found")
    chat.read = max(chat.read, p["message_id"])
    scene.changed()
    return True


def delete_business_messages(scene: Scene, p: Json, _files: Uploads) -> bool:
    """Those that the bot sent, for it has no right to more (`can_delete_all_messages`)."""
    connection = get_business_connection(scene, p, _files)["id"]
    for (owner, _), chat in scene.world.business_chats.items():
        for number in p["message_ids"]:
            if owner == connection and number in chat.messages:
                if not scene.is_bots(chat.messages[number]):
                    raise bad("BUSINESS_CONNECTION_NOT_ALLOWED")
                del chat.messages[number]
    scene.changed()
    return True
