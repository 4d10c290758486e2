"""`publish:` of bot.yml: when a release that is tried with a share of the talks is withdrawn by itself."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StrictBool

from flows.strict import Strict

Points = Annotated[float, Field(gt=0, le=100)]


class PublishRules(Strict):
    """Judged once each release had `least` conversations. `handoffs`, `fallbacks` and `bad_marks` are percentage
    points: so much worse than the release in service, and the staged one is withdrawn. Marks are judged once there
    are `least_marks` of each."""

    watch: StrictBool = True
    least: Annotated[int, Field(ge=1, le=1_000_000)] = 100
    handoffs: Points = 10.0
    fallbacks: Points = 10.0
    bad_marks: Points = 15.0
    least_marks: Annotated[int, Field(ge=1, le=1_000_000)] = 30
