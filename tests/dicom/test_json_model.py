"""The DICOM JSON model equals pydicom's where the data is good, and exists where it is not."""

import json
import warnings
from pathlib import Path

import pydicom
import pytest

from appliance.dicom import json_model
from appliance.dicom.faults import Unparsable
from appliance.dicom.source import ByteSource
from tests.dicom import datasets as ds
from tests.dicom.datasets import EXPLICIT_LITTLE

BULK = {"7FE00010", "7FE00008", "7FE00009"}


def model_of(dataset: bytes, syntax: str = EXPLICIT_LITTLE) -> dict[str, dict[str, object]]:
    return dict(json.loads(json_model.json_model(ByteSource(dataset), 0, syntax)))


@pytest.mark.parametrize(
    "name", ["CT_small.dcm", "MR_small.dcm", "rtplan.dcm", "reportsi.dcm", "MR_small_implicit.dcm"]
)
def test_good_files_give_what_pydicom_gives(name: str) -> None:
    path = Path(str(pydicom.data.get_testdata_file(name)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(path)
        data = path.read_bytes()
        offset = 144 + int(dataset.file_meta.FileMetaInformationGroupLength)
        syntax = str(dataset.file_meta.TransferSyntaxUID)
        model = json.loads(json_model.json_model(ByteSource(data), offset, syntax))
        reference = dataset.to_json_dict(suppress_invalid_tags=True)
    assert set(model) == set(reference) - BULK
    for value in reference.values():
        if value.get("Value") == []:
            del value["Value"]  # PS3.18 F.2.5: what is empty has no Value
    assert not [tag for tag in model if model[tag] != reference[tag]]


def test_values_that_their_vr_cannot_explain_are_bytes() -> None:
    model = model_of(
        ds.element(0x00280010, b"US", b"", 3)
        + b"abc"
        + ds.element(0x00200013, b"IS", b"four")
        + ds.element(0x00280030, b"DS", b"inf")
        + ds.element(0x00189087, b"FD", b"\x00\x00\x00\x00\x00\x00\xf8\x7f")
    )
    assert {value["vr"] for value in model.values()} == {"UN"}
    assert all("InlineBinary" in value for value in model.values())


def test_long_values_are_links_to_their_place_and_pixels_are_left_out() -> None:
    dataset = ds.element(0x00091001, b"UN", b"ab") + ds.element(0x00420011, b"OB", b"%PDF" * 2500) + ds.pixels()
    model = model_of(dataset)
    place = dataset.index(b"%PDF")
    link = {"vr": "OB", "BulkDataURI": f"bulkdata/{place}-10000"}
    assert model == {"00091001": {"vr": "UN", "InlineBinary": "YWI="}, "00420011": link}


def test_a_long_value_of_a_deflated_dataset_has_no_place_to_link_to() -> None:
    dataset = ds.uids() + ds.element(0x00420011, b"OB", bytes(10_000))
    assert model_of(ds.deflate(dataset), ds.DEFLATED)["00420011"] == {"vr": "OB"}


def test_a_long_value_that_its_vr_cannot_explain_is_a_link_to_its_bytes() -> None:
    dataset = ds.element(0x00280030, b"DS", b"inf\\" * 1200)
    assert model_of(dataset) == {"00280030": {"vr": "UN", "BulkDataURI": "bulkdata/8-4800"}}


def test_a_backslash_inside_a_character_parts_no_values() -> None:
    """PS3.5 6.1.2.3: 0x5C is the second half of a Chinese character here, and a delimiter only after it."""
    dataset = ds.element(0x00080005, b"CS", b"GB18030") + ds.element(0x00081048, b"PN", "乗^李\\乗".encode("gb18030"))
    assert b"\x5c" in "乗".encode("gb18030")
    assert model_of(dataset)["00081048"]["Value"] == [{"Alphabetic": "乗^李"}, {"Alphabetic": "乗"}]


def test_choices_of_the_dictionary_are_settled() -> None:
    signed = (
        ds.implicit(0x00280103, b"\1\0") + ds.implicit(0x00280120, b"\xff\xff") + ds.implicit(0x7FE00000, b"\0\0\0\0")
    )
    assert model_of(signed, ds.IMPLICIT_LITTLE)["00280120"] == {"vr": "SS", "Value": [-1]}
    unsigned = ds.implicit(0x00280120, b"\xff\xff") + ds.implicit(0x00283006, b"\1\0")
    model = model_of(unsigned, ds.IMPLICIT_LITTLE)
    assert model["00280120"] == {"vr": "US", "Value": [65535]}
    assert model["00283006"]["vr"] == "OW"
    assert json_model.vr_of(0x00090010) == "LO"
    assert json_model.vr_of(0x00091001) == "UN"


def test_an_attribute_tag_and_a_name_have_their_forms() -> None:
    model = model_of(ds.element(0x00209165, b"AT", b"\x10\x00\x20\x00") + ds.element(0x00100010, b"PN", b"A^B==C"))
    assert model["00209165"]["Value"] == ["00100020"]
    assert model["00100010"]["Value"] == [{"Alphabetic": "A^B", "Phonetic": "C"}]


def test_what_cannot_be_followed_raises_and_what_would_be_too_large_too() -> None:
    nest = (ds.element(0x00081140, b"SQ", b"", ds.UNDEFINED) + ds.item(b"", ds.UNDEFINED)) * 100
    with pytest.raises(Unparsable):
        model_of(nest)
    one = ds.element(0x00081030, b"UT", b"\x01" * 60_000)
    flood = ds.element(0x00081140, b"SQ", ds.item(one) * 600)
    with pytest.raises(Unparsable):
        model_of(flood)
    assert model_of(ds.deflate(ds.uids()), ds.DEFLATED)["00080018"]["Value"] == ["1.2.3.4"]
