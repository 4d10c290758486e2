"""What people cannot do, and the shape of everything on the wire."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class NotPossible(ValueError):
    """A person of a stand-in was asked to do what the messenger would not let them do."""
