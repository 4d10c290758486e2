"""A stand-in for Telegram's Bot API: chats, forum topics, limits, errors and people, over HTTP on loopback.

    async with FakeTelegram() as fake:
        bot = Bot(fake.token, session=AiohttpSession(api=TelegramAPIServer.from_base(fake.url)))
        ivan = fake.private("Иван")
        ivan.says("Где мой заказ?")
        await fake.wait(lambda: "Подскажите номер" in fake.shown(ivan)[-1])

`python -m estafeta.fakes.telegram --help` runs it alone, with a page that shows the chats.
It is written from public documentation and has no connection to the real service.
"""

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.common.faults import WebhookFaults
from estafeta.fakes.telegram.bots import FurtherBot
from estafeta.fakes.telegram.calls import Call
from estafeta.fakes.telegram.fake import FakeTelegram, Shown
from estafeta.fakes.telegram.faults import Fault
from estafeta.fakes.telegram.limits import Limits
from estafeta.fakes.telegram.people import Group, Participant

__all__ = [
    "Call",
    "FakeTelegram",
    "Fault",
    "FurtherBot",
    "Group",
    "Limits",
    "NotPossible",
    "Participant",
    "Shown",
    "WebhookFaults",
]
