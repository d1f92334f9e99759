-- Studies that were given to laboratories, under pseudonyms. What was given ends when its study is erased.
CREATE TABLE laboratory_grants (
  grant_key INTEGER PRIMARY KEY,
  account_key INTEGER NOT NULL REFERENCES accounts,
  study_key INTEGER NOT NULL REFERENCES studies ON DELETE CASCADE,
  given_by INTEGER,
  given_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX laboratory_grants_by_account ON laboratory_grants (account_key, ends_at);
CREATE INDEX laboratory_grants_by_study ON laboratory_grants (study_key);

-- A machine of a laboratory: its token opens what was given to this account, and nothing else.
ALTER TABLE machine_tokens ADD COLUMN laboratory_key INTEGER REFERENCES accounts;
