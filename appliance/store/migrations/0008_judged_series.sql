-- A judgement reads a whole series. Of how many instances the last one was: a series that holds others by now waits for
-- its next one, which comes once it rests, also after a crash.
ALTER TABLE series ADD COLUMN judged_count INTEGER NOT NULL DEFAULT 0;
UPDATE series SET judged_count = instance_count;
CREATE INDEX series_unjudged ON series (series_key) WHERE judged_count <> instance_count;
