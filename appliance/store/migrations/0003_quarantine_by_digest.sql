-- A file that waits in quarantine already is recognised when it is sent again.
CREATE INDEX quarantine_by_digest ON quarantine (dataset_sha256) WHERE resolved_at IS NULL;
