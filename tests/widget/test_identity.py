"""The site's word on who its user is: what is believed, and whose conversation that opens."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import random
import warnings
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import ValidationError

from bots.widget import identity
from bots.widget.config import IdentityConfig
from bots.widget.frames import Refused
from tests.widget.platform import Platform
from tests.widget.visitor import Visitor

SECRET = "0123456789abcdef" * 2
NOW = datetime(2026, 11, 21, 10, tzinfo=UTC)
HS256 = IdentityConfig(secret=SECRET)


def _token(now: datetime = NOW, key: Any = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    plain = {"sub": "42", "name": "Анна", "email": "anna@shop.example", "exp": now.timestamp() + 600, **claims}
    return jwt.encode({name: value for name, value in plain.items() if value is not None}, key, algorithm)


def test_a_signed_word_is_believed() -> None:
    person = identity.verified(_token(), HS256, NOW)
    assert (person.sub, person.name, person.email) == ("42", "Анна", "anna@shop.example")


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": None},
        {"exp": NOW.timestamp() - 31},
        {"exp": NOW.timestamp() + 3600 + 31},
        {"exp": NOW.timestamp() + 86400},
        {"nbf": NOW.timestamp() + 60},
        {"sub": None},
        {"sub": ""},
        {"sub": "  "},
        {"sub": "x" * 256},
    ],
)
def test_a_word_without_an_end_or_a_name_is_not(claims: dict[str, Any]) -> None:
    with pytest.raises(Refused) as refused:
        identity.verified(_token(**claims), HS256, NOW)
    assert refused.value.code == "identity"


@pytest.mark.parametrize("exp", [NOW.timestamp() - 29, NOW.timestamp() + 3600])
def test_clocks_may_be_half_a_minute_apart_and_an_hour_is_allowed(exp: float) -> None:
    assert identity.verified(_token(exp=exp), HS256, NOW).sub == "42"


def _forged(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    pieces = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(piece).rstrip(b"=").decode() for piece in pieces)


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_nobody_else_can_sign() -> None:
    claims = {"sub": "42", "exp": int(NOW.timestamp()) + 600}
    for token in (
        _token(key="another secret of the same length!!"),
        _token(algorithm="HS512", key=SECRET * 2),
        _forged({"alg": "none", "typ": "JWT"}, claims),
        _forged({"alg": "None"}, claims),
        _forged({"alg": "HS256"}, claims, b"x" * 32),
        _token()[:-3],
        _token() + "a",
        "",
        "a.b.c",
        "....",
        "\x00",
        "й.й.й",
    ):
        with pytest.raises(Refused):
            identity.verified(token, HS256, NOW)


def test_audience_and_issuer_count_where_they_are_configured() -> None:
    config = HS256.model_copy(update={"audience": "chat", "issuer": "shop"})
    assert identity.verified(_token(aud="chat", iss="shop"), config, NOW).sub == "42"
    wrongs: list[dict[str, Any]] = [
        {"aud": "other", "iss": "shop"},
        {"aud": "chat", "iss": "other"},
        {"aud": "chat"},
        {"iss": "shop"},
    ]
    for wrong in wrongs:
        with pytest.raises(Refused):
            identity.verified(_token(**wrong), config, NOW)
    assert identity.verified(_token(aud="anything", iss="anybody"), HS256, NOW).sub == "42"


def test_rs256_believes_the_private_key_and_no_hmac_with_the_public_one() -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()  # fmt: skip
    config = IdentityConfig(algorithm="RS256", public_key=pem)
    assert identity.verified(_token(key=private, algorithm="RS256"), config, NOW).sub == "42"
    with pytest.raises(Refused):
        identity.verified(_token(), config, NOW)
    header = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
    body = base64.urlsafe_b64encode(json.dumps({"sub": "42", "exp": NOW.timestamp() + 60}).encode()).rstrip(b"=")
    signed = f"{header}.{body.decode()}"
    signature = base64.urlsafe_b64encode(hmac.digest(pem.encode(), signed.encode(), hashlib.sha256)).rstrip(b"=")
    with pytest.raises(Refused):
        identity.verified(f"{signed}.{signature.decode()}", config, NOW)


def test_mutated_words_are_refused_and_nothing_breaks() -> None:
    chance, token = random.Random(7), _token()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(2000):
            at = chance.randrange(len(token))
            wrong = token[:at] + chance.choice(["", ".", "A", "é", "\x00", "=", "eyJ" * 200]) + token[at + 1 :]
            with contextlib.suppress(Refused):
                assert identity.verified(wrong, HS256, NOW).sub == "42"  # the last bits of base64 may not count


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"secret": "short"},
        {"algorithm": "RS256"},
        {"algorithm": "RS256", "public_key": "not a key"},
        {"algorithm": "none", "secret": SECRET},
        {"algorithm": "RS256", "secret": SECRET},
    ],
)
def test_a_configuration_without_a_good_key_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        IdentityConfig.model_validate(wrong)
    assert SECRET[:8] not in str(refused.value)


# --- at the socket


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    platform = Platform(identity={"secret": SECRET})
    await platform.start()
    yield platform
    await platform.stop()


def _signed(platform: Platform, **claims: Any) -> str:
    return _token(platform.clock.now(), **claims)


async def test_the_same_person_is_known_on_every_device(platform: Platform) -> None:
    async with Visitor(platform, identity=_signed(platform)) as phone:
        await phone.say("С телефона")
    async with Visitor(platform, identity=_signed(platform, name="Анна П.")) as laptop:
        assert [entry["text"] for entry in laptop.welcome["entries"]] == ["С телефона"]
        assert "token" not in laptop.welcome
    async with Visitor(platform, identity=_signed(platform, sub="43")) as other:
        assert other.welcome["entries"] == []
    (signal,) = platform.store.signals.values()
    assert signal.event.profile.name == "Анна"  # type: ignore[union-attr]
    assert signal.event.profile.username == "anna@shop.example"  # type: ignore[union-attr]


async def test_an_unsigned_visitors_words_never_become_the_signed_ones(platform: Platform) -> None:
    async with Visitor(platform) as before:
        await before.say("Без подписи")
    async with Visitor(platform, token=before.token, identity=_signed(platform)) as after:
        assert after.welcome["entries"] == []
        await after.say("С подписью", "message-2")
    async with Visitor(platform, token=before.token) as again:
        assert [entry["text"] for entry in again.welcome["entries"]] == ["Без подписи"]
    assert len({signal.address for signal in platform.store.signals.values()}) == 2


async def test_a_false_word_is_shown_out_and_does_not_become_an_unsigned_visitor(platform: Platform) -> None:
    async with Visitor(platform, identity=_token(key="x" * 32)) as tab:
        assert tab.welcome["code"] == "identity"
        assert (await tab.ws.receive(timeout=5)).data == 1008


async def test_a_word_where_none_is_configured_is_refused() -> None:
    platform = Platform()
    await platform.start()
    async with Visitor(platform, identity=_token(platform.clock.now())) as tab:
        assert tab.welcome["code"] == "identity"
    await platform.stop()


async def test_a_page_comes_back_by_its_pass_for_half_a_day(platform: Platform) -> None:
    async with Visitor(platform, identity=_signed(platform)) as tab:
        await tab.say("Раз")
        pass_ = tab.welcome["pass"]
    platform.clock.time += timedelta(hours=11)
    async with Visitor(platform, resume=pass_) as again:
        assert [entry["text"] for entry in again.welcome["entries"]] == ["Раз"]
        assert again.welcome["pass"] == pass_
    platform.clock.time += timedelta(hours=2)
    async with Visitor(platform, resume=pass_) as late:
        assert late.welcome["code"] == "identity"


async def test_a_pass_of_somebody_elses_making_opens_nothing(platform: Platform) -> None:
    chat = identity.chat_of("demo", "42")
    until = platform.clock.now().timestamp() + 600
    for forged in (
        jwt.encode({"chat": chat, "name": "", "email": "", "aud": "pass", "exp": until}, SECRET, "HS256"),
        _signed(platform, aud="pass"),
        "x.y.z",
    ):
        async with Visitor(platform, resume=forged) as tab:
            assert tab.welcome["code"] == "identity"


async def test_processes_share_what_passes_are_signed_with(platform: Platform) -> None:
    other = Platform(platform, identity={"secret": SECRET})
    await other.start()
    tabs = [Visitor(one, identity=_signed(one)) for one in (platform, other) for _ in range(3)]
    await asyncio.gather(*(tab.__aenter__() for tab in tabs))
    for tab in tabs:
        async with Visitor(other, resume=tab.welcome["pass"]) as again:
            assert again.welcome["type"] == "welcome"
        await tab.__aexit__(None, None, None)
    await other.stop()


async def test_neither_words_nor_passes_are_kept(platform: Platform) -> None:
    token = _signed(platform)
    async with Visitor(platform, identity=token) as tab:
        await tab.say("Раз")
        kept = repr(platform.store.__dict__)
        assert token not in kept
        assert tab.welcome["pass"] not in kept


# --- consent

CONSENT = {"ru": "Мы храним переписку.", "en": "We keep what is said."}


async def test_nothing_is_taken_before_the_terms_are_accepted() -> None:
    platform = Platform(consent=CONSENT)
    await platform.start()
    for given in (None, "", "older"):
        async with Visitor(platform, consent=given) as tab:
            assert tab.welcome["code"] == "consent"
            assert (await tab.ws.receive(timeout=5)).data == 1008
    version = platform.channel._config.consent_version
    async with Visitor(platform, consent=version) as tab:
        assert tab.welcome["type"] == "welcome"
        await tab.say("Раз")
        await tab.say("Два", "message-2")
    async with Visitor(platform, consent=version, token=tab.token) as again:
        await again.say("Три", "message-3")
    said = [signal.event for signal in platform.store.signals.values()]
    assert [event.payload for event in said] == [f"consent-{version}", "", ""]  # type: ignore[union-attr]
    (kept,) = (value for key, value in platform.store.values.items() if key.startswith("widget.consent."))
    assert kept == {"version": version, "at": platform.clock.now().isoformat()}
    await platform.stop()


async def test_other_terms_are_asked_for_anew() -> None:
    one, other = Platform(consent=CONSENT), Platform(consent={**CONSENT, "en": "Something else."})
    assert one.channel._config.consent_version != other.channel._config.consent_version
    assert one.channel._config.consent_version == Platform(consent=CONSENT).channel._config.consent_version


async def test_the_words_by_which_the_chat_spoke_first_are_told_with_the_answer() -> None:
    platform = Platform(greetings=[{"text": {"ru": "Помочь с выбором?", "en": "Need a hand?"}}])
    await platform.start()
    async with Visitor(platform, greeted=0) as tab:
        await tab.say("Да")
        await tab.say("Полку", "message-2")
    async with Visitor(platform, greeted=7) as other:
        await other.say("Да")
    said = [signal.event for signal in platform.store.signals.values()]
    assert [event.quote for event in said] == ["Помочь с выбором?", "", ""]  # type: ignore[union-attr]
    await platform.stop()
