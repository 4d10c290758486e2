"""Customers who write in the stand-in for Telegram, and operators who work in its group.

They live in the stand-in's own process and use it as people use the app. What becomes of their words is read off the
stand-in: its journal of calls (what the bot posted), its deliveries to the webhook and its queue of updates (what the
product acknowledged).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from estafeta.app.faults import phrases
from estafeta.app.faults.customer import Player
from estafeta.app.faults.ledger import Acknowledged, Channel, Ledger, Tried, owner, tokens
from estafeta.fakes.telegram import Call, FakeTelegram, Group, NotPossible, Participant
from estafeta.fakes.telegram.errors import Json
from estafeta.fakes.telegram.webhook import Delivery

OPERATORS = 4
_WITHHELD = frozenset({"drop_after", "broken_json", "hang"})
"""Faults by which a message stands in the chat and the product does not get to know in time."""
_STATES = ("🔴", "🟢", "🤖", "✅")
_WAITS, _HUMAN = "🔴", "🟢"
_REMINDER = "⏰"
_PRESS = "desk:"


class Telegram:
    """All of the run's people in the stand-in. `follow` before the first of them writes."""

    def __init__(self, fake: FakeTelegram, group: Group, ledger: Ledger) -> None:
        self._fake = fake
        self._ledger = ledger
        self._group = group
        self._operators = [group.operator(f"Operator {number}") for number in range(1, OPERATORS + 1)]
        self._players: dict[int, Player] = {}
        self._chats: dict[int, TelegramChat] = {}
        self._topics: dict[int, GroupTopic] = {}
        self._by_thread: dict[int, GroupTopic] = {}
        self._written: dict[tuple[int, int] | str, str] = {}
        """Tokens by chat and message, and by pressed button."""
        self._typed: dict[int, tuple[Player, str]] = {}
        """What operators typed, by message of the group."""
        self._presses: dict[str, tuple[Player, str]] = {}
        """Buttons of cards that were pressed."""
        self._reading = False
        self.calls = 0
        """Calls of the bot that were read off the journal."""

    def follow(self) -> Callable[[], None]:
        """From now on everything goes into the ledger; returns how to stop that."""
        self._fake.webhook.deliveries = _Deliveries(self._delivered, self._fake.webhook.deliveries)
        self._fake.updates.pending = _Confirmed(self._confirmed, self._fake.updates.pending)
        return self._fake.listen(self._changed)

    def customer(self, player: Player) -> TelegramChat:
        """A private chat for this customer."""
        person = self._fake.private(f"Customer {player.customer}", language="en")
        chat = self._chats[person.id] = TelegramChat(self, person)
        self._players[person.id] = player
        return chat

    def topic(self, player: Player) -> GroupTopic:
        """The topic that this customer, of whatever channel, may get."""
        operator = self._operators[player.customer % OPERATORS]
        topic = self._topics[player.customer] = GroupTopic(self, player, operator)
        return topic

    # --- what people did

    def wrote(self, message: Json, token: str) -> None:
        self._written[message["chat"]["id"], message["message_id"]] = token

    def typed(self, message: Json, player: Player, token: str) -> None:
        self.wrote(message, token)
        self._typed[message["message_id"]] = player, token

    def pressed(self, press: str, token: str, player: Player | None = None) -> None:
        """`player`: whose card the button was on; None: the customer pressed it."""
        self._written[press] = token
        if player is not None:
            self._presses[press] = player, token

    # --- what the product has

    def _delivered(self, delivery: Delivery) -> None:
        token = self._token(delivery.update)
        if token and 200 <= delivery.status < 300:
            self._ledger.add(Acknowledged(at=self._ledger.now(), token=token))
        elif token:
            self._ledger.add(Tried(at=self._ledger.now(), token=token))

    def _confirmed(self, update: Json) -> None:
        token = self._token(update)
        if token:
            self._ledger.add(Acknowledged(at=self._ledger.now(), token=token, queued=True))

    def _token(self, update: Json) -> str:
        if "message" in update:
            message = update["message"]
            return self._written.get((message["chat"]["id"], message["message_id"]), "")
        return self._written.get(update["callback_query"]["id"], "") if "callback_query" in update else ""

    # --- what the product did

    def _changed(self) -> None:
        """The call that changed something is not in the journal yet: it is when the loop comes round."""
        if not self._reading:
            self._reading = True
            asyncio.get_running_loop().call_soon(self._read)

    def _read(self) -> None:
        self._reading = False
        journal = self._fake.calls
        while journal:
            self.calls += 1
            self._look(journal.popleft())

    def _look(self, call: Call) -> None:
        if not call.ok:
            return
        match call.method:
            case "sendMessage":
                chat = call.result["chat"]["id"]
                if chat == self._group.id:
                    self._posted(call)
                elif chat in self._chats:
                    self._told(chat, call)
            case "editMessageText" if call.result["chat"]["id"] == self._group.id:
                self._edited(call.result)
            case "answerCallbackQuery" if call.params.get("text"):
                press = self._presses.pop(call.params["callback_query_id"], None)
                if press is not None:
                    player, token = press
                    player.refuse(token)

    def _told(self, chat: int, call: Call) -> None:
        message = call.result
        self._chats[chat].shown(message)
        self._players[chat].hear(str(message["message_id"]), message["text"], withheld=_withheld(call))

    def _posted(self, call: Call) -> None:
        message = call.result
        text, number = message["text"], message["message_id"]
        answered = (call.params.get("reply_parameters") or {}).get("message_id")
        if answered in self._typed:
            player, token = self._typed[answered]
            player.refuse(token)
            return
        topic = self._place(message)
        if topic is None:
            return
        card = text.startswith(_STATES)
        topic.player.overhear(str(number), text, card=card, withheld=_withheld(call))
        if card:
            topic.thread, topic.card = message["message_thread_id"], number
        if text.startswith((_WAITS, _HUMAN, _REMINDER)):
            topic.player.call(str(number), reminder=not card)
        if text.startswith(_HUMAN):
            topic.player.shown_taken()

    def _edited(self, message: Json) -> None:
        topic = self._place(message)
        if topic is None:
            return
        text = message["text"]
        topic.player.overhear(str(message["message_id"]), text, card=True, withheld="")
        if text.startswith(_HUMAN):
            topic.player.shown_taken()

    def _place(self, message: Json) -> GroupTopic | None:
        """Whose topic it is: the first card tells, for it quotes the customer's words."""
        thread = message.get("message_thread_id", 0)
        topic = self._by_thread.get(thread)
        if topic is None:
            owners = [self._topics[owner(token)] for token in tokens(message["text"]) if owner(token) in self._topics]
            if not owners:
                return None
            topic = self._by_thread[thread] = owners[0]
        return topic


def _withheld(call: Call) -> str:
    return call.fault if call.fault in _WITHHELD else ""


class TelegramChat:
    """How one customer writes."""

    channel: Channel = "telegram"

    def __init__(self, telegram: Telegram, person: Participant) -> None:
        self._telegram = telegram
        self._person = person
        self._buttons: dict[str, int] = {}

    def say(self, token: str, text: str) -> None:
        self._be_called(token)
        self._telegram.wrote(self._person.says(text), token)

    def press(self, token: str, label: str) -> bool:
        number = self._buttons.get(label)
        if number is None:
            return False
        self._be_called(token)
        self._telegram.pressed(self._person.presses(label, message_id=number).id, token)
        return True

    def _be_called(self, token: str) -> None:
        """A new dictionary: updates that wait hold the old one."""
        self._person = replace(self._person, user={**self._person.user, "first_name": phrases.called(token)})

    def shown(self, message: Json) -> None:
        """Remembers on which message a button was shown last."""
        for row in message.get("reply_markup", {}).get("inline_keyboard", ()):
            for button in row:
                self._buttons[button["text"]] = message["message_id"]


class GroupTopic:
    """How one operator acts for one customer. `thread`, `card`: 0 until there is one."""

    def __init__(self, telegram: Telegram, player: Player, operator: Participant) -> None:
        self.player = player
        self.thread = 0
        self.card = 0
        self._telegram = telegram
        self._person = operator

    @property
    def operator(self) -> str:
        return str(self._person.user["first_name"])

    @property
    def open(self) -> bool:
        return self.thread != 0

    def type(self, token: str, text: str) -> None:
        self._telegram.typed(self._person.says(text, topic=self.thread), self.player, token)

    def press(self, token: str, move: str) -> bool:
        try:
            press = self._person.presses(_PRESS + move, message_id=self.card)
        except NotPossible:
            return False
        self._telegram.pressed(press.id, token, self.player)
        return True


class _Deliveries(deque[Delivery]):
    """The stand-in's deliveries to the webhook, told as they come."""

    def __init__(self, tell: Callable[[Delivery], None], known: Iterable[Delivery]) -> None:
        super().__init__(known, maxlen=100)
        self._tell = tell

    def append(self, delivery: Delivery) -> None:
        super().append(delivery)
        self._tell(delivery)


class _Confirmed(deque[Json]):
    """The stand-in's updates that wait for getUpdates; they leave it one by one when the bot confirms them."""

    def __init__(self, tell: Callable[[Json], None], known: Iterable[Json]) -> None:
        super().__init__(known)
        self._tell = tell

    def popleft(self) -> Json:
        update = super().popleft()
        self._tell(update)
        return update
