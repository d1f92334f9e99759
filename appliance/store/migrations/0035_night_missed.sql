-- Per target, so that a good copy of what has just arrived does not hide that a night's run left something out.
ALTER TABLE backup_targets ADD COLUMN night_missed_at INTEGER;  -- its last night's run found something of the box missing
