-- Packs hold words packed in blocks now (docs/storage-format.md, "series stream"): those of before are made again.
INSERT INTO packs_wanted (series_key, changes)
  SELECT series_key, 0 FROM packs WHERE true
  ON CONFLICT (series_key) DO NOTHING;
DELETE FROM packs;
