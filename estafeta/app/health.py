"""Asks the process of this machine whether it is well: what a container's health check runs.

`python -m estafeta.app.health /readyz` ends with 0 or 1. It runs every few seconds, so it imports
next to nothing and reads no settings but where the process listens.
"""

from __future__ import annotations

import http.client
import os
import sys

_SECONDS = 4.0
_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104


def answers(path: str) -> bool:
    """Whether the process on ESTAFETA_HOST and ESTAFETA_PORT answers with 200."""
    host = os.environ.get("ESTAFETA_HOST", "")
    connection = http.client.HTTPConnection(
        "127.0.0.1" if host in _EVERYWHERE else host, int(os.environ.get("ESTAFETA_PORT") or 8080), timeout=_SECONDS
    )
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not answers(sys.argv[1] if len(sys.argv) > 1 else "/healthz"))
