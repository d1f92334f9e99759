-- What was erased is read from a target once after each time that an older catalogue was put to use: how many times that
-- had been when its lists were read last. NULL: never.
ALTER TABLE backup_targets ADD COLUMN erasures_read_in INTEGER;
