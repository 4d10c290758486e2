"""Files: uploaded by the business, sent by customers, fetched by an address that dies. Links are never followed.

Types and sizes: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from estafeta.fakes.whatsapp.errors import Json, Refused, missing_object
from estafeta.fakes.whatsapp.world import KEPT_UPLOADED, URL_LIFE, Media, Number, World

MB = 1024 * 1024

MIMES: dict[str, frozenset[str]] = {
    "audio": frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}),
    "document": frozenset(
        {
            "text/plain",
            "text/csv",
            "application/pdf",
            "application/msword",
            "application/vnd.ms-excel",
            "application/vnd.ms-powerpoint",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        }
    ),
    "image": frozenset({"image/jpeg", "image/png"}),
    "sticker": frozenset({"image/webp"}),
    "video": frozenset({"video/3gpp", "video/mp4"}),
}
SIZES = {"audio": 16 * MB, "document": 100 * MB, "image": 5 * MB, "sticker": 500 * 1024, "video": 16 * MB}
ATTACHMENTS = "/whatsapp_business/attachments/"


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    mime: str
    content: bytes


def upload(world: World, number: Number, fields: Json, file: Upload | None) -> Json:
    if fields.get("messaging_product") != "whatsapp":
        raise Refused(100, message="(#100) The parameter messaging_product is required.")
    if file is None:
        raise Refused(100, message="(#100) The parameter file is required.")
    mime = str(fields.get("type") or file.mime)
    kind = next((kind for kind, mimes in MIMES.items() if mime.partition(";")[0] in mimes), None)
    if kind is None:
        types = ", ".join(sorted(mime for mimes in MIMES.values() for mime in mimes))
        raise Refused(
            100,
            message=f"(#100) Param file must be a file with one of the following types: {types}. "
            f"Received file of type '{mime}'.",
        )
    if not file.content:
        raise Refused(131053, "The file is empty")
    if len(file.content) > SIZES[kind]:
        raise Refused(131053, f"The file is larger than {SIZES[kind]} bytes, the most for {kind}")
    media = world.add_media(number, file.content, mime, name=file.name, kept=KEPT_UPLOADED)
    return {"id": media.id}


def described(world: World, media: Media, base: str) -> Json:
    """The answer of `GET /<media_id>`, with a fresh address that lives for five minutes."""
    secret = secrets.token_urlsafe(24)
    dies_at = world.clock.now() + URL_LIFE
    world.links[secret] = (media.id, dies_at)
    return {
        "messaging_product": "whatsapp",
        "url": f"{base}{ATTACHMENTS}?mid={media.id}&ext={int(dies_at)}&hash={secret}",
        "mime_type": media.mime,
        "sha256": media.sha256,
        "file_size": str(media.size),
        "id": media.id,
    }


def behind(world: World, secret: str) -> Media:
    """The file behind an address; raises what an address that is wrong or dead is answered with."""
    media_id, dies_at = world.links.get(secret, ("", 0.0))
    media = world.living_media(media_id)
    if media is None or dies_at <= world.clock.now():
        raise Refused(100, message="The address has expired or is wrong.", status=404)
    return media


def owned(world: World, media_id: str, number: str | None, method: str = "get") -> Media:
    """`number`: the query's `phone_number_id`, when there is one."""
    media = world.living_media(media_id)
    if media is None or (number is not None and media.number != number):
        raise missing_object(media_id, method)
    return media
