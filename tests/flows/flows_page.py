"""Makes docs/flows.md out of `examples/`: the words of flows.md.in, the files of the example workspace, and what comes
of its conversations when they are gone through.

`python -m tests.flows.flows_page` writes it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from estafeta.app.flow_around import surroundings
from flows import loader, media_files, sandbox, talks, turn
from flows.inflection import CASES
from flows.model import Workspace
from flows.talks import Ran

EXAMPLES = Path(__file__).parent / "examples"
FIRST = Path(__file__).parents[2] / "estafeta" / "app" / "starter" / "workspace"
"""The workspace that a reader begins with (`estafeta init`)."""
LATER = Path(__file__).parent / "later"
"""What the reader adds to it."""
PAGE = Path(__file__).parents[2] / "docs" / "flows.md"
_PLACEHOLDER = re.compile(r"^<<(\w+): ([\w./-]+)>>$", re.MULTILINE)
_VALUE = re.compile(r"<<([a-z ]+)>>")


@cache
def workspace() -> Workspace:
    return loader.load(EXAMPLES)


@cache
def ran() -> Mapping[str, list[Ran]]:
    """Every conversation of the examples, by the name of its file."""
    told, findings = talks.find(workspace())
    if findings:
        raise ValueError("\n".join(map(str, findings)))
    found: dict[str, list[Ran]] = {}
    with surroundings(workspace(), None) as around:
        for one in told:
            found.setdefault(Path(one.file).stem, []).extend(talks.run(workspace(), one.talk, around))
    return found


def page() -> str:
    words = (EXAMPLES / "flows.md.in").read_text(encoding="utf-8")
    words = _PLACEHOLDER.sub(lambda found: _part(found[1], found[2]), words)
    return _VALUE.sub(lambda found: _values()[found[1]], words)


def _part(kind: str, name: str) -> str:
    match kind:
        case "flow":
            return _yaml(EXAMPLES / "flows" / f"{name}.yml")
        case "test":
            return _yaml(EXAMPLES / "flows" / "tests" / f"{name}.yml")
        case "file":
            return _yaml(EXAMPLES / name)
        case "later":
            return _yaml(LATER / name)
        case "talk":
            return "\n\n".join(_talk(one) for one in ran()[name])
    raise ValueError(f"<<{kind}: {name}>> is no placeholder")


def _yaml(path: Path) -> str:
    return f"```yaml\n{path.read_text(encoding='utf-8').strip()}\n```"


def _talk(one: Ran) -> str:
    """A conversation as it went."""
    language = f" ({one.language})" if one.talk.languages and len(one.talk.languages) > 1 else ""
    lines = []
    for went in one.went:
        lines += [went.words, *(f"    {got}" for got in went.got)]
    words = "\n".join(lines)
    name = one.talk.test
    return f"*{name[:1].upper()}{name[1:]}{language}:*\n\n```text\n{words}\n```"


@cache
def _values() -> Mapping[str, str]:
    filters = [name for name in sandbox._FILTERS if not name.startswith("_")]
    return {
        "steps": str(turn.STEP_LIMIT),
        "depth": str(turn.FRAME_LIMIT),
        "waiting": str(turn.PARKED_LIMIT),
        "memories": str(turn.MEMORY_LIMIT),
        "text": str(sandbox.TEXT_LIMIT),
        "loop": str(sandbox.LOOP_LIMIT),
        "media": str(media_files.LARGEST // 1_000_000),
        "filters": ", ".join(f"`{name}`" for name in sorted({*filters, "markdown"})),
        "cases": ", ".join(f"`{name}`" for name in CASES),
    }


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
