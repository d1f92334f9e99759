-- What a session's browser says it is: a family and a system of the program's own list, never the header itself.
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';  -- '': not seen yet, or none that is known
ALTER TABLE sessions ADD COLUMN browser_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN system TEXT NOT NULL DEFAULT '';
