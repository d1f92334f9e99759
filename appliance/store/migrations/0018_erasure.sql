-- What was erased, by file id alone; never removed, on every target. The row keys of an erasure name nobody.
-- scope 'files' with kind 'restored': what targets told to be erased when a copy that was older came back.
CREATE TABLE erasures (
  erasure_key INTEGER PRIMARY KEY,
  erasure_id BLOB NOT NULL UNIQUE,  -- 16 random bytes, on the certificate
  scope TEXT NOT NULL CHECK (scope IN ('instance', 'series', 'study', 'patient', 'files', 'box')),
  kind TEXT NOT NULL CHECK (kind IN ('due', 'request', 'error', 'restored', 'decommissioning')),
  file_count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  erased_at INTEGER NOT NULL,       -- keys and rows went
  audit_sequence INTEGER NOT NULL,  -- of its event
  files_gone_at INTEGER,            -- the files and the keys they came under went, and the catalogue's log was cut
  gone_sequence INTEGER,            -- of the event that says so: a snapshot below it may hold the keys
  rewritten_at INTEGER,             -- the catalogue was written anew since, without what moved rows left in its pages
  proposed_by INTEGER,
  approved_by INTEGER
) STRICT;
CREATE INDEX erasures_unfinished ON erasures (erasure_key) WHERE files_gone_at IS NULL;
CREATE INDEX erasures_unwritten ON erasures (erasure_key) WHERE rewritten_at IS NULL;

CREATE TABLE tombstones (
  file_id BLOB PRIMARY KEY,
  erasure_key INTEGER NOT NULL REFERENCES erasures
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_of_erasure ON tombstones (erasure_key);

-- Associations that brought an erased file: the key of such a file derives from the association's, which is sealed in
-- its record. The record goes once every file of it has its row; until then the erasure is not finished.
CREATE TABLE ending_associations (
  association_id BLOB NOT NULL,
  erasure_key INTEGER NOT NULL REFERENCES erasures,
  PRIMARY KEY (association_id, erasure_key)
) STRICT, WITHOUT ROWID;

-- What each target still holds of an erasure. ended_at: no snapshot on it holds a key any more, and that was seen.
CREATE TABLE erasure_proofs (
  erasure_key INTEGER NOT NULL REFERENCES erasures,
  target_key INTEGER NOT NULL REFERENCES backup_targets,
  tombstones_at INTEGER,            -- its tombstones lie on the target since
  last_snapshot_id TEXT,            -- the last snapshot that held its key
  last_snapshot_at INTEGER,
  ended_at INTEGER,
  ended_by TEXT CHECK (ended_by IN ('pruned', 'declared destroyed', 'never held')),
  PRIMARY KEY (erasure_key, target_key)
) STRICT, WITHOUT ROWID;

-- Certificates that somebody asked for; jobs, which alone can sign, makes them. They are kept for a month.
CREATE TABLE erasure_certificates (
  certificate_key INTEGER PRIMARY KEY,
  erasure_key INTEGER NOT NULL REFERENCES erasures,
  language TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  asked_by INTEGER,
  made_at INTEGER,
  document BLOB
) STRICT;
CREATE INDEX erasure_certificates_of ON erasure_certificates (erasure_key);

-- The public halves of the keys that certificates were signed by: the newest last; a new root brings another.
CREATE TABLE signing_keys (
  signing_key INTEGER PRIMARY KEY,
  fingerprint TEXT NOT NULL UNIQUE,
  certificate BLOB NOT NULL,        -- PEM
  since INTEGER NOT NULL
) STRICT;

-- The trail names patients, studies, series, instances and quarantine by their keys for good, so a key whose row went is
-- never given to another: new rows take keys above these.
CREATE TABLE erased_keys (
  kind TEXT PRIMARY KEY,            -- the table
  highest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER patient_key_stays_taken AFTER DELETE ON patients BEGIN
  INSERT INTO erased_keys VALUES ('patients', OLD.patient_key)
    ON CONFLICT (kind) DO UPDATE SET highest = max(highest, excluded.highest);
END;
CREATE TRIGGER study_key_stays_taken AFTER DELETE ON studies BEGIN
  INSERT INTO erased_keys VALUES ('studies', OLD.study_key)
    ON CONFLICT (kind) DO UPDATE SET highest = max(highest, excluded.highest);
END;
CREATE TRIGGER series_key_stays_taken AFTER DELETE ON series BEGIN
  INSERT INTO erased_keys VALUES ('series', OLD.series_key)
    ON CONFLICT (kind) DO UPDATE SET highest = max(highest, excluded.highest);
END;
CREATE TRIGGER instance_key_stays_taken AFTER DELETE ON instances BEGIN
  INSERT INTO erased_keys VALUES ('instances', OLD.instance_key)
    ON CONFLICT (kind) DO UPDATE SET highest = max(highest, excluded.highest);
END;
CREATE TRIGGER quarantine_key_stays_taken AFTER DELETE ON quarantine BEGIN
  INSERT INTO erased_keys VALUES ('quarantine', OLD.quarantine_key)
    ON CONFLICT (kind) DO UPDATE SET highest = max(highest, excluded.highest);
END;
