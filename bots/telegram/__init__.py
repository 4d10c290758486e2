"""Telegram as a channel: the Bot API client, what customers write, what they are shown."""
