"""Shades of the one accent colour that people can read (WCAG 2.2, 1.4.3: 4.5 to 1). Pure."""

from __future__ import annotations

INK = "#1f1a15"
PAPER = "#ffffff"
BLACK = "#000000"
LIGHT = "#f8f5f0"
DARK = "#2d2823"
"""Of the grounds in static/chat.css, those that accents stand out from least."""

_ENOUGH = 4.5


def ink_on(accent: str) -> str:
    """White where it can be read on the accent, else black (one of them always can)."""
    return PAPER if contrast(accent, PAPER) >= _ENOUGH else BLACK


def readable(accent: str, ground: str) -> str:
    """The accent, moved towards black or white until text of it can be read on `ground`."""
    target = INK if _luminance(ground) > 0.5 else PAPER
    for step in range(21):
        shade = _mixed(accent, target, step / 20)
        if contrast(shade, ground) >= _ENOUGH:
            return shade
    return target


def contrast(one: str, other: str) -> float:
    """From 1 to 21: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio"""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(value / 255) for value in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


def _mixed(colour: str, target: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(target), strict=True)
    return "#" + "".join(f"{round(one + (other - one) * share):02x}" for one, other in pairs)


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
