"""What goes wrong on purpose: in the answers to the bot's calls and in the delivery to its webhook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from estafeta.fakes.telegram.errors import NAMES, Json

Kind = Literal["answer", "hang", "drop_before", "drop_after", "broken_json"]


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that happens to the next `times` calls of `method` ("*": of any; `chat`: only of calls to that chat).

    answer: an error with `status` and `description`, nothing is done.
    hang: the call waits `seconds`, then is done and answered.
    drop_before, drop_after: the connection breaks without an answer, before or after the call was done.
    broken_json: the call is done, the answer is cut in half.
    """

    method: str
    kind: Kind
    status: int = 500
    description: str = ""
    retry_after: int | None = None
    seconds: float = 0
    times: int = 1
    chat: int | None = None

    def body(self) -> Json:
        text = self.description
        if not text and self.status == 429:
            text = f"Too Many Requests: retry after {self.retry_after or 1}"
        elif not text:
            text = {500: "Internal Server Error", 502: "Bad Gateway"}.get(self.status, NAMES.get(self.status, "Error"))
        body: Json = {"ok": False, "error_code": self.status, "description": text}
        if self.status == 429:
            body["parameters"] = {"retry_after": self.retry_after or 1}
        return body


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


@dataclass(slots=True)
class Faults:
    planned: list[Fault] = field(default_factory=list)
    webhook: WebhookFaults = field(default_factory=WebhookFaults)

    def take(self, method: str, chat: object) -> Fault | None:
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
