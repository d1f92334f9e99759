-- Where copies go. location is JSON without secrets; credentials are sealed by the accounts of docs/key-hierarchy.md.
CREATE TABLE backup_targets (
  target_key INTEGER PRIMARY KEY,
  target_id BLOB NOT NULL UNIQUE,   -- 16 random bytes; also on the target, and what its passwords derive from
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('folder', 'sftp', 'rest', 's3')),
  location TEXT NOT NULL,
  sealed_credentials BLOB,
  append_only INTEGER NOT NULL,     -- its files repository refuses deletion
  schedule TEXT NOT NULL,           -- JSON: when its night's run begins
  warn_after_seconds INTEGER NOT NULL,
  alarm_after_seconds INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  seen_at INTEGER,                  -- last reached
  covered_at INTEGER,               -- its last complete run began then: everything older is on it
  copied_through INTEGER,           -- every file that the catalogue knew then is on it
  night_at INTEGER,                 -- its last night's run ended, well or not
  fault TEXT,                       -- a code of backup's closed list; NULL when the last try went well
  removed_at INTEGER,               -- no longer used; its copies may still be there
  destroyed_at INTEGER              -- declared destroyed by a person
) STRICT;

CREATE INDEX files_by_creation ON files (created_at);  -- what is new since a target was last copied to

-- Every snapshot that was made on a target, until it is known to be gone from there.
CREATE TABLE backup_snapshots (
  snapshot_key INTEGER PRIMARY KEY,
  target_key INTEGER NOT NULL REFERENCES backup_targets,
  repository TEXT NOT NULL CHECK (repository IN ('files', 'keys')),
  snapshot_id TEXT NOT NULL,        -- the engine's
  kind TEXT NOT NULL CHECK (kind IN ('night', 'arrivals', 'tombstones', 'anchor')),
  taken_at INTEGER NOT NULL,        -- of the catalogue in it
  audit_sequence INTEGER NOT NULL,  -- the last event in it
  audit_chain BLOB NOT NULL,        -- and its link: an anchor outside the box
  file_count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  gone_at INTEGER,                  -- forgotten and pruned, seen to be gone
  UNIQUE (target_key, repository, snapshot_id)
) STRICT;

-- How far a study is on a target: as many files of it as it had then.
CREATE TABLE study_copies (
  study_key INTEGER NOT NULL,
  target_key INTEGER NOT NULL REFERENCES backup_targets,
  file_count INTEGER NOT NULL,
  copied_at INTEGER NOT NULL,
  proved_at INTEGER,                -- every file of it was read back and its digest compared
  PRIMARY KEY (study_key, target_key)
) STRICT, WITHOUT ROWID;

-- Files that were read back from a target and proved whole, the longest ago first in turn.
CREATE TABLE proved_files (
  target_key INTEGER NOT NULL REFERENCES backup_targets,
  file_id BLOB NOT NULL,
  proved_at INTEGER NOT NULL,
  PRIMARY KEY (target_key, file_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX proved_files_in_turn ON proved_files (target_key, proved_at);

CREATE TABLE restore_tests (
  test_key INTEGER PRIMARY KEY,
  run_key INTEGER NOT NULL REFERENCES runs,
  target_key INTEGER NOT NULL REFERENCES backup_targets,
  snapshot_id TEXT NOT NULL,
  snapshot_at INTEGER,
  is_full INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  verdict TEXT CHECK (verdict IN ('proved', 'failed', 'could not run')),
  audit_events INTEGER NOT NULL,
  file_count INTEGER NOT NULL,      -- decrypted, digest compared
  bytes INTEGER NOT NULL,
  series_decoded INTEGER NOT NULL,
  fault_count INTEGER NOT NULL,
  fault TEXT                        -- why it could not run: a code of backup's closed list
) STRICT;
CREATE INDEX restore_tests_by_target ON restore_tests (target_key, started_at);

-- What a restore test, the scrub or `enamel verify` found: what is wrong with which thing, by identifier.
CREATE TABLE integrity_faults (
  fault_key INTEGER PRIMARY KEY,
  place TEXT NOT NULL CHECK (place IN ('vault', 'catalogue', 'audit', 'files repository', 'keys repository', 'snapshot')),
  target_key INTEGER REFERENCES backup_targets,
  fault TEXT NOT NULL,              -- a code of integrity's closed list
  file_id BLOB,
  thing TEXT,                       -- what else it is: a page, a pack or a snapshot, by the engine's own name
  found_by TEXT NOT NULL CHECK (found_by IN ('restore test', 'scrub', 'verify')),
  run_key INTEGER,
  found_at INTEGER NOT NULL,
  last_found_at INTEGER NOT NULL,   -- found again and still so
  repaired_at INTEGER,              -- from which target: repaired_from
  repaired_from INTEGER REFERENCES backup_targets
) STRICT;
CREATE INDEX integrity_faults_open ON integrity_faults (place, file_id) WHERE repaired_at IS NULL;

-- Each stored file's last reading in the vault; the scrub goes on with the longest ago.
CREATE TABLE scrubbed_files (
  file_id BLOB PRIMARY KEY,
  read_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX scrubbed_files_in_turn ON scrubbed_files (read_at);
