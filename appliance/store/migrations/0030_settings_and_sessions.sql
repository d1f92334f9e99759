-- With what settings the box ran last: of each its name and the SHA-256 of its value, never the value.
CREATE TABLE settings_kept (
  name TEXT PRIMARY KEY,
  digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Sessions are deleted by stage and age within every sign-in.
CREATE INDEX sessions_by_age ON sessions (stage, created_at);

-- The attempt that counts as a wrong one until the second step is taken: a row of login_failures, while there is one.
ALTER TABLE sessions ADD COLUMN attempt_key INTEGER;
