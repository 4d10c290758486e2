"""Failures by what happened. Each answers: try again? whose fault? what does the operator read?"""

from __future__ import annotations

from typing import Literal


class EstafetaError(Exception):
    """Anything this platform raises on purpose; its text is a sentence for the person in charge."""


class Conflict(EstafetaError):
    """Another worker committed this conversation first: load it and decide again."""


class StoreUnavailable(EstafetaError):
    """The store cannot answer now (full disk, locked, gone). Nothing was acknowledged."""


class UnderstandingFailed(EstafetaError):
    """No understanding within the deadline: late, down, or broken."""


class ConfigurationError(EstafetaError):
    """A setting is missing, unknown or wrong; says which, and what is expected."""


class FileGone(EstafetaError):
    """The file is not in our store: never was, or was erased."""


class SendFailed(EstafetaError):
    """A messenger did not take something.

    `code` names what happened, in snake case (blocked, too_many_requests, ...).
    `retry_after`: seconds until trying again makes sense; None: never.
    `fault`: whose it is. `sentence`: what the operator reads.
    `maybe_sent`: the request went out and no answer came back.
    """

    def __init__(
        self,
        code: str,
        sentence: str,
        *,
        fault: Literal["customer", "content", "messenger", "settings"],
        retry_after: float | None = None,
        maybe_sent: bool = False,
    ) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code
        self.sentence = sentence
        self.fault = fault
        self.retry_after = retry_after
        self.maybe_sent = maybe_sent
