"""The tables, as the steps that made them. A step that was released is never changed; add another.

Times are whole microseconds since 1970 in UTC. Bodies are JSON documents of the kernel's codec, in
UTF-8. A signal that was applied stays for its id, so that its duplicate is known, without its body.
"""

from __future__ import annotations

_FIRST = (
    """CREATE TABLE signals (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        conversation TEXT NOT NULL,
        body BLOB,
        accepted_at INTEGER NOT NULL,
        applied INTEGER NOT NULL DEFAULT 0
    )""",
    # Everything that asks for waiting signals finds its answer here or through here; it holds only them.
    "CREATE INDEX signals_waiting ON signals (conversation, seq, accepted_at) WHERE applied = 0",
    """CREATE TABLE dead_signals (
        id TEXT PRIMARY KEY,
        conversation TEXT NOT NULL,
        body BLOB,
        reason TEXT NOT NULL,
        set_aside_at INTEGER NOT NULL
    )""",
    """CREATE TABLE conversations (
        id TEXT PRIMARY KEY,
        version INTEGER NOT NULL,
        stage TEXT NOT NULL,
        due_at INTEGER,
        has_outbox INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        body BLOB NOT NULL
    )""",
    "CREATE INDEX conversations_due ON conversations (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX conversations_by_stage ON conversations (stage, updated_at)",
    # Entries lie in the order they came, whatever their conversation: a group then fills a few pages
    # at the end, where one clustered by conversation would touch four pages for every two entries.
    """CREATE TABLE entries (
        conversation TEXT NOT NULL,
        seq INTEGER NOT NULL,
        id TEXT NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (conversation, seq)
    )""",
    "CREATE TABLE addresses (key TEXT PRIMARY KEY, conversation TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE small_values (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",
)

_HOLDERS = (
    # Whose business the outbox is: a JSON array of workers, "" when the outbox is empty.
    "ALTER TABLE conversations ADD COLUMN holders TEXT NOT NULL DEFAULT ''",
    """UPDATE conversations SET holders = '[""]' WHERE has_outbox""",
    "ALTER TABLE conversations DROP COLUMN has_outbox",
    "CREATE INDEX conversations_held ON conversations (updated_at) WHERE holders <> ''",
)

_UNDELIVERED = (
    "ALTER TABLE conversations ADD COLUMN undelivered INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX conversations_undelivered ON conversations (updated_at) WHERE undelivered",
)

# An entry's time in its body is ISO 8601 in UTC, with six digits of a second or none. A body that is no JSON is left.
_EVENTS = (
    # Of entries of the kind "event" alone, so that the others, which are most, are no larger and in no index.
    "ALTER TABLE entries ADD COLUMN event TEXT",
    "ALTER TABLE entries ADD COLUMN at INTEGER",
    """WITH events AS (
        SELECT rowid AS place, json_extract(text, '$.data.event') AS event, json_extract(text, '$.at') AS at
        FROM (SELECT rowid, CAST(body AS TEXT) AS text FROM entries)
        WHERE CASE WHEN json_valid(text) THEN json_extract(text, '$.kind') = 'event' END
    )
    UPDATE entries SET event = events.event, at = strftime('%s', substr(events.at, 1, 19)) * 1000000
        + CASE WHEN substr(events.at, 20, 1) = '.' THEN CAST(substr(events.at, 21, 6) AS INTEGER) ELSE 0 END
    FROM events WHERE entries.rowid = events.place""",
    # By time first: events come in about that order, so a new one goes to the end, and a report reads in its order.
    "CREATE INDEX entries_events ON entries (at, event) WHERE event IS NOT NULL",
)

_TAGS = (
    # The customer's tags: a JSON array, "" when there are none. Most commits leave them as they are, and cost no more.
    "ALTER TABLE conversations ADD COLUMN tags TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE tagged (
        tag TEXT NOT NULL,
        conversation TEXT NOT NULL,
        PRIMARY KEY (tag, conversation)
    ) WITHOUT ROWID""",
    "CREATE INDEX tagged_by_conversation ON tagged (conversation)",
    """CREATE TRIGGER tags_come AFTER INSERT ON conversations WHEN NEW.tags <> ''
    BEGIN
        INSERT INTO tagged (tag, conversation) SELECT DISTINCT value, NEW.id FROM json_each(NEW.tags);
    END""",
    """CREATE TRIGGER tags_change AFTER UPDATE OF tags ON conversations WHEN NEW.tags <> OLD.tags
    BEGIN
        DELETE FROM tagged WHERE conversation = NEW.id;
        INSERT INTO tagged (tag, conversation)
            SELECT DISTINCT value, NEW.id FROM json_each(iif(NEW.tags = '', '[]', NEW.tags));
    END""",
    "CREATE TRIGGER tags_go AFTER DELETE ON conversations BEGIN DELETE FROM tagged WHERE conversation = OLD.id; END",
    """WITH held AS (
        SELECT id, json_extract(text, '$.customer.tags') AS tags
        FROM (SELECT id, CAST(body AS TEXT) AS text FROM conversations)
        WHERE CASE WHEN json_valid(text) THEN json_type(text, '$.customer.tags') = 'array' END
    )
    UPDATE conversations SET tags = held.tags FROM held WHERE conversations.id = held.id AND held.tags <> '[]'""",
)

MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, _HOLDERS, _UNDELIVERED, _EVENTS, _TAGS)
"""`PRAGMA user_version` counts how many of them a file has seen."""
