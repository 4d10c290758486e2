"""What WhatsApp can do, as data, and where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping

from estafeta.kernel.model import Capabilities

_DOCS = "https://developers.facebook.com/documentation/business-messaging/whatsapp"
_OPENAPI = "https://github.com/facebook/openapi (business-messaging-api_v23.0.yaml)"
_MB = 1024 * 1024

BUTTON_TITLE = 20
ROW_TITLE = 24
ROW_DESCRIPTION = 72
INTERACTIVE_BODY = 1024
CONTACTS = 5

CAPABILITIES = Capabilities(
    text=4096,
    unit="utf16",  # Meta says "characters" and not which: this counts no text as shorter than it may be
    caption=1024,
    buttons=3,
    label=BUTTON_TITLE,
    url_buttons=True,
    rows=10,
    row=ROW_DESCRIPTION,
    marks=frozenset(("bold", "italic", "strike", "code")),
    media={
        "photo": 5 * _MB,
        "video": 16 * _MB,
        "audio": 16 * _MB,
        "voice": 16 * _MB,
        "document": 100 * _MB,
        "sticker": 500 * 1024,
    },
    location=True,
    contact=True,
    replies=True,
    reactions="any",
    typing=True,
    typing_lasts=25.0,
    reads=True,
    reconciles=True,
    merges=True,
    window=86400.0,
    templates=True,
)

SOURCES: Mapping[str, str] = {
    "text": _OPENAPI,
    "unit": "unknown; the strictest of the possible readings",
    "caption": _OPENAPI,
    "buttons": f"{_DOCS}/messages/interactive-reply-buttons-messages",
    "label": f"{_DOCS}/messages/interactive-reply-buttons-messages",
    "url_buttons": f"{_DOCS}/messages/interactive-cta-url-messages",
    "rows": f"{_DOCS}/messages/interactive-list-messages",
    "row": f"{_DOCS}/messages/interactive-list-messages",
    "marks": "https://faq.whatsapp.com/539178204879377",
    "media": f"{_DOCS}/business-phone-numbers/media",
    "location": f"{_DOCS}/messages/location-messages",
    "contact": f"{_DOCS}/messages/contacts-messages",
    "replies": f"{_DOCS}/messages/contextual-replies",
    "reactions": f"{_DOCS}/messages/reaction-messages",
    "typing": f"{_DOCS}/typing-indicators",
    "typing_lasts": f"{_DOCS}/typing-indicators",
    "reads": f"{_DOCS}/messages/mark-message-as-read",
    "reconciles": f"{_DOCS}/webhooks/reference/messages/status",
    "merges": f"{_DOCS}/support/error-codes",
    "window": f"{_DOCS}/messages/send-messages#customer-service-windows",
    "templates": f"{_DOCS}/templates/overview",
}
"""Of each field that is not at its default. Edits and deletions are at theirs: the API tells of the customer's
(.../webhooks/reference/messages/edit, .../revoke) and has no request for our own."""
