"""A file of training data as blocks of lines with their places; what they mean is the business of `nlu.data`.

Rasa's YAML, https://legacy-docs-oss.rasa.com/docs/rasa/training-data-format. Rasa skips what it cannot read
with a warning; here it is a mistake with its place. What Rasa reads and this platform has no use for (responses,
stories, a domain) is left alone.

The file is composed to nodes that know where they stand, and no further: a node's value is taken as it is
written, so that neither anchors nor tags can make much of little.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from estafeta.kernel.model import Json
from nlu.blocks import Block, File, Form, Written, place_of
from nlu.broken import broken, markdown
from nlu.findings import nearest, shown

__all__ = ["INTENT", "KINDS", "MOST_EXAMPLES", "NEWEST", "Block", "File", "Written", "read_file"]

NEWEST = "3.1"
"""The newest version of the format, that of Rasa 3.1 to 3.6. Files of a newer one Rasa skips; here they are
refused. Older ones, and files that tell none, are read as this one, as Rasa does."""
KINDS = ("intent", "synonym", "regex", "lookup")
MOST_EXAMPLES = 200_000
"""In one file; more can only come from references to the same list again and again."""

_ITEM_KEYS = (*KINDS, "examples", "metadata")
_SOMEWHERE_ELSE = {
    "responses": "what the bot says stands in flows/*.yml",
    "stories": "dialogs stand in flows/*.yml",
    "rules": "dialogs stand in flows/*.yml",
    "e2e_tests": "conversations that must hold stand in flows/tests/*.yml",
    "test_cases": "conversations that must hold stand in flows/tests/*.yml",
    **dict.fromkeys(
        ("intents", "slots", "actions", "forms", "session_config", "config"),
        "a domain is not needed: the names are those of the training data, dialogs stand in flows/*.yml",
    ),
    **dict.fromkeys(
        ("recipe", "language", "pipeline", "policies", "assistant_id", "importers"), "this engine needs no pipeline"
    ),
}
_KEYS = ("version", "nlu", "entities")
_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")
_FILE = re.compile(r"\S+\.(?:txt|csv|tsv|json|ya?ml)")
_COMMENT = re.compile(r"#+([\s-]|$)")
INTENT = re.compile(r"[^/]*[^/\s](/[^/\s][^/]*)?", re.DOTALL)
_METADATA_NODES = 1_000


def read_file(text: str, name: str) -> File:
    """Never raises for what is in it. `text` without a byte order mark."""
    file = File(name)
    # What only YAML takes for the end of a line: no editor counts it as one.
    text = _BREAKS.sub(" ", text)
    try:
        document = YAML(typ="safe", pure=True).compose(text)
        _Reader(file, text).document(document)
    except MarkedYAMLError as error:
        line, column, what, mend = broken(error, text)
        file.tell((line, column), what, mend)
    except ReaderError as error:
        place = (text.count("\n", 0, error.position) + 1, error.position - text.rfind("\n", 0, error.position))
        mend = f"remove the character U+{ord(text[error.position]):04X}, which cannot be seen"
        file.tell(place, "this is not YAML: a character that no text has", mend)
    except (YAMLError, ValueError) as error:
        file.tell((1, 1), f"this is not YAML: {str(error).splitlines()[0] if str(error) else type(error).__name__}")
    except RecursionError:
        file.tell((1, 1), "this is nested too deeply")
    return file


def _is(node: Node, kind: str) -> bool:
    return str(node.tag) == f"tag:yaml.org,2002:{kind}"


class _Reader:
    def __init__(self, file: File, text: str) -> None:
        self._file = file
        self._lines = text.split("\n")
        self._examples = 0
        self._met: set[int] = set()

    def document(self, node: Node | None) -> None:
        if node is None or _is(node, "null"):
            return None
        if not isinstance(node, MappingNode):
            old = markdown("\n".join(self._lines))
            if old is not None:
                return self._file.tell((old.line, old.column), old.text, old.mend)
            mend = 'a file begins with version: "3.1" and nlu:'
            return self._file.tell(node, "expected the keys version and nlu", mend)
        for key, (place, value) in self._mapping(node).items():
            if key == "version":
                self._version(value)
            elif key == "nlu":
                self._items(value)
            elif key == "entities":
                self._declared(value)
            elif key in _SOMEWHERE_ELSE:
                self._file.tell(place, f"{key} is not read", _SOMEWHERE_ELSE[key], "note")
            elif key == "rasa_nlu_data":
                mend = "convert it with Rasa 2 (rasa data convert nlu -f yaml)"
                self._file.tell(place, "this is Rasa's JSON format, which ended with Rasa 2", mend)
            else:
                self._unknown(place, key, _KEYS, "expected version, nlu or entities")
        return None

    def _unknown(self, place: Node, key: str, known: Sequence[str], otherwise: str) -> None:
        bare = key.strip()
        if bare != key:
            mend = "beside it stands a no-break space, which YAML takes for a letter: indent with plain spaces"
        else:
            mend = nearest(key, known, otherwise)
        self._file.tell(place, f"unknown key {bare[:60]}", mend)

    def _declared(self, node: Node) -> None:
        """Names, or a name with its roles and groups, which are read where they are marked."""
        if not isinstance(node, SequenceNode):
            return self._file.tell(node, "expected a list of entities", "write entities: [phone-number, time]")
        for item in node.value:
            named = item.value[0][0] if isinstance(item, MappingNode) and item.value else item
            if isinstance(named, ScalarNode) and named.value.strip():
                self._file.declared.setdefault(named.value.strip(), place_of(named))
            else:
                self._file.tell(item, "this is no name of an entity", "write entities: [phone-number, time]")
        return None

    def _mapping(self, node: MappingNode) -> dict[str, tuple[Node, Node]]:
        found: dict[str, tuple[Node, Node]] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode):
                self._file.tell(key, "a key must be a plain word")
            elif _is(key, "merge"):
                self._file.tell(key, "merged keys are not read here", "write them out")
            elif key.value in found:
                first = found[key.value][0].start_mark.line + 1
                self._file.tell(key, f"{key.value[:60]} is here twice, first in line {first}", "join the two")
            else:
                found[key.value] = (key, value)
        return found

    def _version(self, node: Node) -> None:
        if not isinstance(node, ScalarNode) or not re.fullmatch(r"\d+(\.\d+)*", node.value):
            return self._file.tell(node, "this is no version of the format", f'write version: "{NEWEST}"')
        said = tuple(int(part) for part in node.value.split(".")[:3] if len(part) < 9)
        if said > (3, 1):
            mend = f'Rasa would skip the file; if nothing in it is newer, write version: "{NEWEST}"'
            self._file.tell(node, f"version {node.value} is newer than {NEWEST}, the newest there is in Rasa 3", mend)
        elif not _is(node, "str"):
            mend = f'Rasa wants it in quotes: version: "{node.value}"'
            self._file.tell(node, "the version is a number", mend, "note")
        elif said < (3,):
            mend = f'if all is well, write version: "{NEWEST}"'
            self._file.tell(node, f"version {node.value} is read as {NEWEST}, as Rasa 3 does", mend, "note")
        return None

    def _items(self, node: Node) -> None:
        if _is(node, "null"):
            return None
        if not isinstance(node, SequenceNode):
            near = isinstance(node, MappingNode) and node.value
            mend = "each item begins with a dash: - intent: …" if near else "each item is - intent: … with examples: |"
            return self._file.tell(node, "expected a list of intents, synonyms, regular expressions and lookups", mend)
        for item in node.value:
            self._item(item, node)
        return None

    def _item(self, node: Node, within: SequenceNode) -> None:
        if not isinstance(node, MappingNode):
            mend = f"expected a mapping with one of {', '.join(KINDS)}, and examples"
            return self._file.tell(node, "this is no item of training data", mend)
        before = len(self._file.findings)
        keys = self._mapping(node)
        for key, (place, value) in list(keys.items()):
            if key not in _ITEM_KEYS:
                self._unknown(place, key, _ITEM_KEYS, f"expected one of {', '.join(_ITEM_KEYS)}")
                meant = get_close_matches(key, _ITEM_KEYS, n=1)
                keys.update((name, (place, value)) for name in meant if name not in keys)
        kinds = [kind for kind in KINDS if kind in keys]
        told = len(self._file.findings) > before
        if len(kinds) != 1:
            if not told or kinds:
                what = f"{' and '.join(kinds)} in one item" if kinds else "this item has no name"
                self._file.tell(node, what, f"each item has exactly one of {', '.join(KINDS)}")
            return None
        kind = kinds[0]
        name = self._name(kind, keys[kind][1])
        if name is None:
            return None
        if "examples" not in keys:
            if not told:
                self._file.tell(node, f"{kind} {name} has no examples", "add examples: | and a line for each")
            return None
        examples = keys["examples"][1]
        metadata = self._metadata(keys["metadata"][1]) if "metadata" in keys else None
        if isinstance(examples, ScalarNode) and not examples.value and examples.style is None:
            examples.start_mark = keys["examples"][0].start_mark  # nothing is written, so it stands nowhere
        written = tuple(self._examples_of(kind, examples))
        if not written and all(finding.severity == "note" for finding in self._file.findings[before:]):
            self._file.tell(examples, f"{kind} {name} has no examples", "write one a line, each after a dash")
        end = (examples.end_mark.line + 1, examples.end_mark.column + 1)
        form = "braces" if node.flow_style or within.flow_style else self._form(node, examples)
        block = Block(kind, name, *place_of(node), written, form, place_of(examples), end, self._last(node), metadata)
        self._file.blocks.append(block)
        return None

    def _form(self, item: MappingNode, examples: Node) -> Form:
        """A node that was met before is referred to a second time."""
        nodes = {id(item), id(examples)}
        again = bool(nodes & self._met)
        self._met |= nodes
        if again or (isinstance(examples, SequenceNode) and examples.flow_style):
            return "braces"
        if isinstance(examples, SequenceNode):
            return "list"
        return "lines" if isinstance(examples, ScalarNode) and examples.style == "|" else "text"

    def _last(self, node: Node) -> int:
        """The last line of what is written, counted from 1. A block ends behind the blank lines and comments that
        follow it."""
        while isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
            last = node.value[-1]
            if isinstance(node, MappingNode):
                key, value = last
                last = key if isinstance(value, ScalarNode) and not value.value and value.style is None else value
            if not isinstance(last, ScalarNode) and last.start_mark.index <= node.start_mark.index:
                break  # a reference to what stands above, be it this very node
            node = last
        if not isinstance(node, ScalarNode) or node.style not in ("|", ">"):
            return int(node.end_mark.line) + 1
        first, last = node.start_mark.line, min(node.end_mark.line, len(self._lines)) - 1
        if node.end_mark.column > 0:
            last += 1
        while last > first and not self._lines[min(last, len(self._lines) - 1)].strip():
            last -= 1
        return int(last) + 1

    def _name(self, kind: str, node: Node) -> str | None:
        if isinstance(node, ScalarNode) and node.value.strip() and not _is(node, "str"):
            self._file.tell(node, f"{node.value} is no text", f'put it in quotes: {kind}: "{node.value}"')
        elif not isinstance(node, ScalarNode) or not node.value.strip():
            self._file.tell(node, f"expected the name of the {kind}", "a text")
        elif kind == "intent" and not INTENT.fullmatch(node.value.strip()):
            mend = "/ stands only between a retrieval intent and its response, as in faq/ask_price"
            self._file.tell(node, f"{shown(node.value)} is no name of an intent", mend)
        elif "\n" in node.value.strip():
            self._file.tell(node, f"the name of the {kind} has more than one line", "write it in one")
        else:
            return str(node.value.strip())
        return None

    def _examples_of(self, kind: str, node: Node) -> Iterator[Written]:
        for written in self._written(kind, node):
            self._examples += 1
            if self._examples > MOST_EXAMPLES:
                if self._examples == MOST_EXAMPLES + 1:
                    self._file.tell(node, f"the file has more than {MOST_EXAMPLES} examples", "split it")
                return
            yield written

    def _written(self, kind: str, node: Node) -> Iterator[Written]:
        if isinstance(node, SequenceNode):
            yield from self._listed(kind, node)
        elif not isinstance(node, ScalarNode) or not _is(node, "str"):
            self._not_examples(node)
        elif node.style == "|":
            yield from self._lines_of(node)
        elif node.style == ">":
            self._file.tell(node, "> joins the lines below it to one", "write examples: |")
        elif not node.value.lstrip().startswith("-"):
            if kind == "lookup" and _FILE.fullmatch(node.value.strip()):
                mend = "Rasa reads no files for lookups since 3.0: write the words here, one a line after a dash"
                self._file.tell(node, f"the file {node.value.strip()} is not read", mend)
            else:
                self._not_examples(node)
        elif "\n" in node.value and node.style is None:
            self._not_examples(node)
        else:
            for line in node.value.split("\n"):
                if line.strip():
                    yield from self._dashed(line, *place_of(node), exact=False)

    def _not_examples(self, node: Node) -> None:
        mend = "write examples: | and below it one example a line, each after a dash"
        self._file.tell(node, "these are no examples", mend)

    def _lines_of(self, node: ScalarNode) -> Iterator[Written]:
        for number, line in enumerate(node.value.split("\n"), start=node.start_mark.line + 2):
            if line.strip():
                source = self._lines[number - 1] if number <= len(self._lines) else line
                column = len(source) - len(source.lstrip()) + 1
                yield from self._dashed(line, number, column)

    def _dashed(self, line: str, number: int, column: int, *, exact: bool = True) -> Iterator[Written]:
        """The example in a line that begins, behind its indentation, in the column."""
        text = line.strip()
        place = (number, column)
        if _COMMENT.match(text):
            mend = "Rasa warns of it: a comment stands above the intent, or behind examples: |"
            self._file.tell(place, "this line is taken for a comment", mend, "note")
        elif not text.startswith("-"):
            self._file.tell(place, f"expected a dash before the example: - {text[:60]}", _dash_mend(text))
        elif text[1:].strip():
            inner = text[1:].strip()
            inside = column + text.index(inner, 1) if exact else column
            yield Written(inner, number, inside, first=number, last=number)
        else:
            self._file.tell(place, "an example without a text", "write it behind the dash, or leave the line out")

    def _listed(self, kind: str, node: SequenceNode) -> Iterator[Written]:
        plain = next((item for item in node.value if isinstance(item, ScalarNode)), None)
        if kind != "intent" or plain is not None:
            what = "a list of plain texts" if kind == "intent" else f"a list for a {kind}"
            mend = "write examples: | if they are to be read by Rasa too"
            self._file.tell(plain or node, f"{what} is read here, but not by Rasa", mend, "note")
        for item in node.value:
            metadata: Json = None
            text: Node = item
            if isinstance(item, MappingNode):
                keys = self._mapping(item)
                unknown = [key for key in keys if key not in ("text", "metadata")]
                if unknown or "text" not in keys:
                    self._no_text(
                        item, keys[unknown[0]] if unknown else None, bare="text" not in keys and len(keys) == 1
                    )
                    continue
                text = keys["text"][1]
                metadata = self._metadata(keys["metadata"][1]) if "metadata" in keys else None
            if not isinstance(text, ScalarNode) or not text.value.strip():
                self._file.tell(item, "an example without a text", "write - text: … with what a customer says")
            elif not _is(text, "str"):
                self._file.tell(text, f"{text.value} is no text", f'put it in quotes: "{text.value}"')
            else:
                yield self._in_list(item, text, metadata)

    def _no_text(self, item: Node, unknown: tuple[Node, Node] | None, *, bare: bool) -> None:
        """`bare`: there is no other key, so that it may be a customer's words with a colon in them."""
        mend = "an example of a list has text: and, if need be, metadata:"
        if unknown is None:
            return self._file.tell(item, "an example without a text", mend)
        key, value = unknown
        if bare and isinstance(value, ScalarNode) and not get_close_matches(key.value, ("text", "metadata"), n=1):
            mend += f'; what customers say with a colon in it needs quotes: "{key.value[:40]}: {value.value[:40]}"'
        return self._file.tell(key, f"unknown key {key.value[:60]}", mend)

    def _in_list(self, item: Node, node: ScalarNode, metadata: Json) -> Written:
        line, column = place_of(node)
        if node.style == "|":
            lines = node.value.split("\n")
            skipped = next(at for at, each in enumerate(lines) if each.strip())
            line += 1 + skipped
            source = self._lines[line - 1]
            column = len(source) - len(source.lstrip()) + 1
        text = node.value.strip()
        if node.style == "|" and text.startswith("- "):  # written as if it were one of several lines
            text, column = text[2:].strip(), column + 2
        return Written(text, line, column, metadata, item.start_mark.line + 1, self._last(item))

    def _metadata(self, node: Node) -> Json:
        left = [_METADATA_NODES]

        def plain(node: Node) -> Json:
            left[0] -= 1
            if left[0] < 0:
                return None
            if isinstance(node, SequenceNode):
                return [plain(item) for item in node.value]
            if isinstance(node, MappingNode):
                for key in (key for key, _ in node.value if not isinstance(key, ScalarNode)):
                    self._file.tell(key, "a key must be a plain word")
                return {str(key.value): plain(value) for key, value in node.value if isinstance(key, ScalarNode)}
            return _scalar(node)

        found = plain(node)
        if left[0] < 0:
            self._file.tell(node, f"metadata of more than {_METADATA_NODES} parts are not kept", "", "warning")
            return None
        return found


def _dash_mend(text: str) -> str:
    if text[0] in "*+":
        return f"Rasa 3 wants a dash, not {text[0]}"
    if text[0] in "–—−‐":
        return "this is a longer dash; a plain - is wanted"
    return ""


def _scalar(node: Node) -> Json:
    """As YAML 1.2 has it."""
    kind, value = str(node.tag).rpartition(":")[2], node.value
    plain: Mapping[str, Callable[[str], Json]] = {
        "null": lambda _: None,
        "bool": lambda text: text.lower() == "true",
        "int": lambda text: int(text.replace("_", ""), 0),
        "float": float,
    }
    try:
        return plain.get(kind, str)(value)
    except ValueError:
        return str(value)
