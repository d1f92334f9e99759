-- Certificates that the box issued to devices, for DICOM over TLS. The key of one is with its device alone.
CREATE TABLE device_certificates (
  certificate_key INTEGER PRIMARY KEY,
  device_name TEXT NOT NULL,
  certificate_sha256 BLOB NOT NULL UNIQUE CHECK (length(certificate_sha256) = 32),
  serial_number TEXT,               -- hexadecimal; NULL as below
  issued_at INTEGER,                -- NULL: issued before the box kept rows of them
  ends_at INTEGER,                  -- NULL as above
  answerable_key INTEGER REFERENCES accounts,  -- with whom it ends; NULL: with nobody
  held_at INTEGER,                  -- refused since a restore: whether it was revoked after the copy is not known
  revoked_at INTEGER
) STRICT;
CREATE INDEX device_certificates_of ON device_certificates (answerable_key) WHERE answerable_key IS NOT NULL;

-- Of those issued before, what was admitted by its certificate or showed one tells: the box believes no other authority.
INSERT INTO device_certificates (device_name, certificate_sha256)
SELECT coalesce(min(CASE known WHEN 1 THEN device END), min(device)), certificate_sha256 FROM (
  SELECT 1 AS known, name AS device, certificate_sha256 FROM peers WHERE certificate_sha256 IS NOT NULL
  UNION ALL SELECT 2, calling_ae_title, certificate_sha256 FROM associations WHERE certificate_sha256 IS NOT NULL
  UNION ALL SELECT 2, calling_ae_title, certificate_sha256 FROM unknown_senders WHERE certificate_sha256 IS NOT NULL
) WHERE length(certificate_sha256) = 32 GROUP BY certificate_sha256 ORDER BY 1;

-- Who answers for a machine's token: it ends with them, as with whoever gave it out. NULL: with nobody else.
ALTER TABLE machine_tokens ADD COLUMN answerable_key INTEGER REFERENCES accounts;
