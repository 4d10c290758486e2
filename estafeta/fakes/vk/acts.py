"""What the page and outside programs may do through `/fake/api/…`, each as a checked model with its deed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, StringConstraints

from estafeta.fakes.common.errors import Json, NotPossible
from estafeta.fakes.common.faults import Kind, WebhookFaults
from estafeta.fakes.vk.people import Community, Participant
from estafeta.fakes.vk.view import REACTIONS
from estafeta.fakes.vk.world import Press

if TYPE_CHECKING:
    from estafeta.fakes.vk.served import ServedVk

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4096)]
NUMBERS = {emoji: number for number, emoji in REACTIONS.items()}


class Act(BaseModel):
    """`community`: its id, by default the first."""

    model_config = ConfigDict(extra="forbid")

    community: int = 0

    def play(self, fake: ServedVk) -> Json:
        raise NotImplementedError

    def where(self, fake: ServedVk) -> Community:
        groups = fake.world.groups
        group = groups.get(self.community) if self.community else next(iter(groups.values()), None)
        if group is None:
            raise NotPossible("there is no such community")
        return Community(fake.scene, group)


class OfPerson(Act):
    person: int

    def play(self, fake: ServedVk) -> Json:
        return self.act(self.who(fake)) or {}

    def who(self, fake: ServedVk) -> Participant:
        user = fake.world.users.get(self.person)
        if user is None:
            raise NotPossible("there is no such person")
        return Participant(fake.scene, self.where(fake).group, user, self.person)

    def act(self, who: Participant) -> Json | None:
        raise NotImplementedError


# Customers, in messages


class Meet(Act):
    name: Name

    def play(self, fake: ServedVk) -> Json:
        return {"id": fake.private(self.name, self.where(fake), allowed=False).id}


class Say(OfPerson):
    text: str
    reply_to: int | None = None
    payload: str = ""
    ref: str = ""

    def act(self, who: Participant) -> Json:
        return _id(who.says(self.text, reply_to=self.reply_to, payload=self.payload, ref=self.ref))


class Send(OfPerson):
    kind: Literal["photo", "doc", "audio_message", "graffiti", "sticker", "link", "video", "audio", "wall", "market"]
    content: Base64Bytes = b"Li4u"
    name: str = ""
    text: str = ""
    reply_to: int | None = None

    def act(self, who: Participant) -> Json:
        sent = who.sends(self.kind, content=self.content, name=self.name, text=self.text, reply_to=self.reply_to)
        return _id(sent)


class Location(OfPerson):
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)

    def act(self, who: Participant) -> Json:
        return _id(who.sends_location(self.latitude, self.longitude))


class PressButton(OfPerson):
    """`button`: its label or payload. A callback button is answered with its `press`."""

    button: str
    message: int | None = None

    def act(self, who: Participant) -> Json:
        pressed = who.presses(self.button, message=self.message)
        return {"press": pressed.id} if isinstance(pressed, Press) else _id(pressed)


class React(OfPerson):
    """`emoji`: one of those the page shows; None takes the reaction away."""

    message: int
    emoji: str | None = None

    def act(self, who: Participant) -> None:
        if self.emoji is not None and self.emoji not in NUMBERS:
            raise NotPossible(f"there is no reaction {self.emoji}: choose one of {' '.join(NUMBERS)}")
        who.reacts(self.message, NUMBERS[self.emoji] if self.emoji else None)


class Edit(OfPerson):
    message: int
    text: str

    def act(self, who: Participant) -> Json:
        return _id(who.edits(self.message, self.text))


class Delete(OfPerson):
    message: int

    def act(self, who: Participant) -> None:
        who.deletes(self.message)


class Do(OfPerson):
    do: Literal["read", "type", "allow", "deny", "hide", "join", "leave", "vanish"]

    def act(self, who: Participant) -> None:
        deeds = {
            "read": who.reads,
            "type": who.types,
            "allow": who.allows,
            "deny": who.blocks,
            "hide": who.hides,
            "join": who.joins,
            "leave": who.leaves,
            "vanish": who.vanishes,
        }
        deeds[self.do]()


# Customers, on the wall


class Comment(OfPerson):
    post: int
    text: Words
    reply_to: int | None = None

    def act(self, who: Participant) -> Json:
        return {"comment": who.comments(self.post, self.text, reply_to=self.reply_to)["id"]}


class EditComment(OfPerson):
    comment: int
    text: Words

    def act(self, who: Participant) -> Json:
        return {"comment": who.edits_comment(self.comment, self.text)["id"]}


class DeleteComment(OfPerson):
    comment: int

    def act(self, who: Participant) -> None:
        who.deletes_comment(self.comment)


# The community's administrator


class Answer(OfPerson):
    """Typed in the community's own messages."""

    text: str

    def play(self, fake: ServedVk) -> Json:
        return _id(self.where(fake).answers(self.who(fake), self.text))


class Ban(OfPerson):
    banned: bool = True

    def play(self, fake: ServedVk) -> Json:
        community, who = self.where(fake), self.who(fake)
        if self.banned:
            community.bans(who)
        else:
            community.pardons(who)
        return {}


class NewPost(Act):
    text: Words

    def play(self, fake: ServedVk) -> Json:
        return {"post": self.where(fake).posts(self.text)}


class AnswerComment(Act):
    """In the community's name."""

    post: int
    text: Words
    reply_to: int | None = None

    def play(self, fake: ServedVk) -> Json:
        return {"comment": self.where(fake).comments(self.post, self.text, reply_to=self.reply_to)["id"]}


class SetCallback(Act):
    """A callback server for all events. `status`: "wait" until it has been asked for the confirmation string, then
    "ok" or "failed"."""

    url: str
    secret: str = ""
    title: Name = "Estafeta"

    def play(self, fake: ServedVk) -> Json:
        server = fake.connect(self.where(fake), self.url, title=self.title, secret=self.secret)
        return {"server": server.id, "status": server.status}


# Trouble


class PlanFault(Act):
    method: str
    kind: Kind = "answer"
    code: int = 10
    status: int = 200
    detail: str = ""
    seconds: float = Field(default=0, ge=0, le=600)
    times: int = Field(default=1, ge=1)

    def play(self, fake: ServedVk) -> Json:
        fake.fail(self.method, self.kind, **self.model_dump(exclude={"method", "kind", "community"}))
        return {"planned": len(fake.faults.planned)}


class PlanWebhookFaults(Act):
    duplicates: int = Field(default=0, ge=0)
    reorder: int = Field(default=0, ge=0)
    delay: float = Field(default=0, ge=0, le=600)
    lost_answers: int = Field(default=0, ge=0)

    def play(self, fake: ServedVk) -> Json:
        fake.faults.webhook = WebhookFaults(**self.model_dump(exclude={"community"}))
        return {}


class NoFaults(Act):
    def play(self, fake: ServedVk) -> Json:
        fake.faults.clear()
        return {}


def _id(message: Json) -> Json:
    return {"message": message["conversation_message_id"]}


ACTS: dict[str, type[Act]] = {
    "person": Meet,
    "say": Say,
    "send": Send,
    "location": Location,
    "press": PressButton,
    "react": React,
    "edit": Edit,
    "delete": Delete,
    "do": Do,
    "comment": Comment,
    "edit-comment": EditComment,
    "delete-comment": DeleteComment,
    "answer": Answer,
    "ban": Ban,
    "post": NewPost,
    "answer-comment": AnswerComment,
    "callback": SetCallback,
    "fault": PlanFault,
    "webhook-faults": PlanWebhookFaults,
    "no-faults": NoFaults,
}
