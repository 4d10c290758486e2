"""What goes wrong on purpose: in the answers to the bot's calls and in the delivery to its webhook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, Literal, TypeVar

Kind = Literal["answer", "hang", "drop_before", "drop_after", "broken_json"]


@dataclass(slots=True, kw_only=True)
class PlannedFault:
    """One thing that happens to the next `times` calls of `method` ("*": of any; `chat`: only of calls to that chat).

    answer: an error of the messenger's own, nothing is done.
    hang: the call waits `seconds`, then is done and answered.
    drop_before, drop_after: the connection breaks without an answer, before or after the call was done.
    broken_json: the call is done, the answer is cut in half.
    """

    method: str
    kind: Kind
    seconds: float = 0
    times: int = 1
    chat: int | None = None


@dataclass(slots=True, kw_only=True)
class WebhookFaults:
    """Counted down as updates are delivered; `delay` stays until it is set to 0."""

    duplicates: int = 0
    """So many of the next updates are delivered twice, the second time after the bot has acknowledged."""
    reorder: int = 0
    """So many of the next updates are overtaken by the one after them in the same chat."""
    delay: float = 0
    """Seconds that every delivery waits."""
    lost_answers: int = 0
    """So many of the next acknowledgements do not arrive: the update comes again."""


Planned = TypeVar("Planned", bound=PlannedFault)


@dataclass(slots=True)
class Faults(Generic[Planned]):
    planned: list[Planned] = field(default_factory=list)
    webhook: WebhookFaults = field(default_factory=WebhookFaults)

    def take(self, method: str, chat: object) -> Planned | None:
        for fault in self.planned:
            if fault.method in {"*", method} and (fault.chat is None or str(fault.chat) == str(chat)):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self.planned.clear()
        self.webhook = WebhookFaults()
