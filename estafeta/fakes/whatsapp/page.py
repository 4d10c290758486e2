"""WhatsApp's page: a customer's chat beside what the business sees on its own phone."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from estafeta.fakes.common import page
from estafeta.fakes.whatsapp.acts import ACTS
from estafeta.fakes.whatsapp.errors import Json, Refused
from estafeta.fakes.whatsapp.view import view

if TYPE_CHECKING:
    from estafeta.fakes.whatsapp.fake import FakeWhatsApp

STATIC = Path(__file__).parent / "static"


class Page(page.Page):
    def __init__(self, fake: FakeWhatsApp) -> None:
        super().__init__(
            fake,
            static=STATIC,
            acts=ACTS,
            refused=Refused,
            view=partial(view, fake),
            journal=partial(_journal, fake),
            file=partial(_file, fake),
        )


def _file(fake: FakeWhatsApp, name: str) -> tuple[bytes, str] | None:
    media = fake.world.media.get(name)
    return (media.content, media.name) if media is not None else None


def _journal(fake: FakeWhatsApp, last: int) -> list[Json]:
    return [
        {
            "operation": call.operation,
            "status": call.status,
            "code": call.code,
            "params": call.params,
            "at": call.at,
        }
        for call in list(fake.calls)[-last:]
    ]
