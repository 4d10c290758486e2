"""What the running platform does for `estafeta team`: the roster, and where an invitation lets somebody in.

What is asked stands in the address, packed: the command line speaks to this machine alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from estafeta.app import control
from estafeta.app.config import Settings
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Json
from estafeta.roster import CONSOLE, Known, NotAllowed, Roster
from flows.model import Workspace
from handoff.desks.web.desk import WebDesk
from handoff.floor import Member, Role

PATH = "/control/team"
MOST_LINES = 10_000
WEB = "web"
GROUP = "telegram_forum"
DESKS = (WEB, GROUP)
_INVITED_AT = "op_"
"""What a token begins with in a link to the operators' bot, as the desk in Telegram reads it."""


@dataclass(frozen=True, slots=True)
class WayIn:
    """Where members come in. `web_desk` is None where it is off; `bot` asks for the name of the operators' bot (""
    while Telegram does not tell it), and is None where there is no group."""

    settings: Settings
    web_desk: WebDesk | None
    bot: Callable[[], Awaitable[str]] | None

    def check(self, desk: str) -> None:
        """Raises `ConfigurationError` if nobody could come in at `desk` ("": anywhere)."""
        if self.web_desk is None and desk == WEB:
            raise ConfigurationError("The web desk is off: set ESTAFETA_DESK__ENABLED=true.")
        if self.bot is None and desk == GROUP:
            raise ConfigurationError("No operators' group is set: ESTAFETA_TELEGRAM__GROUP_ID names it.")
        if self.bot is None and self.web_desk is None:
            raise ConfigurationError(
                "There is no desk: set ESTAFETA_DESK__ENABLED=true, or ESTAFETA_TELEGRAM__GROUP_ID."
            )

    async def links(self, token: str, desk: str) -> dict[str, str]:
        """By desk, where the token lets somebody in."""
        found = {}
        if self.web_desk is not None and desk in ("", WEB):
            found[WEB] = self.log_in(token)
        if self.bot is not None and desk in ("", GROUP):
            found[GROUP] = f"https://t.me/{await self.bot() or 'YOUR_BOT'}?start={_INVITED_AT}{token}"
        return found

    def log_in(self, code: str) -> str:
        return f"{self.settings.url}/desk#login={code}"


def known(workspace: Workspace) -> Known:
    """What members may be given."""
    hours = workspace.hours
    return Known(
        skills=tuple(workspace.skills),
        languages=workspace.languages,
        shifts=tuple(dict.fromkeys((*hours.shifts, *hours.schedules))),
    )


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Invite(_Asked):
    role: Role
    skills: tuple[str, ...]
    languages: tuple[str, ...]
    capacity: int
    desk: str
    hours: int


class _Login(_Asked):
    desk: str
    id: str


class _Remove(_Asked):
    desk: str
    id: str
    why: str


class _Change(_Asked):
    desk: str
    id: str
    name: str | None = None
    role: Role | None = None
    skills: tuple[str, ...] | None = None
    languages: tuple[str, ...] | None = None
    capacity: int | None = None
    shift: str | None = None
    on_call: bool | None = None


def mount(app: web.Application, roster: Roster, way_in: WayIn, control_token: str) -> None:
    """Serves the command line of this machine."""

    async def list_(request: web.Request) -> web.Response:
        control.require(request, control_token)
        return web.json_response([plain(member) for member in await roster.members()])

    async def audit(request: web.Request) -> web.Response:
        control.require(request, control_token)
        limit = request.match_info["limit"]
        return web.json_response(await roster.audited(min(int(limit), MOST_LINES) if limit.isdecimal() else 100))

    async def change(request: web.Request) -> web.Response:
        control.require(request, control_token)
        try:
            asked = control.unpacked(request.match_info["asked"])
            done = await _done(roster, way_in, request.match_info["what"], asked)
        except (NotAllowed, ConfigurationError) as refused:
            return web.json_response({"refused": str(refused)})
        except (ValidationError, ValueError):
            return web.json_response({"refused": "What was asked cannot be read: is the command of this version?"})
        return web.json_response({"done": done})

    app.router.add_get(PATH, list_)
    app.router.add_get(PATH + "/audit/{limit}", audit)
    app.router.add_post(PATH + "/{what}/{asked}", change)


async def _done(roster: Roster, way_in: WayIn, what: str, asked: Json) -> Json:
    match what:
        case "invite":
            invite = _Invite.model_validate(asked)
            way_in.check(invite.desk)
            token = await roster.invite(by=CONSOLE, **invite.model_dump())
            return {"token": token, "links": dict(await way_in.links(token, invite.desk))}
        case "login":
            login = _Login.model_validate(asked)
            return await _log_in(roster, way_in, login)
        case "remove":
            remove = _Remove.model_validate(asked)
            if await roster.member(remove.desk, remove.id) is None:
                raise NotAllowed("unknown_member")
            await roster.remove(remove.desk, remove.id, by=CONSOLE, why=remove.why)
            return None
        case "change":
            change = _Change.model_validate(asked)
            fields = change.model_dump(exclude_none=True, exclude={"desk", "id"})
            return plain(await roster.change(change.desk, change.id, by=CONSOLE, **fields))
        case _:
            raise ValueError(what)


async def _log_in(roster: Roster, way_in: WayIn, asked: _Login) -> Json:
    way_in.check(WEB)
    member = await roster.member(asked.desk, asked.id)
    if member is None:
        raise NotAllowed("unknown_member")
    if asked.desk != WEB or way_in.web_desk is None:
        raise ConfigurationError("They answer in Telegram, where nobody logs in: being in the group is enough.")
    return way_in.log_in(await way_in.web_desk.login_code_for(member, by=CONSOLE))


def plain(member: Member) -> Json:
    return TypeAdapter(Member).dump_python(member, mode="json")
