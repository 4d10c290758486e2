"""`gate:` of bot.yml: how much worse a new language model may be before publishing it is refused, and when one that is
tried with a share of conversations is withdrawn by itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from flows.publish_file import PublishRules
from flows.strict import Duration, Strict

Allowed = Annotated[float, Field(ge=0, le=100)]
"""Percentage points, or percent."""


class GateRules(Strict):
    """`pinned`: so many pinned examples may fail that hold with the model in service. `accuracy`, `intent` and
    `out_of_scope` are percentage points on the held-out texts: of all that are right, of the F1 of one intent with
    `intent_least` texts at least, and of texts out of scope that would be answered. `changed` and `lost` are about real
    messages of the last `since`, the latest `messages` of them: percent decided otherwise, and percentage points more
    that are not understood; judged from `messages_least` on. `trial` are the rules for a share of conversations."""

    pinned: Annotated[int, Field(ge=0, le=100_000)] = 0
    accuracy: Allowed = 1.0
    intent: Allowed = 15.0
    intent_least: Annotated[int, Field(ge=1, le=1_000_000)] = 10
    out_of_scope: Allowed = 5.0
    changed: Allowed = 15.0
    lost: Allowed = 3.0
    messages: Annotated[int, Field(ge=0, le=100_000)] = 2000
    messages_least: Annotated[int, Field(ge=1, le=100_000)] = 50
    since: Duration = 14 * 86400
    trial: PublishRules = PublishRules()
