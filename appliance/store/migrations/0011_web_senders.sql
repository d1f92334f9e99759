-- Who handed an association's objects in over DICOMweb. Written before a file of it can be found; record_sha256 is of the
-- association's record, so that no other record under its id speaks for this person.
CREATE TABLE web_senders (
  association_id BLOB PRIMARY KEY REFERENCES associations,
  actor_kind TEXT NOT NULL CHECK (actor_kind IN ('account', 'token')),
  actor_key INTEGER NOT NULL,
  record_sha256 BLOB NOT NULL
) STRICT, WITHOUT ROWID;
