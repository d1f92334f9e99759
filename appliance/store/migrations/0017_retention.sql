-- What the clinic chose. Presets live in code with their sources; a rule that was edited no longer names one.
CREATE TABLE retention_rules (
  rule_key INTEGER PRIMARY KEY,
  preset TEXT,                      -- of retention's list, NULL for the clinic's own
  name TEXT NOT NULL,
  modalities TEXT NOT NULL,         -- JSON array; empty for every modality
  from_age INTEGER NOT NULL,        -- of the patient when the study was taken
  below_age INTEGER,
  adult_years INTEGER NOT NULL,
  minor_until_age INTEGER,          -- kept until then, if that is later
  minor_years_after_majority INTEGER,
  age_of_majority INTEGER NOT NULL,
  begins_with TEXT NOT NULL CHECK (begins_with IN ('last study', 'study')),
  source TEXT NOT NULL,
  confidence TEXT NOT NULL CHECK (confidence IN ('high', 'medium', 'low', 'own')),
  checked_on TEXT NOT NULL,         -- the month in which its source was read; empty when it was not
  created_at INTEGER NOT NULL,
  created_by INTEGER,
  ended_at INTEGER,
  ended_by INTEGER
) STRICT;

CREATE TABLE legal_holds (
  hold_key INTEGER PRIMARY KEY,
  patient_key INTEGER,              -- of a patient, or of one study
  study_key INTEGER,
  reason TEXT NOT NULL CHECK (reason IN ('litigation', 'authority', 'complaint', 'treatment', 'research', 'other')),
  reference TEXT NOT NULL,          -- the clinic's own file number, no name
  set_at INTEGER NOT NULL,
  set_by INTEGER,
  lifted_at INTEGER,
  lifted_by INTEGER,
  CHECK ((patient_key IS NULL) <> (study_key IS NULL))
) STRICT;
CREATE INDEX legal_holds_of_study ON legal_holds (study_key) WHERE lifted_at IS NULL AND study_key IS NOT NULL;
CREATE INDEX legal_holds_of_patient ON legal_holds (patient_key) WHERE lifted_at IS NULL AND patient_key IS NOT NULL;

-- The last line: no statement takes a row away of what is under a hold, whoever asks.
CREATE TRIGGER held_studies_stay BEFORE DELETE ON studies
  WHEN EXISTS (SELECT 1 FROM legal_holds WHERE lifted_at IS NULL AND study_key = old.study_key)
    OR EXISTS (SELECT 1 FROM legal_holds WHERE lifted_at IS NULL AND patient_key = old.patient_key)
  BEGIN SELECT RAISE(ABORT, 'under a legal hold'); END;
CREATE TRIGGER held_instances_stay BEFORE DELETE ON instances
  WHEN EXISTS (
    SELECT 1 FROM series e JOIN legal_holds h ON h.study_key = e.study_key AND h.lifted_at IS NULL
    WHERE e.series_key = old.series_key)
  OR EXISTS (
    SELECT 1 FROM series e JOIN studies s ON s.study_key = e.study_key
      JOIN legal_holds h ON h.patient_key = s.patient_key AND h.lifted_at IS NULL
    WHERE e.series_key = old.series_key)
  BEGIN SELECT RAISE(ABORT, 'under a legal hold'); END;

-- The last day on which each study is kept, as the rules said when it was last looked at; a list to page through, never
-- what is erased by: that is worked out anew each time. A study without a row has no end.
CREATE TABLE retention_ends (
  study_key INTEGER PRIMARY KEY REFERENCES studies ON DELETE CASCADE,
  kept_until TEXT NOT NULL          -- YYYY-MM-DD
) STRICT;
CREATE INDEX retention_ends_in_turn ON retention_ends (kept_until, study_key);

-- What a person proposes to erase and who agrees. kind 'due': the end of its retention; 'request': asked for by the patient.
CREATE TABLE erasure_proposals (
  proposal_key INTEGER PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('due', 'request', 'error', 'decommissioning')),
  scope TEXT NOT NULL CHECK (scope IN ('instance', 'series', 'study', 'patient', 'box')),
  subject_key INTEGER NOT NULL,
  file_count INTEGER NOT NULL,      -- of the subject when it was proposed: one more, and it is refused
  proposed_at INTEGER NOT NULL,
  proposed_by INTEGER,
  approved_at INTEGER,
  approved_by INTEGER,
  alone INTEGER NOT NULL,           -- nobody else may approve: it waits seven days instead
  not_before INTEGER NOT NULL,
  cancelled_at INTEGER,
  cancelled_by INTEGER,
  done_at INTEGER,
  refused TEXT                      -- a code: why it could not be done
) STRICT;
CREATE UNIQUE INDEX erasure_proposals_open ON erasure_proposals (scope, subject_key) WHERE cancelled_at IS NULL AND done_at IS NULL;

CREATE TABLE retention_policy (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  dry_run_until INTEGER NOT NULL,   -- until then what is due is listed and nothing is purged
  jurisdiction TEXT NOT NULL,
  changed_at INTEGER NOT NULL,
  changed_by INTEGER
) STRICT;
