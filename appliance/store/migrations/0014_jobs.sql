-- A run that a person asked for names him; total_count is what a run expects to do in all, NULL while it does not know.
ALTER TABLE runs ADD COLUMN asked_by INTEGER;
ALTER TABLE runs ADD COLUMN total_count INTEGER;
ALTER TABLE runs ADD COLUMN bytes_done INTEGER NOT NULL DEFAULT 0;
ALTER TABLE runs ADD COLUMN bytes_total INTEGER;
ALTER TABLE runs ADD COLUMN fault TEXT; -- a code of the job's closed list

-- "Run now": asked by the pages or a command, taken by the process jobs.
CREATE TABLE jobs_asked (
  job TEXT PRIMARY KEY,
  asked_at INTEGER NOT NULL,
  asked_by INTEGER                  -- NULL: an operator at the machine
) STRICT, WITHOUT ROWID;

-- What the clock was last known to say, to notice a jump over a time without power: one row.
CREATE TABLE clock_marks (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  at INTEGER NOT NULL,
  jumped_at INTEGER,                -- when a jump was last noticed
  jumped_seconds INTEGER            -- and how far; forwards is positive
) STRICT;

-- The disk of the data folder, a reading an hour, thinned to one a day after a month.
CREATE TABLE disk_readings (
  at INTEGER PRIMARY KEY,
  total_bytes INTEGER NOT NULL,
  free_bytes INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL     -- of scans: what grows and is never deleted to make room
) STRICT;

-- What the box tells the clinic by mail, webhook and page. code is of a closed list; no personal data.
CREATE TABLE notices (
  notice_key INTEGER PRIMARY KEY,
  code TEXT NOT NULL,
  subject_kind TEXT,
  subject_key INTEGER,
  number INTEGER,
  severity TEXT NOT NULL CHECK (severity IN ('advice', 'warning', 'alarm')),
  first_at INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  told_at INTEGER,                  -- last mail or webhook about it
  acknowledged_at INTEGER,
  acknowledged_by INTEGER,
  ended_at INTEGER                  -- what it tells of is over
) STRICT;
CREATE UNIQUE INDEX notices_open ON notices (code, coalesce(subject_kind, ''), coalesce(subject_key, 0)) WHERE ended_at IS NULL;

-- What the process jobs knows of each of its jobs, for the pages: written by it alone.
CREATE TABLE job_plans (
  job TEXT PRIMARY KEY,
  schedule TEXT NOT NULL,           -- as jobs/schedule.py writes it
  since INTEGER NOT NULL,           -- when this box first had the job: its first run is due after that
  next_at INTEGER                   -- when it is due next; NULL: it runs only when asked
) STRICT, WITHOUT ROWID;

-- Each jump of the clock that was noticed, in order; last_run_key is the last run that began before it.
CREATE TABLE clock_jumps (
  jump_key INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,              -- by the clock after it
  seconds INTEGER NOT NULL,         -- forwards is positive
  last_run_key INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_in_order ON runs (job, run_key);

-- Passwords of services outside that the box signs in to, sealed under the key-wrapping key; never in the settings.
CREATE TABLE service_secrets (
  name TEXT PRIMARY KEY CHECK (name IN ('mail', 'webhook')),
  sealed_secret BLOB NOT NULL,
  set_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
