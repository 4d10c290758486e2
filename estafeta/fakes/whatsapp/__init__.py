"""A stand-in for WhatsApp's Cloud API: numbers, chats, templates, limits, errors, webhooks and people, on loopback.

    async with FakeWhatsApp() as fake:
        await fake.set_webhook("http://127.0.0.1:8080/webhooks/whatsapp/main", verify_token)
        maria = fake.person("Мария")
        maria.says("Где мой заказ?")
        await fake.wait(lambda: "Подскажите номер" in fake.shown(maria)[-1])

`fake.url` stands for `https://graph.facebook.com`, `fake.number.id` is the number's id, `fake.token` opens it, and
`fake.app_secret` signs the webhooks. `python -m estafeta.fakes.whatsapp --help` runs it alone, with a page that shows
the chats and an interface for other programs under `/fake/api/`.
It is written from public documentation and has no connection to Meta.
"""

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.common.faults import WebhookFaults
from estafeta.fakes.whatsapp.calls import Call
from estafeta.fakes.whatsapp.clock import Clock
from estafeta.fakes.whatsapp.errors import Refused
from estafeta.fakes.whatsapp.fake import FakeWhatsApp, Shown
from estafeta.fakes.whatsapp.faults import Fault
from estafeta.fakes.whatsapp.limits import Limits
from estafeta.fakes.whatsapp.people import Participant, PhoneApp
from estafeta.fakes.whatsapp.templates import Button, Template
from estafeta.fakes.whatsapp.webhook import Delivery
from estafeta.fakes.whatsapp.world import Account, Number

__all__ = [
    "Account",
    "Button",
    "Call",
    "Clock",
    "Delivery",
    "FakeWhatsApp",
    "Fault",
    "Limits",
    "NotPossible",
    "Number",
    "Participant",
    "PhoneApp",
    "Refused",
    "Shown",
    "Template",
    "WebhookFaults",
]
