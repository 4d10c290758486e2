"""Examples of keys in the JSON Schemas, for whoever reads them in an editor: by model and key, as in
`flows.schema_words`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

EXAMPLES: Mapping[str, Mapping[str, list[Any]]] = {
    "flow": {"flow": ["order-status"], "title": [{"ru": "Где мой заказ", "en": "Where my order is"}]},
    "Start": {
        "intent": ["order_status", ["order_status", "order_lost"]], "command": ["order"],
        "button": [{"ru": "Доставка", "en": "Delivery"}], "link": ["promo-*"], "event": ["order_shipped"],
        "schedule": [{"at": "09:30", "days": "mon-fri", "tag": "subscriber"}],
    },
    "flow.Schedule": {"at": ["09:30"], "days": ["mon-fri", ["mon", "thu"]], "tag": ["subscriber"]},
    "Step": {
        "say": [{"ru": "Здравствуйте, {{ customer.name }}!", "en": "Hello, {{ customer.name }}!"}],
        "buttons": [[{"text": {"ru": "Доставка", "en": "Delivery"}, "flow": "delivery-info"}]],
        "channels": [{"whatsapp": {"ru": "Короче", "en": "Shorter"}}], "attempts": [2],
        "otherwise": [[{"handoff": {"reason": "repeated_fallback"}}]],
    },
    "SayStep": {"media": ["price-list.pdf"], "delay": [1.5]},
    "AskStep": {
        "ask": ["order_number"], "expect": ["order_number", "text", "number", "yes_no", "date"],
        "valid": ["value > 0"], "confirm": [{"ru": "{{ value }}, верно?", "en": "{{ value }}, right?"}],
        "still": [{"ru": "Всё ещё {{ value }}?", "en": "Is it still {{ value }}?"}], "remember": [True, "90d"],
    },
    "MenuStep": {
        "menu": [[{"text": "Delivery", "flow": "delivery-info"}, {"text": "Nothing"}]], "order": ["habit"],
    },
    "CallStep": {
        "call": ["order_lookup"], "with": [{"number": "{{ slots.order_number }}"}], "save": ["order"],
        "map": [{"status": "{{ reply.status }}"}],
        "on_error": [[{"handoff": {"reason": "action_error"}}]],
    },
    "ChooseStep": {
        "choose": [[
            {"when": 'order.status == "lost"', "do": [{"handoff": {}}]},
            {"otherwise": [{"say": {"ru": "Заказ в пути", "en": "It is on its way"}}]},
        ]],
    },
    "When": {"when": ['order.status == "lost"', "open and count < 3"]},
    "SetStep": {"set": [{"count": "{{ count + 1 }}"}]},
    "GotoStep": {"goto": ["order_number"]},
    "FlowStep": {"flow": ["delivery-info"]},
    "HandoffStep": {"handoff": [{"skill": "delivery", "summary": "Заказ {{ order.number }} утерян"}]},
    "HandoffRule": {"reason": ["flow_rule"], "skill": ["delivery"]},
    "WaitStep": {"wait": ["3d", {"event": "order_delivered", "for": "14d"}]},
    "WaitRule": {"for": ["3d"], "until": ["2026-12-31T10:00", "{{ order.date }}T10:00"], "event": ["order_delivered"]},
    "RememberStep": {"remember": [{"city": "{{ slots.city }}"}], "for": ["90d"]},
    "ForgetStep": {"forget": ["city", "all"]},
    "TagStep": {"tag": ["subscriber"]},
    "UntagStep": {"untag": ["subscriber"]},
    "EndStep": {"end": [True, "all"]},
    "bot": {"languages": [["ru", "en"]], "region": ["RU", "US"]},
    "Action": {"url": ["{{ vars.SHOP_URL }}/orders/{{ number }}"], "timeout": [3]},
    "hours": {"timezone": ["Europe/Moscow"], "schedules": [{"default": {"mon-fri": ["09:00-18:00"]}}]},
    "tone": {"banned": [{"ru": ["не наша проблема"], "en": ["calm down"]}]},
    "GateRules": {"accuracy": [1.0], "since": ["14d"]},
    "Pinned": {
        "text": ["Где мой заказ 123456?"], "intent": ["order_status"], "entities": [{"order_number": "123456"}],
        "none": [True],
    },
    "Complaints": {"intents": [["complaint"]], "skills": [["returns"]]},
}  # fmt: skip
