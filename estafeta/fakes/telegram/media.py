"""Files in messages: what an upload, a file id or a link becomes. Links are never fetched."""

from __future__ import annotations

import mimetypes
from typing import Any

from estafeta.fakes.telegram.errors import Json, Refused, bad
from estafeta.fakes.telegram.scene import Upload, Uploads
from estafeta.fakes.telegram.world import StoredFile, World

UPLOAD_LIMIT = 50_000_000
PHOTO_LIMIT = 10_000_000
DOWNLOAD_LIMIT = 20_000_000

MIMES = {
    "photo": "image/jpeg",
    "voice": "audio/ogg",
    "video": "video/mp4",
    "audio": "audio/mpeg",
    "animation": "video/mp4",
    "sticker": "image/webp",
    "video_note": "video/mp4",
}


def media(world: World, kind: str, p: Json, files: Uploads) -> Any:
    """The value of the message's field `kind` for the file that parameter `kind` of a call names."""
    return described(kind, _file(world, kind, p[kind], files), p)


def thumbnail_free(kind: str, item: Json) -> Json:
    """An item of an album as the parameters of the single call: its file is in `media` there."""
    return {**{key: value for key, value in item.items() if key != "thumbnail"}, kind: item["media"]}


def _file(world: World, kind: str, value: str, files: Uploads) -> StoredFile:
    if value.startswith("attach://"):
        upload = files.get(value.removeprefix("attach://"))
        if upload is None or not upload.content:
            raise bad("file must be non-empty")
        return _stored(world, kind, upload)
    if value.startswith(("http://", "https://")):
        name = value.rsplit("/", 1)[-1] or "file"
        mime = MIMES.get(kind) or mimetypes.guess_type(name)[0] or "application/octet-stream"
        return world.add_file(name, b"", mime, kind=kind)
    found = world.files.get(value)
    if found is None:
        raise bad("wrong file identifier/HTTP URL specified")
    if found.kind not in ("", kind):
        raise bad(f"can't use file of type {_type(found.kind)} as {_type(kind)}")
    return found


def _type(kind: str) -> str:
    return "".join(word.capitalize() for word in kind.split("_"))


def _stored(world: World, kind: str, upload: Upload) -> StoredFile:
    if len(upload.content) > UPLOAD_LIMIT:
        raise Refused(413, "Request Entity Too Large")
    if kind == "photo" and len(upload.content) > PHOTO_LIMIT:
        raise bad("file is too big")
    mime = upload.mime if kind == "document" else MIMES.get(kind, upload.mime)
    return world.add_file(upload.name, upload.content, mime, kind=kind)


def described(kind: str, file: StoredFile, p: Json) -> Any:
    """A file as the Bot API describes it in a message."""
    plain: Json = {"file_id": file.id, "file_unique_id": file.unique, "file_size": file.size}
    match kind:
        case "photo":
            return [plain | {"width": 1280, "height": 960}]
        case "document":
            return plain | {"file_name": file.name, "mime_type": file.mime}
        case "voice" | "audio":
            return plain | {"duration": p.get("duration", 1), "mime_type": file.mime}
        case "video" | "animation":
            size = {"width": p.get("width", 640), "height": p.get("height", 480), "duration": p.get("duration", 1)}
            return plain | size | {"mime_type": file.mime}
        case "video_note":
            return plain | {"length": p.get("length", 240), "duration": p.get("duration", 1)}
        case "sticker":
            shape = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False}
            return plain | shape | {"emoji": p.get("emoji", "🙂")}
        case _:
            raise bad(f"unsupported media type {kind}")
