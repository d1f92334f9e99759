"""A data folder whose receiver and intake are at hand, without processes or sockets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset

from appliance.audit.events import AuditLog
from appliance.clock import SystemClock
from appliance.identifiers import AETitle, AssociationId, BoxId, FileId
from appliance.inbox.association import AssociationFacts, Outcome, Transport
from appliance.inbox.public_key import InboxPublicKey
from appliance.inbox.writer import AssociationWriter, InboxWriter
from appliance.intake.parts import IntakeParts
from appliance.intake.service import Intake
from appliance.integrity.parts import IntegrityParts
from appliance.keys.hierarchy import Keyring, Subkey
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.files import FileLayer, RealFiles
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.stored_files import unseal_row
from tests.store.quick_catalogues import make_quickly

Catalogue = TypeVar("Catalogue", bound=Database)
CT_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"


class SetClock(SystemClock):
    """The machine's clock: `ahead` is time that passes when a test says so, `stepped` how far it was set."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.stepped = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead + self.stepped

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead.total_seconds()


@dataclass(frozen=True)
class Sent:
    """One object as a sender hands it over."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytes


def ct_slice(number: int = 1, **changes: object) -> Dataset:
    """Make a small CT slice at its number's place, 0.3 mm from the next."""
    one = Dataset()
    one.SpecificCharacterSet = "ISO_IR 192"
    one.SOPClassUID, one.SOPInstanceUID = CT_IMAGE_STORAGE, f"1.2.3.4.5.{number}"
    one.PatientName, one.PatientID = "Ñandú^José", "P-1"
    one.PatientBirthDate, one.PatientSex = "19700102", "M"
    one.StudyInstanceUID, one.SeriesInstanceUID = "1.2.3.1", "1.2.3.2"
    one.StudyDate, one.StudyTime, one.StudyID, one.AccessionNumber = "20260102", "101112", "S1", "A1"
    one.StudyDescription, one.Modality, one.SeriesNumber, one.InstanceNumber = "CBCT", "CT", 1, number
    one.ImagePositionPatient, one.ImageOrientationPatient = [0, 0, 0.3 * number], [1, 0, 0, 0, 1, 0]
    one.PixelSpacing, one.SliceThickness = [0.3, 0.3], 0.3
    one.Rows, one.Columns, one.BitsAllocated, one.BitsStored, one.HighBit = 8, 8, 16, 16, 15
    one.SamplesPerPixel, one.PixelRepresentation, one.PhotometricInterpretation = 1, 0, "MONOCHROME2"
    one.PixelData = bytes([number % 256]) * 128
    for keyword, value in changes.items():
        if value is None:
            delattr(one, keyword)
        else:
            setattr(one, keyword, value)
    return one


def encoded(dataset: Dataset, *, implicit: bool = False, little: bool = True) -> bytes:
    """Give a dataset's bytes as they go over the wire."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = little, implicit
    write_dataset(buffer, dataset)
    return buffer.getvalue()


def sent(dataset: Dataset, **changes: str) -> Sent:
    """Give a dataset as its sender would send it."""
    uids = (str(dataset.get("SOPClassUID", "")), str(dataset.get("SOPInstanceUID", "")))
    return Sent(
        changes.get("sop_class_uid", uids[0]),
        changes.get("sop_instance_uid", uids[1]),
        EXPLICIT_LITTLE,
        encoded(dataset),
    )


class Clinic:
    """Receiver's and intake's halves over one data folder."""

    def __init__(self, folder: Path, files: FileLayer | None = None) -> None:
        self.folder = folder
        self.files = files or RealFiles()
        self.clock = SetClock()
        self.root = SecretKey.new()
        self.box_id = BoxId.new()
        keyring = Keyring.for_process("intake", self.root)
        self.keys = RotatingKeys(keyring.key(Subkey.KEY_WRAPPING), self.clock)
        self.audit_key = keyring.key(Subkey.AUDIT)
        self.audit = AuditLog(self.audit_key, self.clock)
        self._catalogue_key = keyring.key(Subkey.CATALOGUE)
        self.database = self.opened(Database)
        for name in ("inbox", "vault"):
            (folder / name).mkdir(exist_ok=True)
        make_quickly(self.database)
        with self.database.write() as tx:
            self.keys.rotate_wrapping_key(tx)
            public = self.keys.rotate_inbox_key(tx)
        self.public = InboxPublicKey(self.box_id, public.number, public.public_key)
        self.writer = InboxWriter(folder / "inbox", lambda: self.public, RealFiles(), self.clock)
        self.parts = self.parts_with(self.files)

    def opened(self, kind: type[Catalogue]) -> Catalogue:
        """Open the catalogue as that kind of database."""
        return kind(self.folder / "catalogue.db", self._catalogue_key, self.clock)

    def crashing(self, kind: type[Catalogue]) -> Catalogue:
        """Let intake work on another kind of database from now on."""
        database = self.opened(kind)
        self.use(database)
        return database

    def use(self, database: Database) -> None:
        """Let intake work on that database from now on."""
        self.database = database
        self.parts = self.parts_with(self.files)

    def parts_with(self, files: FileLayer) -> IntakeParts:
        return IntakeParts(self.folder, self.box_id, self.database, self.keys, self.audit, files, self.clock)

    @property
    def integrity(self) -> IntegrityParts:
        """Give what checking and scrubbing work with."""
        return IntegrityParts(
            self.folder, self.database, self.keys, self.parts.vault, self.files, self.audit, self.audit_key, self.clock
        )

    def intake(self) -> Intake:
        """Start intake as a process would."""
        intake = Intake(self.parts)
        intake.start()
        return intake

    def association(self, **changes: str) -> AssociationWriter:
        """Accept a sender."""
        return self.writer.open_association(
            AssociationFacts(
                self.box_id, AssociationId.new(), self.clock.now(), AETitle("SCANNER"), AETitle("ENAMEL"),
                changes.get("address", "192.0.2.7"), Transport.PLAIN,
            )
        )  # fmt: skip

    def receive(self, objects: Sequence[Sent], *, end: bool = True) -> AssociationWriter:
        """Receive objects over one association; without an end the receiver dies after them."""
        association = self.association()
        for one in objects:
            store(association, one)
        if end:
            association.end(Outcome.RELEASED)
        association.let_go()
        return association

    def take(self, *datasets: Dataset) -> None:
        """Receive datasets and let intake catalogue them."""
        self.receive([sent(one) for one in datasets])
        intake = self.intake()
        intake.step()
        intake.close()

    def rows(self, sql: str, **parameters: object) -> list[tuple[object, ...]]:
        """Ask the catalogue."""
        with self.database.read() as tx:
            return tx.rows(sql, **parameters)

    def stored_dataset(self, file_id: bytes, offset: int) -> bytes:
        """Read a stored file's dataset bytes back."""
        with self.database.read() as tx:
            sealed = unseal_row(tx, self.keys, FileId(file_id))
        with sealed.open(self.parts.vault) as stream:
            return stream.read(offset, stream.plaintext_bytes)


def store(association: AssociationWriter, one: Sent) -> None:
    """Receive one object."""
    arrival = association.begin(one.sop_class_uid, one.sop_instance_uid, one.transfer_syntax_uid)
    arrival.write(one.dataset)
    arrival.commit()
