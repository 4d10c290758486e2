"""The workspace that somebody begins with: who the bot is, what it says outside of flows, when people answer."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from shutil import copytree

from estafeta.kernel.errors import ConfigurationError

FOLDERS = ("flows/tests", "nlu")


def begin(folder: Path) -> list[str]:
    """Makes the folder, which must not be there yet or be empty; the files it has now, by their paths in it.
    Raises `ConfigurationError`, and nothing is changed."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise ConfigurationError(f"{folder} is no folder; name another.")
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise ConfigurationError(f"{folder} is not empty, and nothing in it is written over; name a new folder.")
        with as_file(files(__name__) / "workspace") as workspace:
            copytree(workspace, folder, dirs_exist_ok=True)
        for name in FOLDERS:
            (folder / name).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"A workspace cannot be made in {folder}: {error.strerror or error}.") from None
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
