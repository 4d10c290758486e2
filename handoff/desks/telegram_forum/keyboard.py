"""The buttons of cards, and those of any of our messages."""

from __future__ import annotations

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from handoff.desks.telegram_forum.read import PRESS
from handoff.desks.telegram_forum.texts import Language, text

DATA = 64
"""Bytes that a button carries (https://core.telegram.org/bots/api#inlinekeyboardbutton)."""


def buttons(moves: Sequence[str], language: Language) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(inline_keyboard=[[button(text(move, language), move) for move in moves]])


def button(label: str, what: str) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=label, callback_data=f"{PRESS}{what}")


def fits(what: str) -> bool:
    return len(f"{PRESS}{what}".encode()) <= DATA
