"""Settings: read from the environment and `.env`, refused with a sentence, and silent about secrets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from estafeta.app import config
from estafeta.app.config import Settings
from estafeta.kernel.errors import ConfigurationError

TOKEN = "123456789:AAE-a-token-nobody-may-read"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith(config.PREFIX):
            monkeypatch.delenv(name)


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def refusal(env_file: Path) -> str:
    with pytest.raises(ConfigurationError) as raised:
        config.read(env_file)
    return str(raised.value)


def test_without_anything_the_defaults_hold(env_file: Path) -> None:
    settings = config.read(env_file)
    assert (settings.host, settings.port, settings.telegram) == ("127.0.0.1", 8080, None)
    assert settings.url == "http://127.0.0.1:8080"


def test_the_environment_comes_over_the_file(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text("ESTAFETA_PORT=9001\nESTAFETA_LANGUAGE=en\n")
    monkeypatch.setenv("ESTAFETA_PORT", "9002")
    settings = config.read(env_file)
    assert (settings.port, settings.language) == (9002, "en")


def test_parts_of_the_tree_are_joined_by_two_underscores(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text(f"ESTAFETA_TELEGRAM__TOKEN={TOKEN}\n")
    monkeypatch.setenv("ESTAFETA_TELEGRAM__GROUP_ID", "-1001")
    monkeypatch.setenv("ESTAFETA_WIDGET__SITES", '["https://shop.example"]')
    settings = config.read(env_file)
    assert settings.telegram is not None
    assert settings.telegram.token.get_secret_value() == TOKEN
    assert settings.telegram.group_id == -1001
    assert settings.widget.sites == ("https://shop.example",)


def test_an_empty_value_is_no_value(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_PORT", "")
    assert config.read(env_file).port == 8080


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("ESTAFETA_PROT", "ESTAFETA_PORT"),
        ("ESTAFETA_TELEGRAM_TOKEN", "ESTAFETA_TELEGRAM__TOKEN"),
        ("ESTAFETA_WIDGET__SITE", "ESTAFETA_WIDGET__SITES"),
        ("estafeta_hots", "ESTAFETA_HOST"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_an_unknown_setting_is_refused_with_the_nearest_right_one(
    wrong: str, right: str, place: str, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "file":
        env_file.write_text(f"{wrong}=1\n")
    else:
        monkeypatch.setenv(wrong, "1")
    assert refusal(env_file) == f"{wrong.upper()} is not a setting; did you mean {right}?"


def test_a_setting_like_none_is_refused_with_where_to_look(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_XYZZY_QUUX", "1")
    assert refusal(env_file) == "ESTAFETA_XYZZY_QUUX is not a setting; estafeta settings lists them all."


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ESTAFETA_PORT", "eighty", "integer"),
        ("ESTAFETA_PORT", "0", "greater than or equal to 1"),
        ("ESTAFETA_PORT", "70000", "65535"),
        ("ESTAFETA_LOG_LEVEL", "loud", "'debug'"),
        ("ESTAFETA_NLU__DEADLINE", "-1", "greater than 0"),
        ("ESTAFETA_WIDGET__SITES", "shop.example", "JSON"),
        ("ESTAFETA_WIDGET__SITES", '["shop.example"]', "no origin"),
        ("ESTAFETA_WIDGET__TITLE", "Chat", "JSON"),
        ("ESTAFETA_WIDGET", "{", "JSON"),
        ("ESTAFETA_TELEGRAM__TOKEN", "secret-but-no-token", "@BotFather"),
        ("ESTAFETA_TELEGRAM__GROUP_ID", "17", "negative"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_wrong_value_names_its_variable(
    name: str, value: str, told: str, place: str, env_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if place == "file":
        env_file.write_text(f"{name}='{value}'\n")
    else:
        monkeypatch.setenv(name, value)
    sentence = refusal(env_file)
    assert f"{name}: " in sentence
    assert told in sentence
    assert "secret-but" not in sentence


def test_several_wrong_values_are_told_at_once(env_file: Path) -> None:
    env_file.write_text("ESTAFETA_PORT=x\nESTAFETA_LANGUAGE=fr\n")
    sentence = refusal(env_file)
    assert "ESTAFETA_PORT: " in sentence
    assert "ESTAFETA_LANGUAGE: " in sentence


@pytest.mark.parametrize("line", ["ESTAFETA_PORT 9001", "ESTAFETA_PORT", "ESTAFETA_HOST='0.0.0.0"])
def test_a_line_of_the_file_that_would_do_nothing_is_refused(line: str, env_file: Path) -> None:
    env_file.write_text(f"# settings\n{line}\n")
    assert refusal(env_file) == f"{env_file}, line 2: write NAME=value"


def test_a_file_in_another_encoding_is_refused(env_file: Path) -> None:
    env_file.write_bytes("ESTAFETA_HOST=мой".encode("cp1251"))
    assert "UTF-8" in refusal(env_file)


def test_the_file_may_hold_what_is_other_programs(env_file: Path) -> None:
    env_file.write_text("COMPOSE_PROJECT_NAME=chat\nexport EDITOR=vi\nESTAFETA_PORT=9001\n")
    assert config.read(env_file).port == 9001


def test_what_actions_use_is_read_from_both(env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file.write_text(
        "ESTAFETA_SECRET_SHOP_TOKEN=from-file\nESTAFETA_SECRET_OTHER=a\nESTAFETA_VAR_SHOP_URL=http://a\n"
    )
    monkeypatch.setenv("ESTAFETA_SECRET_SHOP_TOKEN", "from-environment")
    config.read(env_file)
    assert config.workspace_values(env_file) == (
        {"SHOP_TOKEN": "from-environment", "OTHER": "a"},
        {"SHOP_URL": "http://a"},
    )


def test_no_secret_is_in_what_settings_print(env_file: Path) -> None:
    env_file.write_text(f"ESTAFETA_TELEGRAM__TOKEN={TOKEN}\nESTAFETA_TELEGRAM__SECRET=webhook-secret\n")
    settings = config.read(env_file)
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert TOKEN not in shown
        assert "webhook-secret" not in shown


def test_settings_do_not_change(env_file: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        config.read(env_file).port = 1  # type: ignore[misc]


_OPTIONAL = (
    "ESTAFETA_TELEGRAM", "ESTAFETA_VK", "ESTAFETA_WHATSAPP", "ESTAFETA_MONGO", "ESTAFETA_REDIS",
    "ESTAFETA_FILES__S3", "ESTAFETA_WIDGET__IDENTITY",
)  # fmt: skip
"""Parts that are not there unless something of them is set."""


def test_the_example_is_what_it_describes(env_file: Path) -> None:
    """Everything uncommented, all defaults: the same settings as without a file."""
    lines = [line.removeprefix("# ") for line in config.example().splitlines() if line.startswith("# ESTAFETA_")]
    env_file.write_text("\n".join(line for line in lines if not line.startswith(_OPTIONAL)))
    assert config.read(env_file) == Settings()


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104
        ("::", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
        ("chat.local", "http://chat.local:8080"),
    ],
)
def test_the_url_is_one_to_click_on(host: str, url: str, env_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_HOST", host)
    assert config.read(env_file).url == url
    monkeypatch.setenv("ESTAFETA_PUBLIC_URL", "https://chat.example/")
    assert config.read(env_file).url == "https://chat.example"
