-- Which spooled events were taken last: where a spool's numbers begin again, none of them is taken twice.
CREATE TABLE taken_events (
  taken_key INTEGER PRIMARY KEY,
  spool TEXT NOT NULL,
  digest BLOB NOT NULL,             -- SHA-256 of the event as it was written
  UNIQUE (spool, digest)
) STRICT;
