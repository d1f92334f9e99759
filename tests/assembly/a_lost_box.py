"""A box that will be lost, copies of it on a disk, and its way back."""

import json
import subprocess
from collections.abc import Callable, Set
from dataclasses import dataclass
from pathlib import Path

from appliance.assembly.box import open_box
from appliance.assembly.restoring import Choice, NewSeal, Outcome, Restoring, Source
from appliance.assembly.restoring_targets import gather_erased, open_source, parse_where
from appliance.audit.queries import verify
from appliance.backup.connecting import FILES
from appliance.clock import SystemClock
from appliance.config import Settings, in_folders
from appliance.identifiers import FileId
from appliance.keys.hierarchy import Subkey, derive, repository_password
from appliance.keys.secret import SecretKey
from appliance.recovery.queries_restorations import Restoration, restorations
from tests.assembly.a_full_box import FullBox, copy, new_target, study_slice

NEWEST, OPEN = Choice(), NewSeal(None)
Step = Callable[[str], None]


def deaf(_: str) -> None:
    """Take no notice of steps."""


@dataclass(frozen=True)
class Lost:
    """A box that will be lost, and the disk that its copies are on."""

    box: FullBox
    disk: Path

    @property
    def source(self) -> Source:
        return open_source(parse_where(f"folder:{self.disk}"), None, self.box.root)


def make_lost(folder: Path) -> Lost:
    """Make a box of three studies and a copy of it; a fourth waits in the inbox while the copy is made."""
    box = FullBox(folder / "data")
    for number in (1, 2, 3):
        box.add_study(number)
    target = new_target(box, folder / "disk")
    box.receive([study_slice(4, 1)], end=False)
    copy(box, target)
    box.close()
    return Lost(box, folder / "disk")


def packs_on(disk: Path) -> set[Path]:
    """Give the packs of the repository of stored files that a disk has."""
    return {path for path in (disk / FILES / "data").rglob("*") if path.is_file()}


def packs_with_files(lost: Lost, packs: Set[Path]) -> list[Path]:
    """Give those of the packs that hold bytes of the vault's files; the others hold what leads to them."""
    key = derive(lost.box.root, Subkey.BACKUP)
    password = repository_password(key, lost.source.target_id, FILES).reveal().hex()
    command = ["restic", "-r", str(lost.disk / FILES), "--no-cache", "--no-lock", "find", "--json", "--pack"]
    environment = {"RESTIC_PASSWORD": password, "PATH": "/usr/bin"}

    def holds(pack: Path) -> bool:
        told = subprocess.run([*command, pack.name], env=environment, capture_output=True, check=True).stdout
        found = json.loads(told or "null") or []
        return any(one["object_type"] == "blob" and one["path"].startswith("/vault/") for one in found)

    return [pack for pack in sorted(packs) if holds(pack)]


def settings_of(folder: Path) -> Settings:
    """Give the settings of a bare folder."""
    return in_folders(Settings(), str(folder), str(folder / "run"))


def restore(folder: Path, root: SecretKey, *sources: Source, choice: Choice = NEWEST, on_step: Step = deaf) -> Outcome:
    """Bring a box back into a folder, asking for no passphrase."""
    restoring = Restoring(settings_of(folder), root, sources, SystemClock(), on_step)
    return restoring.run(choice, OPEN, gather_erased(sources, root))


def told_of(folder: Path) -> Restoration:
    """Give what a restored box tells of how it came back."""
    box = FullBox(folder)
    with box.rooms.database.read() as tx:
        (found,) = restorations(tx)
    return found


def check_whole(folder: Path, lost: FullBox) -> FullBox:
    """Open a restored box and compare it with the one that was lost, every byte of every stored file."""
    open_box(settings_of(folder), None, SystemClock())
    box = FullBox(folder)
    assert box.digests() == lost.digests()
    for (file_id,) in box.rows("SELECT file_id FROM files"):
        name = FileId(file_id)
        assert box.rooms.vault.path_of(name).read_bytes() == lost.rooms.vault.path_of(name).read_bytes()
    with box.rooms.database.read() as tx:
        assert verify(tx, box.rooms.keyring.key(Subkey.AUDIT)).fault is None
        told = tx.rows("SELECT sequence FROM audit_events WHERE event = 'box restored'")
        assert (len(told), tx.rows("SELECT sequence FROM restorations")) == (1, told), "told once, and with its event"
    assert not box.folders.restoring.exists()
    return box
