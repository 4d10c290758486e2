"""The fault kit."""
