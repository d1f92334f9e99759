"""Copies one study's files, or the quarantine's, into its folder of an exported archive.

Guards: `SHA256SUMS` in the folder says that all of it is there: it comes last, in one step, when every file was synced
and read back from the disk. A folder without it is cleared and copied anew. What cannot be read is named beside it and
does not keep the rest back.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import ApplianceError, NotFound, Tampered, Unavailable
from appliance.export.entries import SUMS, Shelf, Unreadable, digest_read_back, sums_line
from appliance.identifiers import FileId
from appliance.store.files import DurableFolders, FileLayer, create_durably, replace_durably

NOT_EXPORTED = "not-exported.jsonl"
DAMAGED, UNREADABLE, ERASED = "damaged", "unreadable", "erased"


@dataclass(frozen=True, slots=True)
class Planned:
    """One file: its place in the folder, what it is copied from, its length."""

    name: str
    file_id: FileId
    size: int


@dataclass(frozen=True, slots=True)
class Copied:
    """What became of a folder's files."""

    count: int
    total_bytes: int
    missing: tuple[FileId, ...]


def is_copied(folder: Path) -> bool:
    """Say whether all of a folder is there."""
    return (folder / SUMS).is_file()


def copy_group(shelf: Shelf, files: FileLayer, folder: Path, planned: Sequence[Planned]) -> Copied:
    """Copy the files of one folder, whatever a run that was cut off left there.

    Raises:
        OSError: The disk refused.
        Unavailable: The disk gave back other bytes than were written, or the catalogue refused.
    """
    shutil.rmtree(folder, ignore_errors=True)
    _make(files, folder)
    digests: dict[str, str] = {}
    missing: list[tuple[Planned, str]] = []
    for one in planned:
        try:
            digests[one.name] = _copy(shelf, files, folder, one)
        except (Tampered, NotFound, Unreadable) as fault:
            (folder / one.name).unlink(missing_ok=True)
            missing.append((one, _why(fault)))
    _make_durable(files, folder, digests)
    if missing:
        lines = [json.dumps({"name": one.name, "file_id": str(one.file_id), "why": why}) for one, why in missing]
        create_durably(files, folder / NOT_EXPORTED, ("\n".join(lines) + "\n").encode())
        digests[NOT_EXPORTED] = digest_read_back(folder / NOT_EXPORTED)
    sums = b"".join(sums_line(digest, name) for name, digest in sorted(digests.items()))
    replace_durably(files, folder / SUMS, sums)
    lost = tuple(one.file_id for one, why in missing if why == DAMAGED)
    return Copied(len(planned) - len(missing), sum(one.size for one in planned), lost)


def _why(fault: ApplianceError) -> str:
    if isinstance(fault, Unreadable):
        return UNREADABLE
    return DAMAGED if isinstance(fault, Tampered) else ERASED


def _make(files: FileLayer, folder: Path) -> None:
    """Make a folder and those above it that are missing, durably."""
    above = [folder]
    while not above[-1].parent.exists():
        above.append(above[-1].parent)
    folders = DurableFolders(files)
    for one in reversed(above):
        folders.make(one)


def _copy(shelf: Shelf, files: FileLayer, folder: Path, one: Planned) -> str:
    path = folder / one.name
    if not path.parent.is_dir():
        files.make_folder(path.parent)
    digest = hashlib.sha256()
    pieces = shelf.pieces(one.file_id, one.size)
    descriptor = files.create_exclusive(path)
    try:
        for piece in pieces:
            digest.update(piece)
            files.write(descriptor, piece)
    finally:
        files.close(descriptor)
    return digest.hexdigest()


def _make_durable(files: FileLayer, folder: Path, digests: dict[str, str]) -> None:
    """Sync all files and folders, then read each file back: the first sync of a journal takes most others along."""
    for name in digests:
        descriptor = os.open(folder / name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            files.fsync(descriptor)
        finally:
            files.close(descriptor)
    for place in sorted({(folder / name).parent for name in digests} | {folder}):
        files.fsync_folder(place)
    for name, digest in digests.items():
        if digest_read_back(folder / name) != digest:
            raise Unavailable("the disk gave back other bytes than were written: use another one")
