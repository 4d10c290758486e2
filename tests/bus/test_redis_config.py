"""Addresses of Redis: which are taken, and what is said about the others."""

from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from estafeta.bus.redis.config import RedisConfig


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("redis://localhost", "localhost:6379"),
        ("redis://:secret@redis.example:6380/2", "redis.example:6380/2"),
        ("rediss://user:secret@10.0.0.1:6379/0?ssl_ca_certs=/etc/ca.pem", "10.0.0.1:6379/0"),
        ("unix:///run/redis.sock?db=1&password=secret", "/run/redis.sock"),
        ("redis://:p%40ss%2Fsecret@[::1]:6379", "::1:6379"),
    ],
)
def test_addresses_are_told_without_their_secrets(url: str, where: str) -> None:
    config = RedisConfig(url=SecretStr(url))
    assert config.where == where
    assert "secret" not in repr(config)


@pytest.mark.parametrize(
    "url",
    [
        "", "localhost:6379", "http://secret@localhost", "redis://", "redis://:secret@:6379", "unix://", "redis://h:port",
        "redis://h:99999", "redis://h/zero", "redis://h?socket_timeout=9&x=secret", "redis://[secret", "redis://h?db=x",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_in_words_without_it(url: str) -> None:
    with pytest.raises(ValidationError, match="address of Redis") as refused:
        RedisConfig.model_validate({"url": url})
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("prefix", ["", "a b", "{a}", "a\n", "я", "x" * 65])
def test_a_prefix_fits_a_hash_tag(prefix: str) -> None:
    with pytest.raises(ValidationError, match="prefix"):
        RedisConfig.model_validate({"url": "redis://h", "prefix": prefix})


def test_keys_begin_with_the_prefix_as_a_hash_tag() -> None:
    config = RedisConfig(url=SecretStr("redis://h"), prefix="shop")
    assert config.key("wakes") == b"{shop}:wakes"
    assert config.key("lock", b"c1") == b"{shop}:lock:c1"
