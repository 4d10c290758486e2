"""What is looked for in a workspace: every finding belongs to one of these rules, by which programs tell them apart."""

from __future__ import annotations

from collections.abc import Mapping

RULES: Mapping[str, str] = {
    "form": "What stands in a file can be read: YAML, keys, values, templates.",
    "name": "What is named is there: flows, steps, actions, skills, entities, intents, channels.",
    "value": "Templates read names that something gives a value to.",
    "language": "Every text is there in every language of the workspace, and in no other.",
    "start": "Every flow is started by something, and every intent is answered.",
    "overlap": "The same words, command, intent, link, event or hour start one flow.",
    "unreachable": "Something leads to every step.",
    "loop": "A loop waits for the customer somewhere.",
    "dead-end": "Whoever answers a question hears something.",
    "limit": "Texts, buttons and files fit the channels that show them.",
    "style": "The bot writes as the house does (tone.yml).",
    "idle": "What is written can come to matter.",
}
