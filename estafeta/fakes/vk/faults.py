"""Planned errors as VK answers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from estafeta.fakes.common.faults import PlannedFault
from estafeta.fakes.vk.errors import Refused

CAPTCHA = {"captcha_sid": "123456789012", "captcha_img": "https://vk.com/captcha.php?sid=123456789012"}


@dataclass(slots=True, kw_only=True)
class Fault(PlannedFault):
    """Of kind "answer": the error `code` (with `detail` after its text), or when `status` is not 200 a page of the
    balancer's instead of JSON. `chat` is the peer, or the post for comments."""

    code: int = 10
    detail: str = ""
    status: int = 200

    def refused(self) -> Refused:
        more: dict[str, Any] = CAPTCHA if self.code == 14 else {}
        return Refused(self.code, self.detail, **more)
