"""The command `estafeta`. Exit codes: 0 done, 1 found something wrong, 2 used wrongly, 130 interrupted."""

from __future__ import annotations

import errno
import json
import os
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from estafeta import __version__
from estafeta.app import config
from estafeta.app.channels import MESSENGERS, channels
from estafeta.app.check import check
from estafeta.app.evaluation.command import evaluate
from estafeta.app.explain import hours_commands
from estafeta.app.faults.command import faults
from estafeta.app.flow_record import record_command
from estafeta.app.flow_tests import test_command
from estafeta.app.nlu_commands import nlu
from estafeta.app.releases import flows
from estafeta.app.replay import command as replay_command
from estafeta.app.report import report
from estafeta.app.roles import ALL
from estafeta.app.team import team
from estafeta.app.undelivered import outbox
from estafeta.app.why import why
from estafeta.kernel.errors import EstafetaError

_INTERRUPTED = 130
"""128 and the number of SIGINT."""


_REMEDIES = {
    errno.ENOSPC: "Make room on that disk, and give the command again.",
    errno.EDQUOT: "Make room on that disk or have the quota raised, and give the command again.",
    errno.EFBIG: "Have the limit for files raised (ulimit -f), and give the command again.",
    errno.EROFS: "Name a place that can be written, or have this one mounted so.",
    errno.EACCES: "Give the command as somebody who may, or have the rights changed.",
    errno.EPERM: "Give the command as somebody who may, or have the rights changed.",
    errno.EIO: "The disk or its connection fails: look into the system's log.",
}
"""What to do about what a file system refuses. Every other `OSError` is a mistake of ours, and its traceback tells."""


class _Sentences(click.Group):
    """Errors of ours, and what a file system refuses, end a command with their sentence, not with a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (EstafetaError, OSError) as error:
            if not _expected(error):
                raise
            click.echo(_sentence(error), err=True)
        except BaseExceptionGroup as group:  # what several tasks of one process ended with
            ours, others = group.split(_expected)
            if ours is None or others is not None:
                raise
            for sentence in _sentences(ours):
                click.echo(sentence, err=True)
        except KeyboardInterrupt:  # what a shell has for it; click would call it an error
            click.echo("Stopped.", err=True)
            raise click.exceptions.Exit(_INTERRUPTED) from None
        raise click.exceptions.Exit(1)


def _expected(error: BaseException) -> bool:
    return isinstance(error, EstafetaError) or (isinstance(error, OSError) and error.errno in _REMEDIES)


def _sentence(error: BaseException) -> str:
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    where = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    return f"{where}{error.strerror}. {_REMEDIES[error.errno]}"


def _sentences(group: BaseExceptionGroup[BaseException]) -> Iterator[str]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _sentences(error)
        else:
            yield _sentence(error)


@click.group(cls=_Sentences, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="estafeta")
def main() -> None:
    """Estafeta: a bot answers, people take over, nothing is dropped on the way."""


@main.command()
@click.option(
    "--role", "roles", multiple=True, metavar="ROLE", type=click.Choice(("all", *sorted(ALL))),
    help="What this process is for: web, worker, telegram, vk, all (default: all). May be given several times; any "
    "number of processes may run, on any number of machines.",
)  # fmt: skip
def run(roles: tuple[str, ...]) -> None:
    """Run the platform with the settings of the environment and .env."""
    from estafeta.app.run import run_platform

    run_platform(config.read(), roles)


@main.command()
@click.option("--telegram", is_flag=True, help="Start a stand-in messenger too: Telegram without a token.")
@click.option(
    "--messengers", is_flag=True,
    help="Start stand-ins for Telegram, VK and WhatsApp, side by side on one page: no tokens needed.",
)  # fmt: skip
def demo(telegram: bool, messengers: bool) -> None:
    """Run the product with a demo shop; prints where to click."""
    from estafeta.app.demo import run_demo

    run_demo(config.read(), with_telegram=telegram, with_messengers=messengers)


@main.command()
@click.argument("folder", type=click.Path(path_type=Path))
def init(folder: Path) -> None:
    """Begin a workspace, the folder that holds a bot's content, in the new FOLDER."""
    from estafeta.app import starter

    made = starter.begin(folder)
    click.echo(f"{folder} has {', '.join(made)}, and the folders flows and flows/tests for your dialogs.")
    click.echo(
        f"export ESTAFETA_WORKSPACE={shlex.quote(str(folder))} makes it the one that the commands read; then estafeta "
        "check looks for mistakes, and estafeta chat is the bot in the terminal. docs/flows.md goes on from here."
    )


@main.command()
@click.option("--language", default="", help="Language to begin in, for example en.")
@click.option("--why", "explained", is_flag=True, help="Show after each message what was understood.")
@click.option("--save", default="", help="Keep the conversation as a test in flows/tests/NAME.yml.")
def chat(language: str, explained: bool, save: str) -> None:
    """Talk to the bot in the terminal, with the same engine. Reads lines from standard input."""
    from estafeta.app.chat import run_chat

    run_chat(config.read(), language=language, why=explained, save=save)


@main.command()
@click.argument("workspace", type=click.Path(path_type=Path), required=False)
@click.option(
    "--models", type=click.Path(path_type=Path), help="Folder to keep models in (default: models in the data folder)."
)
@click.option(
    "--engine", type=click.Choice(("embedded", "rasa")), default="embedded",
    help="What is trained: embedded (default), or rasa, whose model is put into service on the Rasa server.",
)  # fmt: skip
@click.option(
    "--encoders/--no-encoders", default=None,
    help="Whether with the pretrained encoders that are installed. Without them the model serves everywhere. "
    "Default: as the last time, at first with them.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def train(workspace: Path | None, models: Path | None, engine: str, encoders: bool | None, as_json: bool) -> None:
    """Train the language model of a workspace and put it into service: at the next start, or, where models are
    published (estafeta nlu publish), once it is published."""
    from estafeta.app.training import run_train

    settings = config.read()
    if engine == "rasa":
        if encoders is not None:
            raise click.UsageError("--encoders and --no-encoders are about the embedded engine, not about rasa.")
        from estafeta.app.rasa_training import run_rasa_train

        run_rasa_train(settings, workspace or settings.workspace, as_json=as_json)
        return
    folder = models or settings.data / "models"
    try:
        run_train(workspace or settings.workspace, folder, encoders=encoders, as_json=as_json)
    except OSError as error:  # what fails while a file is written does not say which
        error.filename = error.filename or str(folder)
        raise


@main.group()
def models() -> None:
    """Language models in this machine's folder: list them, go back to an earlier one. For published ones: estafeta
    nlu."""


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def models_list(as_json: bool) -> None:
    """List the models, the newest first; the one in service is marked."""
    from estafeta.app.training import list_models

    list_models(config.read().data / "models", as_json=as_json)


@models.command("rollback")
@click.argument("model", required=False)
def models_rollback(model: str | None) -> None:
    """Put an earlier MODEL into service (default: the one before). Takes effect at the next start."""
    from estafeta.app.training import rollback

    rollback(config.read().data / "models", model)


@main.command("login-link")
def login_link() -> None:
    """Print a new one-time link to the web desk of the running platform."""
    from estafeta.app.run import print_login_link

    print_login_link(config.read())


@main.command()
@click.option("--example", is_flag=True, help="Print the text of .env.example.")
def settings(example: bool) -> None:
    """List all settings with what they mean."""
    if example:
        click.echo(config.example(), nl=False)
        return
    for variable, field in config.names():
        default = config.shown(field)
        about = f"{field.description or ''} (default: {default})" if default else field.description or ""
        click.echo(f"{variable}\n    {about}".rstrip())


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
def schemas(folder: Path) -> None:
    """Write the JSON Schemas of workspace files to FOLDER, for completion in an editor."""
    from flows.schema import schemas as all_schemas

    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in all_schemas().items():
        (folder / f"{name}.schema.json").write_text(json.dumps(schema, ensure_ascii=False, indent=2) + "\n")
        click.echo(f"{folder / name}.schema.json")


@main.command()
@click.argument("channel", type=click.Choice(MESSENGERS), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def doctor(channel: str | None, as_json: bool) -> None:
    """Look for what is set up wrongly (with CHANNEL only there), and say what to do. Changes nothing; ends with 1
    if something is wrong."""
    from estafeta.app.doctor import print_findings

    sys.exit(0 if print_findings(channel or "", as_json=as_json) else 1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print the status as JSON.")
def status(as_json: bool) -> None:
    """Say how the running process is (the one on ESTAFETA_PORT), and what waits. Ends with 1 if it is not well."""
    from estafeta.app.status import print_status

    sys.exit(0 if print_status(config.read(), as_json=as_json) else 1)


main.add_command(faults)
main.add_command(channels)
main.add_command(check)
main.add_command(flows)
flows.add_command(test_command)
flows.add_command(record_command)
flows.add_command(replay_command)
main.add_command(hours_commands)
main.add_command(outbox)
main.add_command(team)
main.add_command(report)
main.add_command(why)
main.add_command(evaluate)
main.add_command(nlu)


if __name__ == "__main__":
    main()
