"""Compiles the templates of texts, and tells what does not compile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from estafeta.kernel.model import Json
from flows import templates
from flows.model import Copy
from flows.strict import LocalText
from flows.templates import Words
from flows.written import Place

T = TypeVar("T")
NEVER = templates.condition("false")
Tell = Callable[[Place, str, str], None]
"""Takes a place, what is wrong there, and how to mend it."""


class Texts:
    """Nothing is refused by raising: a mistake is told, and something harmless takes its part."""

    def __init__(self, languages: tuple[str, ...], tell: Tell) -> None:
        self._default = languages[0]
        self.tell = tell

    def compile(self, how: Callable[[str], T], source: str, place: Place, instead: T) -> T:
        """What `how` makes of the source, or `instead`."""
        try:
            return how(source)
        except templates.TemplateWrong as wrong:
            where = f" (line {wrong.line} of the text)" if wrong.line > 1 else ""
            self.tell(place, f"template: {wrong}{where}", "templates are Jinja2, like {{ slots.name }}")
            return instead

    def words(self, how: Callable[[str], Words], source: str, place: Place) -> Words:
        plain: Words = ""
        return self.compile(how, source, place, plain)

    def condition(self, source: str, place: Place) -> templates.Expression:
        """One that never holds, if it does not compile."""
        return self.compile(templates.condition, source, place, NEVER)

    def copy(self, text: LocalText, place: Place) -> Copy:
        if isinstance(text.root, str):
            return Copy(self._said(text.root, self._default, place))
        found = {language: self._said(words, language, (*place, language)) for language, words in text.root.items()}
        return Copy(found.get(self._default, next(iter(found.values()))), found)

    def _said(self, source: str, language: str, place: Place) -> Words:
        return self.words(lambda words: templates.text(words, language), source, place)

    def copies(self, texts: Iterable[LocalText], place: Place) -> tuple[Copy, ...]:
        return tuple(self.copy(text, (*place, number)) for number, text in enumerate(texts))

    def value(self, given: Json, place: Place) -> templates.Value:
        if isinstance(given, dict):
            return {key: self.value(item, (*place, key)) for key, item in given.items()}
        if isinstance(given, list):
            return [self.value(item, (*place, number)) for number, item in enumerate(given)]
        return self.compile(templates.value, given, place, "") if isinstance(given, str) else given
