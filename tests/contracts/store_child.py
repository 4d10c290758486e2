"""A process that uses a store until it is killed, and says on its standard output what was promised to it.

python -m tests.contracts.store_child OPENER PLACE
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from dataclasses import replace

from estafeta.clock import SystemClock
from estafeta.kernel.model import Address
from estafeta.kernel.ports import Store
from tests.contracts.store_examples import ANNA, decided, opened, said

CHATS = tuple(replace(ANNA, chat=f"crash{n}") for n in range(4))


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


async def write(store: Store, chat: Address) -> None:
    for name in itertools.count():
        await store.accept([said(name, chat)])
        tell("accepted", chat.chat, said(name, chat).id)
        if name % 3 == 2:
            change = decided(await store.load(chat.conversation), chat)
            await store.commit(change)
            tell("committed", chat.chat, change.conversation.version)


async def main(opener: str, place: str) -> None:
    store = opened(opener, place, SystemClock())
    await store.open()
    async with asyncio.TaskGroup() as group:
        for chat in CHATS:
            group.create_task(write(store, chat))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
