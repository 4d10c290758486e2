"""A stand-in for VK's API as communities use it: messages, walls, Callback API, Bots Long Poll, over HTTP on loopback.

    async with FakeVk() as fake:
        shop = fake.community("Лавка")
        ivan = fake.private("Иван", shop)
        ivan.says("Где мой заказ?")
        await fake.wait(lambda: "Подскажите номер" in fake.shown(ivan)[-1])

Methods are under `fake.url + "/method/"` with `shop.token`. Several communities live in one stand-in; a person of one
name is the same in all of them. `fake.violations` must stay empty: it lists what VK's own schema forbids.
It is written from public documentation and has no connection to the real service.
"""

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.common.faults import WebhookFaults
from estafeta.fakes.vk.callback import CallbackServer, CallbackSettings, Delivery
from estafeta.fakes.vk.calls import Call
from estafeta.fakes.vk.fake import FakeVk, Shown
from estafeta.fakes.vk.faults import Fault
from estafeta.fakes.vk.limits import Limits
from estafeta.fakes.vk.people import Chat, Community, Participant
from estafeta.fakes.vk.world import Press

__all__ = [
    "Call",
    "CallbackServer",
    "CallbackSettings",
    "Chat",
    "Community",
    "Delivery",
    "FakeVk",
    "Fault",
    "Limits",
    "NotPossible",
    "Participant",
    "Press",
    "Shown",
    "WebhookFaults",
]
