-- A pack is a series' stream made once and kept as a sealed file (docs/storage-format.md): a cache, dropped and made again.
CREATE TABLE packs (
  series_key INTEGER PRIMARY KEY REFERENCES series,
  file_id BLOB NOT NULL UNIQUE REFERENCES files,
  made_at INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL
) STRICT;
CREATE INDEX packs_by_use ON packs (last_used_at);

-- Series that wait for a pack. One that changes while its pack is made has other changes then, and the pack is not kept.
CREATE TABLE packs_wanted (
  series_key INTEGER PRIMARY KEY,
  changes INTEGER NOT NULL,
  asked_at INTEGER                  -- somebody opened it without one
) STRICT;

-- Files in the vault that no row of files names: packs that are being made, or that are to be removed.
CREATE TABLE pack_leftovers (
  file_id BLOB PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Whatever drops a pack destroys its key in the same transaction; the file goes after it.
CREATE TRIGGER pack_dropped AFTER DELETE ON packs BEGIN
  INSERT INTO pack_leftovers VALUES (OLD.file_id);
  DELETE FROM files WHERE file_id = OLD.file_id;
END;

-- Whatever changes what a series' stream would hold drops its pack in the same transaction and asks for another.
CREATE TRIGGER pack_stale AFTER INSERT ON packs_wanted WHEN NEW.changes > 0 BEGIN
  DELETE FROM packs WHERE series_key = NEW.series_key;
END;
CREATE TRIGGER pack_staler AFTER UPDATE OF changes ON packs_wanted BEGIN
  DELETE FROM packs WHERE series_key = NEW.series_key;
END;
CREATE TRIGGER pack_after_version AFTER INSERT ON versions BEGIN
  INSERT INTO packs_wanted (series_key, changes)
    SELECT series_key, 1 FROM instances WHERE instance_key = NEW.instance_key
    ON CONFLICT (series_key) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER pack_after_copy AFTER UPDATE ON versions BEGIN
  INSERT INTO packs_wanted (series_key, changes)
    SELECT series_key, 1 FROM instances WHERE instance_key = NEW.instance_key
    ON CONFLICT (series_key) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER pack_after_version_goes AFTER DELETE ON versions BEGIN
  INSERT INTO packs_wanted (series_key, changes)
    SELECT series_key, 1 FROM instances WHERE instance_key = OLD.instance_key
    ON CONFLICT (series_key) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER pack_after_move AFTER UPDATE OF series_key ON instances BEGIN
  INSERT INTO packs_wanted (series_key, changes) VALUES (OLD.series_key, 1), (NEW.series_key, 1)
    ON CONFLICT (series_key) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER pack_after_instance_goes AFTER DELETE ON instances BEGIN
  INSERT INTO packs_wanted (series_key, changes) VALUES (OLD.series_key, 1)
    ON CONFLICT (series_key) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER pack_after_damage AFTER INSERT ON damaged_files BEGIN
  INSERT INTO packs_wanted (series_key, changes)
    SELECT series_key, 1 FROM instances WHERE instance_key = NEW.instance_key
    ON CONFLICT (series_key) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER pack_after_mending AFTER DELETE ON damaged_files BEGIN
  INSERT INTO packs_wanted (series_key, changes)
    SELECT series_key, 1 FROM instances WHERE instance_key = OLD.instance_key
    ON CONFLICT (series_key) DO UPDATE SET changes = changes + 1;
END;
CREATE TRIGGER pack_before_series_goes BEFORE DELETE ON series BEGIN
  DELETE FROM packs WHERE series_key = OLD.series_key;
  DELETE FROM packs_wanted WHERE series_key = OLD.series_key;
END;

INSERT INTO packs_wanted (series_key, changes) SELECT series_key, 0 FROM series WHERE frame_count >= 8;
