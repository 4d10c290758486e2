"""The comments on a community's wall as the engine sees them: a public channel.

`VkChannel` receives the comments; here they are answered, in the community's name, below the comment that was
written. https://dev.vk.com/ru/method/wall.createComment: a comment with a `guid` that was there already is not made
again. Comments of ours are neither edited nor deleted: those methods are not for communities' tokens.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Literal

from bots.render import render
from bots.vk.capabilities import wall_capabilities
from bots.vk.client import VkClient
from bots.vk.comments import CHANNEL, place
from bots.vk.config import VkConfig
from bots.vk.failures import failure
from bots.vk.wire import obj, positive
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, OutboundMessage, Template
from estafeta.kernel.ports import Accept

_DIGITS = 18


class VkWallChannel:
    """Answers what customers write below a community's posts, in sight of everybody."""

    name = CHANNEL

    def __init__(self, config: VkConfig, client: VkClient) -> None:
        self.account = config.name
        self.capabilities = wall_capabilities(config.group_id)
        self._group_id = config.group_id
        self._language = config.language
        self._client = client

    async def listen(self, accept: Accept) -> None:
        """Waits: the comments come with the messages."""
        await asyncio.Event().wait()

    async def send(self, message: OutboundMessage) -> str:
        """The comments' numbers. Sending the same message again shows it once."""
        where = place(message.to.chat)
        if where is None:
            raise failure("chat_not_found", self._language)
        if message.does != "say":
            raise failure("not_possible", self._language)
        post, top, _ = where
        chunks = render(message, self.capabilities)
        if not chunks:
            raise failure("empty", self._language)
        replied = message.reply_to if message.reply_to.isdecimal() and len(message.reply_to) <= _DIGITS else ""
        below = int(replied) if replied.isascii() and replied else top
        numbers = []
        try:
            for number, chunk in enumerate(chunks):
                numbers.append(await self._comment(post, below, chunk.text, _guid(message.id, number)))
        except SendFailed as failed:
            failed.maybe_sent = False  # the guid tells VK that it is the same comment
            raise
        return " ".join(numbers)

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot", message: str = "") -> None:
        return None

    async def read(self, to: Address, message: str) -> None:
        return None

    async def templates(self) -> Sequence[Template]:
        return ()

    async def _comment(self, post: int, below: int, text: str, guid: str) -> str:
        answer = await self._client.call(
            "wall.createComment",
            owner_id=-self._group_id,
            post_id=post,
            from_group=self._group_id,
            message=text,
            reply_to_comment=below,
            guid=guid,
        )
        number = positive(obj(answer).get("comment_id"))
        if number is None:
            raise failure("no_answer", self._language)
        return str(number)


def _guid(message: str, chunk: int) -> str:
    return hashlib.sha256(f"{message}\n{chunk}".encode()).hexdigest()[:32]
