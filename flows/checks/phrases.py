"""bot.yml: what its phrases and actions read."""

from __future__ import annotations

from flows import templates
from flows.checks.values import check_parts, compiled
from flows.model import Workspace
from flows.source import Source, nearest
from flows.written import Place

_SCOPE = frozenset(["customer", "bot", "now", "opens_at", "operator", "position", "wait"])


def check(workspace: Workspace, bot: Source) -> None:
    for name, copy in workspace.library.phrases.items():
        for language, template in compiled(copy):
            for read in sorted(template.names - _SCOPE):
                place = ("phrases", name, language)
                bot.tell(place, f'"{read}" is not known in phrases', nearest(read, _SCOPE), rule="value")
            check_parts(bot, ("phrases", name, language), template)
    for name, action in workspace.library.actions.items():
        parts: list[tuple[Place, templates.Words]] = [(("url",), action.url)]
        parts += [(("headers", key), words) for key, words in action.headers]
        for below, words in parts:
            for read, part in sorted(words.parts) if isinstance(words, templates.Compiled) else ():
                if read == "vars" and part not in workspace.bot.vars:
                    mend = nearest(part, workspace.bot.vars, f"add it to vars:, or set ESTAFETA_VAR_{part}")
                    bot.tell(("actions", name, *below), f'vars has no "{part}"', mend, warn=True, rule="value")
