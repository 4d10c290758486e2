"""The web desk: where people see and answer tickets in a browser, with no messenger in between."""

from handoff.desks.web.desk import CapabilitiesOf, OnTyping, TemplatesOf, WebDesk

__all__ = ["CapabilitiesOf", "OnTyping", "TemplatesOf", "WebDesk"]
