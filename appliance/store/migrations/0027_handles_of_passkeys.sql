-- What a passkey's device calls its person, kept when the root changes: the accounts key gives another from then on.
ALTER TABLE passkeys ADD COLUMN user_handle BLOB;  -- NULL: the one that today's accounts key gives
