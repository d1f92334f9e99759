"""The phantom's DICOM objects read back as what they were made of."""

from io import BytesIO

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from appliance.dicom.phantom.jaw import Jaw, positions
from appliance.dicom.phantom.objects import PATIENTS, EncodedObject, Patient, Scan

SHAPE, SPACING = (4, 32, 24), (2.0, 3.0, 4.0)


def scan(patient: Patient = PATIENTS[0]) -> Scan:
    return Scan(patient, Jaw(5), shape=SHAPE, spacing_mm=SPACING)


def read(encoded: EncodedObject) -> Dataset:
    dataset = dcmread(BytesIO(encoded.dataset), force=True)
    assert dataset.SOPInstanceUID == encoded.sop_instance_uid
    assert dataset.SOPClassUID == encoded.sop_class_uid
    return dataset


def pixels(dataset: Dataset) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    grey = np.frombuffer(dataset.PixelData, "<u2").astype(np.int32)
    return grey.reshape(-1, dataset.Rows, dataset.Columns)


def test_slices_hold_the_jaw_with_its_geometry() -> None:
    datasets = [read(encoded) for encoded in scan().slices()]
    assert [tuple(dataset.ImagePositionPatient) for dataset in datasets] == positions(SHAPE, SPACING)
    for dataset, image in zip(datasets, Jaw(5).slices(SHAPE, SPACING), strict=True):
        assert (pixels(dataset)[0] + int(dataset.RescaleIntercept) == image).all()
        assert dataset.PixelSpacing == [3, 4]
    assert [dataset.InstanceNumber for dataset in datasets] == [1, 2, 3, 4]
    assert len({dataset.SeriesInstanceUID for dataset in datasets}) == 1


def test_one_multi_frame_object_holds_the_same_voxels() -> None:
    dataset = read(scan().multi_frame())
    assert dataset.NumberOfFrames == SHAPE[0]
    assert (pixels(dataset) - 1000 == np.stack(list(Jaw(5).slices(SHAPE, SPACING)))).all()
    places = [f.PlanePositionSequence[0].ImagePositionPatient for f in dataset.PerFrameFunctionalGroupsSequence]
    assert [tuple(place) for place in places] == positions(SHAPE, SPACING)


def test_a_panoramic_is_one_flat_picture() -> None:
    dataset = read(scan().panoramic(60, 120))
    assert (dataset.Modality, dataset.Rows, dataset.Columns) == ("PX", 60, 120)
    assert pixels(dataset).max() <= 4095


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.patient_id)
def test_every_patients_name_survives_its_character_set(patient: Patient) -> None:
    dataset = read(next(scan(patient).slices()))
    assert str(dataset.PatientName) == patient.patient_name
    assert dataset.PatientID == patient.patient_id


def test_the_same_scan_has_the_same_bytes_and_another_has_other_uids() -> None:
    assert next(scan().slices()) == next(scan().slices())
    assert scan().study_instance_uid != scan(PATIENTS[1]).study_instance_uid


def test_as_a_file_it_reads_back_with_the_same_dataset_bytes() -> None:
    encoded = next(scan().slices())
    file = encoded.part_10()
    dataset = dcmread(BytesIO(file))
    assert dataset.file_meta.TransferSyntaxUID == encoded.transfer_syntax_uid
    assert dataset.file_meta.MediaStorageSOPInstanceUID == encoded.sop_instance_uid
    assert file.endswith(encoded.dataset)


def test_a_full_mouth_has_eighteen_films_with_their_teeth_and_one_that_says_nothing() -> None:
    datasets = [read(encoded) for encoded in scan().full_mouth(0.5)]
    said = [[code.CodeMeaning for code in one.get("PrimaryAnatomicStructureSequence", [])] for one in datasets]
    assert len({tuple(teeth) for teeth in said}) == len(datasets) == 19
    assert said[-1] == []
    assert "ImageLaterality" not in datasets[-1]
    assert len({one.SeriesInstanceUID for one in datasets}) == 2
    assert {(one.Modality, one.StudyInstanceUID) for one in datasets} == {("IO", scan().study_instance_uid)}
    teeth = {meaning for meanings in said for meaning in meanings}
    assert teeth == {f"Tooth {10 * q + n}" for q in (1, 2, 3, 4) for n in range(1, 8)}, "the jaw has no wisdom teeth"
    assert sum(one.Rows > one.Columns for one in datasets) == 6, "in front they stand"


def test_a_film_of_the_right_has_the_front_on_its_right() -> None:
    film = next(
        one for one in map(read, scan().full_mouth(0.5)) if "16" in one.PrimaryAnatomicStructureSequence[0].CodeMeaning
    )
    assert (film.ImageLaterality, list(film.PatientOrientation)) == ("R", ["A", "F"])
    low, high = (pixels(film)[0][-12:, part].mean() for part in (slice(0, 10), slice(40, 70)))
    assert high > low + 300, "teeth stand in front, behind the last molar there is none"
