"""Every public file, the broken ones included, goes through sandbox and intake."""

import hashlib
import warnings
from functools import cache
from io import BytesIO
from pathlib import Path

from pydicom import dcmread
from pydicom.filereader import _read_file_meta_info, read_preamble
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from appliance.archive.arrivals import QuarantineReason
from appliance.dicom_scp.outgoing import read_outgoing
from appliance.dicom_scp.sender import Destination, send
from appliance.identifiers import is_uid
from tests.conftest import LEAST_LISTED
from tests.dicom_scp.receiver_process import running
from tests.intake.a_clinic import Clinic, Sent

NO_UID = "2.25.1"


@cache
def as_sent(path: Path) -> Sent:
    """Split a file as a sender does: its meta says how, and the dataset's bytes go unchanged."""
    data = path.read_bytes()
    file = BytesIO(data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            read_preamble(file, force=True)
            said = str(_read_file_meta_info(file).get("TransferSyntaxUID", ""))
            dataset = data[file.tell() :]
            whole = dcmread(path, force=True, stop_before_pixels=True)
            uids = [str(whole.get(keyword, "")) for keyword in ("SOPClassUID", "SOPInstanceUID")]
        except Exception:  # noqa: BLE001  whatever pydicom makes of broken files, they are sent
            said, dataset, uids = "", data, ["", ""]
    known = [uid if uid and is_uid(uid) else NO_UID for uid in uids]
    return Sent(known[0], known[1], said or guessed(dataset), dataset)


def guessed(dataset: bytes) -> str:
    """Give the syntax of a dataset without file meta, as its first element is written."""
    if not dataset[4:6].isalpha():
        return ImplicitVRLittleEndian
    return ExplicitVRBigEndian if dataset[:2] == b"\x00\x08" else ExplicitVRLittleEndian


def test_every_file_is_listed_as_sent_or_in_quarantine_with_a_reason(corpus_files: list[Path], tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    objects = [as_sent(path) for path in corpus_files]
    clinic.receive(objects)
    intake = clinic.intake()
    assert intake.step() == len(objects)
    intake.close()

    rows = clinic.rows("SELECT sequence, outcome, file_id FROM arrivals ORDER BY sequence")
    assert [row[0] for row in rows] == list(range(1, len(objects) + 1))
    outcomes = [str(row[1]) for row in rows]
    named = [at for at, one in enumerate(objects) if NO_UID not in (one.sop_class_uid, one.sop_instance_uid)]
    listed = [at for at in named if outcomes[at] in {"new", "version", "duplicate"}]
    assert len(listed) >= LEAST_LISTED * len(named), [corpus_files[at].name for at in set(named) - set(listed)]
    assert set(outcomes) <= {"new", "version", "duplicate", "quarantined"}

    reasons = {str(row[0]) for row in clinic.rows("SELECT reason FROM quarantine")}
    assert reasons <= {reason.value for reason in QuarantineReason}
    assert outcomes.count("quarantined") == clinic.rows("SELECT count(*) FROM quarantine")[0][0]


def test_what_is_stored_is_what_came(corpus_files: list[Path], tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    objects = [as_sent(path) for path in corpus_files[::5]]
    clinic.receive(objects)
    intake = clinic.intake()
    intake.step()
    intake.close()
    came = {hashlib.sha256(one.dataset).digest() for one in objects}
    versions = clinic.rows("SELECT file_id, dataset_offset, dataset_sha256, dataset_bytes FROM versions")
    assert versions
    for file_id, offset, digest, length in versions:
        stored = clinic.stored_dataset(bytes(file_id), int(offset))  # type: ignore[call-overload]  # rows are untyped
        assert hashlib.sha256(stored).digest() == digest
        assert len(stored) == length
        assert digest in came
    assert not list((tmp_path / "inbox").iterdir())


def test_what_our_sender_sends_through_the_real_port_is_listed(corpus_files: list[Path], tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        clinic = Clinic(tmp_path)
        clinic.intake().close()
        answers = list(send(Destination("127.0.0.1", receiver.port, "ENAMEL", "SENDER"), corpus_files))
    acknowledged = [one.file for one in answers if one.stored]
    intake = clinic.intake()
    assert intake.step() == len(acknowledged)
    intake.step()
    intake.close()
    objects = [as_sent(path) for path in corpus_files]
    named = [one for one in objects if NO_UID not in (one.sop_class_uid, one.sop_instance_uid)]
    listed = clinic.rows("SELECT count(*) FROM arrivals WHERE outcome IN ('new', 'version', 'duplicate')")[0][0]
    assert int(str(listed)) >= LEAST_LISTED * len(named), clinic.rows("SELECT reason FROM quarantine")
    waiting = clinic.rows("SELECT count(*) FROM quarantine")[0][0]
    assert int(str(listed)) + int(str(waiting)) == len(acknowledged)
    digests = {
        hashlib.sha256(path.read_bytes()[read_outgoing(path).dataset_offset :]).digest() for path in acknowledged
    }
    assert {row[0] for row in clinic.rows("SELECT dataset_sha256 FROM versions")} <= digests
    assert not [path for path in (tmp_path / "inbox").iterdir() if any(path.iterdir())]
