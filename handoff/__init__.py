"""People taking over: when they are called, who owns a conversation, when they are at work."""
