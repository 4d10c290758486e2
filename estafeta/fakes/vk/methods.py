"""Which function plays which method, and what a token must be allowed for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk import dialogs, groups, messages, uploads, users, wall
from estafeta.fakes.vk.caller import Caller

Method = Callable[[Caller, Json], Any]

METHODS: dict[str, Method] = {
    "docs.getMessagesUploadServer": uploads.doc_server,
    "docs.save": uploads.save_doc,
    "groups.addCallbackServer": groups.add_server,
    "groups.deleteCallbackServer": groups.delete_server,
    "groups.editCallbackServer": groups.edit_server,
    "groups.getById": users.get_groups,
    "groups.getCallbackConfirmationCode": groups.confirmation,
    "groups.getCallbackServers": groups.servers,
    "groups.getCallbackSettings": groups.get_callback,
    "groups.getLongPollServer": groups.long_poll,
    "groups.getLongPollSettings": groups.get_long_poll,
    "groups.getTokenPermissions": groups.permissions,
    "groups.setCallbackSettings": groups.set_callback,
    "groups.setLongPollSettings": groups.set_long_poll,
    "groups.setSettings": groups.set_settings,
    "messages.delete": messages.delete,
    "messages.deleteReaction": dialogs.unreact,
    "messages.edit": messages.edit,
    "messages.getByConversationMessageId": dialogs.by_id,
    "messages.getById": dialogs.by_id,
    "messages.getConversationsById": dialogs.conversations,
    "messages.getHistory": dialogs.history,
    "messages.isMessagesFromGroupAllowed": dialogs.is_allowed,
    "messages.markAsRead": dialogs.mark_as_read,
    "messages.send": messages.send,
    "messages.sendMessageEventAnswer": dialogs.answer_event,
    "messages.sendReaction": dialogs.react,
    "messages.setActivity": dialogs.set_activity,
    "photos.getMessagesUploadServer": uploads.photo_server,
    "photos.saveMessagesPhoto": uploads.save_photo,
    "users.get": users.get,
    "wall.createComment": wall.create,
    "wall.deleteComment": wall.delete,
    "wall.getComments": wall.comments,
}

SCOPE = {"messages": "messages", "photos": "photos", "docs": "docs", "wall": "wall", "groups": "manage"}
"""Section of a method, the scope it needs."""
FREE = frozenset({"groups.getById", "groups.getTokenPermissions", "users.get"})
"""These need none."""


def scope_of(method: str) -> str:
    return "" if method in FREE else SCOPE.get(method.partition(".")[0], "")
