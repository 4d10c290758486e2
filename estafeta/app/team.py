"""`estafeta team`: who answers customers, how they come in, what they may do, and who changed that.

The commands go to the running platform of this machine, so that what they change holds at once, and count as an
admin: whoever may run them has the data folder.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, TypeVar, get_args

import click
from pydantic import BaseModel, TypeAdapter, ValidationError

from estafeta.app import audit, config, control
from estafeta.app.team_control import DESKS, GROUP, MOST_LINES, PATH, WEB, plain
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Json
from handoff.floor import Member, Role

T = TypeVar("T")
NOBODY = "Nobody is on the team yet: `estafeta team invite --role admin` prints the link of the first admin."


class _Invited(BaseModel):
    token: str
    links: dict[str, str]


@click.group()
def team() -> None:
    """Who answers customers: list them, invite, change and remove them, read who changed what."""


@team.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_command(as_json: bool) -> None:
    """List everybody on the roster, as DESK:ID, with what they may do and answer."""
    told = control.ask(config.read(), "GET", PATH)
    members = _read(TypeAdapter(tuple[Member, ...]), told)
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for member in members:
        _print(f"{member.desk}:{member.id}  {member.name}", f"    {_described(member)}")
    if not members:
        click.echo(NOBODY)


def _described(member: Member) -> str:
    presence = ""
    if member.presence and (member.until is None or member.until > datetime.now(UTC)):
        until = f" until {member.until:%Y-%m-%d %H:%M} UTC" if member.until else ""
        presence = f"{member.presence} by hand{until}"
    said = (
        member.role,
        f"skills: {', '.join(member.skills) or 'all'}",
        f"languages: {', '.join(member.languages) or 'all'}",
        f"up to {member.capacity} at once",
        f"shift {member.shift}" if member.shift else "",
        presence,
        "on call" if member.on_call else "",
    )
    return "; ".join(part for part in said if part)


@team.command("invite")
@click.option(
    "--role", type=click.Choice(get_args(Role)), default="operator", show_default=True, help="What they may do."
)
@click.option("--skill", "skills", multiple=True, help="What they answer; several times for several (default: all).")
@click.option("--language", "languages", multiple=True, help="What they speak, for example en (default: all).")
@click.option("--capacity", default=5, show_default=True, help="How many conversations at once.")
@click.option("--desk", type=click.Choice(DESKS), help="Where the invitation is good (default: at every desk).")
@click.option("--hours", default=24, show_default=True, help="For how long it is good.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def invite_command(
    role: str, skills: tuple[str, ...], languages: tuple[str, ...], capacity: int, desk: str | None, hours: int,
    as_json: bool,
) -> None:  # fmt: skip
    """Print an invitation for one person: links that are good once, at one of the desks. They are not kept and cannot
    be printed again."""
    asked: dict[str, Json] = {
        "role": role, "skills": _listed(skills), "languages": _listed(languages), "capacity": capacity,
        "desk": desk or "", "hours": hours,
    }  # fmt: skip
    invited = _read(TypeAdapter(_Invited), _ask("invite", asked))
    links = invited.links
    if as_json:
        click.echo(json.dumps({"token": invited.token, "links": links}, ensure_ascii=False))
        return
    article = "an" if role[0] in "aeiou" else "a"
    click.echo(
        f"An invitation for one person, as {article} {role}. It works once, within {hours} hours. Send it to that"
    )
    click.echo("person alone: whoever opens it first has it.\n")
    if WEB in links:
        click.echo(f"  at the web desk   {links[WEB]}")
    if GROUP in links:
        click.echo(f"  in Telegram       {links[GROUP]}")
        click.echo("                    they press Start, and join the operators' group too")
        if "/YOUR_BOT?" in links[GROUP]:
            click.echo("                    (Telegram did not tell the bot's name: put it for YOUR_BOT)")


@team.command("login")
@click.argument("member")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def login_command(member: str, as_json: bool) -> None:
    """Print a new log-in link of MEMBER (web:ID, as `team list` names them), for their next session at the web desk.
    It works once, for ten minutes."""
    desk, who = _named(member)
    link = _read(TypeAdapter(str), _ask("login", {"desk": desk, "id": who}))
    click.echo(json.dumps({"link": link}) if as_json else link)


@team.command("remove")
@click.argument("member")
@click.option("--why", default="by_hand", help="For the audit log.")
def remove_command(member: str, why: str) -> None:
    """Take MEMBER (DESK:ID, as `team list` names them) off the roster. They may answer nobody from now on."""
    desk, who = _named(member)
    _ask("remove", {"desk": desk, "id": who, "why": why})
    click.echo(f"{member} is off the roster.")


@team.command("change")
@click.argument("member")
@click.option("--name", help="What colleagues call them.")
@click.option("--role", type=click.Choice(get_args(Role)), help="What they may do.")
@click.option("--skill", "skills", multiple=True, help="What they answer; several times for several, `all` for all.")
@click.option("--language", "languages", multiple=True, help="What they speak; `all` for all.")
@click.option("--capacity", type=int, help="How many conversations at once.")
@click.option("--shift", help='A shift or schedule of hours.yml; "" for none.')
@click.option("--on-call/--no-on-call", "on_call", default=None, help="Whether they are called when nobody else comes.")
@click.option("--json", "as_json", is_flag=True, help="Print the member as JSON.")
def change_command(
    member: str, skills: tuple[str, ...], languages: tuple[str, ...], as_json: bool, **given: Any
) -> None:  # fmt: skip
    """Change MEMBER (DESK:ID, as `team list` names them); what is not named stays as it is."""
    desk, who = _named(member)
    asked: dict[str, Json] = {name: value for name, value in given.items() if value is not None}
    for name, values in (("skills", skills), ("languages", languages)):
        if values:
            asked[name] = _listed(values)
    if not asked:
        raise click.UsageError("Name what is to change, for example --capacity 3.")
    changed = _read(TypeAdapter(Member), _ask("change", {"desk": desk, "id": who, **asked}))
    if as_json:
        click.echo(json.dumps(plain(changed), ensure_ascii=False))
    else:
        _print(f"{member}  {changed.name}", f"    {_described(changed)}")


@team.command("audit")
@click.option("--limit", type=click.IntRange(1, MOST_LINES), default=100, show_default=True, help="How many lines.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def audit_command(limit: int, as_json: bool) -> None:
    """Print who changed what about the team and the hours, the latest first."""
    said = control.ask(config.read(), "GET", f"{PATH}/audit/{limit}")
    if as_json:
        click.echo(json.dumps(said, ensure_ascii=False))
        return
    lines = _read(TypeAdapter(tuple[audit.AuditLine, ...]), said)
    _print(*(audit.told(line) for line in lines))
    if not lines:
        click.echo("Nothing was changed yet.")


def _listed(values: tuple[str, ...]) -> list[Json]:
    """`all` is what nothing is kept for."""
    return [] if values == ("all",) else list(values)


def _print(*lines: str) -> None:
    """Names are what people call themselves: nothing in them may command the terminal."""
    for line in lines:
        click.echo("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in line))


def _named(member: str) -> tuple[str, str]:
    desk, colon, who = member.partition(":")
    if not (desk and colon and who):
        raise click.UsageError(f"{member} is no member: name one as `estafeta team list` does, for example web:o1.")
    if desk not in DESKS:
        raise click.UsageError(f"There is no desk {desk}: there are {' and '.join(DESKS)}.")
    return desk, who


def _ask(what: str, asked: dict[str, Json]) -> Json:
    """What came of it, or `ConfigurationError` with the roster's sentence."""
    told = control.ask(config.read(), "POST", f"{PATH}/{what}/{control.packed(asked)}")
    if isinstance(told, dict) and "done" in told:
        return told["done"]
    refused = told.get("refused") if isinstance(told, dict) else None
    raise ConfigurationError(str(refused or "What runs there answers in another form: is it of this version?"))


def _read(kind: TypeAdapter[T], told: Json) -> T:
    try:
        return kind.validate_python(told)
    except ValidationError:
        raise ConfigurationError("What runs there answers in another form: is it of this version?") from None
