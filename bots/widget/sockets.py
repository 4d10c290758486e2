"""Who is connected now: open sockets by visitor and by conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from bots.widget.connection import Connection
from estafeta.kernel.model import ConversationId

_Key = TypeVar("_Key", bound=str)


class Sockets:
    """Several tabs of one visitor are several sockets of one chat and one conversation."""

    def __init__(self) -> None:
        self._by_chat: dict[str, set[Connection]] = {}
        self._by_conversation: dict[ConversationId, set[Connection]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Connection]:
        return iter([connection for group in self._by_chat.values() for connection in group])

    def of_chat(self, chat: str) -> tuple[Connection, ...]:
        return tuple(self._by_chat.get(chat, ()))

    def of_conversation(self, conversation: ConversationId) -> tuple[Connection, ...]:
        return tuple(self._by_conversation.get(conversation, ()))

    def add(self, connection: Connection) -> None:
        self._by_chat.setdefault(connection.address.chat, set()).add(connection)
        self._by_conversation.setdefault(connection.conversation, set()).add(connection)
        self._count += 1

    def move(self, connection: Connection, conversation: ConversationId) -> None:
        """From now on the connection hears of this conversation."""
        _discard(self._by_conversation, connection.conversation, connection)
        connection.conversation = conversation
        self._by_conversation.setdefault(conversation, set()).add(connection)

    def remove(self, connection: Connection) -> None:
        _discard(self._by_chat, connection.address.chat, connection)
        _discard(self._by_conversation, connection.conversation, connection)
        self._count -= 1


def _discard(groups: dict[_Key, set[Connection]], key: _Key, connection: Connection) -> None:
    groups[key].discard(connection)
    if not groups[key]:
        del groups[key]
