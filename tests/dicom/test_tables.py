"""Our tables of the standard say what a DICOM library says."""

from pydicom.uid import UID, AllTransferSyntaxes

from appliance.dicom.sop_classes import STANDARD_ROOT, STORAGE_CLASSES, STORAGE_ROOT, VERIFICATION, is_stored
from appliance.dicom.transfer_syntax_names import TRANSFER_SYNTAXES


def test_every_storage_class_has_its_name_of_the_standard() -> None:
    assert {uid: UID(uid).name for uid in STORAGE_CLASSES} == STORAGE_CLASSES
    assert UID(VERIFICATION).name == "Verification SOP Class"
    assert all(uid.startswith(STANDARD_ROOT) for uid in (*STORAGE_CLASSES, STORAGE_ROOT))


def test_every_transfer_syntax_of_the_library_is_in_the_table() -> None:
    assert set(AllTransferSyntaxes) <= set(TRANSFER_SYNTAXES)


def test_what_is_kept_and_what_is_not() -> None:
    assert all(is_stored(uid) for uid in (*STORAGE_CLASSES, "1.3.46.670589.2", "1.2.840.10008.5.1.4.1.1.777"))
    refused = ("1.2.840.10008.5.1.4.1.2.2.1", "1.2.840.10008.5.1.4.31", "1.2.840.10008.1.20.1", "", "../x", "1.2/3")
    assert not any(is_stored(uid) for uid in refused)
