-- What the list and the study page tell of many rows is kept where it changes: with the series that intake judges and
-- the study it is of, in the same transaction. Whatever else adds or removes rows below a series refreshes both.
ALTER TABLE series ADD COLUMN frame_count INTEGER NOT NULL DEFAULT 0;       -- of first versions
ALTER TABLE series ADD COLUMN viewable_count INTEGER NOT NULL DEFAULT 0;    -- of first versions
ALTER TABLE series ADD COLUMN further_versions INTEGER NOT NULL DEFAULT 0;  -- beyond the first of each instance
ALTER TABLE studies ADD COLUMN gappy_series INTEGER NOT NULL DEFAULT 0;
ALTER TABLE studies ADD COLUMN odd_series INTEGER NOT NULL DEFAULT 0;
ALTER TABLE studies ADD COLUMN unchecked_series INTEGER NOT NULL DEFAULT 0;
ALTER TABLE studies ADD COLUMN further_versions INTEGER NOT NULL DEFAULT 0;
UPDATE series SET (frame_count, viewable_count, further_versions) = (
  SELECT coalesce(sum(coalesce(v.number_of_frames, 1)), 0), coalesce(sum(v.viewable), 0),
    coalesce(sum(i.version_count - 1), 0)
  FROM instances i JOIN versions v ON v.instance_key = i.instance_key AND v.version_number = 1
  WHERE i.series_key = series.series_key);
UPDATE studies SET (gappy_series, odd_series, unchecked_series, further_versions) = (
  SELECT coalesce(sum(e.completeness = 'gaps'), 0), coalesce(sum(e.completeness = 'odd geometry'), 0),
    coalesce(sum(e.completeness = 'unchecked'), 0), coalesce(sum(e.further_versions), 0)
  FROM series e WHERE e.study_key = studies.study_key);

-- Open findings about identity are few, and every line of the list asks for its own.
CREATE INDEX identity_conflicts_of_study ON identity_conflicts (study_key)
  WHERE resolved_at IS NULL AND study_key IS NOT NULL;
CREATE INDEX identity_conflicts_of_patient ON identity_conflicts (patient_key)
  WHERE resolved_at IS NULL AND study_key IS NULL;
CREATE INDEX identity_conflicts_of_other_patient ON identity_conflicts (other_patient_key)
  WHERE resolved_at IS NULL AND study_key IS NULL;

-- Files in quarantine that wait for a person are few beside those that were judged.
CREATE INDEX quarantine_waiting ON quarantine (quarantine_key) WHERE resolved_at IS NULL;
