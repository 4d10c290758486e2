"""The world with its consequences: which webhooks follow from what happens. Calls and people act through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from estafeta.fakes.whatsapp.errors import LATE, Json
from estafeta.fakes.whatsapp.events import echo_value, message_value, status_value, value_of
from estafeta.fakes.whatsapp.limits import Pace
from estafeta.fakes.whatsapp.webhook import Webhook
from estafeta.fakes.whatsapp.world import Chat, Message, Number, Status, User, World

RANK: dict[Status, int] = {"accepted": 0, "sent": 1, "delivered": 2, "read": 3, "failed": 4}


@dataclass(slots=True, kw_only=True)
class Scene:
    world: World
    webhook: Webhook
    pace: Pace | None
    changed: Callable[[], None]
    """Told after every change, so that pages and waiting tests look again."""
    late: frozenset[int] = LATE
    """The errors that come in a status instead of the answer."""

    def number(self, chat: Chat) -> Number:
        return self.world.numbers[chat.number]

    def user(self, chat: Chat) -> User:
        return self.world.users[chat.user]

    # What the business gets to know

    def received(self, chat: Chat, told: Json) -> None:
        """A customer's message, as a webhook carries it."""
        self._tell(chat, "messages", message_value(self.number(chat), self.user(chat), told))

    def system(self, chat: Chat, told: Json) -> None:
        self._tell(chat, "messages", value_of(self.number(chat), messages=[told]))

    def echoed(self, chat: Chat, message: Message, context: Json | None) -> None:
        self._tell(chat, "smb_message_echoes", echo_value(self.number(chat), self.user(chat), message, context))

    def progress(self, chat: Chat, message: Message, status: Status) -> None:
        """A message of the business gets on; it never goes back, and what its phone app sent has no statuses here."""
        if RANK[status] <= RANK[message.status]:
            return
        message.status = status
        if not message.from_app:
            user = self.user(chat)
            to = user.user_id if message.by_user_id else user.phone
            value = status_value(self.world, self.number(chat), user, message, status, to=to)
            self._tell(chat, "messages", value)
        self.changed()

    def failed(self, number: Number, message: Message, to: str, code: int, chat: Chat | None = None) -> None:
        message.status = "failed"
        value = status_value(self.world, number, None, message, "failed", to=to, error=code)
        account = self.world.accounts[number.account]
        self.webhook.tell(account, "messages", value, lane=(number.id, chat.user if chat else to))
        self.changed()

    def _tell(self, chat: Chat, field: str, value: Json) -> None:
        account = self.world.accounts[self.number(chat).account]
        self.webhook.tell(account, field, value, lane=(chat.number, chat.user))
        self.changed()

    # What happens to the business's messages

    def sent(self, chat: Chat, message: Message) -> None:
        self.progress(chat, message, "sent")
        self.arrives(chat, message)

    def arrives(self, chat: Chat, message: Message) -> None:
        """Reactions are reported as sent only."""
        if self.user(chat).online and message.type != "reaction":
            self.progress(chat, message, "delivered")
