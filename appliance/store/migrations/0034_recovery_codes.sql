-- Ten printed codes of one account share a salt, so that a guess costs one slow hash.
-- Without one: a code of before, kept by SHA-256 until the box has put the slow hash of that in its place.
ALTER TABLE recovery_codes ADD COLUMN salt BLOB CHECK (length(salt) = 16);
ALTER TABLE recovery_codes ADD COLUMN memory_kib INTEGER;
ALTER TABLE recovery_codes ADD COLUMN passes INTEGER;
ALTER TABLE recovery_codes ADD COLUMN lanes INTEGER;
