"""Comments on a community's wall."""

from __future__ import annotations

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk import attachments
from estafeta.fakes.vk.attachments import LINK
from estafeta.fakes.vk.caller import Caller
from estafeta.fakes.vk.errors import Refused, invalid
from estafeta.fakes.vk.scene import Scene
from estafeta.fakes.vk.world import Group, Post


def add(scene: Scene, group: Group, post: Post, author: int, content: Json, reply_to: int | None = None) -> Json:
    """A new comment, told to the community even when it is its own. Replies make one level of threads."""
    group.last_wall += 1
    comment: Json = {
        "id": group.last_wall,
        "from_id": author,
        "date": int(scene.world.now()),
        "text": "",
        "post_id": post.id,
        "owner_id": -group.id,
        "parents_stack": [],
    } | content
    if reply_to is not None:
        parent = post.comments[reply_to]
        comment["parents_stack"] = parent["parents_stack"] or [reply_to]
        comment["reply_to_user"] = parent["from_id"]
        comment["reply_to_comment"] = reply_to
    post.comments[comment["id"]] = comment
    tell(scene, group, "wall_reply_new", comment)
    return comment


def tell(scene: Scene, group: Group, kind: str, comment: Json) -> None:
    scene.tell(group, kind, comment | {"post_owner_id": -group.id}, ("wall", comment["post_id"]))


def remove(scene: Scene, group: Group, post: Post, comment: Json, by: int) -> None:
    post.deleted[comment["id"]] = post.comments.pop(comment["id"])
    about: Json = {
        "owner_id": -group.id,
        "id": comment["id"],
        "user_id": max(comment["from_id"], 0),
        "deleter_id": by,
        "post_id": post.id,
    }
    scene.tell(group, "wall_reply_delete", about, ("wall", post.id))


def _post(caller: Caller, p: Json) -> Post:
    if p.get("owner_id", -caller.group.id) != -caller.group.id:
        raise Refused(15)
    post = caller.group.posts.get(p.get("post_id", 0))
    if post is None:
        raise Refused(212)
    return post


def create(caller: Caller, p: Json) -> Json:
    group, scene = caller.group, caller.scene
    post = _post(caller, p)
    if p.get("from_group", group.id) not in {0, group.id}:
        raise Refused(15)
    known = group.guids.get(p.get("guid", ""))
    if known is not None and known in post.comments:
        return {"comment_id": known, "parents_stack": post.comments[known]["parents_stack"]}
    if post.closed:
        raise Refused(213)
    text = p.get("message", "")
    attached = attachments.named(scene.world, group, ",".join(p.get("attachments", [])))
    if not text and not attached and "sticker_id" not in p:
        raise invalid("message is undefined")
    if post.links_forbidden and LINK.search(text):
        raise Refused(222)
    reply_to = p.get("reply_to_comment")
    if reply_to is not None and reply_to not in post.comments:
        raise invalid("reply_to_comment is invalid")
    author = group.admin if caller.admin and not p.get("from_group") else -group.id
    content: Json = {"text": text} | ({"attachments": attached} if attached else {})
    comment = add(scene, group, post, author, content, reply_to)
    if p.get("guid"):
        group.guids[p["guid"]] = comment["id"]
    return {"comment_id": comment["id"], "parents_stack": comment["parents_stack"]}


def delete(caller: Caller, p: Json) -> int:
    found = caller.group.comment(p["comment_id"])
    if found is None or p.get("owner_id", -caller.group.id) != -caller.group.id:
        raise Refused(211)
    remove(caller.scene, caller.group, *found, caller.group.admin)
    return 1


def comments(caller: Caller, p: Json) -> Json:
    """Comments of a post, or of the thread under `comment_id`."""
    post = _post(caller, p)
    thread = p.get("comment_id")
    chosen = [c for c in post.comments.values() if (c["parents_stack"] or [None])[0] == thread]
    items = chosen[::-1] if p.get("sort") == "desc" else chosen
    start = max(p.get("offset", 0), 0)
    return {
        "count": len(post.comments) if thread is None else len(chosen),
        "current_level_count": len(chosen),
        "can_post": not post.closed,
        "show_reply_button": True,
        "items": items[start : start + p.get("count", 10)],
    }
