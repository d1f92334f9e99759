"""Intake's side of the inbox: what arrived, in order, and what can be opened.

Guards: nothing that a record or a file claims is believed before its tag has
verified under the association's key, and that key opens only beside the facts
and the box it was sealed for. Only regular files are read, and none is waited
for. Reading changes nothing on disk.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from appliance.errors import Tampered, Unsuitable, WrongKey
from appliance.identifiers import AssociationId, BoxId, FileId
from appliance.inbox.association import (
    ASSOCIATION_NAME,
    END_NAME,
    LARGEST_RECORD_BYTES,
    AssociationEnd,
    SealedAssociation,
    decode_association,
    decode_end,
)
from appliance.keys.inbox_seal import check_end_mac, instance_key, open_association_key
from appliance.keys.secret import SecretKey
from appliance.keys.stream import SealedStream
from appliance.store.files import NO_FILE, FileLayer, storage_fault, storage_faults

_FILE_ID_AT = 8  # in a sealed file's header: docs/storage-format.md
_MAGIC = b"ENAMEL"


class State(Enum):
    """What a file in the inbox is, as far as its header and last chunk tell."""

    WHOLE = "whole"
    INCOMPLETE = "incomplete"  # still being written, cut off, or damaged at an end
    FORGED = "forged"  # sealed under another key or for another name
    GONE = "gone"


class CutRecord(Tampered):
    """An association's record lacks its end: it is still being written, or a crash cut it."""


@dataclass(frozen=True)
class OpenAssociation:
    """An association whose key is at hand."""

    record: SealedAssociation
    key: SecretKey

    @property
    def association_id(self) -> AssociationId:
        """Give its id, which is also its folder's name."""
        return self.record.facts.association_id


class InboxReader:
    """Reads the inbox of one box."""

    def __init__(self, inbox: Path, box_id: BoxId, files: FileLayer) -> None:
        self._inbox = inbox
        self._box_id = box_id
        self._files = files

    def association_ids(self) -> list[AssociationId]:
        """Give every association's folder by name; foreign names are passed over."""
        return [AssociationId(bytes.fromhex(name)) for name in self._names(self._inbox)]

    def walk(self) -> Iterator[AssociationId]:
        """Give every association's folder as the disk has them, in no order, without a list of all.

        Raises:
            Unavailable: The disk refused.
        """
        with storage_faults(), suppress(FileNotFoundError, NotADirectoryError), os.scandir(self._inbox) as entries:
            for entry in entries:
                with suppress(Unsuitable):
                    yield AssociationId.parse(entry.name)

    def record_of(self, association_id: AssociationId) -> SealedAssociation | None:
        """Read who sent; None while a folder has no record yet.

        Raises:
            Tampered: It is no record (`CutRecord`: only a part of one), another association's, or another box's.
            Unavailable: The disk refused.
        """
        stored = self._read_record(association_id, ASSOCIATION_NAME)
        if stored is None:
            return None
        if not stored.endswith(b"\n"):
            raise CutRecord("an association's record is cut")
        record = decode_association(stored)
        if record.facts.association_id != association_id or record.facts.box_id != self._box_id:
            raise Tampered("an association record is another association's or another box's")
        return record

    def open(self, record: SealedAssociation, private_keys: Mapping[int, SecretKey]) -> OpenAssociation:
        """Open an association's key.

        Raises:
            Tampered: No private key opens it beside these facts (`WrongKey`), or it is cut.
        """
        private_key = private_keys.get(record.inbox_key_number)
        if private_key is None:
            raise WrongKey("an association was sealed to an inbox key that is not here")
        return OpenAssociation(record, open_association_key(private_key, record.info, record.sealed_key))

    def end_of(self, association: OpenAssociation) -> AssociationEnd | None:
        """Read how it ended; None while it has not, or was cut off, or a power cut took the end of its record.

        Raises:
            Tampered: The record is not what the receiver wrote.
            Unavailable: The disk refused.
        """
        stored = self._read_record(association.association_id, END_NAME)
        if stored is None or not stored.endswith(b"\n"):
            return None
        end, line, mac = decode_end(stored)
        check_end_mac(association.key, line, mac)
        if end.association_id != association.association_id:
            raise Tampered("an end record is another association's")
        return end

    def file_ids(self, association_id: AssociationId) -> list[FileId]:
        """Give the names of an association's files, none when its folder is gone."""
        return [FileId(bytes.fromhex(name)) for name in self._names(self._folder(association_id))]

    def open_file(self, association_id: AssociationId, file_id: FileId) -> BinaryIO:
        """Open a file's ciphertext.

        Raises:
            Tampered: It is a link, a folder or a pipe.
            Unavailable: The disk refused, or the file is gone.
        """
        try:
            return self._opened(association_id, file_id)
        except OSError as error:
            if error.errno in NO_FILE:
                raise Tampered("what lies under a file's name in the inbox is no file") from error
            raise storage_fault(error) from error

    def state_of(self, association: OpenAssociation, file_id: FileId) -> State:
        """Say whether a file is whole: its header and its last chunk verify.

        Raises:
            Unavailable: The disk refused.
        """
        try:
            with self._opened(association.association_id, file_id) as file:
                return _state(instance_key(association.key, file_id), file_id, file)
        except FileNotFoundError:
            return State.GONE
        except OSError as error:
            if error.errno in NO_FILE:  # a link, a folder or a pipe: the receiver makes none
                return State.FORGED
            raise storage_fault(error) from error

    def quiet_since(self, association_id: AssociationId) -> float:
        """Give the last change of a folder or a file in it, in seconds since 1970; 0.0 when it is gone."""
        folder = self._folder(association_id)
        changed = 0.0
        with storage_faults(), suppress(FileNotFoundError):
            for path in (folder, *folder.iterdir()):
                changed = max(changed, path.lstat().st_mtime)
        return changed

    def is_live(self, association_id: AssociationId) -> bool:
        """Say whether the receiver is still at it.

        Raises:
            Unavailable: The disk refused.
        """
        with storage_faults():
            return self._files.is_held(self._folder(association_id))

    def stamp_of(self, association_id: AssociationId) -> tuple[int, ...]:
        """Give something that differs once an association's folder or record has changed."""
        folder, stamp = self._folder(association_id), []
        for path in (folder, folder / ASSOCIATION_NAME):
            with suppress(OSError):
                facts = path.lstat()
                stamp += [facts.st_ino, facts.st_mtime_ns, facts.st_size]
        return tuple(stamp)

    def _opened(self, association_id: AssociationId, file_id: FileId) -> BinaryIO:
        return self._files.open_read(self._folder(association_id) / str(file_id))

    def _folder(self, association_id: AssociationId) -> Path:
        return self._inbox / str(association_id)

    def _names(self, folder: Path) -> list[str]:
        names = []
        with storage_faults(), suppress(FileNotFoundError, NotADirectoryError):
            for name in self._files.listdir(folder):
                with suppress(Unsuitable):
                    names.append(str(FileId.parse(name)))
        return names

    def _read_record(self, association_id: AssociationId, name: str) -> bytes | None:
        folder = self._folder(association_id)
        try:
            if folder.is_symlink():
                raise Tampered("an association's folder is a link")
            with self._files.open_read(folder / name) as file:
                return file.read(LARGEST_RECORD_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            if error.errno in NO_FILE:
                raise Tampered("an association's record is no file") from error
            raise storage_fault(error) from error


def _state(data_key: SecretKey, file_id: FileId, file: BinaryIO) -> State:
    try:
        SealedStream(data_key, file_id, file.fileno())
    except WrongKey:
        return State.FORGED
    except Tampered:
        header = file.read(_FILE_ID_AT + len(file_id.value))
        named = header[_FILE_ID_AT:]
        ours = header.startswith(_MAGIC) and len(named) == len(file_id.value)
        return State.FORGED if ours and named != file_id.value else State.INCOMPLETE
    return State.WHOLE
