"""What every file of a workspace is read with: mappings with known keys, texts by language, mistakes in plain words."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, RootModel, StrictStr, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]+)*")


def wrong(sentence: str) -> PydanticCustomError:
    """A mistake in the words an editor reads, braces and all."""
    return PydanticCustomError("expected", "{sentence}", {"sentence": sentence})


class Strict(BaseModel):
    """A mapping with known keys. Unknown ones are told to the loader, which knows where they stand
    and what else it may find wrong; it says which key was meant, so that one misspelt word is one mistake.
    Without a loader they are pydantic's error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _tell_unknown_keys(cls, given: Any, info: ValidationInfo) -> Any:
        if not isinstance(given, dict):
            raise wrong(f"expected a mapping with {cls._keys_in_words()}")
        if not isinstance(info.context, dict) or "unknown" not in info.context:
            return given
        known = cls.keys()
        meant = {key: key if key in known else info.context["unknown"](given, key, known) for key in given}
        return {meant[key]: value for key, value in given.items() if meant[key] is not None}

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        return tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def _keys_in_words(cls) -> str:
        needed = any(field.is_required() for field in cls.model_fields.values())
        return ", ".join(cls.keys()) + ("" if needed else "; {} leaves all of them out")


class LocalText(RootModel[StrictStr | dict[str, StrictStr]]):
    """A text: one string for every language, or a string for each."""

    model_config = ConfigDict(frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _in_plain_words(cls, given: Any) -> Any:
        if isinstance(given, LocalText | str):
            return given
        if isinstance(given, bool | int | float):
            raise wrong(f'expected a text; put it in quotes: "{given}"')
        if not isinstance(given, dict) or not given:
            raise wrong('expected a text, or texts by language like {ru: "Здравствуйте", en: "Hello"}')
        for language, words in given.items():
            if not isinstance(language, str) or not LANGUAGE.fullmatch(language):
                raise wrong(f'expected texts by language like {{ru: "…", en: "…"}}; "{language}" is no language code')
            if not isinstance(words, str):
                raise wrong(f'expected a text for the language "{language}"; put it in quotes')
        return given

    def pick(self, language: str, default: str) -> str:
        """The words in `language`, else in `default`, else in whatever language there is."""
        if isinstance(self.root, str):
            return self.root
        found = self.root.get(language)
        if found is None:
            found = self.root.get(default)
        return next(iter(self.root.values())) if found is None else found

    @property
    def languages(self) -> tuple[str, ...] | None:
        """The languages it is written in; None: one text for all."""
        return None if isinstance(self.root, str) else tuple(self.root)


_DURATION = re.compile(r"(\d{1,6})\s*(s|m|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = 366 * 86400


def _duration(given: Any) -> Any:
    found = _DURATION.fullmatch(given.strip()) if isinstance(given, str) else None
    if isinstance(given, int) and not isinstance(given, bool):
        seconds = given
    elif found is not None:
        seconds = int(found[1]) * _SECONDS[found[2]]
    else:
        raise wrong(f'"{given}" is no length of time; expected one like 30s, 10m, 2h, 3d or 1w')
    if not 1 <= seconds <= _LONGEST:
        raise wrong(f'"{given}" is not between a second and a year')
    return seconds


Duration = Annotated[int, BeforeValidator(_duration, json_schema_input_type=str | int)]
"""A length of time in seconds, written as 30s, 10m, 2h, 3d, 1w."""
