-- A file in quarantine that a person has dismissed waits no longer and is kept, with why, in that person's words.
ALTER TABLE quarantine ADD COLUMN dismissal_reason TEXT;  -- NULL: it waits, or it was listed
CREATE INDEX quarantine_dismissed ON quarantine (quarantine_key) WHERE dismissal_reason IS NOT NULL;
-- A second copy that came before the dismissal is compared with the dismissed one, too.
DROP INDEX quarantine_by_digest;
CREATE INDEX quarantine_by_digest ON quarantine (dataset_sha256)
  WHERE resolved_at IS NULL OR dismissal_reason IS NOT NULL;
