"""Bot API methods about forum topics (https://core.telegram.org/bots/api#createforumtopic and its neighbours)."""

from __future__ import annotations

from estafeta.fakes.telegram.errors import Json, bad
from estafeta.fakes.telegram.scene import Scene, Uploads
from estafeta.fakes.telegram.world import TOPIC_COLOURS, Chat, Topic

# The emoji a bot may set without paying, by the id of the custom emoji, as getForumTopicIconStickers lists them.
ICONS = {
    "5434144690511290129": "📰",
    "5312536423851630001": "💡",
    "5312016608254762256": "⚡️",
    "5377544228505134960": "🎙",
    "5418085807791545980": "🔝",
    "5370870893004203704": "🗣",
    "5420216386448270341": "🆒",
    "5379748062124056162": "❗️",
    "5373251851074415873": "📝",
    "5433614043006903194": "📆",
    "5357315181649076022": "📁",
    "5309965701241379366": "🔎",
    "5309984423003823246": "📣",
    "5312241539987020022": "🔥",
    "5312138559556164615": "❤️",
    "5377316857231450742": "❓",
    "5350305691942788490": "📈",
    "5350713563512052787": "📉",
    "5309958691854754293": "💎",
    "5350452584119279096": "💰",
    "5350291836378307462": "🗒",
    "5377498341074542641": "‼️",
    "5237699328843200968": "✅",
    "5417915203100613993": "💬",
    "5346181118884331907": "📱",
    "5188481279963715781": "🚀",
}


def _group(scene: Scene, p: Json) -> Chat:
    chat = scene.chat(p["chat_id"])
    if not chat.forum:
        raise bad("the chat is not a forum")
    return chat


def _topic(scene: Scene, p: Json) -> tuple[Chat, Topic]:
    chat = _group(scene, p)
    topic = chat.topics.get(p["message_thread_id"])
    if topic is None:
        raise bad("TOPIC_ID_INVALID")
    if topic.creator != scene.bot_id and not chat.may(scene.bot_id, "can_manage_topics"):
        raise bad("not enough rights to edit the topic")
    return chat, topic


def _icon(emoji: str) -> str:
    if emoji and emoji not in ICONS:
        raise bad("DOCUMENT_INVALID")
    return emoji


def create_forum_topic(scene: Scene, p: Json, _files: Uploads) -> Json:
    chat = _group(scene, p)
    if not chat.may(scene.bot_id, "can_manage_topics"):
        raise bad("not enough rights to create a topic")
    name = p["name"].strip()
    if not name:
        raise bad("topic name must be non-empty")
    if len(name) > 128:
        raise bad("topic name is too long")
    colour = p.get("icon_color", TOPIC_COLOURS[0])
    if colour not in TOPIC_COLOURS:
        raise bad("invalid icon color specified")
    topic = scene.world.add_topic(
        chat, scene.world.bot, name, colour=colour, emoji=_icon(p.get("icon_custom_emoji_id", "")) or None
    )
    scene.arrived(chat, chat.messages[topic.id])
    return topic.wire()


def edit_forum_topic(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat, topic = _topic(scene, p)
    edited: Json = {}
    name = p.get("name", "").strip()
    if len(name) > 128:
        raise bad("topic name is too long")
    if name and name != topic.name:
        edited["name"] = name
    if "icon_custom_emoji_id" in p and _icon(p["icon_custom_emoji_id"]) != (topic.icon_custom_emoji_id or ""):
        edited["icon_custom_emoji_id"] = p["icon_custom_emoji_id"]
    if not edited:
        raise bad("TOPIC_NOT_MODIFIED")
    rename(scene, chat, topic, scene.world.bot, edited)
    return True


def rename(scene: Scene, chat: Chat, topic: Topic, by: Json, edited: Json) -> None:
    topic.name = edited.get("name", topic.name)
    if "icon_custom_emoji_id" in edited:
        topic.icon_custom_emoji_id = edited["icon_custom_emoji_id"] or None
    scene.service(chat, by, {"forum_topic_edited": edited}, topic=topic.id)


def close_forum_topic(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat, topic = _topic(scene, p)
    return shut(scene, chat, topic, scene.world.bot, closed=True)


def reopen_forum_topic(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat, topic = _topic(scene, p)
    return shut(scene, chat, topic, scene.world.bot, closed=False)


def shut(scene: Scene, chat: Chat, topic: Topic, by: Json, *, closed: bool) -> bool:
    """Closes or reopens a topic."""
    if topic.closed == closed:
        raise bad("TOPIC_NOT_MODIFIED")
    topic.closed = closed
    scene.service(chat, by, {"forum_topic_closed" if closed else "forum_topic_reopened": {}}, topic=topic.id)
    return True


def delete_forum_topic(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat = _group(scene, p)
    if p["message_thread_id"] not in chat.topics:
        raise bad("TOPIC_ID_INVALID")
    if not chat.may(scene.bot_id, "can_delete_messages"):
        raise bad("not enough rights to delete the topic")
    scene.world.delete_topic(chat, p["message_thread_id"])
    scene.changed()
    return True


def get_forum_topic_icon_stickers(_scene: Scene, _p: Json, _files: Uploads) -> list[Json]:
    shape = {"type": "custom_emoji", "width": 100, "height": 100, "is_animated": False, "is_video": False}
    return [
        {"file_id": f"ICON-{number}", "file_unique_id": f"I{number[-8:]}", "custom_emoji_id": number, "emoji": emoji}
        | {"set_name": "Topics", **shape}
        for number, emoji in ICONS.items()
    ]
