"""The embedded store: one SQLite file, one process, one thread that writes.

`store` speaks the kernel's language, `statements` speaks SQL, `writer` owns the connection and
commits in groups, `file` opens, locks and migrates.
"""

from storage.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
