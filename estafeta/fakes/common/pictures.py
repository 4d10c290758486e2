"""What a browser may show as a picture."""

from __future__ import annotations


def image_type(content: bytes) -> str:
    """By the first bytes, for a name or a declared type may lie; empty: no picture a browser shows."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return ""
