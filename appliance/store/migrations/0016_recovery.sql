-- Recovery kits that were printed. The shares themselves are never kept: a kit is known by its identifier and its holders.
CREATE TABLE recovery_kits (
  kit_key INTEGER PRIMARY KEY,
  form TEXT NOT NULL CHECK (form IN ('code', 'shares')),
  identifier INTEGER,               -- SLIP-39's, 15 bits, printed on each share
  holders TEXT NOT NULL,            -- JSON array of who keeps which share
  made_at INTEGER NOT NULL,
  read_back_at INTEGER,             -- typed in again and compared
  ended_at INTEGER                  -- a new root or a new kit ended it
) STRICT;

-- Drills: somebody restored this box elsewhere from the kit and a target, and says how it went.
CREATE TABLE drills (
  drill_key INTEGER PRIMARY KEY,
  target_key INTEGER REFERENCES backup_targets,
  done_on TEXT NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('restored', 'failed')),
  minutes INTEGER,
  recorded_by INTEGER,
  recorded_at INTEGER NOT NULL
) STRICT;

-- Roots of this box by fingerprint, the newest last; each but the last was rotated away. Where the audit chain stood
-- then is kept with it, and the public half of what it signed with, so that its certificates are still known as ours.
CREATE TABLE roots (
  root_key INTEGER PRIMARY KEY,
  fingerprint BLOB NOT NULL,
  since INTEGER NOT NULL,
  retired_at INTEGER,
  reason TEXT,                      -- 'rotated' or 'compromised'
  last_sequence INTEGER,            -- of the audit chain under it
  last_chain BLOB,
  signing_public_key BLOB
) STRICT;

-- Subkeys that were in use before: each sealed under the same subkey of today's root, for whoever holds that anyway.
CREATE TABLE earlier_keys (
  subkey TEXT NOT NULL CHECK (subkey IN ('audit', 'backup', 'catalogue')),
  number INTEGER NOT NULL,          -- from 1, of its subkey
  sealed_key BLOB NOT NULL,
  root_key INTEGER NOT NULL REFERENCES roots,
  last_sequence INTEGER NOT NULL,   -- the last audit event while it was in use
  ended_at INTEGER NOT NULL,
  PRIMARY KEY (subkey, number)
) STRICT, WITHOUT ROWID;

-- The root that a target's repositories belong to; NULL: today's.
ALTER TABLE backup_targets ADD COLUMN root_key INTEGER REFERENCES roots;

-- Where the trail stood when an association was first seen to be settled: a snapshot with a later event has its rows.
ALTER TABLE associations ADD COLUMN settled_sequence INTEGER;
ALTER TABLE associations ADD COLUMN released_at INTEGER; -- its settled record went
CREATE INDEX associations_to_mark ON associations (association_id)
  WHERE settled_at IS NOT NULL AND settled_sequence IS NULL;
CREATE INDEX associations_to_release ON associations (settled_sequence) WHERE released_at IS NULL;

-- States of keys after NIST SP 800-57 part 1, 7: what rotating_keys does not tell by its times.
ALTER TABLE rotating_keys ADD COLUMN compromised_at INTEGER;
