"""Reads one dataset into InstanceFacts.

Guards: bounds come first (elements.py), and what is merely odd is a finding,
not a failure: a scan cannot be taken again without dose. Only a dataset whose
structure cannot be followed raises.
"""

from collections.abc import Sequence

from appliance.dicom.attributes import Attributes
from appliance.dicom.elements import PIXEL_DATA, PIXEL_TAGS, UNDEFINED, Walk, Walker
from appliance.dicom.facts import (
    MOST_FRAMES,
    InstanceFacts,
    InstanceFinding,
    PatientFacts,
    PixelFacts,
    SeriesFacts,
    StudyFacts,
)
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.fragments import EXTENDED_OFFSETS, encode_index, located_frames
from appliance.dicom.geometry import Geometry, Numbers, steps
from appliance.dicom.source import ByteSource, InflatedSource, Source
from appliance.dicom.transfer_syntaxes import DEFLATED, VIEWABLE, encoding_of, is_native

SOP_CLASS_UID, SOP_INSTANCE_UID = 0x00080016, 0x00080018
_SHARED, _PER_FRAME = 0x52009229, 0x52009230  # PS3.3 C.7.6.16
_PLANE_POSITION, _PLANE_ORIENTATION, _PIXEL_MEASURES = 0x00209113, 0x00209116, 0x00289110
_POSITION, _ORIENTATION = 0x00200032, 0x00200037
_PIXEL_SPACING, _SLICE_THICKNESS, _SPACING_BETWEEN = 0x00280030, 0x00180050, 0x00180088
_IMAGER_SPACING = 0x00181164
_SEQUENCES = frozenset({_SHARED, _PER_FRAME, _PLANE_POSITION, _PLANE_ORIENTATION, _PIXEL_MEASURES})
_KEEP = (
    _SEQUENCES
    | PIXEL_TAGS
    | {SOP_CLASS_UID, SOP_INSTANCE_UID, _POSITION, _ORIENTATION, _PIXEL_SPACING, _SLICE_THICKNESS, _SPACING_BETWEEN}
    | {_IMAGER_SPACING, EXTENDED_OFFSETS, 0x00080005, 0x00080020, 0x00080030, 0x00080050, 0x00080060, 0x00080070}
    | {0x00080090, 0x00081030, 0x0008103E, 0x00081090, 0x00100010, 0x00100020, 0x00100021, 0x00100030, 0x00100040}
    | {0x00180015, 0x0020000D, 0x0020000E, 0x00200010, 0x00200011, 0x00200013, 0x00200060}
    | {0x00280002, 0x00280004, 0x00280008, 0x00280010, 0x00280011, 0x00280100}
)
_STANDARD_CLASSES = "1.2.840.10008.5.1.4."  # the root of every storage class in PS3.4 annex B


def parse(source: Source, dataset_offset: int, transfer_syntax_uid: str) -> InstanceFacts:
    """Read what the box must know of the dataset at `dataset_offset` of a plaintext file.

    Raises:
        Unparsable: Its structure cannot be followed, or it breaks a bound. An
            end that comes too early after the UIDs is only a finding.
    """
    deflated = transfer_syntax_uid == DEFLATED
    readable = InflatedSource(source, dataset_offset) if deflated else source
    walker = Walker(readable, encoding_of(transfer_syntax_uid), _vr_of, _KEEP)
    walk = walker.walk(0 if deflated else dataset_offset)
    if isinstance(readable, InflatedSource):
        walk = _check_inflated(readable, walk)
    if walk.fault not in (None, Fault.TRUNCATED) or (walk.fault and SOP_INSTANCE_UID not in walk.elements):
        raise Unparsable(walk.fault or Fault.TRUNCATED)
    return _facts(walk, readable, transfer_syntax_uid)


def _vr_of(tag: int) -> str:
    return "SQ" if tag in _SEQUENCES else "UN"


def _check_inflated(source: InflatedSource, walk: Walk) -> Walk:
    inflated_bytes = source.inflate_to_end()
    ends = [at.offset + at.length for at in walk.elements.values() if at.length != UNDEFINED]
    if walk.fault is None and max(ends, default=0) > inflated_bytes:
        walk.fault = Fault.TRUNCATED
    return walk


def _facts(walk: Walk, source: Source, transfer_syntax_uid: str) -> InstanceFacts:
    top = Attributes(walk.elements, encoding_of(transfer_syntax_uid).little)
    findings: list[InstanceFinding] = []
    if walk.fault is Fault.TRUNCATED:
        findings.append(InstanceFinding.TRUNCATED)
    if walk.odd_vr:
        findings.append(InstanceFinding.ODD_VALUE_REPRESENTATION)
    pixels = _pixels(walk, top, source, transfer_syntax_uid, findings)
    geometry = _geometry(top, pixels, findings)
    patient, study, series = _patient(top), _study(top), _series(top)
    sop_class_uid, sop_instance_uid = top.uid(SOP_CLASS_UID), top.uid(SOP_INSTANCE_UID)
    viewable = _viewable(sop_class_uid, transfer_syntax_uid, pixels, findings) and PIXEL_DATA in walk.elements
    findings.extend(_text_findings(top))
    return InstanceFacts(
        sop_class_uid=sop_class_uid,
        sop_instance_uid=sop_instance_uid,
        instance_number=top.integer(0x00200013),
        viewable=viewable,
        patient=patient,
        study=study,
        series=series,
        pixels=pixels,
        geometry=geometry,
        findings=tuple(findings),
    )


def _patient(top: Attributes) -> PatientFacts:
    return PatientFacts(
        patient_id=top.text(0x00100020),
        issuer_of_patient_id=top.text(0x00100021),
        patient_name=top.text(0x00100010),
        patient_birth_date=top.text(0x00100030),
        patient_sex=top.text(0x00100040),
    )


def _study(top: Attributes) -> StudyFacts:
    return StudyFacts(
        study_instance_uid=top.uid(0x0020000D),
        study_date=top.text(0x00080020),
        study_time=top.text(0x00080030),
        study_id=top.text(0x00200010),
        study_description=top.text(0x00081030),
        accession_number=top.text(0x00080050),
        referring_physician_name=top.text(0x00080090),
    )


def _series(top: Attributes) -> SeriesFacts:
    return SeriesFacts(
        series_instance_uid=top.uid(0x0020000E),
        modality=top.text(0x00080060),
        series_number=top.integer(0x00200011),
        series_description=top.text(0x0008103E),
        body_part_examined=top.text(0x00180015),
        laterality=top.text(0x00200060),
        manufacturer=top.text(0x00080070),
        manufacturer_model_name=top.text(0x00081090),
    )


def _text_findings(top: Attributes) -> list[InstanceFinding]:
    told = {
        InstanceFinding.CHARACTER_SET_UNKNOWN: not top.character_set.is_known,
        InstanceFinding.TEXT_UNDECODABLE: top.undecodable,
        InstanceFinding.CONTROL_CHARACTERS: top.control_characters,
        InstanceFinding.TEXT_TOO_LONG: top.over_long,
        InstanceFinding.UID_NOT_STANDARD: top.odd_uid,
    }
    return [finding for finding, found in told.items() if found]


def _viewable(
    sop_class_uid: str | None, transfer_syntax_uid: str, pixels: PixelFacts | None, findings: list[InstanceFinding]
) -> bool:
    if not (sop_class_uid or "").startswith(_STANDARD_CLASSES):
        findings.append(InstanceFinding.CLASS_NOT_KNOWN)
        return False
    if pixels is None:
        return False
    if transfer_syntax_uid not in VIEWABLE:
        findings.append(InstanceFinding.TRANSFER_SYNTAX_NOT_VIEWABLE)
        return False
    described = pixels.rows and pixels.columns and pixels.bits_allocated and pixels.number_of_frames
    spoilt = {InstanceFinding.PIXELS_TOO_SHORT, InstanceFinding.FRAMES_UNCLEAR, InstanceFinding.TRUNCATED}
    return bool(described) and not spoilt & set(findings)


def _pixels(
    walk: Walk, top: Attributes, source: Source, transfer_syntax_uid: str, findings: list[InstanceFinding]
) -> PixelFacts | None:
    element = next((walk.elements[tag] for tag in sorted(PIXEL_TAGS, reverse=True) if tag in walk.elements), None)
    if element is None:
        return None
    described = PixelFacts(
        rows=top.unsigned(0x00280010),
        columns=top.unsigned(0x00280011),
        number_of_frames=_frame_count(top, findings),
        bits_allocated=top.unsigned(0x00280100),
        samples_per_pixel=top.unsigned(0x00280002),
        offset=element.offset,
        length=element.length,
        frame_index=None,
    )
    if element.length == UNDEFINED:
        return _encapsulated(walk, source, described, findings)
    samples = 2 if top.text(0x00280004) == "YBR_FULL_422" else described.samples_per_pixel or 1
    if element.length < _native_bytes(described, samples) or not is_native(transfer_syntax_uid):
        findings.append(InstanceFinding.PIXELS_TOO_SHORT)
    return _placed(described, None, None, None) if transfer_syntax_uid == DEFLATED else described


def _frame_count(top: Attributes, findings: list[InstanceFinding]) -> int | None:
    if 0x00280008 not in top.elements:
        return 1
    count = top.integer(0x00280008)
    if count is not None and 0 < count <= MOST_FRAMES:
        return count
    if not top.text(0x00280008):
        return 1  # present and empty: one frame, as most consoles mean it
    findings.append(InstanceFinding.FRAME_COUNT_IMPOSSIBLE)
    return None


def _native_bytes(pixels: PixelFacts, samples: int) -> int:
    """Give the least length that native pixel data needs: 0 when it is not described."""
    described = (pixels.rows or 0) * (pixels.columns or 0) * (pixels.bits_allocated or 0)
    return (described * samples * (pixels.number_of_frames or 0) + 7) // 8


def _placed(pixels: PixelFacts, offset: int | None, length: int | None, frame_index: bytes | None) -> PixelFacts:
    return PixelFacts(
        pixels.rows, pixels.columns, pixels.number_of_frames, pixels.bits_allocated, pixels.samples_per_pixel,
        offset, length, frame_index,
    )  # fmt: skip


def _encapsulated(walk: Walk, source: Source, pixels: PixelFacts, findings: list[InstanceFinding]) -> PixelFacts:
    offset = pixels.offset or 0
    if walk.pixel_end is None or not walk.fragments:
        if InstanceFinding.TRUNCATED not in findings:
            findings.append(InstanceFinding.TRUNCATED)
        return _placed(pixels, offset, None, None)
    frames = located_frames(walk, source, pixels.number_of_frames or 0)
    if frames is None:
        findings.append(InstanceFinding.FRAMES_UNCLEAR)
    index = encode_index(frames) if frames is not None else None
    return _placed(pixels, offset, walk.pixel_end - offset, index)


def _geometry(top: Attributes, pixels: PixelFacts | None, findings: list[InstanceFinding]) -> Geometry:
    shared = [top, *top.items(_SHARED)]
    frames = top.items(_PER_FRAME)
    positions = [found for frame in frames if (found := _in_group(frame, _PLANE_POSITION, _POSITION, 3))]
    orientation = _first([*shared, *frames[:1]], _PLANE_ORIENTATION, _ORIENTATION, 6)
    measures = [item for level in [*shared, *frames[:1]] for item in [level, *level.items(_PIXEL_MEASURES)]]
    many = pixels is not None and (pixels.number_of_frames or 2) > 1
    if many and len(positions) < 2:
        findings.append(InstanceFinding.MULTI_FRAME_WITHOUT_POSITIONS)
    return Geometry(
        position=top.numbers(_POSITION, 3) or (positions[0] if positions else None),
        orientation=orientation,
        pixel_spacing=next((found for m in measures if (found := m.numbers(_PIXEL_SPACING, 2))), None)
        or top.numbers(_IMAGER_SPACING, 2),
        slice_thickness=next((n for m in measures if (n := m.number(_SLICE_THICKNESS)) is not None), None),
        spacing_between_slices=next((n for m in measures if (n := m.number(_SPACING_BETWEEN)) is not None), None),
        frame_steps_mm=steps(positions, orientation) if orientation else None,
    )


def _in_group(level: Attributes, sequence: int, tag: int, count: int) -> Numbers | None:
    return next((found for item in level.items(sequence) if (found := item.numbers(tag, count))), None)


def _first(levels: Sequence[Attributes], sequence: int, tag: int, count: int) -> Numbers | None:
    for level in levels:
        found = level.numbers(tag, count) or _in_group(level, sequence, tag, count)
        if found:
            return found
    return None


def parse_bytes(dataset: bytes, transfer_syntax_uid: str) -> InstanceFacts:
    """Read a dataset that is all at hand; offsets count from its start."""
    return parse(ByteSource(dataset), 0, transfer_syntax_uid)
