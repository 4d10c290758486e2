"""What keeps a file from being had, told once, for the engine and for the operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from estafeta.kernel.errors import SendFailed

Language = Literal["ru", "en"]
FileFault = Literal["file_gone", "file_too_large", "file_refused", "file_unreachable"]


@dataclass(frozen=True, slots=True)
class _Failure:
    fault: Literal["customer", "content", "messenger", "settings"]
    ru: str
    en: str


_FAILURES: dict[FileFault, _Failure] = {
    "file_gone": _Failure(
        "messenger",
        "Файла больше нет: его удалили или срок его хранения истёк.",
        "The file is not there any more: it was deleted, or the time it is kept for is over.",
    ),
    "file_too_large": _Failure(
        "content",
        "Файл больше, чем разрешено",
        "The file is larger than is allowed",
    ),
    "file_refused": _Failure(
        "content",
        "Такие файлы не принимаются",
        "Files of this kind are not taken",
    ),
    "file_unreachable": _Failure(
        "messenger",
        "Файл не удалось получить",
        "The file could not be fetched",
    ),
}


def failure(
    code: FileFault, language: Language, *, ru: str = "", en: str = "", retry_after: float | None = None
) -> SendFailed:
    """The failure called `code`. `ru` and `en` say more, after a colon, without a full stop."""
    known = _FAILURES[code]
    sentence, more = (known.ru, ru) if language == "ru" else (known.en, en)
    if not sentence.endswith("."):
        sentence = f"{sentence}: {more}." if more else f"{sentence}."
    return SendFailed(code, sentence, fault=known.fault, retry_after=retry_after)


def too_large(language: Language, *, most: int, size: int = 0) -> SendFailed:
    """`size` is 0 where it is not known: more than `most` is all that was seen."""
    came, may = _megabytes(size, up=True), _megabytes(most, up=False)
    ru = f"{came} МБ, а можно до {may} МБ" if size else f"можно до {may} МБ"
    en = f"{came} MB, at most {may} MB" if size else f"at most {may} MB"
    return failure("file_too_large", language, ru=ru.replace(".", ","), en=en)


def _megabytes(size: int, *, up: bool) -> str:
    """To a tenth, and never so that a file over the limit seems to be within it."""
    tenths = -(-size * 10 // 2**20) if up else size * 10 // 2**20
    return f"{tenths // 10}" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}"
