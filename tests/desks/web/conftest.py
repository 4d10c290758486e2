"""An office with a desk, for every test of the web desk."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.desks.web.office import Office, open_office

REPLIES = {
    "delay": {"ru": "Извините за задержку, уже смотрю.", "en": "Sorry for the delay, I am looking into it."},
    "thanks": {"ru": "Спасибо, что написали!", "en": "Thank you for writing!"},
    "return": {"ru": "Вернуть товар можно 14 дней.", "en": "You can return it within 14 days."},
}


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with open_office(replies=REPLIES) as opened:
        yield opened
