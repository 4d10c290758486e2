"""From what is meant to what a channel can show, decided by the channel's capabilities alone.

Pure. Long texts become several chunks, in order; the buttons go with the last one. What a channel
has no way to show becomes words; nothing is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

from bots.splitting import shorten, split
from estafeta.kernel.model import Button, Capabilities, Contact, Location, Media, OutboundMessage, Part, Text

_SIGNS = {"photo": "🖼", "document": "📎", "voice": "🎤", "audio": "🎵", "video": "🎬", "sticker": "🙂"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One message of the messenger: plain text within its limit, labels within theirs."""

    text: str
    buttons: tuple[Button, ...] = ()


def render(message: OutboundMessage, capabilities: Capabilities) -> tuple[Chunk, ...]:
    """At least one chunk, unless there is neither a word nor a button in the message.

    More buttons than the channel has become numbered lines under the text, all of them: some as
    buttons and some as words would look like two different things.
    """
    text = "\n\n".join(words for part in message.parts if (words := in_words(part)))
    buttons = message.buttons
    if len(buttons) > capabilities.buttons:
        listed = "\n".join(f"{number}. {button.text}" for number, button in enumerate(buttons, 1))
        text, buttons = f"{text}\n\n{listed}", ()
    pieces = split(text, capabilities.text, capabilities.unit)
    if not pieces:
        pieces = ["…"] if buttons else []
    labelled = tuple(
        Button(id=button.id, text=shorten(button.text, capabilities.label, capabilities.unit)) for button in buttons
    )
    last = len(pieces) - 1
    return tuple(Chunk(text=piece, buttons=labelled if n == last else ()) for n, piece in enumerate(pieces))


def in_words(part: Part) -> str:
    """A part as text, in no particular language."""
    match part:
        case Text():
            return part.text.strip()
        case Media():
            return f"{_SIGNS[part.kind]} {part.name}".strip()
        case Location():
            return f"📍 {part.latitude:.6f}, {part.longitude:.6f}"
        case Contact():
            return f"👤 {part.name} {part.phone}" if part.name else f"👤 {part.phone}"
        case _:
            return f"[{part.kind}]"
