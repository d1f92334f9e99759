-- The trail is looked through by person, by event and by time; its rows and their chain stay as they are.
CREATE INDEX audit_events_by_actor ON audit_events (actor_kind, actor_key);
CREATE INDEX audit_events_by_event ON audit_events (event);
CREATE INDEX audit_events_by_time ON audit_events (at);

-- What was new in the trail was looked through up to here; the link is the day's anchor, to be printed.
CREATE TABLE trail_days (
  day_key INTEGER PRIMARY KEY,
  made_at INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  chain BLOB NOT NULL,
  reviewed_at INTEGER,
  reviewed_by INTEGER
) STRICT;

-- What was unusual in it.
CREATE TABLE trail_findings (
  finding_key INTEGER PRIMARY KEY,
  day_key INTEGER NOT NULL REFERENCES trail_days,
  kind TEXT NOT NULL,               -- a code of trail's closed list
  actor_kind TEXT NOT NULL,
  actor_key INTEGER,
  address TEXT,
  count INTEGER NOT NULL,
  first_sequence INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX trail_findings_of_day ON trail_findings (day_key);

-- Up to where another place has taken what it was sent.
CREATE TABLE trail_forwarding (
  destination TEXT PRIMARY KEY,
  last_sequence INTEGER NOT NULL,
  sent_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
