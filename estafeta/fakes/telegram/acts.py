"""What the page and outside programs may do through `/fake/api/…`, each as a checked model with its deed."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.common.faults import Kind, WebhookFaults
from estafeta.fakes.telegram.errors import Json
from estafeta.fakes.telegram.faults import Fault
from estafeta.fakes.telegram.people import Group, Participant
from estafeta.fakes.telegram.world import GENERAL

if TYPE_CHECKING:
    from estafeta.fakes.telegram.fake import FakeTelegram

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class Act(BaseModel):
    model_config = ConfigDict(extra="forbid")

    def play(self, fake: FakeTelegram) -> Json:
        raise NotImplementedError


class PersonAct(Act):
    """`chat` and `user` are ids; `user` may be left out in a private chat."""

    chat: int
    user: int | None = None

    def person(self, fake: FakeTelegram) -> Participant:
        user = self.chat if self.user is None else self.user
        if self.chat not in fake.world.chats or user not in fake.world.users:
            raise NotPossible("there is no such chat or user")
        return fake.participant(self.chat, user)


class Customer(Act):
    name: Name
    language: Literal["ru", "en"] = "ru"

    def play(self, fake: FakeTelegram) -> Json:
        return {"id": fake.private(self.name, language=self.language).id}


class Operator(Act):
    group: int
    name: Name
    status: Literal["administrator", "member"] = "administrator"

    def play(self, fake: FakeTelegram) -> Json:
        return {"id": group_of(fake, self.group).operator(self.name, status=self.status).id}


class Private(PersonAct):
    """Somebody of a group opens the private chat with the bot; its id is theirs."""

    def play(self, fake: FakeTelegram) -> Json:
        return {"id": fake.private_of(self.person(fake)).chat_id}


class Say(PersonAct):
    text: str
    topic: int = GENERAL
    reply_to: int | None = None
    anonymous: bool = False

    def play(self, fake: FakeTelegram) -> Json:
        person = self.person(fake)
        if self.anonymous:
            return _id(person.says_anonymously(self.text, topic=self.topic))
        return _id(person.says(self.text, topic=self.topic, reply_to=self.reply_to))


class Send(PersonAct):
    kind: Literal["photo", "document", "voice", "video", "video_note", "audio", "animation", "sticker"]
    content: str = "Li4u"
    """The file in base64."""
    name: str = ""
    mime: str = "application/octet-stream"
    size: int | None = None
    caption: str = ""
    topic: int = GENERAL
    reply_to: int | None = None

    def play(self, fake: FakeTelegram) -> Json:
        try:
            content = base64.b64decode(self.content, validate=True)
        except binascii.Error:
            raise NotPossible("content is not base64") from None
        fields = {"name": self.name, "mime": self.mime, "size": self.size, "caption": self.caption}
        person = self.person(fake)
        return _id(person.sends(self.kind, content, **fields, topic=self.topic, reply_to=self.reply_to))  # type: ignore[arg-type]


class Location(PersonAct):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    topic: int = GENERAL

    def play(self, fake: FakeTelegram) -> Json:
        return _id(self.person(fake).sends_location(self.latitude, self.longitude, topic=self.topic))


class Contact(PersonAct):
    phone: Name
    topic: int = GENERAL

    def play(self, fake: FakeTelegram) -> Json:
        person = self.person(fake)
        return _id(person.sends_contact(self.phone, person.user["first_name"], topic=self.topic))


class Edit(PersonAct):
    message: int
    text: str

    def play(self, fake: FakeTelegram) -> Json:
        return _id(self.person(fake).edits(self.message, self.text))


class Delete(PersonAct):
    message: int

    def play(self, fake: FakeTelegram) -> Json:
        self.person(fake).deletes(self.message)
        return {}


class React(PersonAct):
    message: int
    emoji: list[str] = Field(max_length=3)

    def play(self, fake: FakeTelegram) -> Json:
        self.person(fake).reacts(self.message, *self.emoji)
        return {}


class PressButton(PersonAct):
    button: str
    message: int | None = None

    def play(self, fake: FakeTelegram) -> Json:
        return {"press": self.person(fake).presses(self.button, message_id=self.message).id}


class Tap(PersonAct):
    """A key under the box to write into."""

    key: str
    phone: Name = "+70000000000"

    def play(self, fake: FakeTelegram) -> Json:
        return _id(self.person(fake).taps(self.key, phone=self.phone))


class Block(PersonAct):
    blocked: bool = True

    def play(self, fake: FakeTelegram) -> Json:
        person = self.person(fake)
        if self.blocked:
            person.blocks()
        else:
            person.unblocks()
        return {}


class Presence(PersonAct):
    present: bool

    def play(self, fake: FakeTelegram) -> Json:
        person = self.person(fake)
        if self.present:
            person.joins()
        else:
            person.leaves()
        return {}


class TopicAct(PersonAct):
    do: Literal["open", "rename", "close", "reopen", "delete"]
    topic: int = GENERAL
    name: str = ""

    def play(self, fake: FakeTelegram) -> Json:
        person = self.person(fake)
        match self.do:
            case "open":
                return {"topic": person.opens_topic(self.name)}
            case "rename":
                person.renames_topic(self.topic, self.name)
            case "close":
                person.closes_topic(self.topic)
            case "reopen":
                person.reopens_topic(self.topic)
            case "delete":
                person.deletes_topic(self.topic)
        return {}


# Trouble


class BotRights(Act):
    """What the bot is in the group: with `without`, an administrator lacking these rights."""

    group: int
    status: Literal["administrator", "member", "left", "kicked"] = "administrator"
    without: list[str] = []

    def play(self, fake: FakeTelegram) -> Json:
        group_of(fake, self.group).set_bot(self.status, without=tuple(self.without))
        return {}


class Migrate(Act):
    group: int

    def play(self, fake: FakeTelegram) -> Json:
        return {"id": group_of(fake, self.group).migrates()}


class PlanFault(Act):
    method: str
    kind: Kind = "answer"
    status: int = 500
    description: str = ""
    retry_after: int | None = None
    seconds: float = Field(default=0, ge=0, le=600)
    times: int = Field(default=1, ge=1)
    chat: int | None = None

    def play(self, fake: FakeTelegram) -> Json:
        fake.faults.planned.append(Fault(**self.model_dump()))
        return {"planned": len(fake.faults.planned)}


class PlanWebhookFaults(Act):
    duplicates: int = Field(default=0, ge=0)
    reorder: int = Field(default=0, ge=0)
    delay: float = Field(default=0, ge=0, le=600)
    lost_answers: int = Field(default=0, ge=0)

    def play(self, fake: FakeTelegram) -> Json:
        fake.faults.webhook = WebhookFaults(**self.model_dump())
        return {}


class NoFaults(Act):
    def play(self, fake: FakeTelegram) -> Json:
        fake.faults.clear()
        return {}


def group_of(fake: FakeTelegram, chat_id: int) -> Group:
    chat = fake.world.chats.get(chat_id)
    if chat is None or chat.private:
        raise NotPossible(f"there is no group {chat_id}")
    return Group(fake.scene, chat_id)


def _id(message: Json) -> Json:
    return {"message_id": message["message_id"]}


ACTS: dict[str, type[Act]] = {
    "customer": Customer,
    "operator": Operator,
    "private": Private,
    "say": Say,
    "send": Send,
    "location": Location,
    "contact": Contact,
    "edit": Edit,
    "delete": Delete,
    "react": React,
    "press": PressButton,
    "tap": Tap,
    "block": Block,
    "presence": Presence,
    "topic": TopicAct,
    "bot-rights": BotRights,
    "migrate": Migrate,
    "fault": PlanFault,
    "webhook-faults": PlanWebhookFaults,
    "no-faults": NoFaults,
}


def journal(fake: FakeTelegram, last: int) -> list[Json]:
    calls: list[Any] = list(fake.calls)[-last:]
    return [
        {"method": c.method, "params": c.params, "at": c.at, "status": c.status, "answer": c.answer, "fault": c.fault}
        for c in calls
    ]
