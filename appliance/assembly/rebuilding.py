"""Makes the catalogue of a box that does not run again, and puts it in the place of the old one.

Guards: nothing of the old catalogue moves before the new one is whole, checked
and durable; its log never meets another catalogue's pages; the old file stays
beside it under a name of its own. Cut off anywhere, the old one, or the new
one, is in place, and doing it again ends it. No box may run meanwhile. No
erasure is finished while the old one lies there (`store.asides`).
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.assembly.box import read_box_file
from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_supervisor
from appliance.assembly.integrity_parts import integrity_parts
from appliance.assembly.keyrings import find_epoch
from appliance.assembly.restoring import Choice, Source, chosen
from appliance.assembly.restoring_catalogue import CATALOGUE, MANIFEST, prove_catalogue
from appliance.assembly.restoring_vault import disk_faults
from appliance.assembly.rooms import Rooms
from appliance.clock import Clock
from appliance.errors import ApplianceError, Tampered, Unsuitable
from appliance.identifiers import BoxId, FileId
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.rebuilding import Rebuilt, rebuild
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.secret import SecretKey
from appliance.store.asides import aside_of
from appliance.store.box import find_box
from appliance.store.catalogue_file import CATALOGUE_MODE
from appliance.store.database import Database
from appliance.store.files import FileLayer, RealFiles, storage_faults

_LOGS = ("-wal", "-shm")
_COPY_BYTES = 1 << 20
_FETCHED = "rebuilding"  # ciphertext, below the jobs' own folder


@dataclass(frozen=True)
class Replaced:
    """What was done, and where the catalogue that was there lies now; None where there was none."""

    rebuilt: Rebuilt
    old: Path | None


def rebuild_catalogue(
    rooms: Rooms, snapshot: Path, erased: Iterable[FileId], files: FileLayer | None = None
) -> Replaced:
    """Make the catalogue again from a snapshot's, and put it in place.

    Args:
        rooms: The box; its own catalogue may be damaged or missing.
        snapshot: A catalogue that came out of a backup.
        erased: Files whose tombstones are known from elsewhere.
        files: The disk.

    Raises:
        Unavailable: The box runs, or the disk refused; nothing changed.
        Tampered, WrongKey: The snapshot is not what was stored, or another root's; nothing changed.
        Unsuitable: It is another box's; nothing changed.
    """
    folders = rooms.folders
    box_id, files = read_box_file(folders).box_id, files or RealFiles()
    draft = folders.catalogue.with_name("catalogue.rebuilt.db")
    with held_by_supervisor(folders), _drafted(rooms, snapshot, draft, files) as parts:
        _check_pages(parts)
        parts.database.migrate()
        _check_box(parts, box_id)
        with _old(rooms) as old:
            done = rebuild(parts, box_id, old, erased)
        parts.database.close()
        _check_pages(parts)
        rooms.database.close()
        return Replaced(done, _put_in_place(folders.catalogue, draft, f"{rooms.clock.now():%Y%m%dT%H%M%S.%fZ}", files))


@contextmanager
def fetched_catalogue(
    folders: Folders, source: Source, root: SecretKey, choice: Choice, clock: Clock
) -> Iterator[Path]:
    """Take a catalogue out of a target, proved to be what was backed up; it is removed when the block ends.

    Raises:
        Unavailable: The box runs, or the target or the disk refused.
        NotFound: The target has no such catalogue.
        Tampered, WrongKey: What it gave is not what was backed up.
    """
    with held_by_supervisor(folders):
        pass  # told before anything is fetched
    place = folders.backup / _FETCHED
    snapshot = chosen(source.keys.snapshots(), choice)
    shutil.rmtree(place, ignore_errors=True)
    try:
        with disk_faults():
            source.keys.restore(snapshot.snapshot_id, place, [f"/{name}" for name in (CATALOGUE, MANIFEST)])
        prove_catalogue(place, Keyring.for_process("staff", root, find_epoch(root, place / CATALOGUE)), clock)
        yield place / CATALOGUE
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _drafted(rooms: Rooms, snapshot: Path, draft: Path, files: FileLayer) -> Iterator[IntegrityParts]:
    """Copy the snapshot beside the catalogue, as the catalogue's own user would have made it."""
    _remove(draft)
    with storage_faults():
        try:
            source = snapshot.open("rb")
        except OSError as error:
            raise Unsuitable(f"the snapshot cannot be read: {error.strerror}") from error
        with source, os.fdopen(files.create_exclusive(draft, CATALOGUE_MODE), "wb") as target:
            shutil.copyfileobj(source, target, _COPY_BYTES)
        with suppress(PermissionError):
            owner = draft.parent.stat()
            os.chown(draft, owner.st_uid, owner.st_gid)
    database = Database(draft, rooms.keyring.key(Subkey.CATALOGUE), rooms.clock)
    try:
        yield replace(integrity_parts(rooms), database=database)
    finally:
        database.close()
        _remove(draft)


@contextmanager
def _old(rooms: Rooms) -> Iterator[Database | None]:
    """Give the catalogue that is to be replaced, where it opens at all."""
    with closing(Database(rooms.folders.catalogue, rooms.keyring.key(Subkey.CATALOGUE), rooms.clock)) as old:
        try:
            with old.read() as tx:
                find_box(tx)
        except ApplianceError:
            yield None
        else:
            yield old


def _check_pages(parts: IntegrityParts) -> None:
    faults = parts.database.check_integrity()
    if faults:
        raise Tampered(f"the snapshot's catalogue is damaged: {faults[0]}")


def _check_box(parts: IntegrityParts, box_id: BoxId) -> None:
    with parts.database.read() as tx:
        box = find_box(tx)
    if box is None or box.box_id != box_id:
        raise Unsuitable("the snapshot is another box's")


def _put_in_place(catalogue: Path, draft: Path, stamp: str, files: FileLayer) -> Path | None:
    aside = aside_of(catalogue, stamp)
    with storage_faults():
        with draft.open("rb+") as whole:
            os.fsync(whole.fileno())
        there = catalogue.exists()
        if there:
            os.link(catalogue, aside)
        for log in _LOGS:  # a log that met other pages would be played into them
            with suppress(FileNotFoundError):
                files.rename(Path(f"{catalogue}{log}"), Path(f"{aside}{log}"))
        files.fsync_folder(catalogue.parent)
        files.rename(draft, catalogue)
        files.fsync_folder(catalogue.parent)
    return aside if there else None


def _remove(draft: Path) -> None:
    with storage_faults():
        for name in ("", *_LOGS):
            Path(f"{draft}{name}").unlink(missing_ok=True)
