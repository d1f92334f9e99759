"""A whole box in a folder, with scans that came through its inbox, and copies of it: no processes, no sockets."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from appliance.assembly.box import complete_box, create_box, unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.intake_parts import intake_parts
from appliance.audit.events import OPERATOR
from appliance.backup.parts import BackupParts
from appliance.backup.queries import find_target
from appliance.backup.running import Kind, back_up
from appliance.backup.target import Target, location_of
from appliance.backup.targets import NewTarget, add_target
from appliance.backup.tombstones import carry_tombstones
from appliance.clock import Clock, SystemClock
from appliance.config import Settings, in_folders
from appliance.identifiers import AETitle, AssociationId
from appliance.inbox.association import AssociationFacts, Outcome, Transport
from appliance.inbox.public_key import read_public_key
from appliance.inbox.writer import InboxWriter
from appliance.intake.service import Intake
from appliance.keys.hierarchy import Subkey, derive
from appliance.store.box import find_box
from appliance.store.files import RealFiles
from tests.backup.quick_repositories import lay_out
from tests.intake.a_clinic import ct_slice, sent, store


class FullBox:
    """A box whose root lies in a file, so that nobody is asked."""

    def __init__(self, data: Path, clock: Clock | None = None, clinic_name: str = "Clínica Ñ") -> None:
        self.data = data
        self.clock = clock or SystemClock()
        self.settings = in_folders(Settings(clinic_name=clinic_name), str(data), str(data / "run"))
        if not (data / "keys" / "root.sealed").exists():
            create_box(self.settings, None, self.clock)
        self.folders = Folders.of(self.settings)
        self.root = unseal_root(self.folders, None)
        self.rooms = complete_box(self.settings, self.root, self.clock)

    def receive(self, datasets: Sequence[Dataset], *, end: bool = True) -> AssociationId:
        """Receive objects over one association, as the receiver does; intake has not seen them yet."""
        writer = InboxWriter(
            self.folders.inbox, lambda: read_public_key(self.folders.inbox_key), RealFiles(), self.clock
        )
        association_id = AssociationId.new()
        box_id = read_public_key(self.folders.inbox_key).box_id
        association = writer.open_association(
            AssociationFacts(
                box_id, association_id, self.clock.now(), AETitle("SCANNER"), AETitle("ENAMEL"),
                "192.0.2.7", Transport.PLAIN,
            )
        )  # fmt: skip
        for one in datasets:
            store(association, sent(one))
        if end:
            association.end(Outcome.RELEASED)
        association.let_go()
        return association_id

    def take_in(self) -> None:
        """Let intake catalogue what waits."""
        intake = Intake(intake_parts(self.rooms))
        intake.start()
        intake.step()
        intake.close()

    def take(self, *datasets: Dataset) -> None:
        """Receive and catalogue."""
        self.receive(datasets)
        self.take_in()

    def add_study(self, number: int, slices: int = 3) -> None:
        """Take a study of an invented patient in."""
        self.take(*(study_slice(number, place) for place in range(1, slices + 1)))

    def digests(self) -> dict[str, bytes]:
        """Give the SHA-256 of every dataset, by its instance."""
        return dict(self.rows(
            "SELECT i.sop_instance_uid, v.dataset_sha256 FROM versions v JOIN instances i USING (instance_key)"
        ))  # fmt: skip

    def rows(self, sql: str, **parameters: object) -> list[tuple[Any, ...]]:
        """Ask the catalogue."""
        with self.rooms.database.read() as tx:
            return tx.rows(sql, **parameters)

    def close(self) -> None:
        """Let go of the catalogue."""
        self.rooms.database.close()


def study_slice(number: int, place: int) -> Dataset:
    """Make a slice of the study of that number."""
    return ct_slice(
        place, PatientID=f"P-{number}", PatientName=f"Invented^Nº{number}", StudyInstanceUID=f"1.2.9.{number}",
        SeriesInstanceUID=f"1.2.9.{number}.1", SOPInstanceUID=f"1.2.9.{number}.1.{place}", AccessionNumber=f"A{number}",
    )  # fmt: skip


def backup_parts(box: FullBox) -> BackupParts:
    """Give what backup works with."""
    with box.rooms.database.read() as tx:
        row = find_box(tx)
    assert row is not None
    return BackupParts(
        box.data, box.folders.settings, row.box_id, box.rooms.database, box.rooms.vault, box.rooms.audit, RealFiles(),
        box.clock, derive(box.root, Subkey.BACKUP), derive(box.root, Subkey.KEY_WRAPPING),
        derive(box.root, Subkey.AUDIT),
    )  # fmt: skip


def new_target(box: FullBox, folder: Path, *, quick: bool = True) -> Target:
    """Make a folder a backup target of this box, with passwords that are quick to try or restic's own."""
    folder.mkdir()
    parts = backup_parts(box)
    if quick:
        lay_out(folder, parts.box_id, parts.backup_key)
    location = location_of("folder", {"path": str(folder), "same_disk": "yes"})
    return add_target(parts, NewTarget(folder.name, location), OPERATOR)


def copy(box: FullBox, target: Target) -> None:
    """Copy the box to a target, as the night does, and carry what was erased."""
    parts = backup_parts(box)
    back_up(parts, as_it_is(box, target), Kind.NIGHT)
    carry_tombstones(parts, as_it_is(box, target))


def as_it_is(box: FullBox, target: Target) -> Target:
    """Give a target as its row is now."""
    with box.rooms.database.read() as tx:
        now = find_target(tx, target.target_key)
    assert now is not None
    return now
