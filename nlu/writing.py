"""Training data changed by a program as a careful person would: only the lines that must change do.

The places come from the YAML parser, the changes are made in the lines of the text, so that comments, order,
quotes and blank lines stay as they are, byte by byte. After every change the file is read again: unless it says
exactly what was wanted, nothing is changed. `Edits` collects changes in memory and saves them together; a file
that somebody else changed meanwhile is not overwritten.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from functools import lru_cache
from pathlib import Path

from nlu.data import LARGEST_FILE, LONGEST_PHRASE, files_of
from nlu.findings import shown
from nlu.lines import EditRefused, appended, removed, with_item
from nlu.markup import MarkupError, read_markup, unmarked
from nlu.normalise import LONGEST_TEXT, read, words
from nlu.reading import INTENT, Block, File, Written, read_file
from nlu.replacing import Replaced, Replacement, replace_files

__all__ = ["EditRefused", "Edits"]

_NEW_FILE = 'version: "3.1"\nnlu:\n'
_UNPRINTABLE = re.compile("[^\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)


@dataclass(slots=True)
class _Draft:
    """One file. `read` is what was in it, None for a new one."""

    path: Path
    name: str
    read: bytes | None
    text: str
    file: File = field(init=False)

    def __post_init__(self) -> None:
        self.file = read_file(self.text.removeprefix("\ufeff"), self.name)

    @property
    def before(self) -> str:
        return "" if self.read is None else self.read.decode()

    def says(self) -> Counter[tuple[str, str, str]]:
        return Counter((block.kind, block.name, each.text) for block in self.file.blocks for each in block.examples)


class Edits:
    """Changes to the training data of one workspace. Every method but `save` changes only what is in memory, and
    raises `EditRefused`, after which everything is as it was before the call."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace
        self._drafts: dict[str, _Draft] = {}
        for path in files_of(workspace):
            name = path.relative_to(workspace).as_posix()
            try:
                if path.stat().st_size > LARGEST_FILE:
                    raise EditRefused(f"{name} is larger than {LARGEST_FILE // 1_000_000} MB: split it first.")
                content = path.read_bytes()
                self._drafts[name] = _Draft(path, name, content, content.decode())
            except OSError as error:
                raise EditRefused(f"{name} cannot be read: {error.strerror}.") from None
            except UnicodeDecodeError:
                raise EditRefused(f"{name} is not UTF-8 text: save it as UTF-8 first.") from None

    # --- what can be done

    def add(self, intent: str, texts: Iterable[str], *, marked: bool = False, file: str = "") -> list[str]:
        """Adds examples to an intent, each in a line, and returns them as they are written. Left out are those that
        say what the intent has already but for case, punctuation and digits. `marked`: entities are marked in the
        texts; otherwise they are a customer's words, in which nothing is a mark. Without `file` they go where the
        intent has most examples of their script."""
        wanted = self._new(intent, [_line(text, marked=marked) for text in texts])
        if not wanted:
            return []
        block, draft = self._block("intent", intent, file, wanted)
        self._change(draft, appended(draft.text, block, wanted), added=[("intent", intent, text) for text in wanted])
        return wanted

    def create(self, intent: str, texts: Iterable[str], *, marked: bool = False, file: str = "") -> list[str]:
        """A new intent with at least one example, as `add`; without `file` behind the last one in the file with most
        examples of their script."""
        if not INTENT.fullmatch(intent) or intent != intent.strip() or "\n" in intent:
            raise EditRefused(f"{shown(intent)} is no name of an intent; write it like order_status or faq/ask_price.")
        if any(True for _ in self._blocks("intent", intent)):
            raise EditRefused(f"There is an intent {intent} already: add the examples to it.")
        wanted = self._new(intent, [_line(text, marked=marked) for text in texts])
        if not wanted:
            raise EditRefused(f"The new intent {intent} needs an example at least.")
        self._item("intent", intent, wanted, file)
        return wanted

    def add_synonyms(self, value: str, phrases: Iterable[str], *, file: str = "") -> list[str]:
        """From now on each phrase stands for the value, in any case. Returns those that were new."""
        known = self._values()
        lines = [_line(phrase, marked=True)[:LONGEST_PHRASE] for phrase in phrases]
        wanted = [phrase for phrase in lines if phrase != value and self._maps(phrase, value, known)]
        if not wanted or not value.strip():
            return []
        if any(True for _ in self._blocks("synonym", value)):
            block, draft = self._block("synonym", value, file, wanted)
            self._change(draft, appended(draft.text, block, wanted), added=[("synonym", value, p) for p in wanted])
        else:
            self._item("synonym", value, wanted, file)
        return wanted

    def delete(self, file: str, line: int, text: str) -> None:
        """Takes out the example of this text (with or without its marks) in this line, or, if the line says something
        else by now, the only one of this text in the file. An item goes with its last example."""
        draft, block, written = self._at(file, line, text)
        gone = [("intent", block.name, written.text)]
        self._change(draft, removed(draft.text, block, written), removed=gone)

    def move(self, file: str, line: int, text: str, intent: str) -> None:
        """The example becomes one of another intent, with its marks."""
        _, block, written = self._at(file, line, text)
        if block.name == intent:
            raise EditRefused(f"{shown(text)} is an example of {intent} already.")
        if written.metadata is not None:
            raise EditRefused(f"{shown(text)} in {file}:{line} has metadata, which would be lost: move it by hand.")
        if intent in {other.name for _, other, each in self._examples() if _key(each.text) == _key(text)}:
            raise EditRefused(f"{intent} has {shown(text)} already: delete it in {file}:{line} instead.")
        kept = {name: (each.text, each.file) for name, each in self._drafts.items()}
        try:
            self.delete(file, line, text)
            self.add(intent, [written.text], marked=True)
        except EditRefused:
            for name, (before, parsed) in kept.items():
                self._drafts[name].text, self._drafts[name].file = before, parsed
            raise

    def diff(self) -> str:
        """What would be saved, as `diff -u` shows it; "" when nothing would."""
        lines: list[str] = []
        for draft in self._changed():
            old, new = _LINE.findall(draft.before), _LINE.findall(draft.text)
            lines += unified_diff(old, new, f"a/{draft.name}", f"b/{draft.name}")
        return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)

    def save(self) -> list[str]:
        """Writes the changed files, each all at once, and returns their names. Raises `EditRefused` and writes nothing
        when one of them was changed by somebody else since it was read."""
        changed = list(self._changed())
        try:
            replace_files([Replacement(draft.path, draft.read, draft.text.encode()) for draft in changed])
        except Replaced as error:
            name = next(draft.name for draft in changed if draft.path == error.path)
            raise EditRefused(f"{name} was changed meanwhile; nothing was written. Do it again.") from None
        except OSError as error:
            raise EditRefused(f"The training data cannot be written: {error.strerror} ({error.filename}).") from None
        for draft in changed:
            draft.read = draft.text.encode()
        return [draft.name for draft in changed]

    # --- looking

    def _changed(self) -> Iterator[_Draft]:
        return (draft for draft in self._drafts.values() if draft.text != draft.before or draft.read is None)

    def _blocks(self, kind: str, name: str, file: str = "") -> Iterator[tuple[_Draft, Block]]:
        for draft in self._drafts.values():
            for block in draft.file.blocks:
                if block.kind == kind and name in ("", block.name) and file in ("", draft.name):
                    yield draft, block

    def _examples(self, file: str = "") -> Iterator[tuple[_Draft, Block, Written]]:
        return ((draft, block, each) for draft, block in self._blocks("intent", "", file) for each in block.examples)

    def _values(self) -> dict[str, str]:
        """What each phrase, in lower case, stands for; in synonyms and in marks."""
        found = {each.text.lower(): block.name for _, block in self._blocks("synonym", "") for each in block.examples}
        for _, _, each in self._examples():
            for phrase, value in _marked(each.text):
                found.setdefault(phrase.lower(), value)
        return found

    @staticmethod
    def _maps(phrase: str, value: str, known: dict[str, str]) -> bool:
        """Whether it is news that the phrase stands for the value, which is noted in `known`."""
        earlier = known.get(phrase.lower())
        if earlier not in (None, value):
            raise EditRefused(f"{shown(phrase)} stands for {shown(earlier)} already; a phrase has one value.")
        known[phrase.lower()] = value
        return earlier is None

    def _new(self, intent: str, texts: Sequence[str]) -> list[str]:
        """Those that the intent has not. Raises `EditRefused` for one that another intent has."""
        theirs: dict[str, tuple[str, str]] = {}
        for draft, block, each in self._examples():
            theirs.setdefault(_key(each.text), (block.name, f"{draft.name}:{each.line}"))
        known = self._values()
        wanted: dict[str, str] = {}
        for text in texts:
            for phrase, value in _marked(text):
                self._maps(phrase, value, known)
            key = _key(text)
            if not key:
                raise EditRefused(f"{shown(text)} has no words; the model cannot learn it.")
            other, place = theirs.get(key, (intent, ""))
            if other != intent:
                raise EditRefused(f"{shown(text)} is an example of {other} in {place}: move it, or leave it there.")
            if key not in theirs:
                wanted.setdefault(key, text)
        return list(wanted.values())

    def _at(self, file: str, line: int, text: str) -> tuple[_Draft, Block, Written]:
        there = [each for each in self._examples(file) if text in (each[2].text, _plain(each[2].text))]
        exact = [each for each in there if each[2].line == line]
        # Earlier changes may have moved the lines; a text that is there once cannot be mistaken for another.
        if len(exact or there) != 1:
            raise EditRefused(f"{shown(text)} is not in {file}:{line} (any more): look where it is now.")
        return (exact or there)[0]

    def _block(self, kind: str, name: str, file: str, texts: Sequence[str]) -> tuple[Block, _Draft]:
        """The item that examples are added to: one of the file, else that with most examples of their script."""
        there = [(draft, block) for draft, block in self._blocks(kind, name, file) if block.form != "braces"]
        if not there:
            where = f" in {file}" if file else ""
            if any(True for _ in self._blocks(kind, name, file)):
                raise EditRefused(f"The examples of {name}{where} are written in braces: write them as lines first.")
            raise EditRefused(f"There is no {kind} {name}{where}.")
        draft, block = max(there, key=lambda pair: _alike(pair[1].examples, texts))
        return block, draft

    def _file(self, kind: str, file: str, texts: Sequence[str]) -> _Draft:
        """The file that a new item goes to."""
        if file in self._drafts:
            return self._drafts[file]
        if file:
            path = Path(file)
            if path.parts[:1] != ("nlu",) or len(path.parts) != 2 or path.suffix not in (".yml", ".yaml"):
                raise EditRefused(f"{file} is no file of training data; they are named like nlu/orders.yml.")
        elif self._drafts:

            def weight(draft: _Draft) -> tuple[int, int]:
                blocks = [block for block in draft.file.blocks if block.kind == kind]
                return max((_alike(block.examples, texts) for block in blocks), default=(0, -1))[0], len(blocks)

            return max(self._drafts.values(), key=weight)
        name = file or "nlu/nlu.yml"
        self._drafts[name] = _Draft(self._workspace / name, name, None, _NEW_FILE)
        return self._drafts[name]

    # --- changing

    def _item(self, kind: str, name: str, texts: Sequence[str], file: str) -> None:
        draft = self._file(kind, file, texts)
        added = [(kind, name, text) for text in texts]
        try:
            self._change(draft, with_item(draft.text, draft.file, kind, name, texts), added=added)
        except EditRefused:
            if draft.read is None and draft.text == _NEW_FILE:
                del self._drafts[draft.name]
            raise

    def _change(
        self, draft: _Draft, text: str, *, added: Sequence[tuple[str, str, str]] = (),
        removed: Sequence[tuple[str, str, str]] = (),
    ) -> None:  # fmt: skip
        """Only to a text that says what the draft says, with what was added and without what was removed."""
        wrong = [str(finding) for finding in draft.file.findings if finding.severity == "error"]
        if wrong:
            raise EditRefused(f"{draft.name} has mistakes; mend them first: {wrong[0]}.")
        changed = _Draft(draft.path, draft.name, draft.read, text)
        expected = draft.says()
        expected.update(added)
        expected.subtract(removed)
        if +expected != changed.says() or any(finding.severity == "error" for finding in changed.file.findings):
            raise EditRefused(f"{draft.name} is written in a way that cannot be changed safely here: do it by hand.")
        draft.text, draft.file = changed.text, changed.file


# --- texts ---------------------------------------------------------------------------------------


def _line(text: str, *, marked: bool) -> str:
    """A text on one line, of characters that a YAML file may have."""
    line = " ".join(_UNPRINTABLE.sub(" ", text).split())
    if not line:
        raise EditRefused("An example needs a text.")
    if len(line) > LONGEST_TEXT:
        raise EditRefused(f"{shown(line)} is longer than {LONGEST_TEXT} characters; take the part that matters.")
    if not marked:
        return unmarked(line)
    try:
        read_markup(line)
    except MarkupError as error:
        raise EditRefused(f"{shown(line)}: {error}{'; ' * bool(error.mend)}{error.mend}.") from None
    return line


def _plain(written: str) -> str:
    try:
        return read_markup(written)[0]
    except MarkupError:
        return written


def _marked(written: str) -> Iterator[tuple[str, str]]:
    """The words marked in an example that stand for another value, with it."""
    if "]" in written:
        try:
            text, marks = read_markup(written)
        except MarkupError:
            return
        for mark in marks:
            if mark.value != text[mark.start : mark.end]:
                yield text[mark.start : mark.end], mark.value


@lru_cache(maxsize=50_000)
def _key(written: str) -> str:
    return " ".join(words(read(_plain(written)).text))


def _alike(there: Sequence[Written], texts: Sequence[str]) -> tuple[int, int]:
    """How many of the examples are of the script that most of the texts are of; and how many there are."""
    cyrillic = 2 * sum(bool(_CYRILLIC.search(text)) for text in texts) >= len(texts)
    return sum(bool(_CYRILLIC.search(each.text)) == cyrillic for each in there), len(there)
