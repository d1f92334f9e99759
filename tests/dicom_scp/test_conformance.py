"""The conformance statement says what the code does."""

import re

from pydicom.uid import UID
from pynetdicom import AllStoragePresentationContexts

from appliance.config import ReceiverSettings
from appliance.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from appliance.dicom.sop_classes import STORAGE_CLASSES
from appliance.dicom.transfer_syntax_names import TRANSFER_SYNTAXES
from appliance.dicom_scp import statuses
from appliance.dicom_scp.pdu import Abort, Rejection
from appliance.dicom_scp.receiver.negotiation import MAXIMUM_PDU_BYTES
from appliance.errors import ApplianceError, OutOfSpace
from tests.dicom_scp.receiver_process import ROOT

STATEMENT = (ROOT / "docs" / "dicom-conformance.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return STATEMENT.split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_classes_are_those_of_the_library() -> None:
    contexts = AllStoragePresentationContexts
    assert {str(context.abstract_syntax) for context in contexts} == set(STORAGE_CLASSES)
    assert {uid: UID(uid).name for uid in STORAGE_CLASSES} == STORAGE_CLASSES
    assert f"all {len(STORAGE_CLASSES)} storage classes" in section("Presentation contexts")


def test_the_transfer_syntaxes_are_those_of_the_library() -> None:
    library = {str(syntax) for syntax in AllStoragePresentationContexts[0].transfer_syntax or []}
    assert library <= set(TRANSFER_SYNTAXES)
    assert all(UID(uid).is_transfer_syntax for uid in TRANSFER_SYNTAXES)


def test_the_statuses_are_those_of_the_table() -> None:
    told = {int(code, 16) for code in re.findall(r"^\| ([0-9A-F]{4}) \|", section("C-STORE statuses"), re.MULTILINE)}
    assert told == {statuses.SUCCESS, *statuses.COMMENTS}
    assert all(len(comment) <= 64 for comment in statuses.COMMENTS.values())


def test_the_rejections_are_those_of_the_table() -> None:
    told = re.findall(r"^\| (\d), (\d), (\d) \|", section("Rejections"), re.MULTILINE)
    named = [value for value in vars(statuses).values() if isinstance(value, Rejection)]
    known = {(r.result, r.source, r.reason) for r in (*named, *statuses.REJECTIONS.values())}
    assert {tuple(map(int, codes)) for codes in told} == known


def test_the_aborts_are_those_of_the_text() -> None:
    told = {int(code) for code in re.findall(r"\b(\d) [a-z]", section("Aborts"))}
    assert told == {value.reason for value in vars(statuses).values() if isinstance(value, Abort)}


def test_the_numbers_are_those_of_the_code() -> None:
    entity, settings = section("Application entity"), ReceiverSettings()
    facts = (IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, str(MAXIMUM_PDU_BYTES), settings.ae_title)
    assert all(fact in entity for fact in facts)
    assert f"({settings.maximum_associations})" in entity
    assert f"({settings.maximum_associations_per_peer})" in entity
    assert f"({settings.idle_seconds})" in entity
    assert f"Ports | {settings.port} plain, {settings.tls_port} TLS" in entity


def test_no_base_shadows_its_subclass() -> None:
    kinds = [kind for kind, _ in statuses.STORE_STATUSES]
    for place, base in enumerate(kinds):
        assert not [kind for kind in kinds[place + 1 :] if issubclass(kind, base)]


def test_every_fault_has_a_status_and_a_bug_is_never_success() -> None:
    assert statuses.status_of(OutOfSpace("full")) == 0xA700
    assert statuses.status_of(KeyError("bug")) == 0x0110
    assert statuses.status_of(ApplianceError("other")) == 0x0110
