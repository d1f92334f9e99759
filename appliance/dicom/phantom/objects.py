"""The DICOM objects that a scanner would make of a phantom jaw.

Everything is made in memory: no file, no temporary folder. The same patient
and jaw give the same UIDs and the same bytes, so sending twice adds nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset, write_file_meta_info
from pydicom.uid import (
    UID,
    CTImageStorage,
    DigitalIntraOralXRayImageStorageForPresentation,
    DigitalXRayImageStorageForPresentation,
    EnhancedCTImageStorage,
    ExplicitVRLittleEndian,
)

from appliance.dicom.part10 import IMPLEMENTATION_CLASS_UID
from appliance.dicom.phantom.films import Film, full_mouth, tooth_code
from appliance.dicom.phantom.jaw import Jaw, Triple, positions

_SLOPE, _INTERCEPT = "1", "-1000"  # stored values are unsigned


@dataclass(frozen=True)
class Patient:
    """An invented person as a scanner's console would send them."""

    patient_id: str
    patient_name: str
    patient_birth_date: str
    patient_sex: str
    character_set: str | list[str] = "ISO_IR 192"
    referring_physician_name: str = "Ferrer^Inés"


PATIENTS = (
    Patient("EN-1001", "Alarcón Núñez^María José", "19840317", "F"),
    Patient("EN-1002", "Yamada^Tarou=山田^太郎=やまだ^たろう", "19710609", "M", ["", "ISO 2022 IR 87"]),
    Patient("EN-1003", "Люксембург^Анна", "19590122", "F", "ISO_IR 144"),
    Patient("EN-1004", "Müller-Öztürk^Jürgen", "19661130", "M", "ISO_IR 100"),
    Patient("EN-1005", "Παπαδοπούλου^Ελένη", "20120805", "F"),
    Patient("EN-1006", "قباني^لنزار", "19930214", "M"),
    Patient("EN-1007", "Nguyễn^Thị Hạnh", "20010927", "F"),
)


@dataclass(frozen=True)
class EncodedObject:
    """One object as it goes over the wire: the dataset's bytes without file meta."""

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset: bytes

    def part_10(self) -> bytes:
        """Give the object as a file would hold it (PS3.10 7.1)."""
        meta = FileMetaDataset()
        meta.FileMetaInformationVersion = b"\0\1"
        meta.MediaStorageSOPClassUID = UID(self.sop_class_uid)
        meta.MediaStorageSOPInstanceUID = UID(self.sop_instance_uid)
        meta.TransferSyntaxUID = UID(self.transfer_syntax_uid)
        meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
        head = DicomBytesIO()
        write_file_meta_info(head, meta)
        return bytes(128) + b"DICM" + head.getvalue() + self.dataset


@dataclass(frozen=True)
class Scan:
    """One examination: who, when, which jaw and how finely.

    Attributes:
        patient: Whom it shows.
        jaw: What it shows.
        study_date: DICOM DA.
        shape: Slices, rows, columns.
        spacing_mm: Between slices, rows, columns.
    """

    patient: Patient
    jaw: Jaw
    study_date: str = "20260314"
    shape: tuple[int, int, int] = (400, 512, 512)
    spacing_mm: Triple = (0.2, 0.2, 0.2)

    @property
    def study_instance_uid(self) -> str:
        """The same for every object of this examination."""
        return self._uid("study")

    def slices(self) -> Iterator[EncodedObject]:
        """Make one CT object a slice, lowest first, as most CBCT scanners send them."""
        series = self._uid("axial")
        for number, (image, place) in enumerate(
            zip(self.jaw.slices(self.shape, self.spacing_mm), positions(self.shape, self.spacing_mm), strict=True), 1
        ):
            dataset = self._base("CT", CTImageStorage, self._uid("axial", number))
            dataset.SeriesInstanceUID, dataset.SeriesNumber = series, 1
            dataset.SeriesDescription, dataset.InstanceNumber = "CBCT axial", number
            dataset.ImagePositionPatient, dataset.SliceLocation = _decimals(*place), f"{place[2]:.4g}"
            dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
            dataset.PixelSpacing = _decimals(*self.spacing_mm[1:])
            dataset.SliceThickness = dataset.SpacingBetweenSlices = f"{self.spacing_mm[0]:.6g}"
            self._grey(dataset, (image + 1000).astype("<u2").tobytes(), 16)
            yield _encoded(dataset)

    def multi_frame(self) -> EncodedObject:
        """Make one Enhanced CT object of all slices.

        Source: DICOM PS3.3 A.38.
        """
        dataset = self._base("CT", EnhancedCTImageStorage, self._uid("frames", 1))
        dataset.SeriesInstanceUID, dataset.SeriesNumber = self._uid("frames"), 2
        dataset.SeriesDescription, dataset.InstanceNumber = "CBCT volume", 1
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
        dataset.NumberOfFrames = self.shape[0]
        dataset.SharedFunctionalGroupsSequence = [self._shared_groups()]
        places = positions(self.shape, self.spacing_mm)
        dataset.PerFrameFunctionalGroupsSequence = [_frame_groups(k, place) for k, place in enumerate(places, 1)]
        frames = self.jaw.slices(self.shape, self.spacing_mm)
        self._grey(dataset, b"".join((image + 1000).astype("<u2").tobytes() for image in frames), 16)
        return _encoded(dataset)

    def panoramic(self, rows: int = 900, columns: int = 1800) -> EncodedObject:
        """Make one panoramic radiograph as a digital X-ray object."""
        dataset = self._base("PX", DigitalXRayImageStorageForPresentation, self._uid("panoramic", 1))
        dataset.SeriesInstanceUID, dataset.SeriesNumber = self._uid("panoramic"), 3
        dataset.SeriesDescription, dataset.InstanceNumber = "Panoramic", 1
        dataset.ImageType, dataset.BodyPartExamined = ["ORIGINAL", "PRIMARY", ""], "JAW"
        dataset.PatientOrientation, dataset.PixelSpacing = ["L", "F"], ["0.08", "0.08"]
        dataset.PresentationIntentType, dataset.PresentationLUTShape = "FOR PRESENTATION", "IDENTITY"
        dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
        dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "00"
        image = self.jaw.panoramic(rows, columns)
        dataset.Rows, dataset.Columns = rows, columns
        _pixels(dataset, image.astype("<u2").tobytes(), 12)
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
        dataset.WindowCenter, dataset.WindowWidth = "1900", "3400"
        return _encoded(dataset)

    def full_mouth(self, pixel_mm: float = 0.1) -> Iterator[EncodedObject]:
        """Make a full mouth series of eighteen intra-oral radiographs, and one more in a series of its own.

        The last one is a film taken again, and says nothing of where it belongs, as many sensors send theirs.
        Source: DICOM PS3.3 A.28, C.8.11.9 (Intra-Oral Image).
        """
        films = list(full_mouth())
        for number, film in enumerate(films, 1):
            dataset = self._film(film, number, pixel_mm)
            dataset.SeriesInstanceUID, dataset.SeriesNumber = self._uid("films"), 4
            dataset.SeriesDescription = "Full mouth"
            _name_teeth(dataset, film)
            yield _encoded(dataset)
        again = self._film(films[3], len(films) + 1, pixel_mm)
        again.SeriesInstanceUID, again.SeriesNumber = self._uid("again"), 5
        again.SeriesDescription = "Taken again"
        yield _encoded(again)

    def _film(self, film: Film, number: int, pixel_mm: float) -> Dataset:
        dataset = self._base("IO", DigitalIntraOralXRayImageStorageForPresentation, self._uid("film", number))
        dataset.StudyDescription, dataset.InstanceNumber = "Full mouth series", number
        dataset.ImageType, dataset.BodyPartExamined = ["ORIGINAL", "PRIMARY", ""], "JAW"
        dataset.ImagerPixelSpacing = _decimals(pixel_mm, pixel_mm)
        dataset.PresentationIntentType, dataset.PresentationLUTShape = "FOR PRESENTATION", "IDENTITY"
        dataset.PixelIntensityRelationship, dataset.PixelIntensityRelationshipSign = "LOG", -1
        dataset.BurnedInAnnotation, dataset.LossyImageCompression = "NO", "00"
        dataset.KVP, dataset.XRayTubeCurrent, dataset.ExposureTime = "65", 7, 160
        image = film.picture(self.jaw, pixel_mm)
        dataset.Rows, dataset.Columns = image.shape
        _pixels(dataset, image.astype("<u2").tobytes(), 12)
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = "0", "1", "US"
        dataset.WindowCenter, dataset.WindowWidth = "2300", "3600"
        return dataset

    def _uid(self, *label: object) -> str:
        what = repr((self.patient.patient_id, self.jaw, self.study_date, self.shape, self.spacing_mm, label))
        return "2.25." + str(int.from_bytes(sha256(what.encode()).digest()[:15]))  # PS3.5 B.2

    def _base(self, modality: str, sop_class_uid: str, sop_instance_uid: str) -> Dataset:
        dataset, patient = Dataset(), self.patient
        dataset.SpecificCharacterSet = patient.character_set
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class_uid, sop_instance_uid
        dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = self.study_date
        dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = "101530"
        dataset.AccessionNumber, dataset.StudyID = "", "1"
        dataset.Modality, dataset.StudyDescription = modality, "Jaw, both arches"
        dataset.Manufacturer, dataset.ManufacturerModelName = "Enamel", "Phantom jaw"
        dataset.ReferringPhysicianName = _encodable(patient)
        dataset.PatientName, dataset.PatientID = patient.patient_name, patient.patient_id
        dataset.PatientBirthDate, dataset.PatientSex = patient.patient_birth_date, patient.patient_sex
        dataset.StudyInstanceUID, dataset.FrameOfReferenceUID = self.study_instance_uid, self._uid("frame")
        dataset.PositionReferenceIndicator, dataset.BodyPartExamined = "", "JAW"
        dataset.KVP, dataset.XRayTubeCurrent, dataset.AcquisitionNumber = "90", 8, 1
        return dataset

    def _grey(self, dataset: Dataset, pixels: bytes, bits: int) -> None:
        dataset.Rows, dataset.Columns = self.shape[1:]
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = _INTERCEPT, _SLOPE, "US"
        dataset.WindowCenter, dataset.WindowWidth = "700", "3400"
        _pixels(dataset, pixels, bits)

    def _shared_groups(self) -> Dataset:
        groups, plane, measures = Dataset(), Dataset(), Dataset()
        plane.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        measures.PixelSpacing = _decimals(*self.spacing_mm[1:])
        measures.SliceThickness = f"{self.spacing_mm[0]:.6g}"
        transform = Dataset()
        transform.RescaleIntercept, transform.RescaleSlope, transform.RescaleType = _INTERCEPT, _SLOPE, "US"
        groups.PlaneOrientationSequence, groups.PixelMeasuresSequence = [plane], [measures]
        groups.PixelValueTransformationSequence = [transform]
        return groups


def _name_teeth(dataset: Dataset, film: Film) -> None:
    """Say by codes which jaw and teeth a film shows (PS3.16 CID 4016, CID 4018), and how it lies."""
    jaws = {tooth // 10 in (1, 2) for tooth in film.teeth}
    region = (
        ("661005", "Jaw region")
        if len(jaws) == 2
        else (("70925003", "Maxilla") if True in jaws else ("91609006", "Mandible"))
    )
    dataset.AnatomicRegionSequence = [_code(*region)]
    dataset.PrimaryAnatomicStructureSequence = [_code(tooth_code(tooth), f"Tooth {tooth}") for tooth in film.teeth]
    dataset.ImageLaterality, dataset.PatientOrientation = film.laterality, film.orientation


def _code(value: str, meaning: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "SCT", meaning
    return code


def _encodable(patient: Patient) -> str:
    return patient.referring_physician_name if patient.character_set in ("ISO_IR 192", "ISO_IR 100") else "Ferrer^Ines"


def _frame_groups(number: int, place: Triple) -> Dataset:
    groups, position, content = Dataset(), Dataset(), Dataset()
    position.ImagePositionPatient = _decimals(*place)
    content.StackID, content.InStackPositionNumber, content.DimensionIndexValues = "1", number, [number]
    groups.PlanePositionSequence, groups.FrameContentSequence = [position], [content]
    return groups


def _pixels(dataset: Dataset, pixels: bytes, bits: int) -> None:
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, bits, bits - 1, 0
    dataset.PixelData = pixels
    dataset["PixelData"].VR = "OW"


def _encoded(dataset: Dataset) -> EncodedObject:
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, dataset)
    return EncodedObject(
        str(dataset.SOPClassUID), str(dataset.SOPInstanceUID), str(ExplicitVRLittleEndian), buffer.getvalue()
    )


def _decimals(*values: float) -> list[str]:
    return [f"{value:.6f}".rstrip("0").rstrip(".") for value in values]
