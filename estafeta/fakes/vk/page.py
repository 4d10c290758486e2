"""VK's page: a customer's messages and comments beside what the community's administrator sees."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from estafeta.fakes.common import page
from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.acts import ACTS
from estafeta.fakes.vk.errors import Refused
from estafeta.fakes.vk.view import view

if TYPE_CHECKING:
    from estafeta.fakes.vk.served import ServedVk

STATIC = Path(__file__).parent / "static"


class Page(page.Page):
    def __init__(self, fake: ServedVk) -> None:
        super().__init__(
            fake,
            static=STATIC,
            acts=ACTS,
            refused=Refused,
            view=partial(view, fake),
            journal=partial(_journal, fake),
            file=partial(_file, fake),
        )


def _file(fake: ServedVk, name: str) -> tuple[bytes, str] | None:
    file = fake.world.files.get(int(name)) if name.isdecimal() else None
    return (file.content, file.name) if file is not None else None


def _journal(fake: ServedVk, last: int) -> list[Json]:
    return [
        {"method": call.method, "params": call.params, "at": call.at, "error": call.error, "fault": call.fault}
        for call in list(fake.calls)[-last:]
    ]
