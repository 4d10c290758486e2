"""`estafeta nlu propose`: what people answered for the bot becomes proposals for new intents, and drafts of flows."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from estafeta.app import config, report
from estafeta.app.progress import bar
from estafeta.app.publishing import login, stored
from estafeta.kernel.errors import EstafetaError
from estafeta.review import Decision

if TYPE_CHECKING:  # scikit-learn, by which questions are put together, stays out of every other command
    from estafeta.app.reviewing import Review
    from estafeta.kernel.ports import Store
    from nlu.data import TrainingData
    from nlu.propose import Case, Proposal

_SHORTEST = 2
"""Letters of a new intent's name: one alone is a key that was hit by mistake."""
_QUESTIONS = 5
"""Questions of a proposal that are shown."""


@click.command("propose")
@click.argument("workspace", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option(
    "--since", default="30d", show_default=True, metavar="TIME",
    help="Look at what was handed over from then on: 12h, 30d or 4w ago, or a date (2026-11-01).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the proposals as JSON.")
@click.option("--accept", is_flag=True, help="Ask about each; what is accepted is written to nlu/ and flows/.")
@click.option("--most", type=click.IntRange(1, 200), default=20, show_default=True, help="So many proposals.")
@click.option("--language", type=click.Choice(("ru", "en")), help="Language of the questions (default: the settings').")
@click.option("--who", default="", help="Your name for the history (default: the one you are logged in by).")
def propose(
    workspace: Path | None, since: str, *, as_json: bool, accept: bool, most: int, language: str | None, who: str
) -> None:
    """Propose what to teach the bot by what people answered for it: new intents with an answer, and examples that
    intents lack, the dearest first.

    With --accept it reads a line for each from standard input: y takes it, another name takes it under that name, s
    skips it, q ends."""
    from estafeta.app import reviewing, start
    from nlu.data import read_workspace

    if accept and as_json:
        raise click.UsageError("--json prints proposals for programs, --accept asks about them; choose one.")
    settings = config.read()
    held = start.load_workspace(workspace or settings.workspace)
    words = _said_in(language or settings.language)
    data = read_workspace(held.path)
    with reviewing.opened(settings, held.bot.fallback.confidence) as inbox:
        begin = report.moment(since, inbox.now(), held.hours.zone, "--since")
        found = _found(inbox, begin, data, most, quiet=as_json) if stored(settings) else []
        if as_json:
            click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
            return
        if not found:
            click.echo(words("nothing", f"{begin.astimezone(held.hours.zone):%Y-%m-%d %H:%M}"))
            return
        if not accept:
            for number, proposal in enumerate(found, start=1):
                _show(number, proposal, words)
            click.echo("\n" + words("how"))
            return
        _ask(found, held.path, begin, inbox, who or login(), words)


def _found(inbox: Review, since: datetime, data: TrainingData, most: int, *, quiet: bool) -> list[Proposal]:
    from estafeta.app.answered import cases
    from nlu.propose import propose as propose_of

    with bar(quiet=quiet or not sys.stderr.isatty(), keep=False) as tell:

        def told(share: float) -> None:
            tell("reading what people answered", 0.7 * share)

        async def read(store: Store) -> list[Case]:
            return await cases(store, since, inbox.now() + timedelta(seconds=1), told)

        answered = inbox.reading(read)
        tell("putting questions together", 0.7)
        return propose_of(answered, data, most=most)


# --- showing -------------------------------------------------------------------------------------


def _show(number: int, proposal: Proposal, words: Callable[..., str]) -> None:
    from estafeta.app.nlu_session import line

    title = words("known" if proposal.known else "new", proposal.intent)
    click.secho(f"\n{number}. {title}", bold=True)
    click.echo("  " + words("cost", proposal.handoffs, report.duration(proposal.seconds)))
    for question in proposal.questions[:_QUESTIONS]:
        click.echo(f"    • {line(question)}")
    if proposal.known:
        return
    if not proposal.answer:
        click.echo("  " + words("no_answer"))
        return
    click.echo("  " + words("answer", f"{proposal.agreed:.0%}"))
    for each in proposal.answer.splitlines():
        click.echo(f"    {line(each)}")
    if proposal.personal:
        click.secho("  " + words("personal"), fg="yellow")


# --- accepting -----------------------------------------------------------------------------------


def _ask(
    found: Sequence[Proposal], workspace: Path, since: datetime, inbox: Review, who: str, words: Callable[..., str]
) -> None:  # fmt: skip
    accepted = 0
    try:
        for number, proposal in enumerate(found, start=1):
            _show(number, proposal, words)
            accepted += _asked_about(proposal, workspace, since, inbox, who, words)
    except (_Quit, KeyboardInterrupt):
        click.echo()
    click.echo(words("end", accepted))


class _Quit(Exception):
    """Enough for now."""


def _asked_about(
    proposal: Proposal, workspace: Path, since: datetime, inbox: Review, who: str, words: Callable[..., str]
) -> bool:
    """Whether it was accepted. Raises `_Quit`."""
    while True:
        click.echo(words("ask"), nl=False)
        typed = sys.stdin.readline()
        answer = typed.strip()
        if not sys.stdin.isatty():
            click.echo(report.plain(answer))
        if not typed or answer.casefold() in ("q", "й"):
            raise _Quit
        if answer.casefold() in ("s", "ы", "n", "т"):
            return False
        if answer and _accepted(proposal, answer, workspace, since, inbox, who):
            return True


def _accepted(
    proposal: Proposal, answer: str, workspace: Path, since: datetime, inbox: Review, who: str
) -> bool:  # fmt: skip
    """Whether it could be written; if not, why is told."""
    intent = proposal.intent if answer.casefold() in ("y", "yes", "да", "д", "н") else answer
    try:
        texts = accept(workspace, proposal, intent, since, tell=lambda each: click.echo(report.plain(each)))
        decision = Decision(
            at=inbox.now(), who=who, did="labelled" if proposal.known else "created", intent=intent,
            examples=texts, messages=proposal.handoffs,
        )  # fmt: skip
        inbox.settle(decision, [source for source in proposal.sources if source])
    except EstafetaError as error:
        click.echo(report.plain(str(error)))
        return False
    return True


def accept(
    workspace: Path, proposal: Proposal, intent: str, since: datetime, tell: Callable[[str], None]
) -> tuple[str, ...]:  # fmt: skip
    """Writes the questions to the training data and, for a new intent, a draft of a flow; what was written. Raises an
    `EstafetaError` with a sentence, and then nothing has changed."""
    from estafeta.app.flow_draft import DraftRefused, draft, place
    from estafeta.app.nlu_labels import Labels
    from estafeta.app.nlu_session import NAME
    from nlu.data import read_workspace

    labels = Labels(workspace)
    known = intent in read_workspace(workspace).intents
    if not known:
        if len(intent) < _SHORTEST or not NAME.fullmatch(intent):
            raise DraftRefused(f"{intent} is no name for an intent: choose one of Latin letters, like gift_wrap.")
        place(workspace, intent)
    labelled = labels.label(intent, proposal.questions, new=not known)
    changes = [*labelled.left_out, *labelled.diff.splitlines()]
    if known:
        _tell_all(changes, tell)
        return labelled.texts
    remark = [
        f"A draft: proposed from {proposal.handoffs} conversations that people answered since {since:%Y-%m-%d}.",
        "Read it over: names, numbers and promises are those of one conversation. Then delete these lines.",
    ]
    try:
        drafted = draft(workspace, intent, proposal.answer, remark)
    except BaseException:  # Ctrl-C too: both are written, or none
        labels.undo(labelled)
        raise
    flow = [f"flows/{drafted.path.name}:", *(f"+{each}" for each in drafted.text.splitlines())]
    _tell_all([*changes, *flow, *map(str, drafted.findings)], tell)
    return labelled.texts


def _tell_all(lines: Sequence[str], tell: Callable[[str], None]) -> None:
    for each in lines:
        tell(each)


_SENTENCES = {
    "new": ("Новое намерение {}", "A new intent, {}"),
    "known": ("Примеры, которых не хватает намерению {}", "Examples that {} lacks"),
    "cost": ("передано людям: {}, их работы: {}", "handed over: {}, people's work: {}"),
    "answer": ("Люди отвечают (так или похоже в {} случаев):", "People answer (so, or alike, in {} of the cases):"),
    "no_answer": ("Ответа никто не дал: черновик будет звать людей.", "Nobody answered: the draft will call people."),
    "personal": (
        "В ответе есть номер или адрес одного клиента: поправьте его в черновике.",
        "The answer holds one customer's number or address: mend it in the draft.",
    ),
    "nothing": (
        "Предложить нечего: с {} людям не передавали двух похожих вопросов.",
        "Nothing to propose: no two questions alike were handed over since {}.",
    ),
    "how": (
        "Принять что-то из этого: estafeta nlu propose --accept", "To accept some of it: estafeta nlu propose --accept"
    ),
    "ask": (
        "y: принять, имя: принять под этим именем, s: пропустить, q: выйти > ",
        "y: accept, a name: accept under it, s: skip, q: quit > ",
    ),
    "end": (
        "Принято: {}. Перечитайте черновики в flows/, затем estafeta check и estafeta train.",
        "Accepted: {}. Read the drafts in flows/ over, then estafeta check and estafeta train.",
    ),
}  # fmt: skip
"""Russian and English."""


def _said_in(language: str) -> Callable[..., str]:
    place = 0 if language == "ru" else 1
    return lambda name, *values: _SENTENCES[name][place].format(*(report.plain(str(value)) for value in values))
