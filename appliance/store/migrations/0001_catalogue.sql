-- Times are microseconds since 1970 in UTC. Identifiers are 16 random bytes. Dates are DICOM DA text.

CREATE TABLE box (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  box_id BLOB NOT NULL,
  clinic_name TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- Random keys, each wrapped by the key-wrapping key. kind: see KeyKind. An authority's public_key is its certificate.
CREATE TABLE rotating_keys (
  kind TEXT NOT NULL,
  number INTEGER NOT NULL,
  wrapped_key BLOB,                 -- NULL once destroyed
  public_key BLOB,
  created_at INTEGER NOT NULL,
  retired_at INTEGER,
  destroyed_at INTEGER,
  PRIMARY KEY (kind, number)
) STRICT, WITHOUT ROWID;

-- Every sealed file, whatever it holds, with its wrapped data key. place: 'inbox' or 'vault'.
CREATE TABLE files (
  file_id BLOB PRIMARY KEY,
  wrapped_key BLOB NOT NULL,
  wrapping_key_number INTEGER NOT NULL,
  plaintext_bytes INTEGER NOT NULL,
  association_id BLOB,              -- where it lies while place = 'inbox'
  place TEXT NOT NULL CHECK (place IN ('inbox', 'vault')),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX files_in_inbox ON files (association_id) WHERE place = 'inbox';

CREATE TABLE peers (
  peer_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  calling_ae_title TEXT NOT NULL,
  called_ae_titles TEXT NOT NULL,   -- JSON array; the aliases this peer may call us by
  address TEXT,                     -- NULL: any address (TLS with a certificate only)
  certificate_sha256 BLOB,
  approved_by INTEGER,
  approved_at INTEGER NOT NULL,
  removed_at INTEGER
) STRICT;

CREATE TABLE unknown_senders (
  sender_key INTEGER PRIMARY KEY,
  calling_ae_title TEXT NOT NULL,
  called_ae_title TEXT NOT NULL,
  address TEXT NOT NULL,
  certificate_sha256 BLOB,
  implementation_class_uid TEXT NOT NULL,
  implementation_version_name TEXT NOT NULL,
  reason TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  first_seen_at INTEGER NOT NULL,
  last_seen_at INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'dismissed'))
) STRICT;
CREATE UNIQUE INDEX unknown_senders_once ON unknown_senders (calling_ae_title, called_ae_title, address);

CREATE TABLE associations (
  association_id BLOB PRIMARY KEY,
  peer_key INTEGER REFERENCES peers,
  calling_ae_title TEXT NOT NULL,
  called_ae_title TEXT NOT NULL,
  address TEXT NOT NULL,
  transport TEXT NOT NULL CHECK (transport IN ('plain', 'tls')),
  certificate_sha256 BLOB,
  implementation_class_uid TEXT NOT NULL,
  implementation_version_name TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  outcome TEXT NOT NULL CHECK (outcome IN ('open', 'released', 'aborted', 'cut off')),
  declared_count INTEGER,           -- NULL: count unknown
  settled_at INTEGER                -- every file of it has its arrival row
) STRICT, WITHOUT ROWID;

CREATE TABLE patients (
  patient_key INTEGER PRIMARY KEY,
  patient_id TEXT NOT NULL,         -- (0010,0020), '' when absent
  issuer_of_patient_id TEXT NOT NULL,
  patient_name TEXT NOT NULL,       -- (0010,0010) decoded, component groups kept
  patient_name_folded TEXT NOT NULL,
  patient_birth_date TEXT NOT NULL,
  patient_sex TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX patients_by_id ON patients (patient_id, issuer_of_patient_id);
CREATE INDEX patients_by_name ON patients (patient_name_folded, patient_birth_date);

CREATE TABLE studies (
  study_key INTEGER PRIMARY KEY,
  patient_key INTEGER NOT NULL REFERENCES patients,
  study_instance_uid TEXT NOT NULL,
  study_date TEXT NOT NULL,
  study_time TEXT NOT NULL,
  study_id TEXT NOT NULL,
  study_description TEXT NOT NULL,
  accession_number TEXT NOT NULL,
  referring_physician_name TEXT NOT NULL,
  modalities TEXT NOT NULL,         -- backslash-separated, sorted: ModalitiesInStudy
  series_count INTEGER NOT NULL,
  instance_count INTEGER NOT NULL,
  first_arrived_at INTEGER NOT NULL,
  last_arrived_at INTEGER NOT NULL,
  UNIQUE (patient_key, study_instance_uid)
) STRICT;
CREATE INDEX studies_by_uid ON studies (study_instance_uid);
CREATE INDEX studies_by_arrival ON studies (last_arrived_at, study_key);
CREATE INDEX studies_by_date ON studies (study_date, study_key);

CREATE TABLE series (
  series_key INTEGER PRIMARY KEY,
  study_key INTEGER NOT NULL REFERENCES studies,
  series_instance_uid TEXT NOT NULL,
  modality TEXT NOT NULL,
  series_number INTEGER,
  series_description TEXT NOT NULL,
  body_part_examined TEXT NOT NULL,
  laterality TEXT NOT NULL,
  manufacturer TEXT NOT NULL,
  manufacturer_model_name TEXT NOT NULL,
  instance_count INTEGER NOT NULL,
  last_arrived_at INTEGER NOT NULL,
  completeness TEXT NOT NULL,       -- 'unchecked', 'no gaps', 'gaps', 'odd geometry', 'single'
  findings TEXT NOT NULL,           -- JSON array of {code, numbers}; never patient text
  UNIQUE (study_key, series_instance_uid)
) STRICT;
CREATE INDEX series_by_uid ON series (series_instance_uid);

CREATE TABLE instances (
  instance_key INTEGER PRIMARY KEY,
  series_key INTEGER NOT NULL REFERENCES series,
  sop_instance_uid TEXT NOT NULL,
  sop_class_uid TEXT NOT NULL,
  instance_number INTEGER,
  version_count INTEGER NOT NULL,
  UNIQUE (series_key, sop_instance_uid)
) STRICT;
CREATE INDEX instances_by_uid ON instances (sop_instance_uid);

-- What arrived under one SOP Instance UID; more than one row means other bytes came later. The first is shown.
CREATE TABLE versions (
  version_key INTEGER PRIMARY KEY,
  instance_key INTEGER NOT NULL REFERENCES instances,
  version_number INTEGER NOT NULL,
  file_id BLOB NOT NULL UNIQUE REFERENCES files,
  dataset_sha256 BLOB NOT NULL,     -- of the dataset bytes as they came over the wire
  dataset_offset INTEGER NOT NULL,  -- where the dataset begins in the file's plaintext (Part 10)
  dataset_bytes INTEGER NOT NULL,
  transfer_syntax_uid TEXT NOT NULL,
  rows_ INTEGER, columns_ INTEGER, number_of_frames INTEGER, bits_allocated INTEGER, samples_per_pixel INTEGER,
  viewable INTEGER NOT NULL,        -- 0: "stored, not viewable"
  pixel_offset INTEGER,             -- of the pixel data's value in the plaintext
  pixel_bytes INTEGER,
  frame_index BLOB,                 -- encapsulated: per frame, u64 offset and u64 length of each fragment (docs/storage-format.md)
  geometry TEXT,                    -- JSON: position, orientation, spacing as sent, for completeness checks
  arrived_at INTEGER NOT NULL,
  UNIQUE (instance_key, version_number)
) STRICT;
CREATE INDEX versions_by_digest ON versions (dataset_sha256);

-- One row for every complete file that the receiver acknowledged, whatever became of it.
CREATE TABLE arrivals (
  file_id BLOB PRIMARY KEY,
  association_id BLOB NOT NULL REFERENCES associations,
  sequence INTEGER NOT NULL,
  outcome TEXT NOT NULL CHECK (outcome IN ('new', 'version', 'duplicate', 'quarantined', 'damaged', 'forged')),
  instance_key INTEGER REFERENCES instances,
  arrived_at INTEGER NOT NULL,
  catalogued_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX arrivals_in_order ON arrivals (association_id, sequence);
CREATE INDEX arrivals_by_instance ON arrivals (instance_key);

CREATE TABLE quarantine (
  quarantine_key INTEGER PRIMARY KEY,
  file_id BLOB UNIQUE,              -- NULL when the file itself could not be opened
  association_id BLOB NOT NULL,
  reason TEXT NOT NULL,             -- a code of intake's closed list
  sop_class_uid TEXT NOT NULL,
  sop_instance_uid TEXT NOT NULL,
  transfer_syntax_uid TEXT NOT NULL,
  dataset_bytes INTEGER NOT NULL,
  dataset_sha256 BLOB,
  arrived_at INTEGER NOT NULL,
  resolved_at INTEGER,
  resolved_by INTEGER
) STRICT;

-- kind: 'same id, other person', 'study of two patients', 'instance of two studies'
CREATE TABLE identity_conflicts (
  conflict_key INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  patient_key INTEGER NOT NULL REFERENCES patients,
  other_patient_key INTEGER REFERENCES patients,
  study_key INTEGER REFERENCES studies,
  found_at INTEGER NOT NULL,
  resolved_at INTEGER,
  resolved_by INTEGER
) STRICT;
CREATE UNIQUE INDEX identity_conflicts_once ON identity_conflicts (kind, patient_key, other_patient_key, study_key);

-- The row id is the study key. The text is folded before it comes here.
CREATE VIRTUAL TABLE study_search USING fts5 (
  patient_name, patient_id, study_description, accession_number, other,
  tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3'
);
INSERT INTO study_search (study_search, rank) VALUES ('secure-delete', 1);

CREATE TABLE accounts (
  account_key INTEGER PRIMARY KEY,
  user_name TEXT NOT NULL UNIQUE,
  display_name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('administrator', 'dentist', 'assistant', 'reception', 'auditor', 'lab')),
  image_right INTEGER NOT NULL,     -- an administrator has none unless it is given
  password_hash TEXT NOT NULL,
  must_change_password INTEGER NOT NULL,
  sealed_totp_secret BLOB,
  totp_confirmed_at INTEGER,
  last_totp_step INTEGER NOT NULL,
  language TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  disabled_at INTEGER
) STRICT;

CREATE TABLE recovery_codes (
  account_key INTEGER NOT NULL REFERENCES accounts,
  code_hash BLOB NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (account_key, code_hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  session_hash BLOB PRIMARY KEY,
  account_key INTEGER NOT NULL REFERENCES accounts,
  stage TEXT NOT NULL CHECK (stage IN ('password', 'full')),
  address TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  authenticated_at INTEGER NOT NULL,
  last_active_at INTEGER NOT NULL,
  locked_at INTEGER,
  revoked_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_of_account ON sessions (account_key);

CREATE TABLE login_failures (
  failure_key INTEGER PRIMARY KEY,
  user_name_hash BLOB NOT NULL,
  address TEXT NOT NULL,
  failed_at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_failures_by_user ON login_failures (user_name_hash, failed_at);
CREATE INDEX login_failures_by_address ON login_failures (address, failed_at);

CREATE TABLE machine_tokens (
  token_key INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  token_hash BLOB NOT NULL UNIQUE,
  scopes TEXT NOT NULL,             -- JSON array
  created_by INTEGER,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  last_used_at INTEGER,
  revoked_at INTEGER
) STRICT;

-- Typed columns, no free text. chain = HMAC over the row and the chain before it.
CREATE TABLE audit_events (
  sequence INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  event TEXT NOT NULL,              -- a code of audit's closed list
  outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure')),
  actor_kind TEXT NOT NULL CHECK (actor_kind IN ('account', 'token', 'peer', 'process', 'operator', 'nobody')),
  actor_key INTEGER,
  address TEXT,
  subject_kind TEXT,
  subject_key INTEGER,
  patient_key INTEGER,
  study_key INTEGER,
  number INTEGER,
  chain BLOB NOT NULL
) STRICT;
CREATE INDEX audit_events_of_patient ON audit_events (patient_key) WHERE patient_key IS NOT NULL;

-- The last entry taken from each numbered spool.
CREATE TABLE spools (
  spool TEXT PRIMARY KEY,
  last_sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
  run_key INTEGER PRIMARY KEY,
  job TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  finished_at INTEGER,
  outcome TEXT CHECK (outcome IN ('done', 'failed', 'interrupted')),
  done_count INTEGER NOT NULL,
  failed_count INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_by_job ON runs (job, started_at);
