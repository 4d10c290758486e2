"""What can be done over HTTP with people, time and trouble: `POST /fake/api/<act>`, for the page and other programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.whatsapp.errors import Json
from estafeta.fakes.whatsapp.faults import Kind
from estafeta.fakes.whatsapp.people import Participant

if TYPE_CHECKING:
    from estafeta.fakes.whatsapp.fake import FakeWhatsApp


class Act(BaseModel):
    model_config = ConfigDict(extra="forbid")

    async def play(self, fake: FakeWhatsApp) -> Json:
        raise NotImplementedError


class OfPerson(Act):
    """`person`: the user id; `number`: the business's number, by default the first."""

    person: str
    number: str = ""

    async def play(self, fake: FakeWhatsApp) -> Json:
        return self.act(participant(fake, self.person, self.number)) or {}

    def act(self, who: Participant) -> Json | None:
        raise NotImplementedError


class Meet(Act):
    name: Annotated[str, Field(min_length=1, max_length=64)]
    phone: str = ""
    hidden: bool = False

    async def play(self, fake: FakeWhatsApp) -> Json:
        person = fake.person(self.name, phone=self.phone, hidden=self.hidden)
        return {"person": person.id, "phone": person.phone}


class Say(OfPerson):
    text: str
    reply_to: str = ""

    def act(self, who: Participant) -> Json:
        return {"message": who.says(self.text, reply_to=self.reply_to)}


class Send(OfPerson):
    kind: str
    content: Base64Bytes
    name: str = ""
    mime: str = ""
    caption: str = ""
    voice: bool = False

    def act(self, who: Participant) -> Json:
        sent = who.sends(
            self.kind, self.content, name=self.name, mime=self.mime, caption=self.caption, voice=self.voice
        )
        return {"message": sent}


class Location(OfPerson):
    latitude: float
    longitude: float

    def act(self, who: Participant) -> Json:
        return {"message": who.sends_location(self.latitude, self.longitude)}


class Contact(OfPerson):
    name: str
    phone: str

    def act(self, who: Participant) -> Json:
        return {"message": who.sends_contact(self.name, self.phone)}


class Press(OfPerson):
    button: str
    message: str = ""

    def act(self, who: Participant) -> Json:
        return {"message": who.presses(self.button, message_id=self.message)}


class React(OfPerson):
    message: str
    emoji: str = ""

    def act(self, who: Participant) -> None:
        if self.emoji:
            who.reacts(self.message, self.emoji)
        else:
            who.unreacts(self.message)


class Edit(OfPerson):
    message: str
    text: str

    def act(self, who: Participant) -> None:
        who.edits(self.message, self.text)


class Delete(OfPerson):
    message: str

    def act(self, who: Participant) -> None:
        who.deletes(self.message)


class Do(OfPerson):
    do: Literal["read", "block", "unblock", "offline", "online", "leave", "unsupported"]

    def act(self, who: Participant) -> None:
        match self.do:
            case "read":
                who.reads()
            case "block":
                who.blocks()
            case "unblock":
                who.unblocks()
            case "offline":
                who.goes_offline()
            case "online":
                who.comes_online()
            case "leave":
                who.leaves_whatsapp()
            case "unsupported":
                who.sends_unsupported()


class Echo(Act):
    """The business writes from its phone app."""

    person: str
    text: str

    async def play(self, fake: FakeWhatsApp) -> Json:
        return {"message": fake.phone_app().says(participant(fake, self.person, ""), self.text)}


class Pass(Act):
    hours: float = 0
    seconds: float = 0

    async def play(self, fake: FakeWhatsApp) -> Json:
        fake.passes(hours=self.hours, seconds=self.seconds)
        return {"now": fake.clock.now()}


class SetWebhook(Act):
    url: str
    verify_token: str

    async def play(self, fake: FakeWhatsApp) -> Json:
        await fake.set_webhook(self.url, self.verify_token)
        return {}


class AddTemplate(Act):
    name: str
    body: str
    language: str = "ru"
    category: str = "UTILITY"
    buttons: tuple[str, ...] = ()

    async def play(self, fake: FakeWhatsApp) -> Json:
        made = fake.add_template(
            self.name, self.body, language=self.language, category=self.category, buttons=self.buttons
        )
        return made.node()


class PlanFault(Act):
    operation: str
    kind: Kind = "answer"
    code: int | None = None
    status: int | None = None
    seconds: float = 0
    times: int = 1

    async def play(self, fake: FakeWhatsApp) -> Json:
        try:
            fake.fail(self.operation, self.kind, **self.model_dump(include={"code", "status", "seconds", "times"}))
        except ValueError as problem:
            raise NotPossible(str(problem)) from None
        return {}


class PlanWebhookFaults(Act):
    duplicates: int = 0
    reorder: int = 0
    delay: float = 0
    lost_answers: int = 0

    async def play(self, fake: FakeWhatsApp) -> Json:
        for name, value in self.model_dump().items():
            setattr(fake.faults.webhook, name, value)
        return {}


class NoFaults(Act):
    async def play(self, fake: FakeWhatsApp) -> Json:
        fake.faults.clear()
        return {}


class WaitUntilTold(Act):
    """Until every webhook has been acknowledged, for at most `seconds`."""

    seconds: float = 5

    async def play(self, fake: FakeWhatsApp) -> Json:
        try:
            await fake.wait(lambda: not fake.webhook.waiting, timeout=self.seconds)
        except TimeoutError:
            raise NotPossible(f"{fake.webhook.waiting} webhooks still wait") from None
        return {}


ACTS: dict[str, type[Act]] = {
    "person": Meet,
    "say": Say,
    "send": Send,
    "location": Location,
    "contact": Contact,
    "press": Press,
    "react": React,
    "edit": Edit,
    "delete": Delete,
    "do": Do,
    "echo": Echo,
    "pass": Pass,
    "webhook": SetWebhook,
    "template": AddTemplate,
    "fault": PlanFault,
    "webhook-faults": PlanWebhookFaults,
    "no-faults": NoFaults,
    "told": WaitUntilTold,
}


def participant(fake: FakeWhatsApp, person: str, number: str) -> Participant:
    user = fake.world.users.get(person)
    chosen = fake.world.numbers.get(number) if number else fake.number
    if user is None or chosen is None:
        raise NotPossible("there is no such person or number")
    return Participant(fake.scene, user, chosen)
