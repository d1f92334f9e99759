-- Files that were found, while they were read, not to be what was stored: each told once. instance_key: what it holds.
CREATE TABLE damaged_files (
  file_id BLOB PRIMARY KEY,
  instance_key INTEGER NOT NULL,
  study_key INTEGER NOT NULL,
  found_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX damaged_files_of_study ON damaged_files (study_key);
