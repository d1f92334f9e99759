-- Per target, so that what its absence made it miss is made up for when it is back.
ALTER TABLE backup_targets ADD COLUMN whole_night_at INTEGER;  -- its last night's run that was whole began then
ALTER TABLE backup_targets ADD COLUMN pruned_at INTEGER;       -- what was over then is gone from it
UPDATE backup_targets SET whole_night_at = (
  SELECT max(s.taken_at) FROM backup_snapshots s WHERE s.target_key = backup_targets.target_key
  AND s.repository = 'files' AND s.kind = 'night' AND s.gone_at IS NULL AND s.taken_at <= backup_targets.covered_at);
