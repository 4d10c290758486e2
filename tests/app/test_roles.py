"""Which roles go together with which settings."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from estafeta.app.config import Settings
from estafeta.app.roles import ALL, chosen
from estafeta.bus.redis.config import RedisConfig
from estafeta.kernel.errors import ConfigurationError
from storage.mongo.config import MongoConfig

MONGO = MongoConfig(url=SecretStr("mongodb://127.0.0.1:27017"))
REDIS = RedisConfig(url=SecretStr("redis://127.0.0.1:6379/0"))
POLLING = TelegramConfig(token=SecretStr("1234:abcdef"))


def test_without_names_a_process_is_everything() -> None:
    assert chosen((), Settings()) == ALL
    assert chosen(("all",), Settings()) == ALL
    assert chosen(("worker", "all"), Settings()) == ALL


def test_a_part_needs_what_parts_share() -> None:
    with pytest.raises(ConfigurationError, match="--role worker needs ESTAFETA_MONGO__URL"):
        chosen(("worker",), Settings())
    with pytest.raises(ConfigurationError, match="--role web needs ESTAFETA_REDIS__URL"):
        chosen(("web",), Settings(mongo=MONGO))
    assert chosen(("web", "worker"), Settings(mongo=MONGO, redis=REDIS)) == {"web", "worker"}


def test_who_polls_needs_something_to_poll() -> None:
    with pytest.raises(ConfigurationError, match="ESTAFETA_TELEGRAM__TOKEN"):
        chosen(("telegram",), Settings(mongo=MONGO, redis=REDIS))
    webhook = TelegramConfig(token=SecretStr("1234:abcdef"), mode="webhook", secret=SecretStr("s"))
    with pytest.raises(ConfigurationError, match="come to --role web"):
        chosen(("telegram",), Settings(mongo=MONGO, redis=REDIS, telegram=webhook))
    assert chosen(("telegram",), Settings(mongo=MONGO, redis=REDIS, telegram=POLLING)) == {"telegram"}


def test_an_unknown_role_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="cleaner is no role: choose of all, telegram, vk, web, worker"):
        chosen(("cleaner",), Settings())
