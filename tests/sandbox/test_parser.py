"""Whatever becomes of the child, the parent gets facts or a fault, in time."""

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.filewriter import dcmwrite

from appliance.clock import SystemClock
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.instance import parse_bytes
from appliance.dicom.part10 import ArrivalNames, ArrivalOrigin, FileMeta, FileMetaWriter
from appliance.dicom.source import ByteSource
from appliance.errors import Tampered
from appliance.identifiers import AssociationId
from appliance.sandbox.answers import decode_facts, decode_file_meta, encode_facts
from appliance.sandbox.birth import executed
from appliance.sandbox.parser import Parser
from tests.dicom import datasets as ds
from tests.dicom.datasets import EXPLICIT_LITTLE, JPEG_BASELINE
from tests.patience import PATIENCE

OURS = b"OPENBLAS_NUM_THREADS=1\0"  # the same for every child
HOSTILE = str(Path(__file__).with_name("hostile.py"))
WHOLE = ds.uids() + ds.study("Müller^Änne".encode()) + ds.image() + ds.pixels()


@pytest.fixture
def parser() -> Iterator[Parser]:
    with Parser(SystemClock()) as parser:
        yield parser


def test_a_child_gives_the_same_facts_as_the_parser_itself(parser: Parser) -> None:
    assert parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE) == parse_bytes(WHOLE, EXPLICIT_LITTLE)


def test_what_lies_behind_the_first_bytes_is_fetched(parser: Parser) -> None:
    fragments = [b"\xff\xd8" + bytes(90_000), bytes(70_000), b"\xff\xd8" + bytes(10)]
    dataset = ds.uids() + ds.study() + ds.image(b"2") + ds.encapsulated(*fragments)
    assert parser.facts(ByteSource(dataset), 0, JPEG_BASELINE) == parse_bytes(dataset, JPEG_BASELINE)
    assert parser.facts(ByteSource(dataset), 0, JPEG_BASELINE).viewable


def test_a_fault_of_the_data_is_told_and_the_child_lives_on(parser: Parser) -> None:
    nest = (ds.element(0x00081140, b"SQ", b"", ds.UNDEFINED) + ds.item(b"", ds.UNDEFINED)) * 20_000
    with pytest.raises(Unparsable) as raised:
        parser.facts(ByteSource(ds.uids() + nest), 0, EXPLICIT_LITTLE)
    assert raised.value.fault is Fault.TOO_DEEP
    assert parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE).viewable


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("dies", Fault.CRASHED), ("cut", Fault.CRASHED), ("deaf", Fault.STALLED), ("silent", Fault.STALLED),
        ("insatiable", Fault.STALLED), ("endless", Fault.NONSENSE), ("unknown", Fault.NONSENSE),
        ("short", Fault.NONSENSE), ("overlong-part", Fault.NONSENSE), ("no-json", Fault.NONSENSE),
        ("wrong-types", Fault.NONSENSE), ("deep-json", Fault.NONSENSE), ("huge-json", Fault.NONSENSE),
        ("unknown-fault", Fault.NONSENSE), ("greedy", Fault.NONSENSE), ("beyond", Fault.NONSENSE),
        ("mumbles", Fault.NONSENSE),
    ],
)  # fmt: skip
def test_a_hostile_child_costs_one_file_and_little_time(how: str, fault: Fault) -> None:
    began = time.monotonic()
    command = (sys.executable, HOSTILE, how)
    patience = 0.6 if fault is Fault.STALLED else 0.6 * PATIENCE  # for what answers at all, also on a busy machine
    with (
        Parser(SystemClock(), seconds_each=patience, birth=executed(command)) as parser,
        pytest.raises(Unparsable) as raised,
    ):
        parser.facts(ByteSource(WHOLE * 2000), 0, EXPLICIT_LITTLE)
    assert raised.value.fault is fault
    assert time.monotonic() - began < 5 * PATIENCE


def test_a_child_that_dies_between_two_files_is_replaced_unnoticed(parser: Parser) -> None:
    parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
    first = parser.child_id
    assert first is not None
    os.kill(first, 9)
    assert parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE).viewable
    assert parser.child_id != first


def test_a_child_is_confined(parser: Parser) -> None:
    parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
    status = Path(f"/proc/{parser.child_id}/status").read_text()
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status


@pytest.mark.as_root("looks into a process that may not be dumped")
def test_a_child_inherits_no_environment_and_no_descriptor(parser: Parser, tmp_path: Path) -> None:
    with (tmp_path / "secret").open("wb") as held:
        os.set_inheritable(held.fileno(), True)
        parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
        child = Path(f"/proc/{parser.child_id}")
        assert (child / "environ").read_bytes() in {OURS, OURS + b"LC_CTYPE=C.UTF-8\0"}
        assert sorted(path.name for path in (child / "fd").iterdir()) == ["0", "1", "2"]


def test_a_source_that_was_tampered_with_ends_the_child(parser: Parser) -> None:
    class Broken(ByteSource):
        def read(self, offset: int, length: int) -> bytes:
            if offset:
                raise Tampered("a chunk is not what was stored")
            return super().read(offset, length)

    dataset = ds.uids() + ds.image() + ds.encapsulated(bytes(90_000), bytes(90_000))
    with pytest.raises(Tampered):
        parser.facts(Broken(dataset), 0, JPEG_BASELINE)
    assert parser.child_id is None


def test_metadata_is_the_dicom_json_model(parser: Parser) -> None:
    dataset = Dataset()
    dataset.SpecificCharacterSet, dataset.PatientName = "ISO_IR 100", "Müller^Änne"
    dataset.SOPInstanceUID, dataset.Rows, dataset.SliceThickness = "1.2.3", 4, "0.25"
    dataset.ImageType, dataset.OtherPatientIDsSequence = ["A", "B"], [Dataset()]
    dataset.OtherPatientIDsSequence[0].PatientID = "Ñ1"
    buffer = BytesIO()
    dcmwrite(buffer, dataset, implicit_vr=True, little_endian=True)
    for _ in range(2):
        model = json.loads(parser.metadata(ByteSource(buffer.getvalue()), 0, ds.IMPLICIT_LITTLE))
        assert model == dataset.to_json_dict()


@pytest.mark.parametrize(
    "spoil",
    [
        {"sop_class_uid": "../x"}, {"instance_number": 1.5}, {"instance_number": 2**60}, {"findings": ["unheard of"]},
        {"geometry": None}, {"patient": {"patient_id": 3}}, {"pixels": {"rows": "4"}},
        {"pixels": {"number_of_frames": 2**53}}, {"pixels": {"offset": -1}}, {"geometry": {"position": [1.0, 2.0]}},
        {"geometry": {"slice_thickness": 10**400}}, {"geometry": {"position": [0.0, 0.0, 1.7e308]}},
        {"geometry": {"frame_steps_mm": [0.0, float("nan")]}},
    ],
)  # fmt: skip
def test_facts_of_the_wrong_kind_are_not_believed(spoil: dict[str, object]) -> None:
    body = encode_facts(parse_bytes(WHOLE, EXPLICIT_LITTLE))
    document = json.loads(body[4 : body.rindex(b"}") + 1])
    for name, value in spoil.items():
        document[name] = {**document[name], **value} if isinstance(value, dict) else value
    text = json.dumps(document).encode()
    with pytest.raises(Unparsable):
        decode_facts(len(text).to_bytes(4, "little") + text)


def head_of(sop_class: str, sop_instance: str, transfer_syntax: str) -> bytes:
    origin = ArrivalOrigin(AssociationId.new(), 1, datetime(2026, 11, 21, tzinfo=UTC))
    return FileMetaWriter(ArrivalNames("CBCT", "ENAMEL")).head(sop_class, sop_instance, transfer_syntax, origin)


def test_a_files_head_is_read_by_the_child(parser: Parser) -> None:
    head = head_of("1.2.3", "1.2.3.4", EXPLICIT_LITTLE)
    assert parser.file_meta(ByteSource(head + WHOLE)) == FileMeta("1.2.3", "1.2.3.4", EXPLICIT_LITTLE, len(head))
    odd = parser.file_meta(ByteSource(head_of("../etc", "1.2.3.4", "1.2/3") + WHOLE))
    assert (odd.sop_class_uid, odd.sop_instance_uid, odd.transfer_syntax_uid) == ("", "1.2.3.4", "")
    assert parser.facts(ByteSource(head + WHOLE), len(head), EXPLICIT_LITTLE).viewable, "by the same child"


@pytest.mark.parametrize(
    "data", [b"", b"GIF89a" * 100, bytes(128) + b"DICM" + b"\x02\x00\x01\x00OB\x00\x00\xff\xff\xff\xff"]
)
def test_what_is_no_part_10_file_is_told(parser: Parser, data: bytes) -> None:
    with pytest.raises(Unparsable) as raised:
        parser.file_meta(ByteSource(data))
    assert raised.value.fault is Fault.BAD_ELEMENT


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"{}",
        b"5",
        b"[1,2,3]",
        b'["1","1","1",true]',
        b'["1","1","1",0]',
        b'["1","1","1",65537]',
        b"[" * 9999,
    ],
)
def test_a_head_that_no_child_of_ours_would_write_is_nonsense(answer: bytes) -> None:
    with pytest.raises(Unparsable) as raised:
        decode_file_meta(answer)
    assert raised.value.fault is Fault.NONSENSE


def test_names_in_a_head_that_are_no_uids_are_empty() -> None:
    assert decode_file_meta(b'[null, 5, "1.2/", 140]') == FileMeta("", "", "", 140)
