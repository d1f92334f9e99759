-- What was erased is read from a target once after each time that an older catalogue was put to use: how many times that
-- had been when its lists were read last. NULL: never.
ALTER TABLE backup_targets ADD COLUMN erasures_read_in INTEGER;

-- Copies of the catalogue that were begun on a target, and of which no row tells how they ended: a disk was pulled out, a
-- machine lost its power. Bytes of them may lie there. A row goes with the copy's own, or once the target was listed and
-- cleared after that run.
CREATE TABLE begun_copies (
  copy_key INTEGER PRIMARY KEY AUTOINCREMENT,
  target_key INTEGER NOT NULL REFERENCES backup_targets,
  audit_sequence INTEGER NOT NULL,  -- the last event in it; 0: not known
  taken_at INTEGER NOT NULL
) STRICT;
CREATE INDEX begun_copies_on ON begun_copies (target_key);
-- Nobody noted so far what was begun; a target was cleared of it with the last copy that was seen to be gone.
INSERT INTO begun_copies (target_key, audit_sequence, taken_at)
  SELECT t.target_key, 0, coalesce(t.seen_at, 0) FROM backup_targets t
  WHERE t.destroyed_at IS NULL AND NOT EXISTS (
    SELECT 1 FROM backup_snapshots s WHERE s.target_key = t.target_key AND s.repository = 'keys'
      AND s.gone_at >= t.seen_at);
