"""Makes `data/cloud-api.json` and `data/examples.json` from Meta's OpenAPI file: what is sent and answered, no prose.

    python -m estafeta.fakes.whatsapp.reduce OPENAPI.yaml REQUESTS WEBHOOKS

OPENAPI.yaml is `business-messaging-api_v23.0.yaml` of https://github.com/facebook/openapi (MIT); REQUESTS and
WEBHOOKS are folders with its examples, one JSON file each. As published the file rejects its own examples: a message
is an `allOf` of two objects of which each forbids the fields of the other. So every `allOf` becomes one object, and
`CORRECTIONS` mend what the file says and the documentation, or the file's own examples, contradict.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

Json = dict[str, Any]
DATA = Path(__file__).parent / "data"

KEPT = ("type", "enum", "required", "maxLength", "minLength", "maxItems", "minItems")
"""The keywords that `schema.py` knows besides `properties`, `items`, `oneOf` and `$ref`."""
REQUESTS = {
    "text": "TextMessage",
    "audio": "AudioMessage",
    "document": "DocumentMessage",
    "image": "ImageMessage",
    "location": "LocationMessage",
    "video": "VideoMessage",
    "sticker": "StickerMessage",
    "reaction": "ReactionMessage",
    "interactive": "InteractiveMessage",
    "template": "TemplateMessage",
    "contacts": "ContactsMessage",
}
ANSWERS = ("MessageResponsePayload", "GraphAPIError", "PhoneNumberInfo", "SubscribedAppsResponse")

TEXT: Json = {"type": "string"}


def _object(required: Json, optional: Json | None = None) -> Json:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _media(**more: Json) -> Json:
    return {
        "type": "object",
        "oneOf": [{"required": ["id"]}, {"required": ["link"]}],
        "properties": {"id": TEXT, "link": TEXT, **more},
    }


def _text(longest: int) -> Json:
    return {"type": "string", "minLength": 1, "maxLength": longest}


def _named(name: str, parameters: Json) -> Json:
    return _object({"name": {"type": "string", "enum": [name]}, "parameters": parameters})


CAPTION = {"caption": {"type": "string", "maxLength": 1024}}
"""https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/image-messages"""
KINDS_OF_PARAMETER = {
    "text": TEXT | {"type": ["string", "boolean"]},
    "currency": _object({"fallback_value": TEXT, "code": TEXT, "amount_1000": {"type": "integer"}}),
    "date_time": {"type": "object"},
    "image": _media(),
    "video": _media(),
    "document": _media(filename=TEXT),
    "location": {"type": "object"},
    "payload": TEXT,
    "coupon_code": TEXT,
    "action": {"type": "object"},
}
MESSAGE = {
    "recipient": {"type": "string"},
    "biz_opaque_callback_data": {"type": "string", "maxLength": 512},
}
"""`recipient`: a business-scoped user id instead of the phone number in `to`
(https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids)."""

CORRECTIONS: dict[str, Json] = {
    "TextMessage.text": _object({"body": _text(4096)}, {"preview_url": {"type": "boolean"}}),
    "AudioMessage.audio": _media(voice={"type": "boolean"}),
    "ImageMessage.image": _media(**CAPTION),
    "VideoMessage.video": _media(**CAPTION),
    "DocumentMessage.document": _media(filename=TEXT, **CAPTION),
    "StickerMessage.sticker": _media(),
    # the file's own examples hold numbers
    "LocationMessage.location": _object(
        {"latitude": {"type": ["number", "string"]}, "longitude": {"type": ["number", "string"]}},
        {"name": TEXT, "address": TEXT},
    ),
    "ReactionMessage.reaction": _object({"message_id": TEXT, "emoji": TEXT}),
    "MediaObject": _media(filename=TEXT),
    "MessageContext": _object({"message_id": TEXT}),
    "LanguageObject": _object({"code": TEXT}, {"policy": TEXT}),
    "NameObject.required": {"required": ["formatted_name"]},
    "PhoneObject": _object({}, {"phone": TEXT, "type": TEXT, "wa_id": TEXT}),
    "TemplateComponent": _object(
        {"type": TEXT},
        {
            "sub_type": TEXT,
            "index": {"type": ["string", "integer"]},
            "parameters": {
                "type": "array",
                "items": _object({"type": TEXT}, {"parameter_name": TEXT, **KINDS_OF_PARAMETER}),
            },
        },
    ),
    "SubscribedApp": _object({"whatsapp_business_api_data": {"type": "object"}}, {"override_callback_uri": TEXT}),
}
INTERACTIVE_KINDS = (
    "button",
    "list",
    "cta_url",
    "location_request_message",
    "product",
    "product_list",
    "catalog_message",
    "flow",
    "order_details",
    "order_status",
    "call_permission_request",
)
MORE_ACTIONS = [
    # https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-cta-url-messages
    _named("cta_url", _object({"display_text": _text(20), "url": TEXT})),
    _object({"name": {"type": "string", "enum": ["send_location"]}}),
    _named("review_and_pay", {"type": "object"}),
    _named("review_order", {"type": "object"}),
]
MARK_AS_READ = _object(
    {"messaging_product": TEXT, "status": {"type": "string", "enum": ["read"]}, "message_id": TEXT},
    {"typing_indicator": _object({"type": {"type": "string", "enum": ["text"]}})},
)
MEDIA_ANSWER = _object(
    {"messaging_product": TEXT, "url": TEXT, "mime_type": TEXT, "sha256": TEXT, "file_size": TEXT, "id": TEXT}
)
"""`/{Media-ID}` of the file, which has it inline."""


def reduced(document: Json) -> Json:
    schemas = document["components"]["schemas"]
    found: Json = {}
    for name in [*REQUESTS.values(), *ANSWERS]:
        _collect(name, schemas, found)
    for name in REQUESTS.values():
        _correct_message(found[name])
    for path, correction in CORRECTIONS.items():
        name, _, field = path.partition(".")
        if field == "required":
            found[name] |= correction
        elif field:
            found[name]["properties"][field] = correction
        else:
            found[name] = correction
    found["InteractiveObject"]["properties"]["type"]["enum"] = list(INTERACTIVE_KINDS)
    found["ActionObject"]["oneOf"] += MORE_ACTIONS
    _forbid_blanks(found)
    found |= {"MarkAsRead": MARK_AS_READ, "Media": MEDIA_ANSWER}
    return {
        "version": document["info"]["version"],
        "source": "business-messaging-api_v23.0.yaml of https://github.com/facebook/openapi, reduced and corrected",
        "license": "MIT, Copyright (c) Meta Platforms, Inc. and affiliates; see LICENSE beside this file",
        "requests": REQUESTS,
        "schemas": found,
    }


def _correct_message(message: Json) -> None:
    """The file's examples leave out `recipient_type` and `type`; `recipient` may stand for `to`."""
    message["properties"] |= MESSAGE
    message["required"] = [n for n in message["required"] if n not in {"recipient_type", "to", "type"}]


def _forbid_blanks(found: Json) -> None:
    """What a customer presses or reads cannot be empty."""
    rows = found["SectionObject"]["properties"]["rows"]
    for field in ("id", "title"):
        rows["items"]["properties"][field]["minLength"] = 1
    button = found["ActionObject"]["oneOf"][1]["properties"]["buttons"]["items"]["properties"]["reply"]
    for field in ("id", "title"):
        button["properties"][field]["minLength"] = 1
    found["ActionObject"]["oneOf"][0]["properties"]["button"]["minLength"] = 1
    found["BodyObject"]["properties"]["text"]["minLength"] = 1


def _collect(name: str, schemas: Json, found: Json) -> None:
    if name in found:
        return
    found[name] = {}
    found[name] |= _plain(schemas[name], schemas, found)


def _plain(schema: Json, schemas: Json, found: Json) -> Json:
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        _collect(name, schemas, found)
        return {"$ref": name}
    if "allOf" in schema:
        return _merged([_resolved(part, schemas) for part in schema["allOf"]], schemas, found)
    plain: Json = {key: schema[key] for key in KEPT if key in schema}
    if "properties" in schema:
        plain["properties"] = {n: _plain(s, schemas, found) for n, s in schema["properties"].items()}
    if "items" in schema:
        plain["items"] = _plain(schema["items"], schemas, found)
    if "oneOf" in schema:
        plain["oneOf"] = [_plain(s, schemas, found) for s in schema["oneOf"]]
    return plain


def _resolved(schema: Json, schemas: Json) -> Json:
    if "$ref" not in schema:
        return schema
    target: Json = schemas[schema["$ref"].rsplit("/", 1)[-1]]
    return target


def _merged(parts: list[Json], schemas: Json, found: Json) -> Json:
    whole: Json = {"type": "object", "properties": {}, "required": []}
    for part in parts:
        plain = _plain(part, schemas, found)
        whole["properties"] |= plain.get("properties", {})
        whole["required"] += [name for name in plain.get("required", []) if name not in whole["required"]]
    return whole


def _examples(folder: str) -> Json:
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path(folder).glob("*.json"))}


def _write(name: str, value: Json) -> None:
    (DATA / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write("cloud-api.json", reduced(YAML(typ="safe", pure=True).load(Path(sys.argv[1]))))
    _write("examples.json", {"requests": _examples(sys.argv[2]), "webhooks": _examples(sys.argv[3])})
