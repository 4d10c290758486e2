"""Publishing a language model as a process does it, for itself or for the command line of its machine; what
`estafeta.app.releasing` is for dialogs.

An embedded database belongs to the process that runs: there `estafeta nlu publish` asks that process. MongoDB is
written to by whoever publishes.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal, Protocol

from aiohttp import web
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from pydantic import BaseModel, ConfigDict, ValidationError

from estafeta.app import control
from estafeta.kernel.codec import encode
from estafeta.kernel.errors import ConfigurationError, EstafetaError
from estafeta.model_watch import ModelWatch
from estafeta.models import Models
from estafeta.publications import Line, NotPublished
from flows.publish_file import PublishRules
from nlu import modelfile
from nlu.modelfile import ModelRefused

PATH = "/control/models"

What = Literal["publish", "promote", "rollback"]


class Asked(BaseModel):
    """What the command line wants done. `folder` is that of the model to publish, which went through the gate as the
    model that `model` names; for a rollback `model` is where to ("": the folder's, None: one back)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    who: str
    why: str = ""
    gate: str = ""
    folder: str = ""
    model: str | None = None
    share: int = 100
    rules: PublishRules | None = None


async def do(models: Models, what: str, asked: Asked) -> Line:
    """Raises an `EstafetaError` with a sentence, among them `NotPublished` and `StoreUnavailable`."""
    if what != "publish":
        await _servable(models, what, asked.model)
    if what == "promote":
        return await models.promote(who=asked.who, why=asked.why)
    if what == "rollback":
        return await models.roll_back(asked.model, who=asked.who, why=asked.why)
    folder = Path(asked.folder)
    manifest = modelfile.read_manifest(folder)
    model: str = manifest["id"]
    if model != asked.model:
        raise ModelRefused(f"What is in {folder} now is not the model that was judged: publish it again.")
    try:
        return await models.publish(
            model, folder, who=asked.who, why=asked.why, gate=asked.gate, share=asked.share, rules=asked.rules,
            report=manifest["report"],
        )  # fmt: skip
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be read: {error.strerror}. Publish it again.") from None


async def _servable(models: Models, what: str, model: str | None) -> None:
    """Refuses to put into service what a worker could not serve, as a model that was kept by an earlier version:
    the one before would go on, though the history says otherwise, until the next start."""
    held = await models.standing()
    if what == "promote":
        model = held.staged
    elif model is None and not held.staged and held.earlier:
        model = held.earlier[-1]
    if not model:  # the folder's, or there is nothing to do
        return
    with tempfile.TemporaryDirectory(prefix="estafeta-model-") as made:
        try:
            await models.fetch(model, Path(made))
            await asyncio.to_thread(modelfile.load, Path(made))
        except (NotPublished, ModelRefused) as error:
            if isinstance(error, NotPublished) and error.code == "unknown":
                raise
            why = str(error).replace(made, "the store")
            raise ModelRefused(f"{model} cannot be served, so nothing was changed: {why}") from None
        except OSError as error:
            raise ConfigurationError(
                f"{model} cannot be laid into {made}: {error.strerror}. Is there room left?"
            ) from None


def mount(app: web.Application, watch: ModelWatch, control_token: str) -> None:
    """Serves the command line of this machine; what it does holds here at once."""

    async def answer(request: web.Request) -> web.Response:
        control.require(request, control_token)
        what = request.match_info["what"]
        if what not in ("publish", "promote", "rollback"):
            raise web.HTTPNotFound
        try:
            line = await do(watch.models, what, Asked.model_validate(control.unpacked(request.match_info["asked"])))
        except (ValidationError, ValueError):
            return web.json_response({"refused": "What was asked cannot be read: is the command of this version?"})
        except EstafetaError as refused:
            return web.json_response({"refused": str(refused)})
        await watch.look()
        return web.json_response({"done": encode(line)})

    app.router.add_post(PATH + "/{what}/{asked}", answer)


def address(what: What, asked: Asked) -> str:
    """Where the command line asks for it."""
    return f"{PATH}/{what}/{control.packed(asked.model_dump(mode='json'))}"


class _Watched(Protocol):
    @property
    def withdrawn(self) -> int: ...


class ModelMetrics(Collector):
    """A collector over the models that serve in this process, for Prometheus."""

    def __init__(self, watch: ModelWatch, trial: _Watched | None = None) -> None:
        self._watch = watch
        self._trial = trial

    def collect(self) -> Iterator[Metric]:
        serving, tally = self._watch.serving, self._watch.tally
        served = GaugeMetricFamily(
            "estafeta_nlu_model_share", "Percent of conversations that a language model serves here", labels=["model"]
        )
        served.add_metric([serving.model], 100 - serving.share)
        if serving.staged:
            served.add_metric([serving.staged], serving.share)
        yield served
        counted: Iterable[tuple[str, str, int]] = (
            ("swaps", "Times that other language models came into service here", tally.swaps),
            ("refused", "Language models that could not be served here", tally.refused),
            ("withdrawn", "Language models withdrawn by rule", self._trial.withdrawn if self._trial else 0),
        )
        for name, about, value in counted:
            yield CounterMetricFamily(f"estafeta_nlu_model_{name}", about, value=value)
