-- A session keeps its name, session_hash, while its token is replaced: token_hash is what its browser shows from then.

ALTER TABLE sessions ADD COLUMN token_hash BLOB;  -- NULL: the first token holds, whose hash is the session's name
CREATE UNIQUE INDEX sessions_by_token ON sessions (coalesce(token_hash, session_hash));
