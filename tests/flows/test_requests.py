"""An action's request: values are encoded, secrets stay inside, nothing climbs out of the URL."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.kernel.model import Json
from flows import loader
from flows.interpreter import PreparedRequest, RequestNotPrepared, render_action
from flows.model import Workspace
from tests.flows.world import BOT, PAYMENT, workspace, write


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return workspace(tmp_path, PAYMENT)


def lookup(shop: Workspace, number: Json) -> PreparedRequest:
    return render_action(shop, "lookup", {"number": number}, {"TOKEN": "s3cret"}, {})


def test_a_request_is_filled_in(shop: Workspace) -> None:
    request = lookup(shop, "123")
    assert (request.method, request.url, request.body) == ("GET", "http://127.0.0.1:9/orders/123", None)
    assert request.headers == {"Authorization": "Bearer s3cret"}
    assert (request.timeout, request.retries) == (5.0, 2)


@pytest.mark.parametrize(
    ("number", "path"),
    [
        ("a/b", "a%2Fb"),
        ("../admin", "..%2Fadmin"),
        ("1?x=1&y=2#z", "1%3Fx%3D1%26y%3D2%23z"),
        ("номер 1", "%D0%BD%D0%BE%D0%BC%D0%B5%D1%80%201"),
        ("@evil.example:80", "%40evil.example%3A80"),
        ("a\r\nHost: x", "a%0D%0AHost%3A%20x"),
        (12, "12"),
    ],
)
def test_values_are_percent_encoded(shop: Workspace, number: Json, path: str) -> None:
    assert lookup(shop, number).url == f"http://127.0.0.1:9/orders/{path}"


@pytest.mark.parametrize("number", ["..", "."])
def test_a_value_of_dots_does_not_climb(shop: Workspace, number: str) -> None:
    with pytest.raises(RequestNotPrepared, match=r"\.\."):
        lookup(shop, number)


def test_a_missing_argument_is_refused(shop: Workspace) -> None:
    with pytest.raises(RequestNotPrepared, match="number"):
        render_action(shop, "lookup", {}, {"TOKEN": "s"}, {})


def test_a_missing_secret_is_named(shop: Workspace) -> None:
    with pytest.raises(RequestNotPrepared, match="TOKEN"):
        render_action(shop, "lookup", {"number": "1"}, {}, {})


def test_a_line_break_in_a_header_is_refused_and_not_shown(shop: Workspace) -> None:
    with pytest.raises(RequestNotPrepared, match="Authorization") as caught:
        render_action(shop, "lookup", {"number": "1"}, {"TOKEN": "s3cret\r\nX: 1"}, {})
    assert "s3cret" not in str(caught.value)


def test_secrets_stay_out_of_repr(shop: Workspace) -> None:
    assert "s3cret" not in repr(lookup(shop, "1"))


def test_variables_of_the_environment_come_over_the_file(shop: Workspace) -> None:
    request = render_action(shop, "lookup", {"number": "1"}, {"TOKEN": "s"}, {"SHOP": "https://shop.example/api"})
    assert request.url == "https://shop.example/api/orders/1"


def test_arguments_do_not_stand_in_for_settings(shop: Workspace) -> None:
    arguments = {"number": "1", "vars": {"SHOP": "http://evil.example"}, "secrets": {"TOKEN": "mine"}}
    request = render_action(shop, "lookup", arguments, {"TOKEN": "s"}, {})
    assert request.url.startswith("http://127.0.0.1:9/")
    assert request.headers == {"Authorization": "Bearer s"}


def test_a_post_sends_its_arguments_as_json(shop: Workspace) -> None:
    request = render_action(shop, "create", {"city": "Москва", "count": 2}, {}, {})
    assert (request.method, request.body) == ("POST", {"city": "Москва", "count": 2})


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x", "/orders", "http://", "http://a b"])
def test_only_web_addresses_are_called(tmp_path: Path, address: str) -> None:
    found = loader.load(write(tmp_path, {"payment": PAYMENT}, bot=BOT.replace("http://127.0.0.1:9", address)))
    with pytest.raises(RequestNotPrepared):
        render_action(found, "create", {}, {}, {})


def test_an_unknown_action_is_refused(shop: Workspace) -> None:
    with pytest.raises(RequestNotPrepared, match="no action"):
        render_action(shop, "nothing", {}, {}, {})
