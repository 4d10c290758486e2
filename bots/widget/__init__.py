"""The chat on the site: a loader, a frame on the platform's own origin, a WebSocket."""
