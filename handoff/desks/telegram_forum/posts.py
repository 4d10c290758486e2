"""What was said as posts in a topic: as few as it takes, each with who said it. Pure.

A post is one text, one album (or single file) with its caption, or one place or contact. A reply to an earlier
message begins a post of its own, for only a post can answer another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from estafeta.kernel.model import Contact, Entry, EntryId, Location, Media, Part, Text
from estafeta.kernel.ports import StoredFile
from handoff.desks.telegram_forum.texts import Language, channel, in_words, text
from handoff.desks.telegram_forum.topic import WHO, tame
from handoff.desks.telegram_forum.words import NOTHING, cut, joined

CAPTION_LIMIT = 1024
"""https://core.telegram.org/bots/api#sendphoto"""

ALBUM = 10
"""https://core.telegram.org/bots/api#sendmediagroup"""

REPLIES = 3
"""So many answers in one notice are posts of their own; more are quoted, since a group takes few posts a minute."""

_WAS = 200
_GIST = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that can be shown: Telegram has it (`ref` is its id there), or it lies in our store. `kind` is what it
    is shown as: in our store it is seen what it really is."""

    kind: str
    media: Media
    ref: str = ""
    stored: StoredFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """`words` are a text, or the caption of `files`. `reply_to` is the topic's message that is answered."""

    words: Text = NOTHING
    files: tuple[File, ...] = ()
    place: Location | Contact | None = None
    reply_to: str = ""
    entries: tuple[EntryId, ...] = ()


Had = Mapping[Media, File | str]
"""What became of the files of the entries: shown, or a line that says why not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`known` are the latest entries, oldest first. `stands` tells in which message of the topic an entry stands, ""
    if that is not known. `pieces` cuts a text as Telegram needs it, with `room` kept free."""

    known: Sequence[Entry]
    stands: Callable[[EntryId], str]
    pieces: Callable[[str, int], list[str]]
    language: Language


def posts(entries: Sequence[Entry], had: Had, told: Told) -> list[Post]:
    """[] when nothing is left to show: an edit that changes nothing (Telegram tells of those too)."""
    composer = _Composer(had, told, answers=sum(bool(_about(entry, told)) for entry in entries) <= REPLIES)
    for entry in entries:
        changed = _changed(entry, told.known)
        if changed is None or changed.parts != entry.parts:
            composer.add(entry, changed)
    composer.end()
    return composer.posts


def unanswered(known: Sequence[Entry]) -> list[Entry]:
    """The customer's words since a person of ours last said something."""
    found: list[Entry] = []
    for entry in reversed(known):
        if entry.kind == "said" and entry.author.kind == "operator":
            break
        if entry.kind == "said" and entry.author.kind == "customer":
            found.insert(0, entry)
    return found


def plain(words: str, told: Told) -> list[Post]:
    """A sentence of ours."""
    return [Post(words=Text(text=piece)) for piece in told.pieces(words, 0)]


def files_of(entry: Entry, known: Sequence[Entry]) -> tuple[Media, ...]:
    """Those to be shown: of an edit only what is new."""
    files = tuple(part for part in entry.parts if isinstance(part, Media))
    if entry.kind != "edit":
        return files if entry.kind in ("said", "note") else ()
    changed = _changed(entry, known)
    if changed is None:
        return ()
    return tuple(file for file in files if file not in changed.parts)


class _Composer:
    """The post in the making: words and files so far, and under whose heading the words stand."""

    def __init__(self, had: Had, told: Told, *, answers: bool) -> None:
        self.posts: list[Post] = []
        self._had = had
        self._told = told
        self._language = told.language
        self._answers = answers
        self._post = Post()
        self._heading = ""
        self._files_of: Entry | None = None

    def add(self, entry: Entry, changed: Entry | None) -> None:
        about = _about(entry, self._told) if self._answers else ""
        shown = files_of(entry, self._told.known)
        if about or (self._post.files and any(isinstance(self._had.get(file), File) for file in shown)):
            self.end()
        self._post = replace(self._post, reply_to=about or self._post.reply_to)
        heading = _heading(entry, self._told)
        if not about and entry.kind == "said":
            heading = "\n".join((heading, *_quote(entry, self._told)))
        if entry.kind == "edit":
            parts: tuple[Part, ...] = shown
            texts = list(_edit(entry, changed, self._language))
        else:
            parts, texts = entry.parts, []
        self._begin(entry, heading)
        for words in texts:
            self._say(entry, heading, words)
        for part in parts:
            self._part(entry, heading, part)
        if entry.buttons:
            self._say(entry, heading, Text(text=" · ".join(f"[{button.text}]" for button in entry.buttons)))

    def end(self) -> None:
        post = self._post
        self._post, self._heading, self._files_of = Post(), "", None
        if not post.files:
            pieces = self._cut(post.words, 0)
            self.posts += [replace(post, words=words) for words in pieces]
            return
        room = 4096 - CAPTION_LIMIT
        captions = self._cut(post.words, room)
        if len(captions) > 1 or post.files[0].kind == "sticker":
            self.posts += [replace(post, words=words, files=()) for words in self._cut(post.words, 0)]
            captions = []
        self.posts.append(replace(post, words=captions[0] if captions else NOTHING))

    def _cut(self, words: Text, room: int) -> list[Text]:
        return list(cut(words, self._told.pieces(words.text, room)))

    def _begin(self, entry: Entry, heading: str) -> None:
        words = self._post.words
        if heading != self._heading:
            words = joined(words, Text(text=heading), "\n\n")
        entries = self._post.entries if entry.id in self._post.entries else (*self._post.entries, entry.id)
        self._post = replace(self._post, words=words, entries=entries)
        self._heading = heading

    def _say(self, entry: Entry, heading: str, words: Text) -> None:
        self._begin(entry, heading)
        self._post = replace(self._post, words=joined(self._post.words, words))

    def _part(self, entry: Entry, heading: str, part: Part) -> None:
        if isinstance(part, Media):
            found = self._had.get(part)
            if isinstance(found, File):
                self._show(entry, heading, found)
            else:
                self._say(entry, heading, Text(text=found or in_words(part, self._language)))
        elif isinstance(part, Text):
            self._say(entry, heading, part)
        else:
            self._say(entry, heading, Text(text=in_words(part, self._language)))
            if isinstance(part, Location | Contact):
                self._place(entry, part)

    def _show(self, entry: Entry, heading: str, file: File) -> None:
        if self._post.files and not (self._files_of is entry and fits(self._post.files, file)):
            self.end()
        self._begin(entry, heading)
        self._post = replace(self._post, files=(*self._post.files, file))
        self._files_of = entry

    def _place(self, entry: Entry, part: Location | Contact) -> None:
        self.end()
        self.posts.append(Post(place=part, entries=(entry.id,)))


def fits(files: Sequence[File], file: File) -> bool:
    """Whether the file may stand in one album with these: photos and videos together, documents and audio each
    among themselves."""
    sort = _SORTS.get(file.kind, "")
    return len(files) < ALBUM and bool(sort) and all(_SORTS.get(one.kind) == sort for one in files)


_SORTS = {"photo": "seen", "video": "seen", "document": "document", "audio": "audio"}


# --- what stands in words ------------------------------------------------------------------------


def _about(entry: Entry, told: Told) -> str:
    """The topic's message that this is about."""
    key = "reply_to" if entry.kind == "said" else "of"
    about = entry.data.get(key)
    return told.stands(EntryId(about)) if isinstance(about, str) and about else ""


def _quote(entry: Entry, told: Told) -> Iterator[str]:
    """The words that are answered, when they cannot be pointed at."""
    answered = entry.data.get("reply_to")
    of = next((one for one in told.known if answered and one.id == answered), None)
    quote = _gist(of.parts, told.language) if of else tame(str(entry.data.get("quote") or ""))[:_GIST]
    if quote:
        yield f"↩️ {quote}"
    elif answered:
        yield f"↩️ {text('unknown_words', told.language)}"


def _heading(entry: Entry, told: Told) -> str:
    language = told.language
    who = tame(entry.author.name) or text(entry.author.kind, language)
    sign = WHO[entry.author.kind]
    where = entry.data.get("where")
    if entry.kind == "said" and entry.author.kind == "operator" and isinstance(where, str) and where:
        return f"{sign} {text('elsewhere', language, name=who, where=channel(tame(where), language))}"
    if entry.kind == "note":
        return f"📝 {who}"
    if entry.kind == "edit":
        return f"✏️ {text('edit', language, name=who)}"
    if entry.kind == "deletion":
        key = "deletion" if entry.author.kind == "customer" else "deletion_by"
        return f"🗑 {text(key, language, name=who, words=_of(entry, told))}"
    if entry.kind == "reaction":
        emoji = tame(str(entry.data.get("emoji") or ""))[:_GIST]
        key = "reaction" if emoji else "no_reaction"
        return text(key, language, name=f"{sign} {who}", emoji=emoji, words=_of(entry, told))
    return f"{sign} {who}"


def _of(entry: Entry, told: Told) -> str:
    """The words of the entry that this one is about."""
    of = entry.data.get("of")
    said = next((one for one in told.known if of and one.id == of), None)
    return f"«{_gist(said.parts, told.language)}»" if said else text("unknown_words", told.language)


def _gist(parts: Sequence[Part], language: Language) -> str:
    words = tame(" ".join(in_words(part, language) for part in parts))
    return words if len(words) <= _GIST else f"{words[:_GIST]}…"


def _edit(entry: Entry, changed: Entry | None, language: Language) -> Iterator[Text]:
    if changed is not None:
        was = tame("\n".join(in_words(part, language) for part in changed.parts))
        yield Text(text=text("was", language, words=was if len(was) <= _WAS else f"{was[:_WAS]}…"))
    now = NOTHING
    for part in entry.parts:
        now = joined(now, part if isinstance(part, Text) else Text(text=in_words(part, language)))
    yield joined(Text(text=text("now", language, words="").strip()), now, " ")


def _changed(edit: Entry, known: Sequence[Entry]) -> Entry | None:
    """What the message said before this edit, if that is known."""
    if edit.kind != "edit":
        return None
    return next((entry for entry in reversed(known) if entry.seq < edit.seq and _is_of(edit, entry)), None)


def _is_of(edit: Entry, entry: Entry) -> bool:
    if entry.kind not in ("said", "edit") or entry.author.kind != edit.author.kind:
        return False
    of, message = edit.data.get("of"), edit.data.get("message")
    same = bool(of) and of in (entry.id, entry.data.get("of"))
    return same or (bool(message) and entry.data.get("message") == message)
