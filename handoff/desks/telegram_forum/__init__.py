"""Operators in a Telegram supergroup with topics: one topic per customer who needs a person."""

from handoff.desks.telegram_forum.desk import TelegramForumDesk

__all__ = ["TelegramForumDesk"]
