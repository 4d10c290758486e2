"""A trainer's decisions written to the training data, one at a time, each of which can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from estafeta.review import Did
from nlu.check import NOBODYS
from nlu.data import files_of, read_workspace
from nlu.normalise import read
from nlu.replacing import Replaced, Replacement, replace_files
from nlu.writing import EditRefused, Edits

OUT_OF_SCOPE = "out_of_scope"
OUT_OF_SCOPE_FILE = "nlu/out_of_scope.yml"
"""Where examples of what is not for the bot go, unless the intent is in another file already."""

_Files = dict[Path, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """`texts` are the examples that were new, as written, `left_out` sentences about those that could not be. `diff` is
    the change as `diff -u` shows it. What is needed to take it back is in `before` and `after`."""

    did: Did
    intent: str
    texts: tuple[str, ...]
    left_out: tuple[str, ...]
    diff: str
    before: _Files
    after: _Files


class Labels:
    """The training data of a workspace. Every method raises `EditRefused`, after which nothing has changed."""

    def __init__(self, workspace: Path) -> None:
        self._workspace = workspace

    def label(self, intent: str, texts: Sequence[str], *, new: bool = False) -> Labelled:
        """The texts become examples of the intent; `new`: of one that is not there yet. Customers' words mark nothing,
        and what nobody sees in them is taken out; those that another intent has are left out."""
        before = self._content()
        edits = Edits(self._workspace)
        creates = new or (intent == OUT_OF_SCOPE and not self._has(intent))
        added, refused = _added(edits, intent, [read(text).text for text in texts], creates=creates)
        if not added and refused:
            raise EditRefused(" ".join(refused))
        diff = edits.diff()
        saved = edits.save()
        after = {self._workspace / name: (self._workspace / name).read_bytes() for name in saved}
        did: Did = "out_of_scope" if intent in NOBODYS else "created" if new else "labelled"
        return Labelled(
            did=did, intent=intent, texts=tuple(added), left_out=tuple(refused), diff=diff,
            before={path: before[path] for path in after if path in before}, after=after,
        )  # fmt: skip

    def undo(self, labelled: Labelled) -> None:
        """The files are as they were. Refused when somebody changed one of them since."""
        kept = [Replacement(path, labelled.after[path], content) for path, content in labelled.before.items()]
        fresh = [path for path in labelled.after if path not in labelled.before]
        changed = EditRefused("The training data were changed since: take this back by hand.")
        try:
            if any(path.read_bytes() != labelled.after[path] for path in fresh):
                raise changed
            replace_files(kept)
            for path in fresh:
                path.unlink()
        except (Replaced, OSError):
            raise changed from None

    def _content(self) -> _Files:
        try:
            return {path: path.read_bytes() for path in files_of(self._workspace)}
        except OSError as error:
            raise EditRefused(f"The training data cannot be read: {error.strerror} ({error.filename}).") from None

    def _has(self, intent: str) -> bool:
        return intent in read_workspace(self._workspace).intents


def _added(edits: Edits, intent: str, texts: Sequence[str], *, creates: bool) -> tuple[list[str], list[str]]:
    """What was added, and why something was not. A text at a time: one that cannot be does not keep out the others."""
    added: list[str] = []
    refused: list[str] = []
    for text in texts:
        try:
            if creates and not added:
                file = OUT_OF_SCOPE_FILE if intent == OUT_OF_SCOPE else ""
                added += edits.create(intent, [text], file=file)
            else:
                added += edits.add(intent, [text])
        except EditRefused as error:
            refused.append(str(error))
    return added, refused
