"""What goes wrong on purpose in the answers to the business's calls; the webhook's troubles are `WebhookFaults`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from estafeta.fakes.common.faults import WebhookFaults
from estafeta.fakes.whatsapp.errors import Refused, known

Kind = Literal["answer", "late", "hang", "drop_before", "drop_after", "broken_json"]

CODES_OF_STATUS = {401: 190, 403: 10, 429: 130429, 500: 1, 503: 2}


@dataclass(slots=True, kw_only=True)
class Fault:
    """One thing that happens to the next `times` calls of `operation` ("*": of any; `person`: only of messages to
    that phone number or user id).

    answer: the error `code` (by default what fits `status`), nothing is done.
    late: the message is taken, and its status is `failed` with `code`.
    hang: the call waits `seconds`, then is done and answered.
    drop_before, drop_after: the connection breaks without an answer, before or after the call was done (its statuses
    come all the same).
    broken_json: the call is done, the answer is cut in half.
    """

    operation: str
    kind: Kind
    code: int | None = None
    status: int | None = None
    details: str = ""
    seconds: float = 0
    times: int = 1
    person: str = ""

    def __post_init__(self) -> None:
        if self.code is None:
            self.code = 131026 if self.kind == "late" else CODES_OF_STATUS.get(self.status or 500, 1)
        known(self.code)

    def refusal(self) -> Refused:
        code = self.code or 0
        message = known(code) if code in {0, 1, 2, 190} else ""
        return Refused(code, self.details, status=self.status, message=message)


@dataclass(slots=True)
class Faults:
    planned: list[Fault] = field(default_factory=list)
    webhook: WebhookFaults = field(default_factory=WebhookFaults)

    def take(self, operation: str, people: set[str]) -> Fault | None:
        for fault in self.planned:
            if fault.operation in {"*", operation} and (not fault.person or fault.person in people):
                fault.times -= 1
                if fault.times <= 0:
                    self.planned.remove(fault)
                return fault
        return None

    def clear(self) -> None:
        self.planned.clear()
        self.webhook = WebhookFaults()
