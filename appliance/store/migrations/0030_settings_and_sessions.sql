-- With what settings the box ran last: of each its name and the SHA-256 of its value, never the value.
CREATE TABLE settings_kept (
  name TEXT PRIMARY KEY,
  digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions are deleted by stage and age within every sign-in.
CREATE INDEX sessions_by_age ON sessions (stage, created_at);
