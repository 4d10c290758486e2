"""Where MongoDB is, checked before anything is sent there."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

# Stricter than https://www.mongodb.com/docs/manual/reference/limits/#naming-restrictions: what needs
# no quoting in a shell, and fits its 63 bytes.
_DATABASE = re.compile(r"[A-Za-z0-9_-]{1,63}")
_URL = re.compile(r"mongodb(\+srv)?://[^\s]+")
_OF_THE_SERVER = ("admin", "config", "local")


class MongoConfig(BaseModel):
    """One database of a MongoDB deployment."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(
        description="mongodb://user:password@host:port/?replicaSet=name; setting it makes MongoDB the store"
    )
    database: str = Field(default="estafeta", description="name of the database on that server")

    @field_validator("url")
    @classmethod
    def _url_is_one(cls, url: SecretStr) -> SecretStr:
        if not _URL.fullmatch(url.get_secret_value()):
            raise ValueError("the address begins with mongodb:// or mongodb+srv:// and a host, without spaces")
        return url

    @field_validator("database")
    @classmethod
    def _database_is_a_name(cls, database: str) -> str:
        if not _DATABASE.fullmatch(database):
            raise ValueError("a database's name is 1 to 63 characters out of A-Z, a-z, 0-9, _ and -")
        if database in _OF_THE_SERVER:
            raise ValueError(f"{database} is MongoDB's own database: choose another name")
        return database

    @property
    def place(self) -> str:
        """The hosts and the database, for sentences: neither user nor password nor options."""
        hosts = self.url.get_secret_value().rpartition("@")[2].rpartition("://")[2]
        return f"{re.split('[/?]', hosts)[0]}/{self.database}"
