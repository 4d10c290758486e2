"""Telegram's page: a customer's chat with the bot beside the operators' group."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from estafeta.fakes.common import page
from estafeta.fakes.telegram.acts import ACTS, journal
from estafeta.fakes.telegram.errors import Json, Refused
from estafeta.fakes.telegram.view import view

if TYPE_CHECKING:
    from estafeta.fakes.telegram.fake import FakeTelegram

STATIC = Path(__file__).parent / "static"


class Page(page.Page):
    def __init__(self, fake: FakeTelegram) -> None:
        super().__init__(
            fake,
            static=STATIC,
            acts=ACTS,
            refused=Refused,
            view=partial(_view, fake),
            journal=partial(journal, fake),
            file=partial(_file, fake),
        )


def _view(fake: FakeTelegram, query: Mapping[str, str]) -> Json:
    customer, group, topic = (int(query.get(name, "0")) for name in ("customer", "group", "topic"))
    return view(fake, customer, group, topic)


def _file(fake: FakeTelegram, name: str) -> tuple[bytes, str] | None:
    file = fake.world.files.get(name)
    return (file.content, file.path.rsplit("/", 1)[-1]) if file is not None else None
