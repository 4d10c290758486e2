"""The shape of the webhooks: whatever the stand-in tells a business must fit.

Meta's schema cannot be the referee here (it describes a customer's message as a business's request), so these shapes
are its published examples (`data/examples.json`, each of which fits) and what its reference describes besides:
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages (statuses,
reactions, media), .../reference/smb_message_echoes, .../business-scoped-user-ids (`user_id` and its siblings; phone
numbers may be absent). Edits and deletions are as the fixtures of pywa (https://github.com/david-lev/pywa) have them.
"""

from __future__ import annotations

from typing import Any

from estafeta.fakes.whatsapp.errors import Json
from estafeta.fakes.whatsapp.schema import check

TEXT: Json = {"type": "string"}
BOOLEAN: Json = {"type": "boolean"}
NUMBER: Json = {"type": "number"}
INTEGER: Json = {"type": "integer"}


def _object(required: Json, optional: Json | None = None) -> Json:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _texts(*names: str) -> Json:
    return dict.fromkeys(names, TEXT)


def _list(items: Json) -> Json:
    return {"type": "array", "items": items, "minItems": 1}


def _one_of(*values: str) -> Json:
    return {"type": "string", "enum": list(values)}


ERROR = _object(
    {"code": INTEGER, "title": TEXT}, {"message": TEXT, "error_data": _object(_texts("details")), "href": TEXT}
)
METADATA = _object(_texts("display_phone_number", "phone_number_id"))
CONTACT = _object(
    {"profile": _object(_texts("name"), _texts("username"))}, _texts("wa_id", "user_id", "parent_user_id")
)


def _media(**more: Json) -> Json:
    return _object(_texts("id", "mime_type", "sha256"), {"url": TEXT, **more})


CONTENTS: dict[str, Json] = {
    "text": _object(_texts("body")),
    "image": _media(caption=TEXT),
    "video": _media(caption=TEXT),
    "document": _media(caption=TEXT, filename=TEXT),
    "audio": _media(voice=BOOLEAN),
    "sticker": _media(animated=BOOLEAN),
    "location": _object({"latitude": NUMBER, "longitude": NUMBER}, _texts("name", "address", "url")),
    "contacts": _list(
        _object(
            {},
            {
                "name": _object(
                    {}, _texts("formatted_name", "first_name", "last_name", "middle_name", "prefix", "suffix")
                ),
                "phones": _list(_object({}, _texts("phone", "wa_id", "type", "user_id"))),
                "org": _object({}, _texts("company", "department", "title")),
                "emails": _list(_object({}, _texts("email", "type"))),
                "vcard": TEXT,
            },
        )
    ),
    "reaction": _object(_texts("message_id"), _texts("emoji")),
    "button": _object(_texts("payload", "text")),
    "interactive": _object(
        {"type": _one_of("button_reply", "list_reply", "nfm_reply")},
        {
            "button_reply": _object(_texts("id", "title")),
            "list_reply": _object(_texts("id", "title"), _texts("description")),
            "nfm_reply": _object(_texts("response_json"), _texts("name", "body")),
        },
    ),
    "order": _object(
        {
            **_texts("catalog_id", "text"),
            "product_items": _list(
                _object(
                    {**_texts("product_retailer_id", "currency"), "quantity": INTEGER, "item_price": NUMBER},
                )
            ),
        }
    ),
    "system": _object(_texts("body", "type"), _texts("wa_id", "new_wa_id", "user_id", "previous_user_id")),
    "edit": _object({**_texts("original_message_id"), "message": {"type": "object"}}),
    "revoke": _object(_texts("original_message_id")),
}
CONTEXT = _object(
    {},
    {
        **_texts("from", "id"),
        "forwarded": BOOLEAN,
        "frequently_forwarded": BOOLEAN,
        "referred_product": _object(_texts("catalog_id", "product_retailer_id")),
    },
)
REFERRAL = _object(
    _texts("source_url", "source_type", "source_id"),
    {
        **_texts("headline", "body", "media_type", "image_url", "video_url", "thumbnail_url", "ctwa_clid"),
        "welcome_message": _object(_texts("text")),
    },
)
MESSAGE = _object(
    {
        **_texts("id", "timestamp"),
        "type": _one_of(*CONTENTS, "unsupported", "request_welcome"),
    },
    {
        **_texts("from", "from_user_id"),
        **CONTENTS,
        "context": CONTEXT,
        "referral": REFERRAL,
        "errors": _list(ERROR),
    },
)
ECHO = _object(
    {**_texts("from", "id", "timestamp"), "type": _one_of(*CONTENTS, "unsupported")},
    {**_texts("to", "to_user_id"), **CONTENTS, "context": CONTEXT},
)
STATUS = _object(
    {**_texts("id", "timestamp"), "status": _one_of("sent", "delivered", "read", "failed")},
    {
        **_texts("recipient_id", "recipient_user_id", "biz_opaque_callback_data"),
        "conversation": _object(
            {"id": TEXT, "origin": _object(_texts("type"))},
            _texts("expiration_timestamp"),
        ),
        "pricing": _object({"billable": BOOLEAN, **_texts("pricing_model", "category")}, _texts("type")),
        "errors": _list(ERROR),
    },
)
VALUES: dict[str, Json] = {
    "messages": _object(
        {"messaging_product": _one_of("whatsapp"), "metadata": METADATA},
        {"contacts": _list(CONTACT), "messages": _list(MESSAGE), "statuses": _list(STATUS), "errors": _list(ERROR)},
    ),
    "smb_message_echoes": _object(
        {"messaging_product": _one_of("whatsapp"), "metadata": METADATA, "message_echoes": _list(ECHO)},
        {"contacts": _list(CONTACT)},
    ),
}


def misfits(field: str, value: Any) -> list[str]:
    """What is wrong with a change of this field. Of other fields (templates, quality, groups) nothing is known."""
    if field not in VALUES:
        return []
    return [str(problem) for problem in check(VALUES[field], value)] + _contradictions(value)


def _contradictions(value: Json) -> list[str]:
    """What the reference says about fields together."""
    found: list[str] = []
    for message in value.get("messages", []):
        kind = message.get("type")
        if kind in CONTENTS and kind not in message:
            found.append(f"a message of type {kind} without its content")
        if kind != "system" and not ({"from", "from_user_id"} & message.keys()):
            found.append("a message from nobody")
        if kind == "system" and "contacts" in value:
            found.append("a system message comes without contacts")
    for status in value.get("statuses", []):
        if not ({"recipient_id", "recipient_user_id"} & status.keys()):
            found.append("a status about nobody")
        if (status.get("status") == "failed") != ("errors" in status):
            found.append("errors belong to failed statuses, and to them alone")
    return found
