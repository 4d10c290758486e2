"""Photos, documents and voice messages on their way into a message: the address, the upload, the saving.

The three steps are described at https://dev.vk.com/ru/api/upload/photo-in-message and
https://dev.vk.com/ru/api/upload/document-in-message.
"""

from __future__ import annotations

import json

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.attachments import described
from estafeta.fakes.vk.caller import Caller
from estafeta.fakes.vk.errors import Refused, invalid
from estafeta.fakes.vk.scene import Scene

FIELDS = {"photo": "photo", "doc": "file", "audio_message": "file", "graffiti": "file"}
"""The name of the multipart field for each kind."""


def photo_server(caller: Caller, p: Json) -> Json:
    return {"album_id": -64, "upload_url": _address(caller, "photo", p), "user_id": 0, "group_id": caller.group.id}


def doc_server(caller: Caller, p: Json) -> Json:
    return {"upload_url": _address(caller, p.get("type", "doc"), p)}


def _address(caller: Caller, kind: str, p: Json) -> str:
    if p.get("peer_id"):
        caller.writable(p["peer_id"])
    return f"{caller.scene.world.base}/upload/{kind}/{caller.group.id}"


def receive(scene: Scene, path: str, name: str, content: bytes | None) -> Json:
    """What the upload server answers; `path` is kind and community. `content` None: the field was not there."""
    kind, _, owner = path.partition("/")
    group = scene.world.groups.get(int(owner)) if owner.isdecimal() else None
    if group is None or kind not in FIELDS:
        return {"error": "unknown upload address"}
    if kind == "photo" and not content:
        return {"server": 1, "photo": "[]", "hash": ""}
    if not content:
        return {"error": "no_file", "error_descr": "file is undefined"}
    file = scene.world.add_file(-group.id, kind, name, content)
    receipt = f"{group.id}|{kind}|{file.id}|{file.key}"
    scene.world.uploads[receipt] = file
    if kind == "photo":
        return {"server": file.id, "photo": json.dumps([{"receipt": receipt}]), "hash": file.key}
    return {"file": receipt}


def save_photo(caller: Caller, p: Json) -> list[Json]:
    try:
        receipts = [entry["receipt"] for entry in json.loads(p["photo"])]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise invalid("photo is invalid") from None
    if not receipts:
        raise invalid("photo is undefined")
    saved = []
    for receipt in receipts:
        file = caller.scene.world.uploads.get(receipt)
        if file is None or file.owner != -caller.group.id:
            raise invalid("photo is invalid")
        if file.id != p.get("server"):
            raise Refused(118)
        if file.key != p.get("hash"):
            raise Refused(121)
        saved.append(described(caller.scene.world, file))
    return saved


def save_doc(caller: Caller, p: Json) -> Json:
    file = caller.scene.world.uploads.get(p["file"])
    if file is None or file.owner != -caller.group.id:
        raise Refused(105)
    about = described(caller.scene.world, file)
    if file.kind == "doc":
        about["title"] = p.get("title") or about["title"]
    return {"type": file.kind, file.kind: about}
