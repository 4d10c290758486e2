"""What VK documents or sends although its published schema 5.199 does not say so. Each line names its source."""

from __future__ import annotations

from typing import Any

ANY: dict[str, Any] = {}
FLAG: dict[str, Any] = {"$ref": "base_bool_int"}
INTEGER: dict[str, Any] = {"type": "integer"}
STRING: dict[str, Any] = {"type": "string"}

PROPERTIES: dict[str, dict[str, Any]] = {
    # https://dev.vk.com/ru/api/callback/getting-started: every event has its object
    "callback_base": {"object": ANY},
    # a callback button's payload comes back as the JSON it was, not as a string
    # (https://dev.vk.com/ru/api/bots/development/keyboard)
    "callback_message_event": {"payload": ANY},
    # https://dev.vk.com/ru/api/community-events/json-schema: `deleter_id`, `post_owner_id`, `state` is "typing"
    "callback_message_typing_state": {"state": {"type": "string", "enum": ["typing"], "required": True}},
    "callback_wall_comment_delete": {"deleter_id": INTEGER},
    "wall_wall_comment": {"post_owner_id": INTEGER},
    # the same page: attachments of messages; the schema names their types but not their fields
    "messages_message_attachment": {"video": ANY, "link": {"$ref": "base_link"}, "wall": ANY},
    # a carousel; text formatting, since December 2024 (https://dev.vk.com/ru/reference/objects/message#format_data)
    "messages_base_message": {"format_data": ANY, "template": ANY},
    # a field of the schema's generator that errors do not have; those of a captcha
    # (https://dev.vk.com/ru/reference/errors)
    "base_error": {"inner_type": STRING, "captcha_sid": STRING, "captcha_img": STRING},
    # inline keyboards have no `one_time` (https://dev.vk.com/ru/api/bots/development/keyboard)
    "messages_keyboard": {"one_time": {"type": "boolean"}},
    # parameters of groups.setCallbackSettings that its own answer lacks
    "groups_long_poll_events": {"message_event": FLAG, "like_add": FLAG, "like_remove": FLAG},
}
"""Definition, property: added, or in place of the schema's."""

ENUMS: dict[str, tuple[str, ...]] = {
    # https://dev.vk.com/ru/api/bots/development/keyboard: `default` is called `secondary` since 2019
    "messages_keyboard_button.color": ("secondary",),
    # https://dev.vk.com/ru/api/community-events/json-schema
    "callback_type": ("message_event", "like_add", "like_remove"),
    "messages_message_attachment_type": ("story",),
    # https://dev.vk.com/ru/method/users.get: in small letters
    "base_name_case": ("nom", "gen", "dat", "acc", "ins", "abl"),
}
"""Definition, or definition.property: further values."""

PARAMETERS: dict[str, dict[str, Any]] = {
    "messages.send": {"format_data": STRING, "message": STRING, "keyboard": STRING},
    "messages.edit": {"format_data": STRING, "message": STRING, "keyboard": STRING},
}
"""Method, parameter. Texts and keyboards have errors of their own, 914 and 911, with their own limits."""

COMMON_PARAMETERS = frozenset({"access_token", "v", "lang", "test_mode", "captcha_sid", "captcha_key", "https"})
"""Of every method (https://dev.vk.com/ru/api/api-requests)."""

TEXT_LIMIT = 4096
"""Characters; the schema says 9000, the server answers 914 above this."""
