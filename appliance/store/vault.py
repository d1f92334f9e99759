"""The vault: where sealed files lie once their rows are committed.

Guards: a file has one name from creation, and is found in the inbox or in the
vault whatever moment a crash chose. Moving and removing twice changes nothing.
What the box makes itself and can make again lies apart, in `packs`: what is in
the vault is worth a backup, every file of it.
Leaves out: keys and rows, and when a file may go: whoever removes one has removed its row.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from appliance.errors import ApplianceError, Tampered
from appliance.identifiers import AssociationId, FileId
from appliance.store.files import DurableFolders, FileLayer, storage_faults

_SHELF = re.compile(r"[0-9a-f]{2}")
_NAME = re.compile(r"[0-9a-f]{32}")


class Vault:
    """The sealed files of one data folder."""

    def __init__(self, data_folder: Path, files: FileLayer) -> None:
        self._inbox = data_folder / "inbox"
        self._settled = data_folder / "settled"
        self._vault = data_folder / "vault"
        self._packs = data_folder / "packs"
        self._files = files
        self._folders = DurableFolders(files)

    def path_of(self, file_id: FileId) -> Path:
        """Give a file's path once it is in the vault."""
        return _on_shelf(self._vault, file_id)

    def pack_path_of(self, file_id: FileId) -> Path:
        """Give the path of a file that this box made itself."""
        return _on_shelf(self._packs, file_id)

    def inbox_path_of(self, association_id: AssociationId, file_id: FileId) -> Path:
        """Give a file's path while it is in the inbox."""
        return self._inbox / str(association_id) / str(file_id)

    def open_file(self, file_id: FileId, association_id: AssociationId | None = None) -> BinaryIO:
        """Open the ciphertext of a file, wherever it lies.

        Args:
            file_id: The file.
            association_id: The association that brought it, if the row tells one.

        Raises:
            Tampered: It is in no place although a row names it.
            Unavailable: The disk refused.
        """
        places = [self.path_of(file_id)]
        if association_id is None:
            places.append(self.pack_path_of(file_id))
        else:  # the vault once more: the file may move between two looks
            places += [*self._before(association_id, file_id), places[0]]
        with storage_faults():
            for place in places:
                try:
                    return self._files.open_read(place)
                except FileNotFoundError:
                    continue
        raise Tampered("a stored file is missing")

    def move_in(self, association_id: AssociationId, file_ids: Iterable[FileId]) -> None:
        """Move one association's files, as `move_all_in`."""
        self.move_all_in((association_id, file_id) for file_id in file_ids)

    def move_all_in(self, files: Iterable[tuple[AssociationId, FileId]]) -> None:
        """Move files from inbox to vault and make that durable; those moved before are left.

        Each folder that files move to is synced once, so many files at once are cheaper than each alone. The
        folders they leave are not: a move between folders is whole or not there at all on a journalling file system.
        A file in the vault is never replaced: what is in the inbox under its name
        is a replay, and stays there. A file that cannot be moved keeps no other back.

        Args:
            files: Each with the association that brought it.

        Raises:
            Tampered: A file is in neither place. All others are moved.
            Unavailable: The disk refused; do it again later.
        """
        moves = [*files]
        if not moves:
            return
        shelves = [*dict.fromkeys(self.path_of(file_id).parent for _, file_id in moves)]
        unmade = self._make_shelves(self._vault, shelves)
        touched: set[Path] = set()
        refused = next(iter(unmade.values()), None)
        for association_id, file_id in moves:
            if self.path_of(file_id).parent not in unmade:
                try:
                    with storage_faults():
                        self._move(association_id, file_id, touched)
                except ApplianceError as error:
                    refused = refused or error
        try:
            with storage_faults():
                for folder in sorted(touched):
                    self._files.fsync_folder(folder)
        except ApplianceError as error:
            refused = refused or error
        if refused is not None:
            raise refused

    def prepare_settled(self) -> Path:
        """Give the folder of settled associations; its entry is durable.

        Raises:
            OSError: The disk refused.
        """
        self._folders.make(self._settled)
        return self._settled

    def move_aside(self, association_id: AssociationId) -> None:
        """Move an association's folder out of the inbox as it is, durably: what came by that name before stays too.

        Raises:
            Unavailable: The disk refused; it lies where it lay.
        """
        name, aside = str(association_id), self._settled / "aside"
        with storage_faults():
            self._folders.make(self.prepare_settled() / aside.name)
            target = aside / name
            if target.exists():
                target = target.with_name(f"{name}.{FileId.new()}")
            with suppress(FileNotFoundError):
                self._files.rename(self._inbox / name, target)
            self._files.fsync_folder(aside)
            self._files.fsync_folder(self._inbox)

    def move_back(self, association_id: AssociationId) -> None:
        """Move a folder that was put aside into the inbox again, unless one of its name is there.

        Raises:
            Unavailable: The disk refused.
        """
        target = self._inbox / str(association_id)
        with storage_faults():
            if not target.exists():
                self._files.rename(self._settled / "aside" / target.name, target)
                self._files.fsync_folder(self._inbox)

    def remove_arrived(self, association_id: AssociationId, file_id: FileId) -> None:
        """Remove a file from the inbox, durably, whatever lies under its name in the vault; none there is no error.

        Raises:
            Unavailable: The disk refused.
        """
        place = self.inbox_path_of(association_id, file_id)
        with storage_faults(), suppress(FileNotFoundError):
            place.lstat()  # whoever may not write there is refused even where nothing is left to do
            self._files.unlink(place)
            self._files.fsync_folder(place.parent)

    def create(self, file_id: FileId) -> int:
        """Create a file that this box makes itself, in its place at once, and give a descriptor to write to.

        The caller has noted its id, so that nothing is left that nobody knows of; and syncs it, and then `settle`s it.

        Raises:
            Unavailable: The disk refused.
        """
        path = self.pack_path_of(file_id)
        with storage_faults():
            self._folders.make(self._packs)
        refused = self._make_shelves(self._packs, [path.parent])
        if refused:
            raise refused[path.parent]
        with storage_faults():
            return self._files.create_exclusive(path)

    def settle(self, file_id: FileId) -> None:
        """Make a new file's entry durable.

        Raises:
            Unavailable: The disk refused.
        """
        with storage_faults():
            self._files.fsync_folder(self.pack_path_of(file_id).parent)

    def remove(self, file_id: FileId) -> None:
        """Remove a file that no row names any more, durably; none there is no error.

        Raises:
            Unavailable: The disk refused.
        """
        for path in (self.path_of(file_id), self.pack_path_of(file_id)):
            with storage_faults(), suppress(FileNotFoundError):
                self._files.unlink(path)
                self._files.fsync_folder(path.parent)

    def remove_all(self, file_ids: Iterable[FileId]) -> None:
        """Remove files that no row names any more, durably; each shelf is synced once. None there is no error.

        Raises:
            Unavailable: The disk refused; do it again later.
        """
        paths = [self.path_of(file_id) for file_id in file_ids]
        with storage_faults():
            for path in paths:
                with suppress(FileNotFoundError):
                    self._files.unlink(path)
            for shelf in sorted({path.parent for path in paths}):  # also where a run before was cut off unsynced
                with suppress(FileNotFoundError):
                    self._files.fsync_folder(shelf)

    def stored_ids(self) -> Iterator[FileId]:
        """Give the id of every file in the vault, in order. Foreign names are passed over."""
        return self._ids_in(self._vault)

    def pack_ids(self) -> Iterator[FileId]:
        """Give the id of every file that this box made itself, in order."""
        return self._ids_in(self._packs)

    def _ids_in(self, folder: Path) -> Iterator[FileId]:
        for shelf in self._listed(folder, _SHELF):
            for name in self._listed(folder / shelf, _NAME):
                if name.startswith(shelf):
                    yield FileId.parse(name)

    def _listed(self, folder: Path, pattern: re.Pattern[str]) -> list[str]:
        with storage_faults():
            try:
                return [name for name in self._files.listdir(folder) if pattern.fullmatch(name)]
            except FileNotFoundError:  # no pack was made yet
                if folder != self._packs:
                    raise
        return []

    def _before(self, association_id: AssociationId, file_id: FileId) -> tuple[Path, Path]:
        """Give where a file may lie before its move: settled too, should its folder ever have gone before it."""
        return (
            self.inbox_path_of(association_id, file_id),
            self._settled / str(association_id) / str(file_id),
        )

    def _make_shelves(self, folder: Path, shelves: Sequence[Path]) -> dict[Path, ApplianceError]:
        """Make the folders that are missing, durable by one sync before anything moves there; give those refused."""
        unmade: dict[Path, ApplianceError] = {}
        for shelf in shelves:
            try:
                with storage_faults(), suppress(FileExistsError):
                    self._files.make_folder(shelf)
            except ApplianceError as error:
                unmade[shelf] = error
        with storage_faults():  # whether or not one is new: its maker may have failed or died before the sync
            self._files.fsync_folder(folder)
        return unmade

    def _move(self, association_id: AssociationId, file_id: FileId, touched: set[Path]) -> None:
        target = self.path_of(file_id)
        touched.add(target.parent)
        if target.exists():
            return
        for source in self._before(association_id, file_id):
            with suppress(FileNotFoundError):
                self._files.rename(source, target)
                return
        raise Tampered("an arrived file is missing from inbox and vault")


def _on_shelf(folder: Path, file_id: FileId) -> Path:
    name = str(file_id)
    return folder / name[:2] / name
