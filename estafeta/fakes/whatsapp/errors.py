"""Refusals in Meta's own form: the codes, their titles and HTTP statuses.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes; the words of `details`
are those of answers people have published, where there are any.
"""

from __future__ import annotations

import secrets

from estafeta.fakes.common.errors import Json

__all__ = ["KNOWN", "LATE", "Json", "Refused", "known", "missing_object", "status_error"]

HELP = "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"

KNOWN: dict[int, tuple[int, str]] = {
    0: (401, "AuthException"),
    1: (500, "An unknown error has occurred."),
    2: (503, "Service temporarily unavailable"),
    3: (500, "Capability or permissions issue"),
    4: (400, "Application request limit reached"),
    10: (403, "Application does not have permission for this action"),
    33: (400, "Parameter value is not valid"),
    100: (400, "Invalid parameter"),
    190: (401, "Invalid OAuth access token"),
    200: (403, "Permission is either not granted or has been removed"),
    368: (403, "Temporarily blocked for policies violations"),
    2200: (400, "Callback verification failed"),
    2500: (400, "Unknown path components"),
    80007: (400, "Rate limit issues"),
    130429: (400, "Rate limit hit"),
    130472: (400, "User's number is part of an experiment"),
    130497: (403, "Business account is restricted from messaging users in this country"),
    131000: (500, "Something went wrong"),
    131005: (403, "Access denied"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (500, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131031: (403, "Account has been locked"),
    131037: (400, "WhatsApp provided number needs display name approval before message can be sent"),
    131042: (400, "Business eligibility payment issue"),
    131045: (500, "Incorrect certificate"),
    131047: (400, "Re-engagement message"),
    131048: (400, "Spam rate limit hit"),
    131049: (400, "This message was not delivered to maintain healthy ecosystem engagement"),
    131051: (400, "Unsupported message type"),
    131052: (400, "Media download error"),
    131053: (400, "Media upload error"),
    131056: (400, "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "Account in maintenance mode"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132005: (400, "Template hydrated text too long"),
    132007: (400, "Template format character policy violated"),
    132012: (400, "Parameter format does not match format in the created template"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
    133000: (500, "Incomplete deregistration"),
    133004: (503, "Server temporarily unavailable"),
    133006: (400, "Phone number needs to be verified before registering"),
    133010: (400, "Phone number not registered"),
    133016: (400, "Account register deregister rate limit exceeded"),
    135000: (400, "Generic user error"),
}

DETAILS: dict[int, str] = {
    130429: "Message failed to send because there were too many messages sent from this phone number in a short "
    "period of time.",
    130472: "Failed to send message because this user's phone number is part of an experiment",
    131026: "Message undeliverable.",
    131047: "Message failed to send because more than 24 hours have passed since the customer last replied to this "
    "number.",
    131049: "In order to maintain a healthy ecosystem engagement, the message failed to be delivered.",
    131056: "Message failed to send because there were too many messages sent from this phone number to the same "
    "phone number in a short period of time.",
    133010: "The phone number is not registered on the WhatsApp Business Platform.",
    368: "The WhatsApp Business Account has been restricted or disabled for violating a platform policy.",
}

LATE = frozenset({130472, 131026, 131047, 131049, 131052, 131053})
"""What Meta finds out after it has taken the message: the answer is 200, the error comes in a status `failed`."""


class Refused(Exception):
    """One answer with an `error`. `message`: instead of the code and its title."""

    def __init__(
        self,
        code: int,
        details: str = "",
        *,
        subcode: int | None = None,
        message: str = "",
        status: int | None = None,
        kind: str = "OAuthException",
    ) -> None:
        usual, title = KNOWN.get(code, (400, "Generic error"))
        self.code = code
        self.title = title
        self.details = details or DETAILS.get(code, "")
        self.status = usual if status is None else status
        self.message = message or f"(#{code}) {title}"
        self.subcode = subcode
        self.kind = kind
        super().__init__(f"{self.message}: {self.details}" if self.details else self.message)

    def body(self) -> Json:
        error: Json = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.status >= 500:
            error["is_transient"] = True
        return {"error": error | {"fbtrace_id": "A" + secrets.token_urlsafe(16)}}


def known(code: int) -> str:
    """The title of a code; raises ValueError for a code that this stand-in does not know."""
    if code not in KNOWN:
        raise ValueError(f"{code} is none of the Cloud API's error codes: {', '.join(map(str, KNOWN))}")
    return KNOWN[code][1]


def missing_object(node: str, method: str = "get") -> Refused:
    """What Graph answers for an id that is nothing, somebody else's, or no longer there."""
    return Refused(
        100,
        subcode=33,
        kind="GraphMethodException",
        message=(
            f"Unsupported {method} request. Object with ID '{node}' does not exist, cannot be loaded due to missing "
            "permissions, or does not support this operation"
        ),
    )


def status_error(code: int, details: str = "") -> Json:
    """An error as a status `failed` or an unsupported message carries it."""
    title = known(code)
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details or DETAILS.get(code, title)},
        "href": HELP,
    }
