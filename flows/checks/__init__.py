"""Mistakes that only show when a workspace is read as a whole."""

from __future__ import annotations

from flows.checks import (
    endings,
    handoff,
    hours,
    idle,
    languages,
    limits,
    overlaps,
    paths,
    phrases,
    references,
    starts,
    style,
    values,
)
from flows.checks.files import Files
from flows.checks.limits import Showing
from flows.model import Workspace
from flows.source import Source


def check(workspace: Workspace, files: Files, sentiment: Source, tone: Source, showing: Showing) -> None:
    """Tells each file's source what is wrong in it."""
    languages.check(workspace, files)
    if files.bot is not None:
        phrases.check(workspace, files.bot)
    if files.bot is not None and files.hours is not None:
        hours.check(workspace, files.hours)
    starts.check(workspace, files)
    overlaps.check(files)
    references.check(workspace, files)
    values.check(workspace, files)
    paths.check(workspace, files)
    endings.check(workspace, files)
    idle.check(workspace, files)
    handoff.check(workspace, files, sentiment, tone)
    style.check(workspace, files, tone)
    limits.check(workspace, files, showing)
