"""A clinic's laboratory room over a box, for tests of pages; and a clinic with the scans of a canary."""

import secrets
from pathlib import Path

from pydicom.uid import generate_uid

from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.archive.source import ScopedSource
from appliance.audit.events import OPERATOR, AuditLog
from appliance.clock import Clock
from appliance.deidentify import grants
from appliance.deidentify.copying import Copying
from appliance.deidentify.laboratory import Laboratory
from appliance.keys.hierarchy import Subkey, derive
from appliance.keys.secret import SecretKey
from appliance.store.database import Database
from appliance.store.rotating_keys import RotatingKeys
from appliance.store.vault import Vault
from tests.export.a_package import AnExport
from tests.web.a_clinic import AClinic, Browser
from tests.web.a_compressed import compressed_dataset

SLICES = 3


def a_laboratory(
    database: Database, vault: Vault, keys: RotatingKeys, audit: AuditLog, clock: Clock, root: SecretKey
) -> Laboratory:
    """Open the room over what a box holds."""
    copying = Copying(database, ScopedSource(database, vault, keys, audit, clock), clock)
    return Laboratory(database, audit, clock, derive(root, Subkey.PSEUDONYM), copying)


class ACanarysClinic(AClinic):
    """A clinic with one study of somebody whose name and number nobody else writes, and a laboratory."""

    def __init__(self, folder: Path, *, compressed: bool = False) -> None:
        """Store a series that may be given and one of screenshots that may not; `compressed`: and one of a JPEG."""
        stored = AnExport(folder)
        box = stored.archive.box
        self.word = f"Zilda{secrets.token_hex(4)}"
        self.number = f"PX-{secrets.token_hex(5)}"
        facts = {
            "PatientName": f"{self.word}^Canária", "patient_id": self.number, "AccessionNumber": f"AC{self.number}",
            "ReferringPhysicianName": f"Ref{self.word}", "description": f"CBCT maxilla {self.word}",
            "SeriesDescription": f"CBCT 0.16 of {self.word}", "PatientComments": f"calls herself {self.word}",
            "BodyPartExamined": "JAW", "Manufacturer": "Invented Imaging", "InstitutionName": f"At {self.word}'s",
        }  # fmt: skip
        self.study_uid = stored.scan(slices=SLICES, **facts)
        stored.scan(slices=1, StudyInstanceUID=self.study_uid, BurnedInAnnotation="YES", **facts)
        if compressed:
            more = facts | {"StudyInstanceUID": self.study_uid, "SeriesInstanceUID": generate_uid(None)}
            number = more.pop("patient_id")
            stored.store(compressed_dataset(self.word, **more, PatientID=number, PatientBirthDate="19640720"))
        self.study_key = stored.key_of(self.study_uid)
        self.originals = stored.archive.stored
        box.database.close()
        super().__init__(folder, root=box.root)
        self.lab = self.person(Role.LAB, user_name="lab.lilas", display_name="Laboratorio Lilas")

    def give(self, to: Account | None = None, days: int = 30) -> int:
        """Give the study to the laboratory."""
        return grants.give(self.accounts, self.study_key, (to or self.lab).account_key, days, OPERATOR)

    def at_laboratory(self) -> Browser:
        """Give the browser of the laboratory's person."""
        return self.signed_in(self.lab)
