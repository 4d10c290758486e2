"""Sets VS Code up for a workspace: its YAML extension then completes keys, tells what they mean, and underlines what is
wrong while one types. The schemas lie beside the settings, so that nothing is fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from estafeta.kernel.errors import ConfigurationError
from flows.schema import FILES, schemas

EXTENSION = "redhat.vscode-yaml"
"""What reads `yaml.schemas`: https://marketplace.visualstudio.com/items?itemName=redhat.vscode-yaml"""
_SCHEMAS = "schemas"


def set_up(workspace: Path) -> Iterator[Path]:
    """Writes what is not there yet, or is another, and yields it. What else stands in the files stays.

    Raises ConfigurationError when a file of VS Code's cannot be read: it may have comments, and is not touched."""
    if not (workspace / "bot.yml").is_file():
        raise ConfigurationError(
            f"{workspace} is no workspace: there is no bot.yml in it. Name the folder that has it."
        )
    folder = workspace / ".vscode"
    settings, recommended = _read(folder / "settings.json"), _read(folder / "extensions.json")
    by_schema = _part(settings, "yaml.schemas", dict, folder / "settings.json")
    by_schema.update({f"./.vscode/{_SCHEMAS}/{kind}.schema.json": pattern for kind, pattern in FILES.items()})
    wanted = _part(recommended, "recommendations", list, folder / "extensions.json")
    if EXTENSION not in wanted:
        wanted.append(EXTENSION)
    (folder / _SCHEMAS).mkdir(parents=True, exist_ok=True)
    for kind, schema in schemas().items():
        yield from _written(folder / _SCHEMAS / f"{kind}.schema.json", schema)
    yield from _written(folder / "settings.json", settings)
    yield from _written(folder / "extensions.json", recommended)


def _part(settings: dict[str, Any], key: str, kind: type[Any], path: Path) -> Any:
    found = settings.setdefault(key, kind())
    if not isinstance(found, kind):
        raise ConfigurationError(f'"{key}" in {path} is not what VS Code expects there. Correct it, then try again.')
    return found


def _read(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ConfigurationError(
            f"{path} is not plain JSON (perhaps it has comments), so it was left as it is. Move it away, run this "
            f"again, and put back what was in it."
        )
    return found


def _written(path: Path, data: dict[str, Any]) -> Iterator[Path]:
    text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
    if path.exists() and json.loads(path.read_text(encoding="utf-8")) == data:
        return
    path.write_text(text, encoding="utf-8")
    yield path
