"""Who calls a method: a community with its token, or its administrator with their own."""

from __future__ import annotations

from dataclasses import dataclass

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.errors import Refused, invalid
from estafeta.fakes.vk.scene import Scene
from estafeta.fakes.vk.world import CHATS, Dialog, Group


@dataclass(frozen=True, slots=True)
class Caller:
    scene: Scene
    group: Group
    admin: bool
    """With the token of the administrator, not the community's."""

    def own(self, p: Json) -> Group:
        """The community that `group_id` names: only the caller's own."""
        if p.get("group_id", self.group.id) != self.group.id:
            raise Refused(15, "no access to this group")
        return self.group

    def peer(self, p: Json) -> int:
        """The peer a call names in one of VK's ways."""
        self.own(p)
        if "peer_id" in p:
            return int(p["peer_id"])
        if "user_id" in p:
            return int(p["user_id"])
        if "chat_id" in p:
            return CHATS + int(p["chat_id"])
        if "domain" in p:
            return self._by_domain(p["domain"])
        raise invalid("you should specify peer_id, user_id, domain, chat_id or user_ids param")

    def _by_domain(self, domain: str) -> int:
        for user in self.scene.world.users.values():
            if domain in {f"id{user['id']}", user.get("screen_name")}:
                return int(user["id"])
        raise Refused(113)

    def dialog(self, peer: int) -> Dialog:
        """The dialog, if the community may look at it."""
        if peer > CHATS:
            dialog = self.group.dialogs.get(peer)
            if dialog is None or -self.group.id not in dialog.members:
                raise Refused(917)
            return dialog
        if peer < 0:
            raise Refused(932)
        if peer not in self.scene.world.users:
            raise invalid("peer_id is invalid")
        return self.group.dialog(peer)

    def writable(self, peer: int) -> Dialog:
        """The dialog, if the community may write there now."""
        dialog = self.dialog(peer)
        if dialog.is_chat:
            return dialog
        if "deactivated" in self.scene.world.users[peer]:
            raise Refused(18)
        if dialog.banned:
            raise Refused(900)
        if dialog.private:
            raise Refused(902)
        if not dialog.allowed:
            raise Refused(901)
        return dialog
