"""`enamel export`: a patient's package, and the whole archive, out of the box."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from appliance.assembly.rooms import Rooms
from appliance.audit.events import OPERATOR
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation
from appliance.clock import instant
from appliance.errors import Unsuitable
from appliance.export import queries
from appliance.export.entries import Shelf
from appliance.export.folder import FolderWriter, check_folder
from appliance.export.group_copy import NOT_EXPORTED
from appliance.export.package import Exporter, Package
from appliance.export.places import check_room, reserve_at
from appliance.export.sealed_zip import new_passphrase, sealed_zip_pieces
from appliance.export.whole import ArchiveExporter
from appliance.export.zipping import zip_bytes, zip_pieces
from appliance.jobs.schedule import zone_of
from appliance.store.files import RealFiles, storage_faults

_ENCRYPTION_BYTES = 128  # of an encrypted file, at most: its salt, its code, and longer headers
_IN_CLEAR = "It is not encrypted: hand it to the patient, or remove it after use."


def _package_arguments(parser: ArgumentParser, key: str) -> None:
    parser.add_argument(key, type=int, help="its number in `studies list`")
    parser.add_argument(
        "--to", type=Path, required=True, metavar="PLACE", help="a file ending in .zip, or an empty folder"
    )
    parser.add_argument("--encrypt", action="store_true", help="a ZIP under a passphrase that is shown once (AES-256)")


def _study(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        return _export(call, rooms, exporter_of(rooms).study(call.given.study_key))


def _patient(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        return _export(call, rooms, exporter_of(rooms).patient(call.given.patient_key))


def exporter_of(rooms: Rooms) -> Exporter:
    """Give what makes packages of a box."""
    shelf = Shelf(rooms.database, rooms.rotating_keys, rooms.vault)
    return Exporter(shelf, rooms.audit, rooms.clock, rooms.settings.clinic_name, zone_of(rooms.settings.time_zone))


def _reserve(rooms: Rooms, place: Path) -> int:
    with storage_faults():
        return reserve_at(place, rooms.folders.data, rooms.settings.receiver.reserve_bytes)


def _export(call: Invocation, rooms: Rooms, package: Package) -> Answer:
    place: Path = call.given.to
    is_zip, reserve = place.suffix.lower() == ".zip", _reserve(rooms, place)
    if call.given.encrypt and not is_zip:
        raise Unsuitable("only a ZIP is encrypted: give --to a name that ends in .zip")
    data = {
        "to": str(place), "files": len(package.entries), "bytes": package.total_bytes,
        "damaged_left_out": package.contents.damaged, "further_versions_left_out": package.contents.further_versions,
    }  # fmt: skip
    text = f"{len(package.entries)} files, {package.total_bytes} bytes, were exported to {place}."
    if not is_zip:
        with package.giving(OPERATOR, "folder"):
            FolderWriter(place, RealFiles(), _show_progress, reserve).write(package.entries, package.identity)
        return Answer(data, f"{text} Each was read back. {_IN_CLEAR}")
    _check_room(place, package, reserve)
    if not call.given.encrypt:
        with package.giving(OPERATOR, "zip"):
            _write_new(place, zip_pieces(package.entries, package.made_at))
        return Answer(data, f"{text} {_IN_CLEAR}")
    passphrase = new_passphrase()
    with package.giving(OPERATOR, "encrypted zip"):
        _write_new(place, sealed_zip_pieces(package.entries, package.made_at, passphrase))
    told = f"{text}\nPassphrase, shown this once: {passphrase}\nTell it by another way than the file takes."
    return Answer({**data, "passphrase": passphrase}, told)


def _check_room(place: Path, package: Package, reserve_bytes: int) -> None:
    """Refuse a ZIP that does not fit, before the first byte; a folder that is not there is told when it is made."""
    needed = zip_bytes(package.entries) + _ENCRYPTION_BYTES * len(package.entries)
    with storage_faults(), suppress(FileNotFoundError, NotADirectoryError):
        check_room(place.absolute().parent, needed, reserve_bytes)


def _write_new(target: Path, pieces: Iterator[bytes]) -> None:
    """Write a file that was not there; it has another name until it is whole and durable, and one cut off is replaced.

    Raises:
        Unsuitable: The file is there already, or cannot be made.
        OutOfSpace, Unavailable: The disk refused; nothing stays of it.
    """
    if target.exists():
        raise Unsuitable(f"{target} is there already")
    partial, files = target.with_name(f"{target.name}.partial"), RealFiles()
    partial.unlink(missing_ok=True)
    try:
        descriptor = files.create_exclusive(partial, 0o600)
    except OSError as error:
        raise Unsuitable(f"{target} cannot be made: {error.strerror}") from error
    try:
        with storage_faults():
            try:
                for piece in pieces:
                    files.write(descriptor, piece)
                files.fsync(descriptor)
            finally:
                files.close(descriptor)
            files.rename(partial, target)
            files.fsync_folder(target.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _show_progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done / 1e6:.0f} of {total / 1e6:.0f} MB" + ("\n" if done == total else ""))
        sys.stderr.flush()


def _archive(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        shelf = Shelf(rooms.database, rooms.rotating_keys, rooms.vault)
        reserve = _reserve(rooms, call.given.folder)
        exporter = ArchiveExporter(shelf, rooms.audit, rooms.clock, RealFiles(), reserve)
        done = exporter.export(call.given.folder, _show_progress)
    text = f"{done.file_count} files, {done.total_bytes} bytes, are in {call.given.folder}. Each was read back."
    if done.not_exported:
        text += f"\n{done.not_exported} of them could not be exported: {NOT_EXPORTED} in their folders say why."
    data = {"folder": str(call.given.folder), **asdict(done)}
    status = FOUND_WRONG if done.not_exported else 0
    return Answer(data, f"{text}\nNothing of it is encrypted: keep it on an encrypted disk.", status)


def _check(call: Invocation) -> Answer:
    count = check_folder(call.given.folder)
    return Answer({"files": count}, f"{count} files are what was exported.")


def _list(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        found = queries.exports(tx, 1000)
    names = ("export_key", "scope", "subject_key", "form", "made_at", "made_by", "file_count", "bytes", "finished_at")
    rows = [dict(zip(names, row, strict=True)) for row in found]
    for row in rows:
        row |= {name: row[name] and instant(row[name]).isoformat() for name in ("made_at", "finished_at")}
    columns = ("export_key", "scope", "subject_key", "form", "file_count", "bytes", "made_at", "made_by", "finished_at")
    return listed(rows, columns, "Nothing was exported.")


COMMANDS = (
    Command("export study", _study, lambda parser: _package_arguments(parser, "study_key")),
    Command("export patient", _patient, lambda parser: _package_arguments(parser, "patient_key")),
    Command("export archive", _archive, lambda parser: parser.add_argument("folder", type=Path, metavar="DIR")),
    Command("export check", _check, lambda parser: parser.add_argument("folder", type=Path)),
    Command("export list", _list),
)
