"""What the page is told, as JSON: the workspace with its flows and findings, and each flow with its picture and its
messages as every channel shows them.

A `Look` is the workspace as it stood at one moment. A workspace with mistakes has no flows, only findings.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from estafeta.app.check import showing
from estafeta.app.preview.picture import picture
from estafeta.app.preview.places import Written, written
from estafeta.app.preview.shown import filled, preview, seen_json
from estafeta.app.tables import channels
from estafeta.kernel.model import Json
from flows import loader, markdown
from flows.graph import Node, beginnings, graph
from flows.model import Copy, Flow, Workspace
from flows.source import Finding
from flows.strict import LocalText


def version(folder: Path) -> str:
    """Changes when a file of the workspace does: by what the disk tells of the files, without reading them."""
    digest = hashlib.sha256(str(folder).encode())
    for path in sorted(_files(folder)):
        try:
            told = path.stat()
        except OSError:  # it went between the two looks
            continue
        digest.update(f"{path}\0{told.st_mtime_ns}\0{told.st_size}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:16]


def _files(folder: Path) -> Iterator[Path]:
    for pattern in ("*.yml", "flows/*.yml", "nlu/*.yml", "media/*"):
        yield from folder.glob(pattern)


class Look:
    """Reads the workspace once; a flow is worked out when it is asked for. `links`: whether the page tells where the
    folder is, for links that open an editor on this machine."""

    def __init__(self, folder: Path, *, links: bool = True) -> None:
        self._folder = folder.absolute()
        self._links = links
        self.version = version(self._folder)
        self._workspace, self._findings = loader.find(self._folder, showing())
        self._written = written(self._folder) if self._workspace is not None else {}
        self._ways = {} if self._workspace is None else beginnings(self._workspace.library)
        self._flows: dict[str, Json] = {}

    @property
    def names(self) -> tuple[str, ...]:
        return () if self._workspace is None else tuple(sorted(self._workspace.library.flows))

    def workspace(self) -> Json:
        found = self._workspace
        return {
            "version": self.version,
            "folder": str(self._folder) if self._links else "",
            "title": self._folder.name,
            "sound": found is not None,
            "languages": [] if found is None else list(found.languages),
            "channels": [
                {"name": name, "title": facts.title, "public": facts.capabilities.public}
                for name, facts in channels().items()
            ],
            "skills": {}
            if found is None
            else {
                name: _by_language(skill.title, found.languages) for name, skill in found.skills.items()
            },
            "flows": [] if found is None else [self._listed(found, found.library.flows[name]) for name in self.names],
            "findings": [_finding(item) for item in self._findings],
        }  # fmt: skip

    def flow(self, name: str) -> Json:
        """The flow's picture and messages; raises KeyError when there is no such flow."""
        if self._workspace is None:
            raise KeyError(name)
        if name not in self._flows:
            self._flows[name] = self._told(self._workspace, self._workspace.library.flows[name])
        return self._flows[name]

    def _listed(self, workspace: Workspace, flow: Flow) -> Json:
        file = self._written[flow.name].file
        return {
            "name": flow.name,
            "title": {} if flow.title is None else _by_language(flow.title, workspace.languages),
            "file": file,
            "public": flow.public,
            "steps": len(flow.steps),
            "ways": [{"kind": way.kind, "value": way.value} for way in self._ways[flow.name]],
            "findings": sum(item.file == file for item in self._findings),
        }

    def _told(self, workspace: Workspace, flow: Flow) -> Json:
        place = self._written[flow.name]
        drawn = picture(graph(flow), self._ways[flow.name], _sayer(workspace), _where(place))
        found = place.by_step(flow, self._findings)
        return {
            "version": self.version,
            "name": flow.name,
            "file": place.file,
            **drawn,
            "findings": {step: [_finding(item) for item in items] for step, items in found.items()},
            "messages": _messages(workspace, flow),
        }


def _by_language(text: LocalText, languages: tuple[str, ...]) -> dict[str, Json]:
    return {language: text.pick(language, languages[0]) for language in languages}


def _where(place: Written) -> Callable[[Node], tuple[int, int]]:
    return lambda node: place.at(node.path) if node.path else place.at(("start",))


def _sayer(workspace: Workspace) -> Callable[[Copy], Mapping[str, str]]:
    """Texts by language without their Markdown, each worked out once."""
    known: dict[int, Mapping[str, str]] = {}

    def say(copy: Copy) -> Mapping[str, str]:
        if id(copy) not in known:
            known[id(copy)] = {
                language: markdown.parse(filled(workspace, copy.words(language), language)).text
                for language in workspace.languages
            }
        return known[id(copy)]

    return say


def _messages(workspace: Workspace, flow: Flow) -> dict[str, Json]:
    """By step, then by language, then by channel."""
    found: dict[str, dict[str, dict[str, list[Json]]]] = {}
    for language in workspace.languages:
        for name, facts in channels().items():
            for one in preview(workspace, flow, facts, language, name):
                by_channel = found.setdefault(one.place, {}).setdefault(language, {})
                by_channel.setdefault(name, []).append(seen_json(one))
    return {step: {language: dict(said) for language, said in by.items()} for step, by in found.items()}


def _finding(item: Finding) -> dict[str, Json]:
    return {
        "file": item.file, "line": item.line, "column": item.column, "severity": item.severity, "what": item.what,
        "mend": item.mend, "rule": item.rule,
    }  # fmt: skip
