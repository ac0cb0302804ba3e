"""The store's tables for the organisation, its directory, User Sync and the import from CSV."""

DIRECTORY_SCHEMA = (
    "CREATE TABLE organisation (name TEXT NOT NULL)",  # one row, from the first verified domain on
    """CREATE TABLE domains (
        domain TEXT PRIMARY KEY, status TEXT NOT NULL, added_ms INTEGER NOT NULL, expires_ms INTEGER NOT NULL,
        dns_code TEXT NOT NULL, file_code TEXT NOT NULL, added_by TEXT NOT NULL
    )""",
    "CREATE TABLE organisation_admins (user_key TEXT PRIMARY KEY, role TEXT NOT NULL)",
    "CREATE TABLE published (place TEXT PRIMARY KEY, text TEXT NOT NULL)",  # the sandbox's own little DNS and web
    """CREATE TABLE directory_groups (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, name_folded TEXT NOT NULL UNIQUE, created_ms INTEGER NOT NULL,
        external_id TEXT
    )""",
    """CREATE TABLE directory_members (
        group_key TEXT NOT NULL REFERENCES directory_groups (key) ON DELETE CASCADE,
        member_key TEXT NOT NULL, kind TEXT NOT NULL,  -- user or group
        PRIMARY KEY (group_key, member_key)
    ) WITHOUT ROWID""",
    "CREATE INDEX directory_members_by_member ON directory_members (member_key)",
    "CREATE TABLE left_directory (user_key TEXT PRIMARY KEY)",  # deleted from the organisation, not from the account
    """CREATE TABLE profiles (  -- what the directory alone knows of a user; without a row nothing
        user_key TEXT PRIMARY KEY REFERENCES users (key),
        display_name TEXT, external_id TEXT, active INTEGER NOT NULL DEFAULT 1,
        employee_number TEXT, department TEXT, cost_center TEXT, division TEXT
    )""",
    """CREATE TABLE user_sync (  -- one row, from the first time that User Sync was set
        one INTEGER PRIMARY KEY CHECK (one = 1), is_on INTEGER NOT NULL, rules TEXT NOT NULL,
        is_due INTEGER NOT NULL,  -- whether something changed since the last poll
        polled_ms INTEGER NOT NULL, ran_ms INTEGER
    )""",
    """CREATE TABLE sync_given (  -- what rules gave: only that is taken away again
        user_key TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (user_key, kind, value)
    ) WITHOUT ROWID""",
    """CREATE TABLE sync_failures (
        user_key TEXT NOT NULL, cause TEXT NOT NULL, wanted TEXT NOT NULL, PRIMARY KEY (user_key, cause, wanted)
    ) WITHOUT ROWID""",
    """CREATE TABLE imports (
        number INTEGER PRIMARY KEY, due_ms INTEGER NOT NULL, body TEXT NOT NULL,
        result TEXT  -- once the users are there
    )""",
    # Whoever deletes users, the Admin API or the directory, need not know what hangs on them here.
    """CREATE TRIGGER deleted_users_leave_the_directory AFTER UPDATE OF deleted_ms ON users
        WHEN NEW.deleted_ms IS NOT NULL
        BEGIN
            DELETE FROM directory_members WHERE member_key = NEW.key;
            DELETE FROM organisation_admins WHERE user_key = NEW.key;
            DELETE FROM left_directory WHERE user_key = NEW.key;
            DELETE FROM profiles WHERE user_key = NEW.key;
            DELETE FROM sync_given WHERE user_key = NEW.key;
            DELETE FROM sync_failures WHERE user_key = NEW.key;
        END""",
    """CREATE VIEW directory_users AS
        SELECT people.*, external_id, coalesce(active, 1) AS active, employee_number, department, cost_center,
            division, display_name AS chosen_name,
            coalesce(display_name, first_name || ' ' || last_name) AS display_name
        FROM people
            JOIN domains ON domain = substr(email_folded, instr(email_folded, '@') + 1)
            LEFT JOIN profiles ON profiles.user_key = people.key
        WHERE domains.status = 'verified' AND people.key NOT IN (SELECT user_key FROM left_directory)""",
)
"""Comes after the tables of users and licences, which it refers to."""

DIRECTORY_TABLES = (
    *("imports", "sync_failures", "sync_given", "user_sync", "profiles", "left_directory"),
    *("directory_members", "directory_groups", "organisation", "domains", "organisation_admins", "published"),
)
"""Those that refer to others first."""
