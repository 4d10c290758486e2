"""The nodes and edges of the Graph API that a business uses: who may, what is answered.

Ids of all kinds share one path; what an id is decides what is done (`GET /<id>`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from estafeta.fakes.whatsapp.errors import Json, Refused, missing_object
from estafeta.fakes.whatsapp.media import Upload, described, owned, upload
from estafeta.fakes.whatsapp.scene import Scene
from estafeta.fakes.whatsapp.webhook import FIELDS
from estafeta.fakes.whatsapp.world import MANAGEMENT, MESSAGING, Account, Number, Token

PAGE = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A call as it came, read. `body`: the JSON object, or the form's fields."""

    method: str
    path: tuple[str, ...]
    version: str
    query: dict[str, str]
    token: str
    body: Json
    file: Upload | None = None


@dataclass(slots=True, kw_only=True)
class App:
    id: str
    secret: SecretStr
    name: str = "Estafeta"

    @property
    def token(self) -> str:
        return f"{self.id}|{self.secret.get_secret_value()}"


@dataclass(slots=True, kw_only=True)
class Graph:
    scene: Scene
    app: App
    base: Callable[[], str]
    """The stand-in's own address."""
    tokens: dict[str, Token] = field(default_factory=dict, repr=False)

    # What a call is

    def operation(self, request: Request) -> str:
        """The name of what is called, for the journal and for faults; empty when there is no such thing."""
        path, world = request.path, self.scene.world
        if path == ("debug_token",):
            return "debug_token"
        match path:
            case (node,):
                if node in world.numbers or node in world.accounts:
                    return "number" if node in world.numbers else "account"
                if node == self.app.id:
                    return "app"
                return "media_url" if request.method == "GET" else "media_delete"
            case (_, "messages"):
                return "read" if "status" in request.body else "messages"
            case (_, "media" | "register" | "deregister" | "subscriptions" | "subscribed_apps" as edge):
                return edge
            case (_, "phone_numbers" | "message_templates" as edge):
                return edge
        return ""

    # Who may

    def check_token(self, request: Request) -> Token:
        """Raises 190 for a token that is none."""
        if not request.token:
            raise Refused(
                190,
                message="An access token is required to request this resource.",
                status=401,
            )
        if request.token == self.app.token:
            return Token()
        token = self.tokens.get(request.token)
        if token is None:
            raise Refused(190, message="Invalid OAuth access token - Cannot parse access token")
        if token.expired:
            raise Refused(190, subcode=463, message="Error validating access token: Session has expired.")
        return token

    def number(self, request: Request, token: Token) -> Number:
        number = self.scene.world.numbers.get(request.path[0])
        if number is None or not token.opens(number.account):
            raise missing_object(request.path[0], request.method.lower())
        return number

    def account(self, request: Request, token: Token) -> Account:
        account = self.scene.world.accounts.get(request.path[0])
        if account is None or not token.opens(account.id):
            raise missing_object(request.path[0], request.method.lower())
        _require(token, MANAGEMENT)
        return account

    # What is answered

    async def play(self, operation: str, request: Request, token: Token) -> Json:
        """Everything but messages; raises Refused."""
        match request.method, operation:
            case "GET", "number":
                return _chosen(self.number(request, token).node(), request)
            case "GET", "account":
                account = self.account(request, token)
                return _chosen({"id": account.id, "name": account.name, "account_review_status": "APPROVED"}, request)
            case "GET", "phone_numbers":
                account = self.account(request, token)
                nodes = [n.node() for n in self.scene.world.numbers.values() if n.account == account.id]
                return _page(nodes, request)
            case "GET", "message_templates":
                return self._templates(request, self.account(request, token))
            case _, "subscribed_apps":
                return await self._subscribed_apps(request, self.account(request, token))
            case _, "subscriptions":
                return await self._subscriptions(request)
            case "GET", "app":
                return _chosen({"id": self.app.id, "name": self.app.name}, request)
            case "GET", "debug_token":
                return self._debug_token(request)
            case "POST", "register" | "deregister":
                number = self.number(request, token)
                _require(token, MANAGEMENT)
                number.registered = operation == "register"
                return {"success": True}
            case _, "media" | "media_url" | "media_delete":
                return self._media(operation, request, token)
        raise missing_object(request.path[0], request.method.lower())

    def _media(self, operation: str, request: Request, token: Token) -> Json:
        _require(token, MESSAGING)
        world = self.scene.world
        if operation == "media":
            if request.method != "POST":
                raise missing_object(request.path[0], request.method.lower())
            return upload(world, self.number(request, token), request.body | request.query, request.file)
        media = owned(world, request.path[0], request.query.get("phone_number_id"), request.method.lower())
        if not token.opens(world.numbers[media.number].account):
            raise missing_object(media.id, request.method.lower())
        if operation == "media_url":
            return described(world, media, self.base())
        if request.method != "DELETE":
            raise missing_object(media.id, request.method.lower())
        del world.media[media.id]
        return {"success": True}

    def _templates(self, request: Request, account: Account) -> Json:
        query = request.query
        found = [
            _chosen(template.node(), request)
            for template in account.templates
            if query.get("name", "") in template.name
            and query.get("status", template.status) == template.status
            and query.get("language", template.language) == template.language
            and query.get("category", template.category) == template.category
        ]
        return _page(found, request)

    async def _subscribed_apps(self, request: Request, account: Account) -> Json:
        if request.method == "POST":
            wanted = request.query | request.body
            url = str(wanted.get("override_callback_uri", ""))
            if url:
                await self.scene.webhook.verify(url, str(wanted.get("verify_token", "")))
            account.subscribed, account.override_url = True, url
            self.scene.changed()
            return {"success": True}
        if request.method == "DELETE":
            account.subscribed, account.override_url = False, ""
            return {"success": True}
        if not account.subscribed:
            return {"data": []}
        link = f"https://www.facebook.com/games/?app_id={self.app.id}"
        data: Json = {"whatsapp_business_api_data": {"id": self.app.id, "name": self.app.name, "link": link}}
        if account.override_url:
            data["override_callback_uri"] = account.override_url
        return {"data": [data]}

    async def _subscriptions(self, request: Request) -> Json:
        """The app's own webhook: https://developers.facebook.com/docs/graph-api/reference/app/subscriptions."""
        if request.path[0] != self.app.id:
            raise missing_object(request.path[0], request.method.lower())
        if request.token != self.app.token:
            raise Refused(15, message="(#15) This method must be called with an app access_token.")
        webhook, wanted = self.scene.webhook, request.query | request.body
        if request.method == "POST":
            if wanted.get("object") != "whatsapp_business_account":
                raise Refused(100, message="(#100) Param object must be one of {WHATSAPP_BUSINESS_ACCOUNT}")
            fields = wanted.get("fields") or ",".join(FIELDS)
            names = fields.split(",") if isinstance(fields, str) else [str(name) for name in fields]
            await webhook.verify(str(wanted.get("callback_url", "")), str(wanted.get("verify_token", "")))
            webhook.url, webhook.fields = str(wanted["callback_url"]), frozenset(name.strip() for name in names)
            return {"success": True}
        if request.method == "DELETE":
            webhook.url = ""
            return {"success": True}
        if not webhook.url:
            return {"data": []}
        subscribed = [{"name": name, "version": request.version or "v23.0"} for name in sorted(webhook.fields)]
        data: Json = {"object": "whatsapp_business_account", "callback_url": webhook.url, "active": True}
        return {"data": [data | {"fields": subscribed}]}

    def _debug_token(self, request: Request) -> Json:
        asked = request.query.get("input_token", "")
        token = Token() if asked == self.app.token else self.tokens.get(asked)
        if token is None or token.expired:
            error = {"code": 190, "message": "Error validating access token: Session has expired.", "subcode": 463}
            return {"data": {"app_id": self.app.id, "error": error, "is_valid": False, "scopes": []}}
        targets = sorted(token.accounts) if token.accounts is not None else list(self.scene.world.accounts)
        return {
            "data": {
                "app_id": self.app.id,
                "application": self.app.name,
                "type": "SYSTEM_USER",
                "is_valid": True,
                "expires_at": 0,
                "data_access_expires_at": 0,
                "scopes": list(token.scopes),
                "granular_scopes": [{"scope": scope, "target_ids": targets} for scope in token.scopes],
            }
        }


def require_messaging(token: Token) -> None:
    _require(token, MESSAGING)


def _require(token: Token, scope: str) -> None:
    if scope not in token.scopes:
        raise Refused(10, f"The token lacks the permission {scope}")


def _chosen(node: Json, request: Request) -> Json:
    """Only the fields that were asked for, and the id."""
    wanted = request.query.get("fields")
    if not wanted:
        return node
    names = {name.partition("{")[0].strip() for name in wanted.split(",")} | {"id"}
    return {name: value for name, value in node.items() if name in names}


def _page(nodes: list[Json], request: Request) -> Json:
    """Cursors are always there, `next` only when more follows."""
    after, limit = request.query.get("after", ""), request.query.get("limit", "")
    start = int(after) if after.isascii() and after.isdigit() else 0
    size = max(1, int(limit)) if limit.isascii() and limit.isdigit() else PAGE
    page, end = nodes[start : start + size], start + size
    answer: dict[str, Any] = {"data": page}
    if page:
        answer["paging"] = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(nodes):
            path = "/".join(request.path)
            answer["paging"]["next"] = f"/{path}?limit={size}&after={end}"
    return answer
