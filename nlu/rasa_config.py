"""Where the Rasa server is and how Rasa is called to train, checked before anything is sent there."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_EXPECTED = "http://host:port or https://host:port, and a path if Rasa is served below one"


class RasaConfig(BaseModel):
    """One Rasa server, of Rasa Open Source 3.6."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str = Field(default="http://127.0.0.1:5005", description="address of the Rasa server")
    token: SecretStr | None = Field(
        default=None, description="what the Rasa server was started with as --auth-token; it answers to nobody else"
    )
    trained_by: Literal["command", "server"] = Field(
        default="command",
        description="who trains for Rasa: command (the next setting), or server (the Rasa server, while it answers)",
    )
    command: str = Field(
        default="rasa",
        description="how Rasa is called to train; it is run in the folder rasa below ESTAFETA_DATA, which is all it "
        "needs, so a container may have it mounted as its own: docker run --rm -v .:/app rasa/rasa:3.6.21",
    )
    models: str = Field(
        default="",
        description="where the Rasa server sees the folder rasa/models below ESTAFETA_DATA, if not under the same path",
    )
    train_within: float = Field(default=3600.0, gt=0, description="seconds after which a training is given up")

    @field_validator("url")
    @classmethod
    def _url_is_one(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            _ = parts.port  # raises when it is no number
            right = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            right = False
        if not right or parts.query or parts.fragment:
            raise ValueError(f"this is no address of a Rasa server; expected: {_EXPECTED}")
        if parts.username is not None:
            raise ValueError("a secret does not stand in the address: ESTAFETA_RASA__TOKEN is for the token")
        return url.rstrip("/")
