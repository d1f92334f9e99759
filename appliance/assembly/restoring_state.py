"""How far a restore has come, so that one that was cut off goes on where it was.

Guards: the state is written durably after what it tells is durable, so a
power cut at any moment costs at most one step's work. While its file is
there the folder is no box: nothing in it is opened to be served.
Leaves out: keys, which whoever goes on types again, and the targets' passwords.
"""

import json
import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from appliance.assembly.folders import Folders
from appliance.errors import Refused, Unavailable, Unsuitable
from appliance.identifiers import FileId
from appliance.store.files import FILE_MODE, FOLDER_MODE, RealFiles, replace_durably, storage_faults

_FORMAT = "enamel restore"
_STATE, _TOMBSTONES = "state.json", "tombstones"
_FOUND = "lost+found"  # a disk that was just formatted has it


class Step(StrEnum):
    """What was done last."""

    CHOSEN = "chosen"  # which snapshot it is to be
    PROVED = "proved"  # its catalogue lies here and is what was backed up
    PLACED = "placed"  # catalogue, inbox and settled lie where they belong
    FETCHED = "fetched"  # every file that is to be had lies in the vault, verified
    CLOSED = "closed"  # the trail says that the box was restored

    @property
    def order(self) -> int:
        """Give its place among the steps."""
        return [*Step].index(self)


@dataclass(frozen=True)
class State:
    """One restore.

    Attributes:
        target_id: Which target it comes from.
        snapshot_id: The catalogue's snapshot.
        taken_at: When that was taken.
        step: What was done last.
        missing_count: Files that no target had whole.
        erased_count: Files of the snapshot that had been erased since.
        later_count: Files that came to the target after the snapshot.
        is_drill: The lost box lives.
    """

    target_id: str
    snapshot_id: str
    taken_at: datetime
    step: Step = Step.CHOSEN
    missing_count: int = 0
    erased_count: int = 0
    later_count: int = 0
    is_drill: bool = False

    def is_before(self, step: Step) -> bool:
        """Say whether a step has still to be done."""
        return self.step.order < step.order


class Progressing:
    """The folder `restore` in the data folder: state, tombstones, and what is on its way in."""

    def __init__(self, folders: Folders) -> None:
        self.folders = folders
        self._files = RealFiles()

    @property
    def keys(self) -> Path:
        """Where the catalogue's snapshot lies until its parts have their places."""
        return self.folders.restoring / "keys"

    @property
    def arriving(self) -> Path:
        """Where the engine writes files, until each was verified."""
        return self.folders.restoring / "files"

    def find(self) -> State | None:
        """Give the restore that was begun here, or None.

        Raises:
            Unavailable: Its state cannot be read.
        """
        try:
            table = json.loads((self.folders.restoring / _STATE).read_bytes())
            if table.pop("format") != _FORMAT:
                raise Unavailable("the state of this restore is of another release")
            taken_at, step = datetime.fromisoformat(table.pop("taken_at")), Step(table.pop("step"))
            return State(**table, taken_at=taken_at, step=step)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Unavailable("the state of this restore cannot be read: remove the folder and begin again") from error

    def begin(self, state: State) -> State:
        """Note what is to be restored, in a folder that is empty or was never a box.

        Raises:
            Refused: There is a box here, or something else.
        """
        check_empty(self.folders)
        self.folders.create()
        with storage_faults():
            self.folders.restoring.mkdir(mode=0o700, exist_ok=True)
            self._files.fsync_folder(self.folders.data)
        return self.note(state)

    def note(self, state: State, step: Step | None = None) -> State:
        """Note how far it is, durably, and give the state back."""
        state = state if step is None else replace(state, step=step)
        table = {"format": _FORMAT, **asdict(state), "taken_at": state.taken_at.isoformat(), "step": state.step.value}
        with storage_faults():
            replace_durably(self._files, self.folders.restoring / _STATE, json.dumps(table, indent=1).encode() + b"\n")
        return state

    def keep_tombstones(self, file_ids: Iterable[FileId]) -> frozenset[FileId]:
        """Add to what is known to be erased, durably: a target that told of it need not be there the next time.

        Raises:
            Unavailable: What was kept cannot be read.
        """
        file = self.folders.restoring / _TOMBSTONES
        with storage_faults():
            try:
                kept = frozenset(FileId.parse(line) for line in file.read_text("ascii").splitlines())
            except FileNotFoundError:
                kept = frozenset()
            except (ValueError, Unsuitable):
                raise Unavailable("what this restore kept of erasures cannot be read: begin again") from None
            known = kept | frozenset(file_ids)
            replace_durably(self._files, file, "".join(f"{file_id}\n" for file_id in sorted(known)).encode())
        return known

    def end(self) -> None:
        """Remove the folder `restore`, its state last: cut off before, this is done by the next start."""
        with storage_faults():
            for entry in sorted(self.folders.restoring.iterdir()):
                if entry.is_dir():
                    shutil.rmtree(entry)
                elif entry.name != _STATE:
                    entry.unlink()
            self._files.fsync_folder(self.folders.restoring)
            (self.folders.restoring / _STATE).unlink(missing_ok=True)
            self.folders.restoring.rmdir()
            self._files.fsync_folder(self.folders.data)


def take_rights(folder: Path) -> None:
    """Give all below a folder the folder's own owner and group: on a box each has a user of its own.

    A folder that hands its group on holds folders in which that group writes, as intake makes them: jobs, who may make
    nothing in `vault` but a shelf that is missing, repairs and erases on every shelf.

    Raises:
        Unavailable: The disk refused.
    """
    with storage_faults():
        own = folder.stat()
        hands_on = own.st_mode & stat.S_ISGID
        inner = FOLDER_MODE | stat.S_ISGID if hands_on else stat.S_IMODE(own.st_mode)
        for path in folder.rglob("*"):
            mode = inner if path.is_dir() else FILE_MODE
            there = path.lstat()
            if (there.st_uid, there.st_gid) != (own.st_uid, own.st_gid):
                os.chown(path, own.st_uid, own.st_gid, follow_symlinks=False)
            if not path.is_symlink() and stat.S_IMODE(there.st_mode) != mode:
                path.chmod(mode)


def find_begun(folders: Folders) -> State | None:
    """Give the restore that was begun in a folder, or None where one can begin.

    Raises:
        Refused: There is a box, or the folder holds something else.
        Unavailable: The state cannot be read.
    """
    begun = Progressing(folders).find()
    if begun is None:
        check_empty(folders)
    return begun


def check_empty(folders: Folders) -> None:
    """Refuse to restore over anything.

    Raises:
        Refused: There is a box, or the folder holds something else.
    """
    signs = (folders.box, folders.sealed_root, folders.inbox_key, folders.vault, folders.inbox, folders.settled)
    with storage_faults():
        if any(sign.is_file() or (sign.is_dir() and _has_files(sign)) for sign in signs) or _size(folders.catalogue):
            raise Refused(f"there is a box in {folders.data} already: nothing is ever written over one")
        known = {folders.settings.name, folders.run.name, folders.restoring.name, _FOUND, *folders.top_names}
        there = folders.data.iterdir() if folders.data.exists() else ()
        if any(entry.name not in known for entry in there):
            raise Refused(f"{folders.data} holds something else: name a new folder")


def _has_files(folder: Path) -> bool:
    return any(entry.is_file() for entry in folder.rglob("*"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
