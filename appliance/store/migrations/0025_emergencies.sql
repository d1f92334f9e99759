-- Access in an emergency: the right to look at images, lent to one session for a box of time, reviewed by somebody else.

-- Codes in sealed envelopes; of a code only its SHA-256 is kept, and one alone can be opened.
CREATE TABLE emergency_codes (
  code_key INTEGER PRIMARY KEY,
  code_hash BLOB NOT NULL UNIQUE,
  drawn_by INTEGER NOT NULL REFERENCES accounts,
  drawn_at INTEGER NOT NULL,
  ended_at INTEGER,                 -- opened, or replaced by another
  is_used INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX emergency_codes_sealed ON emergency_codes (ended_at IS NULL) WHERE ended_at IS NULL;

CREATE TABLE emergencies (
  emergency_key INTEGER PRIMARY KEY,
  account_key INTEGER NOT NULL REFERENCES accounts,
  session_hash BLOB NOT NULL,       -- the one session that it lends to
  code_key INTEGER REFERENCES emergency_codes,  -- NULL: somebody under their own account
  reason TEXT NOT NULL,
  words TEXT NOT NULL,              -- told here alone: never in the trail, a notice or a log
  began_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  latest_at INTEGER NOT NULL,       -- up to when it was used: a clock that is set back before this ends it
  ended_at INTEGER,
  first_sequence INTEGER NOT NULL,  -- of the event that it began
  last_sequence INTEGER             -- of the event that it ended
) STRICT;
CREATE UNIQUE INDEX emergencies_open ON emergencies (session_hash) WHERE ended_at IS NULL;
CREATE INDEX emergencies_of_account ON emergencies (account_key);

-- Signed reviews: the first decides, later ones only add to it. sequence: of its event, which bears the digest of it.
CREATE TABLE emergency_reviews (
  review_key INTEGER PRIMARY KEY,
  emergency_key INTEGER NOT NULL REFERENCES emergencies,
  account_key INTEGER NOT NULL REFERENCES accounts,
  verdict TEXT NOT NULL CHECK (verdict IN ('right', 'not right', 'to be followed up')),
  words TEXT NOT NULL,
  signed_at INTEGER NOT NULL,
  nonce BLOB NOT NULL,
  sequence INTEGER NOT NULL
) STRICT;
CREATE INDEX emergency_reviews_of_emergency ON emergency_reviews (emergency_key);
CREATE TRIGGER emergency_reviews_stay BEFORE UPDATE ON emergency_reviews
BEGIN
  SELECT RAISE(ABORT, 'a signed review is not changed');
END;
CREATE TRIGGER emergency_reviews_are_kept BEFORE DELETE ON emergency_reviews
BEGIN
  SELECT RAISE(ABORT, 'a signed review is not removed');
END;

-- An account that nobody is given: the role is this one, whatever stands in `role`, which gives least to older releases.
ALTER TABLE accounts ADD COLUMN built_in TEXT CHECK (built_in IN ('emergency'));
