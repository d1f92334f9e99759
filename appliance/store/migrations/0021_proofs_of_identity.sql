-- Browsers where a person came in whole: of the browser's cookie only its SHA-256 is kept.
-- A PIN holds for this browser and person alone.
CREATE TABLE known_devices (
  device_hash BLOB NOT NULL,
  account_key INTEGER NOT NULL REFERENCES accounts,
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,         -- the last whole sign-in there
  pin_hash TEXT,
  pin_failures INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (device_hash, account_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_devices_of_account ON known_devices (account_key);

-- Of a known browser, a living session, or somebody who is in; empty for a stranger.
ALTER TABLE login_failures ADD COLUMN place_hash BLOB NOT NULL DEFAULT x'';

CREATE TABLE passkeys (
  passkey_key INTEGER PRIMARY KEY,
  account_key INTEGER NOT NULL REFERENCES accounts,
  credential_id BLOB NOT NULL UNIQUE,
  public_key BLOB NOT NULL,
  sign_count INTEGER NOT NULL,
  host TEXT NOT NULL,               -- the name of the box under which it was made, and alone works
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used_at INTEGER
) STRICT;
CREATE INDEX passkeys_of_account ON passkeys (account_key);

-- One-time codes by which a person chooses a password that nobody else knows.
CREATE TABLE invitations (
  invitation_key INTEGER PRIMARY KEY,
  account_key INTEGER NOT NULL REFERENCES accounts,
  code_hash BLOB NOT NULL UNIQUE,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  ended_at INTEGER                  -- used, or replaced by another
) STRICT;
CREATE INDEX invitations_of_account ON invitations (account_key);

ALTER TABLE accounts ADD COLUMN last_in_at INTEGER;       -- the last whole sign-in; NULL since before this was kept
ALTER TABLE accounts ADD COLUMN password_set_at INTEGER;  -- NULL since before this was kept
ALTER TABLE sessions ADD COLUMN device_hash BLOB NOT NULL DEFAULT x'';
