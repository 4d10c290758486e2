"""What the chat on the site can do. It is our own, so its limits are our own choice: docs/protocols.md."""

from __future__ import annotations

from collections.abc import Mapping

from estafeta.kernel.model import Capabilities

LABEL_LIMIT = 200
FILE_LIMIT = 50 * 1024 * 1024
"""Bytes of a file that the page shows or saves; it holds the whole of it in memory."""
ALBUM_LIMIT = 10

CAPABILITIES = Capabilities(
    text=100_000,
    unit="codepoints",
    caption=100_000,
    buttons=100,
    label=LABEL_LIMIT,
    url_buttons=True,
    rows=100,
    row=LABEL_LIMIT,
    marks=frozenset({"bold", "italic", "strike", "code", "link"}),
    media={
        "photo": FILE_LIMIT,
        "document": FILE_LIMIT,
        "voice": FILE_LIMIT,
        "audio": FILE_LIMIT,
        "video": FILE_LIMIT,
        "sticker": FILE_LIMIT,
    },
    album=ALBUM_LIMIT,
    location=True,
    contact=True,
    replies=True,
    edits=True,
    deletes=True,
    reactions="any",
    typing=True,
    reads=True,
    idempotent=True,
)

_OURS = "docs/protocols.md#the-site-widget-widgetws"

SOURCES: Mapping[str, str] = dict.fromkeys(
    (
        "text",
        "unit",
        "caption",
        "buttons",
        "label",
        "url_buttons",
        "rows",
        "row",
        "marks",
        "media",
        "album",
        "location",
        "contact",
        "replies",
        "edits",
        "deletes",
        "reactions",
        "typing",
        "reads",
        "idempotent",
    ),
    _OURS,
)
