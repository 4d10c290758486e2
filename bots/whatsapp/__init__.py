"""WhatsApp as a channel, over Meta's Cloud API: the client, what customers write, what they are shown."""
