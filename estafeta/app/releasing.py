"""Publishing as a process does it, for itself or for the command line of its machine.

An embedded database belongs to the process that runs: there `estafeta flows publish` asks that process. MongoDB is
written to by whoever publishes.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from aiohttp import web
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, ConfigDict, ValidationError

from estafeta.app import control
from estafeta.contents import ContentWatch, lay_out
from estafeta.kernel.codec import encode
from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.ports import Files
from estafeta.publications import Line
from estafeta.releases import Releases
from flows import loader
from flows.model import Training, Workspace
from flows.publish_file import PublishRules
from flows.release import Content, content_of
from flows.source import Finding

PATH = "/control/releases"


class Asked(BaseModel):
    """What the command line wants done. `folder` is the workspace to publish, which was checked as the content that
    `release` names, and whose conversations held, unless `untested` says why not; for a rollback `release` is where
    to ("": the folder, None: one back)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str
    why: str = ""
    untested: str = ""
    folder: str = ""
    release: str | None = None
    share: int = 100
    rules: PublishRules | None = None


class FolderChanged(EstafetaError):
    """The folder is not what was checked."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"What is in {folder} now is not what was checked: look, and publish again.")


def checked(folder: Path) -> tuple[Content | None, Workspace | None, list[Finding]]:
    """The content and what it means (None, None: there are mistakes), and all findings. Raises `FolderChanged` when
    somebody changed it meanwhile."""
    before = _release(folder)
    workspace, findings = loader.find(folder)
    if workspace is None:
        return None, None, findings
    content = content_of(folder, workspace)
    if content.release != before:
        raise FolderChanged(folder)
    return content, workspace, findings


async def content_read(releases: Releases, release: str, folder: Path, known: Training) -> Workspace:
    """What that release in the store means, read beside the training data of `folder`, which taught what is `known`.
    Its media are not fetched. Raises `NotPublished` and `StoreUnavailable`."""
    content = await releases.content(release)

    def read(made: Path) -> Workspace:
        lay_out(content, made, folder, known)
        for name in content.media:
            if not (made / "media" / name).exists():
                (made / "media" / name).touch()
        return replace(loader.load(made), path=folder)

    with tempfile.TemporaryDirectory(prefix="estafeta-release-") as made:
        try:
            return await asyncio.to_thread(read, Path(made))
        except (OSError, loader.WorkspaceError):
            raise releases.refused("damaged") from None


def _release(folder: Path) -> str:
    try:
        return content_of(folder).release
    except OSError:  # the check says which file cannot be read
        return ""


async def publish(releases: Releases, files: Files, content: Content, folder: Path, asked: Asked) -> Line:
    """The checked content of the folder, with its media. Raises `NotPublished` and `StoreUnavailable`."""
    for name, media in content.media.items():
        await files.put(media.ref, folder / "media" / name)
    return await releases.publish(
        content, who=asked.who, why=asked.why, untested=asked.untested, share=asked.share, rules=asked.rules
    )


async def _publish_folder(releases: Releases, files: Files, asked: Asked) -> Line:
    folder = Path(asked.folder)
    content, _, _ = await asyncio.to_thread(checked, folder)
    if content is None or content.release != asked.release:
        raise FolderChanged(folder)
    return await publish(releases, files, content, folder, asked)


def mount(app: web.Application, watch: ContentWatch, files: Files, control_token: str) -> None:
    """Serves the command line of this machine; what it does holds here at once."""
    releases = watch.releases

    async def do(request: web.Request) -> web.Response:
        control.require(request, control_token)
        try:
            asked = Asked.model_validate(control.unpacked(request.match_info["asked"]))
            match request.match_info["what"]:
                case "publish":
                    line = await _publish_folder(releases, files, asked)
                case "promote":
                    line = await releases.promote(who=asked.who, why=asked.why)
                case "rollback":
                    line = await releases.roll_back(asked.release, who=asked.who, why=asked.why)
                case _:
                    raise web.HTTPNotFound
        except (ValidationError, ValueError):
            return web.json_response({"refused": "What was asked cannot be read: is the command of this version?"})
        except (EstafetaError, OSError) as refused:
            return web.json_response({"refused": str(refused)})
        await watch.look()
        return web.json_response({"done": encode(line)})

    app.router.add_post(PATH + "/{what}/{asked}", do)


def address(what: str, asked: Asked) -> str:
    """Where the command line asks for it."""
    return f"{PATH}/{what}/{control.packed(asked.model_dump(mode='json'))}"


class _Watched(Protocol):
    @property
    def withdrawn(self) -> int: ...


class ReleaseMetrics(Collector):
    """A collector over what this process serves, for Prometheus."""

    def __init__(self, watch: ContentWatch, trial: _Watched | None = None) -> None:
        self._watch = watch
        self._trial = trial

    def collect(self) -> Iterator[Metric]:
        contents, tally = self._watch.contents, self._watch.tally
        share = contents.share if contents.staged else 0
        served = GaugeMetricFamily(
            "estafeta_release_share", "Percent of new talks that a release gets here", labels=["release"]
        )
        served.add_metric([contents.release], 100 - share)
        if contents.staged:
            served.add_metric([contents.staged], share)
        yield served
        counted: Iterable[tuple[str, str, int]] = (
            ("swaps", "Times that other content came into service here", tally.swaps),
            ("refused", "Contents that could not be served here", tally.refused),
            ("lost", "Contents that talks ran on and that are not to be had any more", tally.lost),
            ("withdrawn", "Staged releases withdrawn by rule", self._trial.withdrawn if self._trial else 0),
        )
        for name, about, value in counted:
            yield CounterMetricFamily(f"estafeta_release_{name}", about, value=value)
