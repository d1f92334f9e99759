"""A clinic with two patients, one of whom has two studies, and what tests ask of it."""

import shutil
from copy import copy
from pathlib import Path

from appliance.identifiers import AssociationId, FileId
from appliance.inbox.writer import InboxWriter
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.secret import SecretKey
from appliance.retention.erasing import ErasingParts
from appliance.store.database import Database
from appliance.store.files import FileLayer, RealFiles
from appliance.store.stored_files import find_file
from tests.intake.a_clinic import Clinic, ct_slice

ERASED_NAME, KEPT_NAME = "Zylberstein^Quirina", "Oyelaran^Babatunde"


class Archive(Clinic):
    """Patient 1: studies 1 (two series, three instances) and 2; patient 2: study 3. Each study came for itself."""

    def fill(self) -> "Archive":
        erased = {"PatientName": ERASED_NAME, "PatientID": "QX-7071", "AccessionNumber": "ACC-8811"}
        self.take(
            ct_slice(1, **erased, StudyDescription="Vorkaiser"),
            ct_slice(2, **erased, StudyDescription="Vorkaiser"),
            ct_slice(3, **erased, StudyDescription="Vorkaiser", SeriesInstanceUID="1.2.3.3", Modality="PX"),
        )
        self.take(ct_slice(4, **erased, StudyInstanceUID="1.2.3.9", SeriesInstanceUID="1.2.3.9.1"))
        kept = {"PatientName": KEPT_NAME, "PatientID": "KP-1234", "AccessionNumber": "ACC-9922"}
        self.take(ct_slice(5, **kept, StudyInstanceUID="1.2.3.8", SeriesInstanceUID="1.2.3.8.1"))
        return self

    def erasing(self, files: FileLayer | None = None) -> ErasingParts:
        return ErasingParts(self.folder, self.database, self.audit, files or RealFiles(), self.clock)

    def copied_to(self, folder: Path) -> "Archive":
        """Give the same box as it is now, in another folder."""
        self.database.close()
        shutil.copytree(self.folder, folder)
        other = copy(self)
        other.folder = folder
        other.use(other.opened(Database))
        other.writer = InboxWriter(folder / "inbox", lambda: other.public, RealFiles(), other.clock)
        return other

    @property
    def catalogue_key(self) -> SecretKey:
        return Keyring.for_process("intake", self.root).key(Subkey.CATALOGUE)

    def key(self, sql: str) -> int:
        return int(str(self.rows(sql)[0][0]))

    def files_of_study(self, study_key: int) -> list[FileId]:
        rows = self.rows(
            "SELECT v.file_id FROM versions v JOIN instances USING (instance_key) JOIN series USING (series_key) "
            "WHERE study_key = :key ORDER BY v.file_id",
            key=study_key,
        )
        return [FileId(bytes(row[0])) for row in rows]  # type: ignore[call-overload]  # rows are untyped

    def association_of(self, file_id: bytes) -> AssociationId:
        rows = self.rows("SELECT association_id FROM arrivals WHERE file_id = :id", id=file_id)
        return AssociationId(bytes(rows[0][0]))  # type: ignore[call-overload]  # rows are untyped

    def wrapped_keys(self, file_ids: list[FileId]) -> list[bytes]:
        with self.database.read() as tx:
            return [row.wrapped_key for file_id in file_ids if (row := find_file(tx, file_id)) is not None]

    def stored_names(self) -> set[str]:
        places = [self.folder / name for name in ("inbox", "vault", "settled", "packs")]
        return {path.name for place in places if place.exists() for path in place.rglob("*") if path.is_file()}

    def records_of(self, association_id: str) -> list[Path]:
        return [path for path in self.folder.rglob("association") if association_id in str(path)]

    def open_all(self) -> int:
        """Open every listed file; give how many."""
        rows = self.rows("SELECT file_id, dataset_offset FROM versions")
        for file_id, offset in rows:
            self.stored_dataset(bytes(file_id), int(str(offset)))  # type: ignore[call-overload]  # rows are untyped
        return len(rows)


def make(folder: Path) -> Archive:
    """Make the clinic in a folder."""
    return Archive(folder).fill()
