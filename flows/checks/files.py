"""What the checks look at: the files of a workspace, each with where everything stands in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flows.flow_file import FlowFile
from flows.source import Source
from flows.written import Place

Flows = Mapping[str, tuple[Source, FlowFile]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where everything was read from, to tell the mistakes to. `intents` is where the training data
    teaches each.

    What a broken file may define is not called unknown: `bot` and `hours` are None when they could not
    be read, `lost` are the names of flows that could not, `taught` is False when some training data
    could not."""

    bot: Source | None
    hours: Source | None
    replies: Source
    flows: Flows
    intents: Mapping[str, tuple[Source, Place]]
    lost: frozenset[str] = frozenset()
    taught: bool = True
