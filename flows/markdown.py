"""The small Markdown that editors write, as words with marks.

It is the inline part of CommonMark (https://spec.commonmark.org/0.31.2/#inlines) as markdown-it-py reads it:
**bold**, *italic* or _italic_, ~~strike~~, `code`, [words](address) and the backslash that takes a character's
meaning away; besides, lines that begin with "- " or "* " begin with "• ". All else is words, and no word is ever
lost: what does not work out as markup stands as it was written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from estafeta.kernel.model import Mark, MarkKind, Text

_KINDS: Final[dict[str, MarkKind]] = {
    "strong": "bold", "em": "italic", "s": "strike", "link": "link"
}  # fmt: skip
_ADDRESS = re.compile(r"(?:https?://[^\s/?#]+|mailto:[^\s@]+@|tel:\+?\d)[^\s\x00-\x1f\x7f]*", re.IGNORECASE)
_BARE_ADDRESS = re.compile(r"https?://[^\s<>\[\]()`\ufdd1]*[^\s<>\[\]()`\ufdd1*_~]", re.IGNORECASE)
_SLANTING = re.compile(r"(?<!\\)[*_~]")
_BULLET = re.compile(r"^([ \t]*)[-*] ", re.MULTILINE)

_QUOTE = "\ufdd1"
"""Before a character that stands for another: a Unicode noncharacter, which no text has a use for."""
_ASCII, _NONCHARACTERS, _FIRST_NONCHARACTER = 0xE000, 0xE100, 0xFDD0
_MEANINGFUL = re.compile(r"[\\`*_~\[\]()<>&\"'\ufdd0-\ufdef]|^[ \t]*-", re.MULTILINE)
_QUOTED = re.compile(f"{_QUOTE}([\ue000-\ue07f\ue100-\ue11f])")
_CHARACTER = re.compile(f"{_QUOTE}[\ue000-\ue07f\ue100-\ue11f]|.", re.DOTALL)
_PLAIN = re.compile(rf"[^\\`*_~\[{_QUOTE}\-]*")


def parse(markdown: str) -> Text:
    """The words, and how they are drawn. What is easy to see as plain costs next to nothing."""
    return Text(text=markdown) if _PLAIN.fullmatch(markdown) else _parsed(markdown)


def escape(text: str) -> str:
    """Markdown that reads as exactly this text, wherever in Markdown it stands: in words, in `code`, in an address.

    Not by backslashes, which mean themselves in `code`: characters with a meaning are replaced by others, and
    `parse` (or `unescape`) puts them back.
    """
    return _MEANINGFUL.sub(_quoted, text)


def unescape(text: str) -> str:
    """Takes back every `escape` in a text and changes nothing else: for what is no Markdown after all."""
    return _QUOTED.sub(_unquoted, text) if _QUOTE in text else text


def shortened(markdown: str, limit: int) -> str:
    """The Markdown, or its beginning and an ellipsis, so that an `escape` in it counts as one character."""
    if len(markdown) <= limit:
        return markdown
    characters = _CHARACTER.findall(markdown)
    return markdown if len(characters) <= limit else "".join(characters[: limit - 1]) + "…"


def _quoted(found: re.Match[str]) -> str:
    before, character = found[0][:-1], found[0][-1]
    code = ord(character)
    stands_for = _ASCII + code if code < 0x80 else _NONCHARACTERS + code - _FIRST_NONCHARACTER
    return before + _QUOTE + chr(stands_for)


def _literal(address: re.Match[str]) -> str:
    """Underscores and stars in the midst of an address are the address's own."""
    return _SLANTING.sub(_quoted, address[0])


def _unquoted(found: re.Match[str]) -> str:
    code = ord(found[1])
    return chr(code - _ASCII if code < _NONCHARACTERS else code - _NONCHARACTERS + _FIRST_NONCHARACTER)


def _is_address(url: str) -> bool:
    return _ADDRESS.fullmatch(unescape(url)) is not None


def _reader() -> MarkdownIt:
    reader = MarkdownIt("zero").enable(["escape", "backticks", "emphasis", "strikethrough", "link"])
    reader.validateLink = _is_address  # type: ignore[method-assign]
    reader.normalizeLink = unescape  # type: ignore[method-assign, assignment]
    return reader


_READER = _reader()


@lru_cache(maxsize=2048)
def _parsed(markdown: str) -> Text:
    tokens: list[Token] = []
    bulleted = _BULLET.sub(r"\1• ", markdown)
    _READER.inline.parse(_BARE_ADDRESS.sub(_literal, bulleted), _READER, {}, tokens)
    return _Writing().of(tokens)


class _Writing:
    """Words and marks while they are put together."""

    def __init__(self) -> None:
        self._words: list[str] = []
        self._length = 0
        self._marks: list[Mark | None] = []
        self._open: list[tuple[int, int, Token]] = []

    def of(self, tokens: list[Token]) -> Text:
        for token in tokens:
            if token.nesting == 1:
                self._marks.append(None)
                self._open.append((len(self._marks) - 1, self._length, token))
            elif token.nesting == -1:
                self._close()
            elif token.type == "code_inline":
                self._code(token.content)
            else:
                self._write("\n" if token.type == "hardbreak" else token.content)
        marks = sorted((mark for mark in self._marks if mark), key=lambda mark: (mark.start, -mark.end))
        return Text(text="".join(self._words), marks=tuple(marks))

    def _write(self, words: str) -> None:
        plain = unescape(words)
        self._words.append(plain)
        self._length += len(plain)

    def _code(self, words: str) -> None:
        start = self._length
        self._write(words)
        self._marks.append(Mark(kind="code", start=start, end=self._length))

    def _close(self) -> None:
        place, start, token = self._open.pop()
        kind = _KINDS[token.type.removesuffix("_open")]
        url = str(token.attrGet("href") or "")
        if kind == "link" and start == self._length:
            self._write(url)
        if start < self._length:
            self._marks[place] = Mark(kind=kind, start=start, end=self._length, url=url)
        title = token.attrGet("title")
        if title:
            self._write(f" ({title})")
