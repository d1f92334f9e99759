-- That this box came back from a copy: a row for each time, in the transaction of its event.
CREATE TABLE restorations (
  sequence INTEGER PRIMARY KEY,     -- of the event 'box restored'
  restored_at INTEGER NOT NULL,
  target_id BLOB NOT NULL,          -- where its catalogue came from; an older copy may not know that target yet
  taken_at INTEGER NOT NULL,        -- the copy of the catalogue: what arrived later is not in the box
  newest_at INTEGER,                -- when the newest scan that is in it arrived; NULL: it has none
  study_count INTEGER NOT NULL,
  file_count INTEGER NOT NULL,      -- that came back, each verified
  missing_count INTEGER NOT NULL,   -- that no target had whole
  erased_count INTEGER NOT NULL,    -- that were in the copy, had been erased since, and were erased again
  later_count INTEGER NOT NULL,     -- on the target, that came after the copy: nothing opens them any more
  is_drill INTEGER NOT NULL,        -- the lost box lives
  compared_at INTEGER,              -- a person says that the newest scans were compared with the scanners' own lists
  compared_by INTEGER REFERENCES accounts
) STRICT;
