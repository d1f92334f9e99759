"""Small invented instances, built by pydicom, with the names and numbers a test gives them."""

from collections.abc import Mapping
from io import BytesIO

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

SYNTAX = str(ExplicitVRLittleEndian)


def slice_bytes(
    study: str, series: str, number: int, attributes: Mapping[str, object] | None = None, rows: int = 16
) -> bytes:
    """One CT slice as a Part 10 file; `attributes` are set by keyword.

    Its UID is the series' with the number added; its pixels are all that number.
    """
    dataset = Dataset()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.SOPClassUID, dataset.SOPInstanceUID = CTImageStorage, f"{series}.{number}"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.PatientName, dataset.PatientID = "Nobody^Here", "0"
    dataset.PatientBirthDate, dataset.PatientSex = "", ""
    dataset.StudyDate, dataset.StudyTime, dataset.StudyID, dataset.AccessionNumber = "20260102", "101500", "1", ""
    dataset.Modality, dataset.SeriesNumber, dataset.InstanceNumber = "CT", 1, number
    dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, -number], [1, 0, 0, 0, 1, 0]
    dataset.PixelSpacing = [1, 1]
    dataset.Rows, dataset.Columns, dataset.SamplesPerPixel = rows, rows, 1
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = number.to_bytes(2, "little") * (rows * rows)
    for keyword, value in (attributes or {}).items():
        setattr(dataset, keyword, value)
    return part10(dataset)


def part10(dataset: Dataset) -> bytes:
    """Write a dataset as a Part 10 file in Explicit VR Little Endian."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    written = BytesIO()
    dcmwrite(written, dataset, enforce_file_format=True)
    return written.getvalue()
