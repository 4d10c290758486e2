"""All settings as one typed tree, read once from the environment and an optional `.env` file.

Names are `ESTAFETA_` and the path, parts joined by two underscores: `ESTAFETA_TELEGRAM__TOKEN`. An
unknown name is refused with the nearest right one, since a setting that silently does nothing is
worse than none. `ESTAFETA_SECRET_NAME` and `ESTAFETA_VAR_NAME` are the workspace's own.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_origin

from dotenv import dotenv_values
from dotenv.parser import parse_stream
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from bots.telegram.config import TelegramConfig
from bots.vk.config import VkConfig
from bots.whatsapp.config import WhatsAppConfig
from bots.widget.config import WidgetConfig
from estafeta.app.events import EventsConfig
from estafeta.bus.redis.config import RedisConfig
from estafeta.kernel.errors import ConfigurationError
from nlu.rasa_config import RasaConfig
from storage.files.config import FilesConfig
from storage.mongo.config import MongoConfig

PREFIX = "ESTAFETA_"
SECRET = "ESTAFETA_SECRET_"  # noqa: S105
VARIABLE = "ESTAFETA_VAR_"
_NESTED = "__"


class DeskConfig(BaseModel):
    """The web desk."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = Field(default=True, description="whether the web desk is served")
    open_to_members: bool = Field(
        default=False,
        description="whether every member of the operators' group may answer; false: only who came by an invitation",
    )


class NluConfig(BaseModel):
    """Understanding of texts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: Literal["embedded", "rasa"] = Field(
        default="embedded", description="what understands: embedded (inside the platform) or rasa (the server below)"
    )
    deadline: float = Field(default=3.0, gt=0, description="seconds that one try at understanding a text may take")


class Settings(BaseSettings):
    """Everything an administrator can set."""

    # What is unknown is refused by `read`, which knows the workspace's own names too; and a .env file
    # may hold what other programs read.
    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter=_NESTED, frozen=True, extra="ignore", env_ignore_empty=True
    )

    host: str = Field(default="127.0.0.1", description="address to listen on; 0.0.0.0 for all")
    port: int = Field(default=8080, ge=1, le=65535, description="port to listen on")
    public_url: str = Field(default="", description="how browsers reach this server, e.g. https://chat.example.org")
    workspace: Path = Field(default=Path("demo"), description="folder with bot.yml, flows/, nlu/")
    data: Path = Field(default=Path("var"), description="folder for the database, the models and what was set aside")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level logged")
    language: Literal["ru", "en"] = Field(default="ru", description="what operators read about failed sends: ru or en")
    stop_within: float = Field(default=5.0, gt=0, description="seconds that work in hand gets when stopping")
    desk: DeskConfig = DeskConfig()
    nlu: NluConfig = NluConfig()
    rasa: RasaConfig = RasaConfig()
    widget: WidgetConfig = WidgetConfig()
    events: EventsConfig | None = None
    telegram: TelegramConfig | None = None
    telegram_more: tuple[TelegramConfig, ...] = Field(
        default=(), description="further bots, as a JSON list of objects with the same names as above"
    )
    vk: VkConfig | None = None
    vk_more: tuple[VkConfig, ...] = Field(
        default=(), description="further communities, as a JSON list of objects with the same names as above"
    )
    whatsapp: WhatsAppConfig | None = None
    whatsapp_more: tuple[WhatsAppConfig, ...] = Field(
        default=(), description="further numbers, as a JSON list of objects with the same names as above"
    )
    files: FilesConfig = FilesConfig()
    mongo: MongoConfig | None = None
    redis: RedisConfig | None = None

    @property
    def url(self) -> str:
        """The platform's own origin, without a slash at the end."""
        return self.public_url.rstrip("/") or self.local_url

    @property
    def local_url(self) -> str:
        """Where this machine reaches the server, without a slash at the end."""
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    @property
    def bots(self) -> tuple[TelegramConfig, ...]:
        return ((self.telegram,) if self.telegram else ()) + self.telegram_more

    @property
    def _every_bot(self) -> tuple[TelegramConfig, ...]:
        """With those that work in operators' groups alone."""
        return self.bots + tuple(bot.desk_bot for bot in self.bots if bot.desk_token is not None)

    @property
    def communities(self) -> tuple[VkConfig, ...]:
        return ((self.vk,) if self.vk else ()) + self.vk_more

    @property
    def numbers(self) -> tuple[WhatsAppConfig, ...]:
        return ((self.whatsapp,) if self.whatsapp else ()) + self.whatsapp_more

    @model_validator(mode="after")
    def _accounts_have_names_of_their_own(self) -> Settings:
        for channel, accounts in (("TELEGRAM", self._every_bot), ("VK", self.communities), ("WHATSAPP", self.numbers)):
            both = f"ESTAFETA_{channel} and ESTAFETA_{channel}_MORE"
            names = [account.name for account in accounts]
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{both} name {', '.join(twice)} twice")
            own = [_identity(account) for account in accounts]
            if len(set(own)) < len(own):
                raise ValueError(f"{both} name one account twice, under two names")
        if sum(bot.group_id is not None for bot in self.bots) > 1:
            raise ValueError(
                "ESTAFETA_TELEGRAM and ESTAFETA_TELEGRAM_MORE have several group_id: one bot has the group"
            )
        return self


def read(env_file: Path = Path(".env")) -> Settings:
    """The settings, or `ConfigurationError` with a sentence that names the variable."""
    given = _given(env_file)
    _refuse_unknown(name.upper() for name in given)
    try:
        return Settings(_env_file=env_file if env_file.is_file() else None)
    except ValidationError as error:
        raise ConfigurationError(_in_words(error)) from None
    except SettingsError as error:
        broken = ", ".join(_broken_json(given)) or str(error)
        raise ConfigurationError(f"{broken}: lists and mappings are written as JSON") from None


def workspace_values(env_file: Path = Path(".env")) -> tuple[dict[str, str], dict[str, str]]:
    """What templates of actions may see: secrets and variables, by the names after their prefixes."""
    given = _given(env_file)
    secrets = {name[len(SECRET) :]: value for name, value in given.items() if name.upper().startswith(SECRET)}
    variables = {name[len(VARIABLE) :]: value for name, value in given.items() if name.upper().startswith(VARIABLE)}
    return secrets, variables


def _given(env_file: Path) -> dict[str, str]:
    """The `.env` file, with the environment over it. Raises `ConfigurationError` for a line that would
    silently do nothing."""
    if not env_file.is_file():
        return dict(os.environ)
    try:
        with env_file.open(encoding="utf-8") as file:
            for line in parse_stream(file):
                if line.error or (line.key is not None and line.value is None):
                    raise ConfigurationError(f"{env_file}, line {line.original.line}: write NAME=value")
        written = dotenv_values(env_file)
    except UnicodeDecodeError:
        raise ConfigurationError(f"{env_file} is not text in UTF-8: save it as that") from None
    except OSError as error:
        raise ConfigurationError(f"{env_file} can't be read ({error.strerror})") from None
    return {**{name: value for name, value in written.items() if value is not None}, **os.environ}


def names(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[tuple[str, Any]]:
    """Every setting's variable with its pydantic field."""
    for name, field in model.model_fields.items():
        nested = _nested(field.annotation)
        variable = prefix + name.upper()
        if nested is not None:
            yield from names(nested, variable + _NESTED)
        else:
            yield variable, field


def example() -> str:
    """The text of `.env.example`."""
    lines = [
        "# Settings of Estafeta. Copy to .env and change what you need; what is commented out shows the default.",
        "# Made by: estafeta settings --example",
        "",
    ]
    for variable, field in names():
        about = " ".join((field.description or "").split())
        if about:
            lines.append(f"# {about}")
        lines += [f"# {variable}={shown(field)}", ""]
    lines += [
        "# What actions of the workspace use: {{ secrets.NAME }} and {{ vars.NAME }}",
        f"# {SECRET}SHOP_TOKEN=",
        f"# {VARIABLE}SHOP_URL=",
        "",
    ]
    return "\n".join(lines)


def _identity(account: TelegramConfig | VkConfig | WhatsAppConfig) -> object:
    """What makes an account one and the same, whatever its name here."""
    if isinstance(account, TelegramConfig):
        return account.token.get_secret_value().partition(":")[0]
    return account.group_id if isinstance(account, VkConfig) else account.phone_number_id


def _nested(annotation: Any) -> type[BaseModel] | None:
    if get_origin(annotation) is tuple:
        return None  # a list of them, written as JSON
    kinds = [annotation, *getattr(annotation, "__args__", ())]
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)


def shown(field: Any) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None or repr(value) == "PydanticUndefined" or isinstance(value, SecretStr):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | tuple | list):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


def _refuse_unknown(given: Iterable[str]) -> None:
    known = {variable for variable, _ in names()}
    # A part of the tree may also be given whole, as JSON.
    known |= {_NESTED.join(variable.split(_NESTED)[:depth]) for variable in known for depth in (1, 2, 3)}
    for name in sorted(given):
        if not name.startswith(PREFIX) or name in known or name.startswith((SECRET, VARIABLE)):
            continue
        # Without the prefix, which would make all of them look alike.
        others = sorted(variable.removeprefix(PREFIX) for variable in known)
        near = difflib.get_close_matches(name.removeprefix(PREFIX), others, n=1, cutoff=0.6)
        hint = f"did you mean {PREFIX}{near[0]}?" if near else "estafeta settings lists them all."
        raise ConfigurationError(f"{name} is not a setting; {hint}")


def _broken_json(given: Mapping[str, str]) -> Iterator[str]:
    """The variables that hold a list or a mapping and are not JSON."""
    fields = {variable: get_origin(field.annotation) for variable, field in names()}
    for name, value in sorted(given.items()):
        variable = name.upper()
        whole = any(known.startswith(variable + _NESTED) for known in fields)
        if value and (whole or fields.get(variable) in (tuple, list, dict)):
            try:
                json.loads(value)
            except ValueError:
                yield variable


def _variable(place: tuple[int | str, ...]) -> str:
    """The setting at a place of the tree; within a list, which is one setting, also where in it."""
    number = next((n for n, part in enumerate(place) if isinstance(part, int)), len(place))
    name = PREFIX + _NESTED.join(str(part) for part in place[:number]).upper()
    inside = ".".join(str(part + 1) if isinstance(part, int) else part for part in place[number:])
    return f"{name} ({inside})" if len(place) > number + 1 else name


def _in_words(error: ValidationError) -> str:
    problems = []
    for item in error.errors(include_input=False, include_url=False):
        variable = _variable(item["loc"])
        problems.append(f"{variable}: {item['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems)
