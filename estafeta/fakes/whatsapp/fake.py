"""`FakeWhatsApp`: the stand-in as one object, for tests, the demo and benchmarks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from estafeta.fakes.common.serving import serve
from estafeta.fakes.common.watch import Watch
from estafeta.fakes.whatsapp.calls import Call, CloudApi
from estafeta.fakes.whatsapp.clock import Clock
from estafeta.fakes.whatsapp.errors import LATE, Json
from estafeta.fakes.whatsapp.faults import Fault, Faults, Kind
from estafeta.fakes.whatsapp.front import Front
from estafeta.fakes.whatsapp.graph import App, Graph
from estafeta.fakes.whatsapp.limits import Limits, Pace
from estafeta.fakes.whatsapp.page import Page
from estafeta.fakes.whatsapp.people import Participant, PhoneApp
from estafeta.fakes.whatsapp.scene import Scene
from estafeta.fakes.whatsapp.templates import Button, Template, TemplateStatus
from estafeta.fakes.whatsapp.webhook import FIELDS, Webhook
from estafeta.fakes.whatsapp.world import MANAGEMENT, MESSAGING, Account, Chat, Message, Number, Token, User, World

DEFAULT_TOKEN = "EAAfakeTokenForTheStandInOnly"  # noqa: S105  opens nothing but this stand-in
DEFAULT_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105  signs nothing but this stand-in's webhooks
APP_ID = "200000000000001"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as the customer sees it now. `text`: the text, or `[image] caption`."""

    id: str
    type: str
    author: str
    by_business: bool
    from_app: bool
    text: str
    edited: bool
    buttons: tuple[str, ...]
    reactions: tuple[str, ...]
    reply_to: str
    status: str
    """Of the business's messages: sent, delivered, read."""
    seen: bool
    """Of the customer's: the business has marked it as read."""
    raw: Json


class FakeWhatsApp:
    """A Cloud API server on loopback with people to talk to; one account with one number is there from the start.

    `limits=None` lifts the limits of pace. `clock`: the stand-in's time, which a test may move (`passes`). `strict`:
    refuse and record fields that the schema does not know. `late_refusals=False`: what Meta reports in a status
    `failed` (24 hours passed, not deliverable …) is refused at once instead; both have been seen. `journal`: how many
    calls are remembered, `kept`: how many messages a chat remembers (None: all). `webhook_attempts`: how often a
    webhook is tried (None: until it is acknowledged).
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        token: str = DEFAULT_TOKEN,
        app_secret: str = DEFAULT_SECRET,
        limits: Limits | None = Limits(),  # noqa: B008  frozen
        clock: Clock | None = None,
        strict: bool = True,
        late_refusals: bool = True,
        journal: int | None = None,
        kept: int | None = None,
        webhook_hosts: frozenset[str] = frozenset(),
        webhook_delay: float = 1.0,
        webhook_attempts: int | None = None,
    ) -> None:
        self.host, self.port = host, port
        self._token = SecretStr(token)
        self.clock = clock or Clock()
        self.world = World(clock=self.clock, kept=kept)
        self.faults = Faults()
        self._watch = Watch()
        self.app = App(id=APP_ID, secret=SecretStr(app_secret))
        self.webhook = Webhook(
            app_secret=self.app.secret,
            faults=self.faults,
            changed=self._watch.changed,
            hosts=webhook_hosts,
            first_delay=webhook_delay,
            attempts=webhook_attempts,
        )
        pace = Pace(limits=limits, clock=self.clock.now) if limits is not None else None
        self.scene = Scene(
            world=self.world,
            webhook=self.webhook,
            pace=pace,
            changed=self._watch.changed,
            late=LATE | {131009} if late_refusals else frozenset(),
        )
        self.calls: deque[Call] = deque(maxlen=journal)
        self._graph = Graph(scene=self.scene, app=self.app, base=lambda: self.url, tokens={token: Token()})
        self._api = CloudApi(
            graph=self._graph, faults=self.faults, now=self.clock.now, journal=self.calls, strict=strict
        )
        self.account = self.world.add_account("Estafeta")
        self.number = self.world.add_number(self.account, "+7 495 000-00-01", "Estafeta")
        self._users: dict[str, User] = {}
        self._runner: web.ServerRunner | None = None
        self._running = False

    # Running

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._runner, self.port = await serve(Front(self._api, Page(self).handle), self.host, self.port)
        self._running = True

    @property
    def running(self) -> bool:
        return self._running

    async def stop(self) -> None:
        self._running = False
        self._watch.tell()
        await self.webhook.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> FakeWhatsApp:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """What stands for `https://graph.facebook.com`."""
        return f"http://{self.host}:{self.port}"

    @property
    def token(self) -> str:
        return self._token.get_secret_value()

    @property
    def app_secret(self) -> str:
        return self.app.secret.get_secret_value()

    # Accounts, numbers, tokens, templates

    def add_account(self, name: str) -> Account:
        return self.world.add_account(name)

    def add_number(self, phone: str, name: str, *, account: Account | None = None, with_app: bool = False) -> Number:
        """`with_app`: the number is used in the WhatsApp Business app too."""
        return self.world.add_number(account or self.account, phone, name, with_app=with_app)

    def add_token(
        self, token: str, *, scopes: tuple[str, ...] = (MESSAGING, MANAGEMENT), accounts: tuple[Account, ...] = ()
    ) -> Token:
        """`accounts`: the only ones it opens (none: all). Set `expired` on what is returned to end it."""
        opens = frozenset(account.id for account in accounts) if accounts else None
        self._graph.tokens[token] = Token(scopes=scopes, accounts=opens)
        return self._graph.tokens[token]

    def add_template(
        self,
        name: str,
        body: str,
        *,
        language: str = "ru",
        category: str = "UTILITY",
        status: TemplateStatus = "APPROVED",
        header: str = "",
        footer: str = "",
        buttons: tuple[Button | str, ...] = (),
        account: Account | None = None,
    ) -> Template:
        """`body` with `{{1}}` or `{{name}}`; a button that is a string is a quick reply."""
        template = Template(
            id=str(self.world.next_number()),
            name=name,
            language=language,
            body=body,
            category=category,
            status=status,
            header=header,
            footer=footer,
            buttons=[Button(kind="QUICK_REPLY", text=b) if isinstance(b, str) else b for b in buttons],
        )
        (account or self.account).templates.append(template)
        return template

    # People

    def person(
        self,
        name: str,
        *,
        phone: str = "",
        username: str = "",
        hidden: bool = False,
        number: Number | None = None,
    ) -> Participant:
        """A customer in the chat with `number` (by default the first one); the same person for the same name.
        `hidden`: the business sees no phone number."""
        number = number or self.number
        user = self._users.get(name)
        if user is None:
            user = self._users[name] = self.world.add_user(name, phone)
            user.username, user.hidden = username, hidden
            self._watch.changed()
        return Participant(self.scene, user, number)

    def people(self) -> list[Participant]:
        """Everybody there is, in the chat with the first number."""
        return [Participant(self.scene, user, self.number) for user in self.world.users.values()]

    def phone_app(self, number: Number | None = None) -> PhoneApp:
        """The business's own phone; the number is used there from now on."""
        number = number or self.number
        number.with_app = True
        return PhoneApp(self.scene, number)

    # Looking

    def messages(self, person: Participant) -> list[Shown]:
        """What the customer sees, in order: nothing that failed, is still on its way, or was deleted."""
        return [
            _shown(message, person)
            for message in person.chat.messages.values()
            if not message.deleted and (not message.by_business or message.status in {"delivered", "read"})
        ]

    def shown(self, person: Participant) -> list[str]:
        return [message.text for message in self.messages(person)]

    def content(self, message: Shown) -> bytes:
        """The bytes of a message's file; raises KeyError for a file sent by link, which is never followed."""
        return self.world.media[message.raw["id"]].content

    def typing(self, person: Participant) -> bool:
        """The customer sees "typing…"."""
        return person.chat.typing_until > self.clock.now()

    def window_open(self, person: Participant) -> bool:
        return person.chat.open_until > self.clock.now()

    def sent(self, wamid: str) -> Message:
        """A message by its id, whatever became of it; raises KeyError."""
        return self.world.places[wamid].messages[wamid]

    def calls_of(self, *operations: str) -> list[Call]:
        return [call for call in self.calls if call.operation in operations]

    @property
    def violations(self) -> list[str]:
        """What the schema forbids and was sent (or answered) all the same."""
        return self._api.violations

    async def wait(self, condition: Callable[[], Any], timeout: float = 5.0) -> Any:
        """Until `condition()` is true (looked at after every change); returns its value, or raises TimeoutError."""
        return await self._watch.wait(condition, timeout)

    # Webhook

    async def set_webhook(
        self, url: str, verify_token: str, *, fields: frozenset[str] = FIELDS, subscribe: bool = True
    ) -> None:
        """What is done on the app's page: verifies `url` (raises `Refused`), and from then on tells it what happens.
        `subscribe`: in all accounts there are, too."""
        await self.webhook.verify(url, verify_token)
        self.webhook.url, self.webhook.fields = url, fields
        if subscribe:
            for account in self.world.accounts.values():
                account.subscribed = True

    def tell(self, field: str, value: Json, *, account: Account | None = None) -> None:
        """Any webhook at all, signed: `message_template_status_update`, `phone_number_quality_update` …"""
        self.webhook.tell(account or self.account, field, value)

    async def deliver(self, body: bytes) -> int:
        """Posts any bytes at all to the webhook once, signed, whatever their shape; returns the answer's status."""
        return await self.webhook.deliver(body)

    def batched(self) -> AbstractContextManager[None]:
        """What happens inside is told in one request."""
        return self.webhook.batched()

    # Time and trouble

    def passes(self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> None:
        self.clock.passes(days=days, hours=hours, minutes=minutes, seconds=seconds)
        self._watch.changed()

    def fail(self, operation: str, kind: Kind = "answer", *, person: Participant | None = None, **more: Any) -> None:
        """Plans a `Fault` for the next calls of `operation` (messages, read, media, media_url, download, number …)."""
        whom = person.id if person is not None else ""
        self.faults.planned.append(Fault(operation=operation, kind=kind, person=whom, **more))

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after every change; returns how to stop that."""
        return self._watch.listen(listener)


def _shown(message: Message, person: Participant) -> Shown:
    chat: Chat = person.chat
    author = person.number.verified_name if message.by_business else person.user.name
    return Shown(
        id=message.id,
        type=message.type,
        author=author,
        by_business=message.by_business,
        from_app=message.from_app,
        text=message.text,
        edited=message.edited,
        buttons=tuple(label for _, label in message.buttons),
        reactions=tuple(message.reactions.values()),
        reply_to=message.context if message.context in chat.messages else "",
        status=message.status if message.by_business else "",
        seen=message.seen,
        raw=message.content,
    )
