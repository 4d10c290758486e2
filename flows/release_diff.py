"""What differs between two contents: flow by flow and step by step, in words an editor knows.

Goes by what the files mean, not by their lines: a flow that moved to another file, a comment, another way of quoting
are no difference. Steps are matched by what they are (their kind and name, or their words); what is only partly the
same is told key by key.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from flows.steps import KINDS

_LONGEST = 100
_DEEPEST = 40
_MOST = 100_000
"""So many values of one file are compared; of a larger one it is told that it differs."""
_BLOCKS = ("do", "otherwise", "on_error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`what` names a flow or a file. `lines` begin with + (new), - (gone) or ~ (changed), indented by depth."""

    what: str
    how: Literal["added", "removed", "changed"]
    lines: tuple[str, ...] = ()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Of two contents as plain values by file; of a file that is no YAML, its text."""
    flows_before, flows_after = _flows(before), _flows(after)
    found = list(_compared(flows_before, flows_after, "flow "))
    rest_before, rest_after = (
        {path: data for path, data in files.items() if path not in _flow_files(files)} for files in (before, after)
    )
    return (*found, *_compared(rest_before, rest_after, ""))


def _flow_files(files: Mapping[str, Any]) -> set[str]:
    return {path for path, data in files.items() if path.startswith("flows/") and isinstance(_name(data), str)}


def _name(data: Any) -> Any:
    return data.get("flow") if isinstance(data, Mapping) and "steps" in data else None


def _flows(files: Mapping[str, Any]) -> dict[str, Any]:
    return {_name(files[path]): files[path] for path in sorted(_flow_files(files))}


def _compared(before: Mapping[str, Any], after: Mapping[str, Any], kind: str) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        what = f"{kind}{name}"
        if name not in before:
            yield Difference(what=what, how="added", lines=tuple(_outline(after[name], "+")))
        elif name not in after:
            yield Difference(what=what, how="removed", lines=tuple(_outline(before[name], "-")))
        elif not _same(before[name], after[name]):
            if max(_size(before[name]), _size(after[name])) > _MOST:
                yield Difference(what=what, how="changed", lines=("~ too much to tell",))
            else:
                yield Difference(what=what, how="changed", lines=tuple(_mapping(before[name], after[name], 0)))


def _outline(data: Any, sign: str) -> Iterator[str]:
    """A new or gone flow in short: its steps, without what is inside of them."""
    steps = data.get("steps") if isinstance(data, Mapping) else None
    for step in steps if isinstance(steps, list) else ():
        yield f"{sign} {_title(step)}"


def _mapping(before: Any, after: Any, depth: int) -> Iterator[str]:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        yield from _changed("", before, after, depth)
        return
    for key in [*before, *(key for key in after if key not in before)]:
        yield from _key(str(key), before.get(key, _MISSING), after.get(key, _MISSING), depth)


_MISSING: Any = object()


def _key(key: str, before: Any, after: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if before is _MISSING or after is _MISSING:
        sign, value = ("+", after) if before is _MISSING else ("-", before)
        if _is_steps(key, value):
            yield f"{pad}{sign} {key}:"
            yield from (f"{pad}  {sign} {_title(step)}" for step in value)
        else:
            yield f"{pad}{sign} {key}: {_short(value)}"
    elif not _same(before, after):
        if depth >= _DEEPEST:
            yield f"{pad}~ {key}"
        elif _is_steps(key, before) and _is_steps(key, after):
            yield f"{pad}~ {key}"
            yield from _steps(before, after, depth + 1)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            yield f"{pad}~ {key}"
            yield from _mapping(before, after, depth + 1)
        elif _items(before) and _items(after):
            yield f"{pad}~ {key}"
            yield from _list(before, after, depth + 1)
        else:
            yield from _changed(key, before, after, depth)


def _changed(key: str, before: Any, after: Any, depth: int) -> Iterator[str]:
    said = f"{key}: " if key else ""
    yield f"{'  ' * depth}~ {said}{_short(before)} → {_short(after)}"


def _is_steps(key: str, value: Any) -> bool:
    return isinstance(value, list) and (key == "steps" or (key in _BLOCKS and all(map(_kind, value))))


def _items(value: Any) -> bool:
    """A list of mappings: cases, options, canned replies, turns of a test."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _kind(step: Any) -> str:
    return next((kind for kind in KINDS if kind in step), "") if isinstance(step, Mapping) else ""


def _steps(before: Sequence[Any], after: Sequence[Any], depth: int) -> Iterator[str]:
    yield from _aligned(before, after, depth, numbered=True)


def _list(before: Sequence[Any], after: Sequence[Any], depth: int) -> Iterator[str]:
    yield from _aligned(before, after, depth, numbered=False)


def _aligned(before: Sequence[Any], after: Sequence[Any], depth: int, *, numbered: bool) -> Iterator[str]:
    """What is wholly the same holds the two together; between, what is alike is a change, the rest came or went."""
    pad = "  " * depth
    old_ones, new_ones = ([_identity(item) for item in items] for items in (before, after))
    for how, first, end, new_first, new_end in SequenceMatcher(None, old_ones, new_ones, False).get_opcodes():
        if how == "equal":
            continue
        gone, come = list(range(first, end)), list(range(new_first, new_end))
        for old, new in _pairs(before, after, gone, come):
            if new is not None:
                line = f"{f'{new + 1}. ' if numbered else ''}{_title(after[new])}"
                yield f"{pad}{'+' if old is None else '~'} {line}"
                if old is None:
                    yield from _inside(after[new], "+", depth + 1)
                else:
                    yield from _mapping(before[old], after[new], depth + 1)
            elif old is not None:
                yield f"{pad}- {f'{old + 1}. ' if numbered else ''}{_title(before[old])}"


def _pairs(
    before: Sequence[Any], after: Sequence[Any], gone: list[int], come: list[int]
) -> Iterator[tuple[int | None, int | None]]:
    """Alike ones in their order; what was passed over on the way is gone or new."""
    for old in gone:
        likely = next((place for place, new in enumerate(come) if _alike(before[old], after[new])), None)
        if likely is None:
            yield old, None
            continue
        for new in come[:likely]:
            yield None, new
        yield old, come[likely]
        del come[: likely + 1]
    for new in come:
        yield None, new


def _alike(before: Any, after: Any) -> bool:
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return False
    kind = _kind(before)
    if kind != _kind(after):
        return False
    if kind in ("ask", "call", "goto", "flow") or "name" in before or "name" in after:
        return bool(before.get(kind or "name") == after.get(kind or "name") and before.get("name") == after.get("name"))
    return kind != "" or bool(before.keys() & after.keys())


def _inside(step: Any, sign: str, depth: int) -> Iterator[str]:
    """The steps inside of a new step."""
    if not isinstance(step, Mapping) or depth > _DEEPEST:
        return
    for key in (*_BLOCKS, "choose", "menu"):
        block = step.get(key)
        for inner in block if isinstance(block, list) else ():
            yield f"{'  ' * depth}{sign} {_title(inner)}"
            yield from _inside(inner, sign, depth + 1)


def _title(step: Any) -> str:
    """A step in a line: its kind, its name, and its words."""
    kind = _kind(step)
    if not isinstance(step, Mapping):
        return _short(step)
    if not kind:
        first = next((key for key in ("when", "text", "name", *step) if key in step), "")
        return f"{first}: {_short(step[first])}" if first else "{}"
    if kind in ("choose", "menu"):
        words = f": {_short(step['say'])}" if "say" in step else ""
        return f"{kind} of {len(step[kind]) if isinstance(step[kind], list) else 0}{words}"
    if kind == "ask":
        return f"ask {step['ask']}: {_short(step.get('say'))}"
    return f"{kind}: {_short(step[kind])}"


def _short(value: Any) -> str:
    words = value if isinstance(value, str) else _json(value)
    words = " ".join(words.split())
    words = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
    return f'"{words}"' if isinstance(value, str) else words


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _identity(item: Any) -> str:
    return json.dumps(item, ensure_ascii=False, sort_keys=True, default=str)


def _same(before: Any, after: Any) -> bool:
    """With their kinds: 1 is not true, and 1 is not "1"."""
    return before is after or _identity(before) == _identity(after)


def _size(value: Any) -> int:
    pending, count = [value], 0
    while pending and count <= _MOST:
        item = pending.pop()
        count += 1
        if isinstance(item, Mapping):
            pending += item.values()
        elif isinstance(item, list):
            pending += item
    return count


def as_lines(found: Iterable[Difference]) -> Iterator[str]:
    """For people to read."""
    for one in found:
        yield f"{one.what}: {one.how}"
        yield from (f"  {line}" for line in one.lines)
