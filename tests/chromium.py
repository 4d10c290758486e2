"""Where Chromium is, and how tests start it: without a sandbox (CI runs as root) and without calling home."""

from __future__ import annotations

import os
import shutil

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def path() -> str:
    """The path of a Chromium for Playwright."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next((there for name in names if (there := shutil.which(name))), None)
    assert found, "no Chromium here: `make test` installs it, or set CHROMIUM"
    return found
