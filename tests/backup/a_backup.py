"""A box with a few scans and a folder as its target, for tests of what copies."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from appliance.audit.events import OPERATOR
from appliance.backup.parts import BackupParts
from appliance.backup.target import Target, location_of
from appliance.backup.targets import NewTarget, add_target
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.store.box import BoxRow, name_box
from appliance.store.files import FileLayer
from tests.backup.quick_repositories import lay_out
from tests.intake.a_clinic import Clinic, ct_slice


class BackedUp(Clinic):
    """A clinic whose scans are copied."""

    def __init__(self, folder: Path, files: FileLayer | None = None) -> None:
        folder.mkdir(exist_ok=True)
        super().__init__(folder, files)
        with self.database.write() as tx:
            name_box(tx, BoxRow(self.box_id, "Clinic", self.clock.now()))
        (folder / "settled").mkdir(exist_ok=True)
        (folder / "box.json").write_text("{}")
        (folder / "settings.toml").write_text('clinic_name = "Clinic"\n')
        self.backup = self.backup_parts()

    def backup_parts(self) -> BackupParts:
        keyring = Keyring.for_process("jobs", self.root)
        return BackupParts(
            self.folder, self.folder / "settings.toml", self.box_id, self.database, self.parts.vault, self.audit,
            self.files, self.clock, keyring.key(Subkey.BACKUP), keyring.key(Subkey.KEY_WRAPPING),
            keyring.key(Subkey.AUDIT),
        )  # fmt: skip

    def scan(self, first: int = 1, count: int = 2, study: str = "1.2.3.1") -> None:
        """Take in slices of one study."""
        numbers = range(first, first + count)
        told = [{"StudyInstanceUID": study, "SeriesInstanceUID": f"{study}.1", "SOPInstanceUID": f"{study}.1.{number}"}
                for number in numbers]  # fmt: skip
        self.take(*(ct_slice(number, **uids) for number, uids in zip(numbers, told, strict=True)))

    def disk(self, name: str = "disk") -> Path:
        """Plug in an empty disk."""
        place = self.folder.parent / name
        place.mkdir(exist_ok=True)
        return place

    def target(self, name: str = "disk") -> Target:
        """Plug in a disk and use it."""
        place = self.disk(name)
        if not any(place.iterdir()):
            lay_out(place, self.backup.box_id, self.backup.backup_key)
        return add_target(self.backup, new_disk(place, name), OPERATOR)

    def pass_by(self, span: timedelta) -> None:
        """Let time pass."""
        self.clock.ahead += span


def new_disk(place: Path, name: str = "disk", **changes: object) -> NewTarget:
    """Tell of a folder as a person does who knows that it is on the same disk."""
    told = NewTarget(name, location_of("folder", {"path": str(place), "same_disk": "yes"}))
    return replace(told, **changes)  # type: ignore[arg-type]  # whatever a test changes
