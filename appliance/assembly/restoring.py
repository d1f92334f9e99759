"""Brings a box back on a new machine, from a target and the root secret: guided, resumable, nothing is overwritten.

Steps, each durable before the next: choose a snapshot of the catalogue; prove
it; put it and the inbox in place; erase again what any target tells was
erased; fetch and verify the files that rows name; enter in the trail that the
box was restored; seal the root under its new passphrase, which alone makes the
folder a box. Cut off anywhere, the same call goes on from there.
Guards: until the last step nothing in the folder can be served. The root is in
memory only. Leaves out: reaching targets (`appliance.backup.targets`), and who is asked what.
"""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from appliance.assembly.box import BoxFile, check_passphrase, complete_box, seal_root
from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_intake
from appliance.assembly.keyrings import find_epoch
from appliance.assembly.restoring_catalogue import (
    CATALOGUE,
    close_books,
    erase_again,
    files_to_fetch,
    mark_missing,
    place_catalogue,
    prove_catalogue,
    read_manifest,
    waiting_files,
)
from appliance.assembly.restoring_late import take_in_late
from appliance.assembly.restoring_state import Progressing, State, Step, take_rights
from appliance.assembly.restoring_vault import Fetching, Told, disk_faults
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.backup.engine import Repository, Snapshot
from appliance.backup.marks import read_mark
from appliance.clock import Clock
from appliance.config import Settings, in_folders, read_settings, settings_text, telling_nobody
from appliance.errors import NotFound, Refused, Tampered
from appliance.identifiers import BoxId, FileId
from appliance.integrity.reading import sealed_bytes
from appliance.keys.hierarchy import Keyring
from appliance.keys.sealing import HostKey
from appliance.keys.secret import SecretKey
from appliance.recovery import queries_restore
from appliance.recovery.restorations import Restored
from appliance.store.box import BoxRow, find_box
from appliance.store.files import RealFiles, clear_drafts, replace_durably, storage_faults, sync_disk

_SECRET_MODE = 0o600


@dataclass(frozen=True)
class Source:
    """One target, opened with the root that was typed.

    Attributes:
        target_id: Which.
        files, keys: Its two repositories.
    """

    target_id: bytes
    files: Repository
    keys: Repository


@dataclass(frozen=True)
class Choice:
    """Which snapshot is wanted: one by its id (or its beginning), the last before a moment, or (neither) the newest."""

    snapshot_id: str | None = None
    before: datetime | None = None


@dataclass(frozen=True)
class NewSeal:
    """How the root is kept from now on; without a passphrase and a host key in a file, for demonstrations."""

    passphrase: str | None = field(repr=False)
    host_key: HostKey | None = None


@dataclass(frozen=True)
class Outcome:
    """What came back.

    Attributes:
        box: Whose.
        taken_at: When the snapshot was taken; what came later is not in it.
        studies: How many.
        files, bytes: In the vault, verified.
        missing: Files that no target had whole; their studies' pages say so.
        erased_again: Files that were in the snapshot and had been erased since.
        later_files: Files on the target that came after the snapshot: nothing opens them any more.
    """

    box: BoxRow
    taken_at: datetime
    studies: int
    files: int
    bytes: int
    missing: int
    erased_again: int
    later_files: int


@dataclass
class Restoring:
    """One restore into one folder.

    Attributes:
        settings: Where to, and how the new box is to run.
        root: The root secret of the box that is brought back.
        sources: Where from, the one to restore from first.
        clock: The time.
        on_step: Hears which step begins, in one word.
        on_progress: Hears about once a second how far fetching is.
        is_drill: The lost box lives: the one that comes back keeps away from its targets and mailboxes.
    """

    settings: Settings
    root: SecretKey = field(repr=False)
    sources: Sequence[Source]
    clock: Clock
    on_step: Callable[[str], None] = lambda _: None
    on_progress: Callable[[Told], None] = lambda _: None
    is_drill: bool = False

    def __post_init__(self) -> None:
        self._folders = Folders.of(self.settings)
        self._progressing = Progressing(self._folders)

    def run(self, choice: Choice, seal: NewSeal, erased: frozenset[FileId]) -> Outcome:
        """Restore, or go on with what was begun here.

        Args:
            choice: Which snapshot, where nothing was begun yet.
            seal: How the root is kept from now on.
            erased: What the tombstones of all targets name.

        Raises:
            Refused: There is a box here, another restore was begun here, or the passphrase is a weak one.
            NotFound: The target has no such snapshot.
            Tampered: What the target gave is not what was backed up.
            Unavailable: A target or the disk refused; do it again.
        """
        check_passphrase(seal.passphrase, self.settings.clinic_name)
        state = self._progressing.find()
        if state is None:
            state = self._begin(choice)
        elif state.target_id != self.sources[0].target_id.hex():
            raise Refused("a restore from another target was begun here: go on with that one, or name a new folder")
        elif state.is_drill != self.is_drill:
            raise Refused("what was begun here is a drill, or is none: go on as it was begun, or name a new folder")
        with held_by_intake(self._folders):
            return self._go_on(state, seal, self._progressing.keep_tombstones(erased))

    def _begin(self, choice: Choice) -> State:
        source = self.sources[0]
        snapshot = chosen(source.keys.snapshots(), choice)
        return self._progressing.begin(State(
            source.target_id.hex(), snapshot.snapshot_id, snapshot.taken_at, is_drill=self.is_drill
        ))  # fmt: skip

    def _go_on(self, state: State, seal: NewSeal, erased: frozenset[FileId]) -> Outcome:
        if state.is_before(Step.PROVED):
            state = self._prove(state)
        self.settings = adopted_settings(self.settings, self._progressing, is_drill=self.is_drill)
        if state.is_before(Step.PLACED):
            self.on_step("placing")
            place_catalogue(self._progressing)
            state = self._progressing.note(state, Step.PLACED)
        rooms = open_rooms(self.settings, self._keyring(self._folders.catalogue), self.clock)
        with closing(rooms.database):
            if state.is_before(Step.CLOSED):
                state = self._fill(state, rooms, erased)
            outcome = self._outcome(state, rooms)
        self.on_step("closing")
        self._make_box(outcome, seal)
        self._progressing.end()
        return outcome

    def _keyring(self, catalogue: Path) -> Keyring:
        return Keyring.for_process("staff", self.root, find_epoch(self.root, catalogue))

    def _prove(self, state: State) -> State:
        self.on_step("catalogue")
        with storage_faults():
            shutil.rmtree(self._progressing.keys, ignore_errors=True)
        with disk_faults():
            self.sources[0].keys.restore(state.snapshot_id, self._progressing.keys)
        self.on_step("proving")
        prove_catalogue(self._progressing.keys, self._keyring(self._progressing.keys / CATALOGUE), self.clock)
        with storage_faults():
            sync_disk(self._folders.data)  # the engine syncs nothing of what it writes here
        return self._progressing.note(state, Step.PROVED)

    def _fill(self, state: State, rooms: Rooms, erased: frozenset[FileId]) -> State:
        self.on_step("erasing")
        again = state.erased_count + erase_again(rooms, erased)
        if state.is_before(Step.FETCHED):
            self.on_step("fetching")
            wanted = files_to_fetch(self._progressing, rooms)
            known = erased | waiting_files(rooms.folders.inbox)
            fetching = Fetching(rooms, self._progressing.arriving, self.on_progress, known)
            missing = fetching.run(wanted, [source.files for source in self.sources])
            mark_missing(rooms, missing)
            copy = self.sources[0].files, state.taken_at
            late = take_in_late(rooms, self._box_id(rooms), fetching.later, copy, self._progressing.arriving)
            state = replace(state, missing_count=len(missing), later_count=len(fetching.later) - late)
        state = self._progressing.note(replace(state, erased_count=again), Step.FETCHED)
        end = read_manifest(self._progressing.keys).head
        close_books(rooms, end, self._restored(state, rooms))
        return self._progressing.note(state, Step.CLOSED)

    def _restored(self, state: State, rooms: Rooms) -> Restored:
        return Restored(
            self.sources[0].target_id, state.taken_at, self._outcome(state, rooms).files, state.missing_count,
            state.erased_count, state.later_count, self.is_drill,
        )  # fmt: skip

    def _box_id(self, rooms: Rooms) -> BoxId:
        with rooms.database.read() as tx:
            box = find_box(tx)
        if box is None:
            raise Tampered("the catalogue is of no box")
        return box.box_id

    def _outcome(self, state: State, rooms: Rooms) -> Outcome:
        with rooms.database.read() as tx:
            box, studies = find_box(tx), queries_restore.study_count(tx)
            sizes = [sealed_bytes(one.plaintext_bytes) for one in queries_restore.to_fetch(tx)]
        if box is None:
            raise Tampered("the catalogue is of no box")
        return Outcome(
            box, state.taken_at, studies, len(sizes) - state.missing_count, sum(sizes),
            state.missing_count, state.erased_count, state.later_count,
        )  # fmt: skip

    def _make_box(self, outcome: Outcome, seal: NewSeal) -> None:
        """Make the folder a box: the sealed root comes last, for whoever has that can be started."""
        box, files = outcome.box, RealFiles()
        check_passphrase(seal.passphrase, box.clinic_name)
        made = BoxFile(box.box_id, box.clinic_name, box.created_at, is_finished=True)
        with storage_faults():
            for folder in (self._folders.data, *(each for each in self._folders.data.iterdir() if each.is_dir())):
                clear_drafts(folder)
            replace_durably(files, self._folders.box, made.encode())
        with closing((rooms := complete_box(self.settings, self.root, self.clock)).database):
            rooms.publication.publish(rooms.accounts)  # what may send may do so while the box is still locked
        for folder in (self._folders.inbox, self._folders.settled, self._folders.vault):
            take_rights(folder)
        self._give_catalogue()
        if not self._folders.sealed_root.exists():
            sealed = seal_root(self.root, seal.passphrase, seal.host_key)
            with storage_faults():
                replace_durably(files, self._folders.sealed_root, sealed, _SECRET_MODE)

    def _give_catalogue(self) -> None:
        """Let the catalogue's folder say whose the catalogue is; its journals take the same rights."""
        folder = self._folders.catalogue.parent
        own = folder.stat()
        with storage_faults():
            for file in folder.iterdir():
                os.chown(file, own.st_uid, own.st_gid)
                file.chmod(own.st_mode & 0o660)


def chosen(snapshots: Sequence[Snapshot], choice: Choice) -> Snapshot:
    """Give the snapshot that is wanted; the newest is the one whose trail came furthest, whatever the clock said.

    Raises:
        NotFound: There is none such.
    """
    fitting = [
        one for one in snapshots
        if (choice.snapshot_id is None or one.snapshot_id.startswith(choice.snapshot_id))
        and (choice.before is None or one.taken_at <= choice.before)
    ]  # fmt: skip
    if not fitting:
        raise NotFound("the target has no such snapshot of this box's catalogue")
    return max(fitting, key=came_to)


def came_to(snapshot: Snapshot) -> tuple[tuple[int, int], datetime]:
    """Say how far a snapshot's record of events came, then its time: the greatest is the newest."""
    mark = read_mark(snapshot.mark)
    return (0, 0) if mark is None else mark.place, snapshot.taken_at


def adopted_settings(settings: Settings, progressing: Progressing, *, is_drill: bool = False) -> Settings:
    """Give the settings that the new box runs with: those of a file that is there, else the lost box's own.

    A box that came back for a drill tells nobody of itself.
    """
    folders, kept = progressing.folders, progressing.keys / "settings.toml"
    if not folders.settings.exists() and settings == in_folders(Settings(), str(folders.data), str(folders.run)):
        if not kept.exists():
            return settings
        kept_settings = telling_nobody(read_settings(kept)) if is_drill else read_settings(kept)
        settings = in_folders(kept_settings, str(folders.data), str(folders.run))
        with storage_faults():
            replace_durably(RealFiles(), folders.settings, settings_text(in_folders(settings, ".", "")).encode())
    return settings
