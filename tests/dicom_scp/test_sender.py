"""Our own sender sends what is in the file and nothing else."""

from pathlib import Path

import pydicom
import pytest

from appliance.dicom.part10 import read_file_meta
from appliance.dicom_scp.outgoing import EXPLICIT_BIG, read_outgoing
from appliance.dicom_scp.sender import Destination, echo, send
from appliance.errors import Unavailable, Unsuitable
from tests.dicom_scp.receiver_process import ROOT, Running, running

CORPUS = ROOT.parent / "shared" / "corpus"  # absent on other machines
PACKAGED = Path(pydicom.__file__).parent / "data" / "test_files"


def destination(receiver: Running) -> Destination:
    return Destination("127.0.0.1", receiver.port, "ENAMEL", "SENDER")


def dataset_bytes(part10: bytes) -> bytes:
    return part10[read_file_meta(part10).dataset_offset :]


def corpus() -> list[Path]:
    return sorted([*PACKAGED.rglob("*.dcm"), *CORPUS.rglob("*.dcm")])


def sendable(file: Path) -> bool:
    try:
        read_outgoing(file)
    except Unsuitable:
        return False
    return True


def test_every_corpus_file_is_answered_and_its_bytes_arrive_unchanged(tmp_path: Path) -> None:
    files = [file for file in corpus() if sendable(file)]
    with running(tmp_path) as receiver:
        sent = list(send(destination(receiver), files))
        kept = sorted(dataset_bytes(part10) for part10 in receiver.folder.objects())
        assert receiver.process.poll() is None
    stored = [one.file for one in sent if one.stored]
    assert len(sent) == len(files)
    assert len(stored) >= 0.981 * len(files), [one for one in sent if not one.stored]
    assert kept == sorted(file.read_bytes()[read_outgoing(file).dataset_offset :] for file in stored)
    assert all(one.status is not None for one in sent), "every file gets a status"


def test_a_file_that_is_no_dicom_is_named_and_the_others_go(tmp_path: Path) -> None:
    junk = tmp_path / "junk.dcm"
    junk.write_bytes(b"\x00" * 300)
    good = PACKAGED / "CT_small.dcm"
    with running(tmp_path / "box") as receiver:
        sent = list(send(destination(receiver), [junk, good, tmp_path / "absent"]))
    assert {one.file.name: one.stored for one in sent} == {"junk.dcm": False, "absent": False, "CT_small.dcm": True}


def test_a_bare_big_endian_data_set_is_known(tmp_path: Path) -> None:
    file = tmp_path / "bare.dcm"
    dataset = pydicom.Dataset()
    dataset.SOPClassUID, dataset.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", "1.2.3"
    pydicom.dcmwrite(file, dataset, implicit_vr=False, little_endian=False)
    found = read_outgoing(file)
    assert (found.transfer_syntax_uid, found.sop_instance_uid, found.dataset_offset) == (EXPLICIT_BIG, "1.2.3", 0)


def test_nobody_at_the_port_is_said_plainly() -> None:
    with pytest.raises(Unavailable, match="nobody answers"):
        echo(Destination("127.0.0.1", 1, "ENAMEL"))


def test_a_refused_association_is_said_with_its_codes(tmp_path: Path) -> None:
    with running(tmp_path, "maximum_associations = 1\n") as receiver:
        other = Destination("127.0.0.1", receiver.port, "ENAMEL", "BAD\\TITLE")
        with pytest.raises(Unavailable, match=r"\(1, 1, 3\)"):
            echo(other)
