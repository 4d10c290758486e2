"""What a call takes from Telegram's limits: whose budgets, how much of them, and how urgent it is there.

- A bot may not send more than 20 messages a minute to one group: the limit is of each bot in each group, so another
  bot has another budget (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this).
- Edits take from the same budget, and so does the creation of a topic, for it posts a message
  (https://github.com/tdlib/td/issues/2592, https://github.com/tdlib/td/issues/3034). Renaming, closing and reopening a
  topic post one too, and are counted alike.
- Answers to pressed buttons have no limit (https://github.com/tdlib/telegram-bot-api/issues/648).
- Reactions neither post nor edit; no figure is published for them. They have a pace of their own, and if Telegram says
  to be quiet about them, that holds up no message. `group_counts_reactions` puts them into the group's budget.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from bots.budgets import Rate, Standing, Window
from bots.telegram.config import TelegramLimits
from bots.telegram.session import Method
from estafeta.kernel.ports import Clock

# What posts and edits nothing takes nothing from a chat's budget.
_CHATLESS = frozenset(
    (
        *("getMe", "getUpdates", "getChat", "getChatMember", "getChatAdministrators", "getChatMemberCount"),
        *("sendChatAction", "readBusinessMessage", "setMyCommands", "getMyCommands", "deleteMyCommands"),
    )
)
_FREE = frozenset(("getMe", "getUpdates", "deleteWebhook", "setWebhook", "answerCallbackQuery"))
_REACTION = "setMessageReaction"

_MARGIN_SECONDS = 1.0
"""A window is so much longer here than at Telegram: calls take now more, now less time to arrive."""
_MOST_PLACES = 120
"""Above so many a minute, which Telegram allows to nobody, they are not counted one by one."""

_AHEAD_SECONDS = 10.0

_STANDINGS = (
    Standing(),  # a new card's words
    Standing(bears=60),  # a new topic, with a place for its card
    Standing(bears=900, leaves=4),  # a customer's words: what is left is two new tickets' topics and cards
    Standing(bears=960, leaves=5),
    Standing(bears=1200, leaves=6),  # how things stand
    Standing(bears=1800, leaves=8),  # what became of answers
)
"""By `rank`. Words come to people within a quarter of an hour, however many new tickets there are."""


@dataclass(frozen=True, slots=True)
class Keys:
    """Whose budgets a call takes from: the chat's, the bot's. `place` is what it is about: coming again, it keeps its
    place in the queue."""

    chat: Hashable | None
    bot: Hashable | None
    cost: float = 1.0
    place: Hashable = None
    ahead: int = 0
    """How much more is taken of the chat's for what follows."""

    @property
    def all(self) -> list[Hashable]:
        return [key for key, _ in self.costs]

    @property
    def costs(self) -> list[tuple[Hashable, float]]:
        costs = ((self.chat, self.cost + self.ahead), (self.bot, self.cost))
        return [(key, cost) for key, cost in costs if key is not None]


def keys_of(method: Method, limits: TelegramLimits) -> Keys:
    name = method.__api_method__
    chat = None if name in _CHATLESS else getattr(method, "chat_id", None)
    if name == _REACTION and _is_group(chat) and not limits.group_counts_reactions:
        chat = (_REACTION, chat)
    return Keys(
        chat=chat,
        bot=None if name in _FREE else "bot",
        cost=float(len(getattr(method, "media", ()))) if name == "sendMediaGroup" else 1.0,
        place=_place(name, method) if _is_group(chat) else None,
        ahead=int(name == "createForumTopic"),
    )


def rank(method: Method, priority: int) -> int:
    """The lower, the more urgent. What goes into a topic that is there comes before topics that are yet to be made."""
    if priority <= 0:
        return int(method.__api_method__ == "createForumTopic")
    return priority + 1


def rates(limits: TelegramLimits) -> Callable[[Hashable], Rate | Window]:
    def rate_of(key: Hashable) -> Rate | Window:
        if key == "bot":
            return Rate.within(limits.bot_per_second, 1.0)
        if not _is_group(key):
            return Rate(burst=limits.chat_burst, per_second=limits.chat_per_second)
        most = limits.group_per_minute
        if most > _MOST_PLACES:
            return Rate.within(most, 60.0)
        return Window(most=int(most), seconds=60.0 + _MARGIN_SECONDS, standings=_STANDINGS)

    return rate_of


def is_shared(key: Hashable) -> bool:
    """The bot's budget and the group's are everybody's. One customer's chat has one sender at a time, and
    asking elsewhere before each message would cost a round trip."""
    return key == "bot" or isinstance(key, tuple) or _is_group(key)


def _is_group(key: Any) -> bool:
    return isinstance(key, int) and key < 0


def _place(name: str, method: Method) -> Hashable:
    """What is sent into one topic goes on where it left. New topics have no name of their own before they are made but
    the one people read."""
    about = next((value for field in _ABOUT if (value := getattr(method, field, None)) is not None), None)
    return (name, about) if about is not None else None


_ABOUT = ("message_thread_id", "message_id", "name")


class Ahead:
    """Places that new topics have for what is sent into them first: a topic without its card tells nobody anything, so
    both are waited for at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._places: dict[tuple[Hashable, int], float] = {}

    def keep(self, chat: Hashable, thread: int) -> None:
        self._places[chat, thread] = self._clock.monotonic()

    def taken(self, keys: Keys, method: Method) -> bool:
        """Whether the call has its place already."""
        thread = getattr(method, "message_thread_id", None)
        if not isinstance(thread, int) or keys.cost > 1:
            return False
        return self._places.pop((keys.chat, thread), None) is not None

    def unused(self) -> list[Hashable]:
        """The chats of places that nobody came for."""
        old = self._clock.monotonic() - _AHEAD_SECONDS
        late = [place for place, since in self._places.items() if since < old]
        for place in late:
            del self._places[place]
        return [chat for chat, _ in late]
