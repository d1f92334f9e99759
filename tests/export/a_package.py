"""An archive with one invented person's scans in several codings, and packages of it."""

import subprocess
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from appliance.audit.events import AuditLog
from appliance.clock import Clock
from appliance.export.entries import Shelf
from appliance.export.package import Exporter
from tests.viewer.samples import grey_dataset, ramp
from tests.web.an_archive import AnArchive

NAME, PLAIN_NAME = "Yamada^Tarou=山田^太郎=やまだ^たろう", "Prüfung^Änne"


class AnExport:
    """One box with stored scans, and what makes packages of it."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.archive = AnArchive(folder)
        box = self.archive.box
        self.database = box.database
        self.shelf = Shelf(box.database, box.keys, box.vault)
        self.audit = AuditLog(box.audit._key, clock or box.clock)
        self.exporter = Exporter(self.shelf, self.audit, clock or box.clock, "Clínica Las Lilas")

    def scan(self, slices: int = 4, patient_id: str = "P-1", description: str = "Lower jaw", **more: object) -> str:
        """Store a CT of the invented person and give its study's UID."""
        facts = {
            "SpecificCharacterSet": "ISO_IR 192", "PatientName": PLAIN_NAME, "PatientID": patient_id,
            "PatientBirthDate": "19640720", "PatientSex": "M", "StudyInstanceUID": generate_uid(None),
            "SeriesInstanceUID": generate_uid(None), "StudyDate": "20261121", "StudyTime": "101500", "StudyID": "7",
            "AccessionNumber": "A-9", "SeriesNumber": 3, "StudyDescription": description, "Modality": "CT",
            "SeriesDescription": "CBCT lower jaw", "FrameOfReferenceUID": generate_uid(None), **more,
        }  # fmt: skip
        for place in range(slices):
            self.store(grey_dataset(ramp(place), **facts, InstanceNumber=place + 1))
        return str(facts["StudyInstanceUID"])

    def store(self, dataset: Dataset) -> None:
        file = BytesIO()
        dataset.save_as(file, enforce_file_format=True)
        self.archive.store(file.getvalue(), str(dataset.file_meta.TransferSyntaxUID))

    def key_of(self, study_instance_uid: str) -> int:
        with self.database.read() as tx:
            rows = tx.rows("SELECT study_key FROM studies WHERE study_instance_uid = :uid", uid=study_instance_uid)
        return int(rows[0][0])

    def events(self) -> list[tuple[str, str, int | None, int | None, int | None]]:
        """What the trail says of exports: event, outcome, patient, study, number."""
        with self.database.read() as tx:
            return [
                tuple(row)
                for row in tx.rows(
                    "SELECT event, outcome, patient_key, study_key, number FROM audit_events "
                    "WHERE event LIKE '%export%' ORDER BY sequence"
                )
            ]


def asked(command: Sequence[str], folder: Path) -> str:
    """Run a peer in a folder and give what it said; it must have succeeded."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return (done.stdout + done.stderr).decode("utf-8", "replace")
