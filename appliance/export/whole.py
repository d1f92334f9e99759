"""The whole archive in open formats: DICOM files, JSON lines, checksums, and a note of what is what.

Guards: one folder, one export. Its mark says whose it is and how far it got; a run that was killed, a disk that was
full or pulled out, a box that lost its power leave a mark from which the next run goes on: what has its checksums is
done, all else is done anew. What was planned at the beginning is what is exported. Everything leaves in clear: the
mark, the note and the command say so.
Leaves out: keys, passwords, sessions, caches (`queries_archive` names what leaves).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path

from appliance import __version__
from appliance.archive.damage import Damage
from appliance.audit.events import OPERATOR, PROCESS, AuditLog, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import Clock, microseconds
from appliance.errors import Refused, Unsuitable
from appliance.export import queries, queries_archive
from appliance.export.archive_note import NOTE_TEXT
from appliance.export.entries import SUMS, Shelf, sums_line
from appliance.export.group_copy import NOT_EXPORTED, UNREADABLE, Planned, copy_group, is_copied
from appliance.export.listing import INSTANCES, QUARANTINED, digest_of, read_lines, write_listing
from appliance.export.places import check_room, make_name_durable, put_by_somebody
from appliance.identifiers import FileId
from appliance.store.files import FileLayer, replace_durably, storage_faults

MARK = "enamel-export.json"
_CATALOGUE, _README = "catalogue", "README.TXT"
_DRAFTS = (f".{MARK}.", f".{SUMS}.", f".{_README}.")  # what a run that was killed may leave
_FORMAT = "enamel archive export"
_A_FILE_BYTES = 4096  # what a small file may take besides its bytes
Progress = Callable[[int, int], None]  # bytes done, of how many


@dataclass(frozen=True, slots=True)
class Mark:
    """How far an export got. `state`: 'listing', 'copying' or 'whole'."""

    format: str
    box_id: str
    release: str
    begun_at: str
    audit_sequence: int
    export_key: int
    state: str
    file_count: int = 0
    total_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Exported:
    """What a finished export holds."""

    file_count: int
    total_bytes: int
    not_exported: int
    resumed: bool


@dataclass(frozen=True)
class ArchiveExporter:
    """Exports one box's archive.

    Attributes:
        shelf: Where stored files are read.
        audit: The trail.
        clock: The time.
        files: The disk that is written to.
        reserve_bytes: What has to stay free there.
    """

    shelf: Shelf
    audit: AuditLog
    clock: Clock
    files: FileLayer
    reserve_bytes: int = 0

    def export(self, folder: Path, on_progress: Progress = lambda _done, _total: None) -> Exported:
        """Export everything into an empty folder, or go on with the export that was begun there.

        Raises:
            Unsuitable: The folder holds something else, or another box's export.
            Refused: Another export into it is running.
            OutOfSpace: It does not fit, or the disk got full. Make room and run it again.
            Unavailable: A disk refused. Run it again.
        """
        with storage_faults(), self._alone(folder):
            mark, resumed = self._begin(folder)
            if mark.state == "whole":
                return Exported(mark.file_count, mark.total_bytes, _count_missing(folder), resumed)
            with self._recorded(mark):
                mark = self._list(folder, mark) if mark.state == "listing" else mark
                check_room(folder, _still_to_write(folder), self.reserve_bytes)
                self._copy(folder, mark, on_progress)
                self._finish(folder, mark)
            return Exported(mark.file_count, mark.total_bytes, _count_missing(folder), resumed)

    @contextmanager
    def _alone(self, folder: Path) -> Iterator[None]:
        if not folder.is_dir():
            if folder.exists():
                raise Unsuitable("the place to export to is no folder")
            self.files.make_folder(folder)
        if self.files.is_held(folder):
            raise Refused("another export into this folder is running")
        holding = self.files.hold_folder(folder)
        try:
            yield
        finally:
            self.files.close(holding)

    def _begin(self, folder: Path) -> tuple[Mark, bool]:
        """Find the mark of an export that was begun here, or make one in an empty folder."""
        with self.shelf.database.read() as tx:
            own = queries_archive.box_id(tx).hex()
        names = put_by_somebody(self.files.listdir(folder))
        for name in [name for name in names if name.startswith(_DRAFTS)]:
            self.files.unlink(folder / name)
            names.remove(name)
        if MARK in names:
            return _read_mark(folder, own), True
        if names:
            raise Unsuitable("the folder is not empty: give an empty one, or the one of an export that was cut off")
        make_name_durable(self.files, folder)
        now = self.clock.now()
        with self.shelf.database.write() as tx:
            head = queries_archive.audit_head(tx)
            key = queries.begin(tx, scope="archive", form="folder", made_at=microseconds(now), file_count=0, bytes=0)
        mark = Mark(_FORMAT, own, __version__, now.isoformat(), head, key, "listing")
        self._put(folder, mark)
        return mark, False

    def _list(self, folder: Path, mark: Mark) -> Mark:
        """Write the catalogue, which is the plan; what a run that was cut off left of it goes first."""
        catalogue = folder / _CATALOGUE
        if catalogue.is_dir():
            for name in self.files.listdir(catalogue):
                self.files.unlink(catalogue / name)
        else:
            self.files.make_folder(catalogue)
            self.files.fsync_folder(folder)
        with self.shelf.database.read() as tx:
            count, total = write_listing(tx, catalogue, self.files)
            mark = replace(mark, state="copying", file_count=count, total_bytes=total)
        replace_durably(self.files, folder / _README, NOTE_TEXT.replace("\n", "\r\n").encode())
        self._put(folder, mark)
        with self.shelf.database.write() as tx:
            queries.count(tx, mark.export_key, count, total)
        return mark

    def _copy(self, folder: Path, mark: Mark, on_progress: Progress) -> None:
        done = 0
        for place, planned in plan(folder):
            if not is_copied(folder / place):
                copied = copy_group(self.shelf, self.files, folder / place, planned)
                self._tell_damage(copied.missing)
            done += sum(one.size for one in planned)
            on_progress(done, mark.total_bytes)

    def _finish(self, folder: Path, mark: Mark) -> None:
        """Write the checksums of all, from those of each folder, and mark the whole as whole."""
        draft = folder / f".{SUMS}.draft"
        draft.unlink(missing_ok=True)
        descriptor = self.files.create_exclusive(draft)
        try:
            for line in _all_sums(folder):
                self.files.write(descriptor, line)
            self.files.fsync(descriptor)
        finally:
            self.files.close(descriptor)
        self.files.rename(draft, folder / SUMS)
        self._put(folder, replace(mark, state="whole"))
        if any(line["why"] == UNREADABLE for line in _not_exported(folder)):
            return  # another export may get it: this one does not count as having taken everything out
        with self.shelf.database.write() as tx:
            queries.finish(tx, mark.export_key, microseconds(self.clock.now()))

    @contextmanager
    def _recorded(self, mark: Mark) -> Iterator[None]:
        """Record that the archive leaves, before its first byte does, and if it did not go to its end."""
        subject = Subject(SubjectKind.EXPORT, mark.export_key)
        event = Event(EventCode.ARCHIVE_EXPORTED, OPERATOR, subject=subject, number=mark.file_count)
        with self.shelf.database.write() as tx:
            self.audit.record(tx, event)
        try:
            yield
        except BaseException:
            with self.shelf.database.write() as tx:
                self.audit.record(tx, replace(event, code=EventCode.EXPORT_CUT_OFF, outcome=Outcome.FAILURE))
            raise

    def _tell_damage(self, missing: tuple[FileId, ...]) -> None:
        damage = Damage(self.shelf.database, self.audit, self.clock)
        for file_id in missing:
            damage.found_damaged(file_id, PROCESS)

    def _put(self, folder: Path, mark: Mark) -> None:
        replace_durably(self.files, folder / MARK, (json.dumps(asdict(mark), indent=1) + "\n").encode())


def plan(folder: Path) -> Iterator[tuple[str, list[Planned]]]:
    """Give each folder of an export with its files, in order, from the list that was written at the beginning."""
    for name in (INSTANCES, QUARANTINED):
        lines = read_lines(folder / _CATALOGUE / name)
        for place, group in groupby(lines, key=lambda line: str(line["folder"])):
            yield (
                place,
                [Planned(str(one["name"]), FileId.parse(str(one["file_id"])), int(str(one["bytes"]))) for one in group],
            )


def state_of(folder: Path) -> str | None:
    """Say how far the export in a folder got; None where there is none, an empty text where its mark is damaged."""
    try:
        return str(json.loads((folder / MARK).read_bytes())["state"])
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return ""


def _read_mark(folder: Path, own: str) -> Mark:
    try:
        mark = Mark(**json.loads((folder / MARK).read_bytes()))
    except (ValueError, TypeError) as fault:
        raise Unsuitable("the mark of the export in this folder cannot be read: begin with an empty folder") from fault
    if mark.format != _FORMAT or mark.box_id != own:
        raise Unsuitable("the folder holds the export of another box")
    return mark


def _still_to_write(folder: Path) -> int:
    """Give how many bytes the files that are not copied yet will take."""
    return sum(
        one.size + _A_FILE_BYTES for place, planned in plan(folder) if not is_copied(folder / place) for one in planned
    )


def _all_sums(folder: Path) -> Iterator[bytes]:
    """Give a line for each file of the export."""
    for name in (_README, *(f"{_CATALOGUE}/{path.name}" for path in sorted((folder / _CATALOGUE).iterdir()))):
        yield sums_line(digest_of(folder / name), name)
    for place, _planned in plan(folder):
        with (folder / place / SUMS).open(encoding="utf-8") as sums:
            for line in sums:
                digest, _blank, name = line.rstrip("\n").partition("  ")
                yield sums_line(digest, f"{place}/{name}")


def _count_missing(folder: Path) -> int:
    return sum(1 for _line in _not_exported(folder))


def _not_exported(folder: Path) -> Iterator[dict[str, object]]:
    for place, _planned in plan(folder):
        if (folder / place / NOT_EXPORTED).is_file():
            yield from read_lines(folder / place / NOT_EXPORTED)
