-- Packages that were made for patients, and of the whole archive; where each was written is not kept.
CREATE TABLE exports (
  export_key INTEGER PRIMARY KEY,
  scope TEXT NOT NULL CHECK (scope IN ('study', 'patient', 'archive')),
  subject_key INTEGER,
  form TEXT NOT NULL CHECK (form IN ('zip', 'encrypted zip', 'folder')),
  made_at INTEGER NOT NULL,
  made_by INTEGER,
  file_count INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  finished_at INTEGER
) STRICT;
