"""Lays out what a snapshot of the catalogue holds: the catalogue as of one moment, and what a new box needs beside it.

Guards: what is laid out is ciphertext, or holds nothing of a patient. What is
told of it (files, studies, the trail's end) was read before the copy, so the
copy holds at least that. What a run that was cut off left is removed by the next.
"""

import json
import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from appliance.audit.chain import Head
from appliance.backup import queries_copies
from appliance.backup.marks import Mark, mark_now
from appliance.backup.parts import BackupParts
from appliance.clock import microseconds
from appliance.store.files import create_durably, storage_faults
from appliance.store.transactions import ReadTransaction

CATALOGUE, BOX, SETTINGS, MANIFEST = "catalogue.db", "box.json", "settings.toml", "manifest.json"
INBOX, SETTLED = "inbox", "settled"
MANIFEST_FORMAT = "enamel backup"
_OVERLAP_MICROSECONDS = 120_000_000  # longer than a row's making and its commit may lie apart


@dataclass(frozen=True)
class StagedCatalogue:
    """A catalogue that is laid out.

    Attributes:
        folder: Holds it and what goes with it.
        mark: An end of the trail that is in it.
        taken_at: When it was read.
        file_count: Files of the vault that it names, at least, where they were counted; `stored_bytes` of plaintext.
        copied_through: What the catalogue had before this (microseconds) is in it and in the vault.
        studies: The studies in question, each with how many of its files the vault has.
        new_files: The vault's files in question.
    """

    folder: Path
    mark: Mark
    taken_at: datetime
    file_count: int
    stored_bytes: int
    copied_through: int
    studies: list[tuple[int, int]]
    new_files: list[bytes]

    @property
    def head(self) -> Head:
        return self.mark.head


def stage_catalogue(parts: BackupParts, folder: Path, since: int, *, count: bool) -> StagedCatalogue:
    """Lay out a catalogue.

    Args:
        parts: Collaborators.
        folder: A folder of this run's own; what is in it is removed first.
        since: Studies and files count as new if a row of theirs was made then or later (microseconds).
        count: Whether to count all that the vault should hold.

    Raises:
        OutOfSpace: The disk is full.
        Unavailable: The disk refused.
    """
    clear_staged(folder)
    taken_at = parts.clock.now()
    with parts.database.read() as tx:
        staged = _told(tx, folder, taken_at, since, count=count)
    with storage_faults():
        folder.mkdir(mode=0o700, parents=True)
    parts.database.copy_into(folder / CATALOGUE)
    with storage_faults():
        for name, source in ((BOX, parts.data_folder / BOX), (SETTINGS, parts.settings_file)):
            if source.exists():
                create_durably(parts.files, folder / name, source.read_bytes())
        create_durably(parts.files, folder / MANIFEST, _manifest(parts, staged))
    return staged


def clear_staged(folder: Path) -> None:
    """Remove what was laid out.

    Raises:
        Unavailable: The disk refused.
    """
    with storage_faults(), suppress(FileNotFoundError):
        shutil.rmtree(folder)


def _told(tx: ReadTransaction, folder: Path, taken_at: datetime, since: int, *, count: bool) -> StagedCatalogue:
    waiting = queries_copies.oldest_in_inbox(tx)
    through = microseconds(taken_at) - _OVERLAP_MICROSECONDS
    files, stored_bytes = queries_copies.stored_count(tx) if count else (0, 0)
    return StagedCatalogue(
        folder, mark_now(tx), taken_at, files, stored_bytes, through if waiting is None else min(through, waiting),
        queries_copies.files_of_studies(tx, since), queries_copies.stored_since(tx, since),
    )  # fmt: skip


def _manifest(parts: BackupParts, staged: StagedCatalogue) -> bytes:
    facts = {
        "format": MANIFEST_FORMAT,
        "box_id": str(parts.box_id),
        "release": parts.release,
        "taken_at": staged.taken_at.isoformat(),
        "audit_sequence": staged.head.sequence,
        "audit_chain": staged.head.chain.hex(),
        "files": staged.file_count,
        "bytes": staged.stored_bytes,
    }
    return json.dumps(facts).encode() + b"\n"
