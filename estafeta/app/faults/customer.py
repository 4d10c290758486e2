"""One customer of a run, with the operator who answers: plays a role of the script and notes what stands where.

Nothing here asks again and again: whatever appears in the customer's chat or topic is told to the `Player` (`hear`,
`overhear` …), which goes on when it is what was waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Protocol

from estafeta.app.faults import script
from estafeta.app.faults.ledger import (
    Called,
    Channel,
    Deed,
    GaveBack,
    Ledger,
    OperatorDid,
    Overheard,
    Refused,
    Said,
    Seen,
    Took,
    Wants,
    tokens,
)
from estafeta.app.faults.phrases import Answers
from estafeta.app.faults.script import Burst, Episode, Pair, Press, Role, Say, Turn

PATIENCE = 120.0
"""Seconds after which a customer writes on without the answer."""
OPERATORS_PATIENCE = 45.0
"""Seconds after which operators do again what had no effect."""

_COUNTED = 5.0
"""Seconds for which a message that waits for its answer holds up others."""
_LOOK_AGAIN = 0.25

_ATTEMPTS = 10
"""How often an operator tries to give a conversation back."""

_NO_ANSWER = ("waiting", "fallback", "already_waiting")
"""What the bot may say instead of the answer that was asked for."""
_CALLS = "waiting"
"""Of these, what people come after."""


class Chat(Protocol):
    """How a customer writes."""

    @property
    def channel(self) -> Channel: ...

    def say(self, token: str, text: str) -> None: ...

    def press(self, token: str, label: str) -> bool:
        """False: no such button is shown."""
        ...


class Topic(Protocol):
    """How an operator acts in the customer's topic."""

    @property
    def operator(self) -> str: ...

    @property
    def open(self) -> bool:
        """Whether there is a topic of this customer."""
        ...

    def type(self, token: str, text: str) -> None: ...

    def press(self, token: str, move: str) -> bool:
        """False: the card shows no such button."""
        ...


class Gate:
    """Lets messages through at a pace that all customers share, and while fewer than `most` wait for an answer:
    so the product is kept busy by as much as it manages, on whatever machine, and not buried."""

    def __init__(self, pace: float, *, most: int = 40) -> None:
        self._pace = pace
        self._most = most
        self._next = 0.0
        self._waiting: dict[str, float] = {}
        self._fewer = asyncio.Event()

    async def turn(self) -> None:
        loop = asyncio.get_running_loop()
        mine = max(self._next, loop.time())
        self._next = mine + 1 / self._pace
        await asyncio.sleep(mine - loop.time())
        while self._full(loop.time()):
            self._fewer.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN):
                    await self._fewer.wait()

    def said(self, token: str) -> None:
        self._waiting[token] = asyncio.get_running_loop().time()

    def answered(self, token: str) -> None:
        if self._waiting.pop(token, None) is not None:
            self._fewer.set()

    def _full(self, now: float) -> bool:
        """Whoever waits for long, through an outage, does not count any more."""
        while self._waiting and now - next(iter(self._waiting.values())) > _COUNTED:
            del self._waiting[next(iter(self._waiting))]
        return len(self._waiting) >= self._most


class Player:
    """`moved` is told whenever something got on."""

    def __init__(self, role: Role, ledger: Ledger, moved: Callable[[], None]) -> None:
        self.role = role
        self.customer = role.customer
        self.chat: Chat
        self.topic: Topic
        self.done = 0
        self._ledger = ledger
        self._moved = moved
        self._gate = Gate(1.0)
        self._spare = script.tokens_of(role.customer, script.SPARE)
        self._seen: set[str] = set()
        self._own: set[str] = set()
        """What the bot has an answer of its own to."""
        self._handed: set[str] = set()
        """For what people were called."""
        self._overheard: set[str] = set()
        self._refused: set[str] = set()
        self._answers = Answers()
        self._called = False
        self._taking = self._human = False
        self._waiter: asyncio.Future[None] | None = None

    # --- what appears

    def hear(self, message: str, text: str, *, by: str = "", withheld: str = "") -> None:
        """A message of ours stands in the customer's chat."""
        reading = self._answers.read(text)
        self._ledger.add(
            Seen(
                at=self._ledger.now(),
                customer=self.customer,
                message=message,
                tokens=reading.about,
                by=by,
                phrase=reading.phrase,
                withheld=withheld,
            )
        )
        if reading.phrase == "taken" and not reading.again:
            self._took()
        self._seen.update(reading.about)
        if reading.phrase not in _NO_ANSWER:
            self._own.update(reading.about)
        elif reading.phrase == _CALLS:
            self._handed.update(reading.about)
        self._noticed(reading.about)

    def overhear(self, message: str, text: str, *, card: bool, withheld: str) -> None:
        """Words of the conversation stand in the topic."""
        about = tokens(text)
        self._ledger.add(
            Overheard(
                at=self._ledger.now(),
                customer=self.customer,
                message=message,
                tokens=about,
                card=card,
                withheld=withheld,
            )
        )
        self._overheard.update(about)
        self._noticed(about)

    def call(self, message: str, *, reminder: bool) -> None:
        """A new card or a reminder in the topic calls for somebody."""
        self._ledger.add(Called(at=self._ledger.now(), customer=self.customer, message=message, reminder=reminder))
        self._called = True
        self._news()

    def shown_taken(self) -> None:
        """The card shows that a person has the conversation."""
        self._took()
        self._news()

    def refuse(self, token: str) -> None:
        """The operator was told that nothing came of it."""
        self._ledger.add(Refused(at=self._ledger.now(), token=token))
        self._refused.add(token)
        self._news()

    def _took(self) -> None:
        """Only while an operator is at it: the card may be drawn late, a phrase may come twice."""
        if self._human or not self._taking:
            return
        self._human = True
        self._ledger.add(Took(at=self._ledger.now(), customer=self.customer))

    def _noticed(self, about: Iterable[str]) -> None:
        for token in about:
            self._gate.answered(token)
        self._news()

    def _news(self) -> None:
        self._moved()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def _until(self, condition: Callable[[], bool], patience: float) -> bool:
        """False: it did not come true within `patience` seconds."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience):
                while not condition():
                    self._waiter = loop.create_future()
                    await self._waiter
        except TimeoutError:
            return condition()
        return True

    # --- the play

    async def play(self, gate: Gate) -> None:
        """The whole role."""
        self._gate = gate
        for act in self.role.acts:
            match act:
                case Say():
                    await self._answered([act])
                case Pair():
                    await self._pair(act)
                case Burst():
                    await self._answered(act.says)
                case Episode():
                    await self._episode(act)

    async def _pair(self, pair: Pair) -> None:
        await self._answered([pair.first])
        if pair.first.token not in self._own:
            self.done += 1  # called a person instead: the second makes no sense
        elif isinstance(pair.second, Say):
            await self._answered([pair.second])
        else:
            await self._pressed(pair.second)

    async def _answered(self, says: tuple[Say, ...] | list[Say]) -> None:
        """Says all of them, then waits for all the answers. People who were called instead have their say first."""
        for say in says:
            await self._say(say, "answer")
        wanted = {say.token for say in says}
        await self._until(lambda: wanted <= self._seen, PATIENCE)
        self.done += len(wanted)
        await self._people_unasked(wanted)

    async def _pressed(self, press: Press) -> None:
        await self._gate.turn()
        self._expect_anything(press.token)
        self._said(press.token, "answer")
        if self.chat.press(press.token, press.label):
            await self._until(lambda: press.token in self._seen, PATIENCE)
            await self._people_unasked({press.token})
        self.done += 1

    async def _people_unasked(self, wanted: set[str]) -> None:
        """The bot could not answer and called people: they come, and give the conversation back."""
        if wanted & self._handed <= self._own:
            return
        await self._until(lambda: self._called or wanted & self._handed <= self._own, PATIENCE)
        if self._called and self.topic.open:
            await self._with_people(script.spare_turns(self._spare), "close", next(self._spare))

    async def _say(self, say: Say, wants: Wants) -> None:
        await self._gate.turn()
        self._speak(say, wants)

    def _speak(self, say: Say, wants: Wants, *, expected: bool = False) -> None:
        """`expected`: people were called already, so that it can only be answered or heard."""
        if not expected:
            self._expect_anything(say.token)
        if say.answer:
            self._answers.expect(say.token, say.answer)
        if wants == "ears":
            self._answers.expect_nothing(say.token)
        self._said(say.token, wants)
        self.chat.say(say.token, say.text)

    def _expect_anything(self, token: str) -> None:
        self._called = False
        self._answers.expect_anything(token)

    def _said(self, token: str, wants: Wants) -> None:
        self._gate.said(token)
        self._ledger.add(
            Said(at=self._ledger.now(), customer=self.customer, token=token, channel=self.chat.channel, wants=wants)
        )

    # --- with people

    async def _episode(self, episode: Episode) -> None:
        wish, before = episode.wish, self.done
        if wish is not None:
            await self._say(wish, "person")
            await self._until(lambda: wish.token in self._seen and self._called, PATIENCE)
        if self.topic.open:
            await self._with_people(episode.turns, episode.move, episode.token, episode.alongside)
        self.done = before + script.said(episode)

    async def _with_people(self, turns: tuple[Turn, ...], move: str, token: str, alongside: Say | None = None) -> None:
        if alongside is not None:
            await self._gate.turn()
            self._speak(alongside, "either", expected=self._called)
        for turn in turns:
            if turn.by == "customer":
                await self._told(turn.token)
            elif turn.by == "note":
                self._type(turn.token, f"// Between us: {turn.token}", "note")
            else:
                await self._operator_says(turn.token)
        if alongside is not None:
            either = alongside.token
            await self._until(lambda: either in self._seen or either in self._overheard, PATIENCE)
            self.done += 1
        await self._give_back(move, token)

    async def _told(self, token: str) -> None:
        """Words that the bot would answer, if it had the conversation."""
        await self._say(Say(token=token, text=f"Where is my order {token}?"), "ears")
        await self._until(lambda: token in self._overheard, PATIENCE)
        self.done += 1

    async def _operator_says(self, token: str) -> None:
        """Typed again, as other words, until the customer has them."""
        while not await self._typed(token):
            token = next(self._spare)

    async def _typed(self, token: str) -> bool:
        """False: the product said that it did not reach the customer, or nothing came of it for long."""
        self._taking = True
        if not self._human:
            self._answers.expect(f"{token}!taken", "taken")
        self._type(token, f"Good day, about {token}.", "says")
        await self._until(lambda: token in self._seen or token in self._refused, OPERATORS_PATIENCE)
        return token in self._seen

    def _type(self, token: str, text: str, deed: Deed) -> None:
        self._did(token, deed)
        self.topic.type(token, text)

    async def _give_back(self, move: str, token: str) -> None:
        self._answers.expect(token, "returned" if move == "return" else "closed")
        self._ledger.add(GaveBack(at=self._ledger.now(), customer=self.customer))
        self._taking = self._human = self._called = False
        self._did(token, "return" if move == "return" else "close")
        for attempt in range(_ATTEMPTS):
            self._refused.discard(token)
            pressed = self.customer % 2 and not attempt and self.topic.press(token, move)
            if not pressed:
                self.topic.type(token, f"/{move}")
            await self._until(lambda: token in self._seen or token in self._refused, OPERATORS_PATIENCE)
            if token in self._seen:
                return

    def _did(self, token: str, deed: Deed) -> None:
        self._ledger.add(
            OperatorDid(
                at=self._ledger.now(), operator=self.topic.operator, customer=self.customer, token=token, deed=deed
            )
        )
