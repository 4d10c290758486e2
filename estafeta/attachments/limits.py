"""How much of what people send is taken."""

from __future__ import annotations

from dataclasses import dataclass

PROGRAMS = frozenset(
    {
        *("apk", "app", "appimage", "bat", "chm", "class", "cmd", "com", "cpl", "deb", "dex", "dll", "dmg", "elf"),
        *("exe", "gadget", "hta", "inf", "ins", "iso", "jar", "jnlp", "js", "jse", "lnk", "macho", "mde", "msc", "msi"),
        *("msp", "mst", "pif", "pkg", "ps1", "psm1", "reg", "rpm", "run", "scf", "scr", "sct", "shb", "sys", "url"),
        *("vb", "vbe", "vbs", "vhd", "vhdx", "vxd", "wsc", "wsf", "wsh", "xll"),
    }
)
"""What runs when somebody opens it. No customer's question needs one, and an operator opens what customers send.
Most are what https://support.google.com/mail/answer/6590 names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`most` bytes of one file; `seconds` from asking for it to its last byte. `refused`: endings in small letters
    without the dot, of the name as well as of what the content is."""

    most: int = 50 * 1024 * 1024
    seconds: float = 180.0
    refused: frozenset[str] = PROGRAMS
