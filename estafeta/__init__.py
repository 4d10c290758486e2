"""Estafeta: a bot answers, people take over, nothing is dropped on the way."""

__version__ = "0.1.0"
