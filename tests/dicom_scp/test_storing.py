"""What real senders store is kept, sealed, byte for byte."""

import os
import subprocess
from pathlib import Path

import pydicom
import pytest
from pydicom.data import get_testdata_file
from pynetdicom import AE, AllStoragePresentationContexts, build_context
from pynetdicom.dsutils import encode

from appliance.dicom.part10 import read_file_meta
from appliance.dicom.transfer_syntax_names import TRANSFER_SYNTAXES
from appliance.inbox.association import END_NAME, Outcome, decode_end
from tests.dicom_scp.receiver_process import Running, running, wait_until

SAMPLES = ("CT_small.dcm", "MR_small.dcm", "JPEG2000.dcm", "SC_rgb_rle.dcm", "rtplan.dcm", "examples_overlay.dcm")


def sample(name: str) -> Path:
    return Path(str(get_testdata_file(name)))


def dcmtk(*command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **environment}
    )


def dataset_bytes(part10: bytes) -> bytes:
    return part10[read_file_meta(part10).dataset_offset :]


def ended(receiver: Running) -> bool:
    folders = receiver.folder.associations()
    return bool(folders) and all((folder / END_NAME).exists() for folder in folders)


@pytest.mark.peer("echoscu")
def test_echo_is_answered(tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        said = dcmtk("echoscu", "-v", "-aec", "ENAMEL", "127.0.0.1", str(receiver.port))
        assert "Received Echo Response (Success)" in said.stdout + said.stderr
        assert receiver.folder.associations() == []


@pytest.mark.peer("storescu", "dcmsend")
def test_storescu_stores_what_storescp_would_receive(tmp_path: Path) -> None:
    files = [str(sample(name)) for name in SAMPLES]
    with running(tmp_path) as receiver:
        for file in files:
            said = dcmtk("storescu", "-v", "-R", "-xs", "-aec", "ENAMEL", "127.0.0.1", str(receiver.port), file)
            if said.returncode:
                said = dcmtk("dcmsend", "-v", "-aec", "ENAMEL", "127.0.0.1", str(receiver.port), file)
            assert said.returncode == 0, said.stdout + said.stderr
        wait_until(lambda: ended(receiver))
        kept = receiver.folder.objects()
    uids = {read_file_meta(part10).sop_instance_uid for part10 in kept}
    assert uids == {str(pydicom.dcmread(file).SOPInstanceUID) for file in files}


def test_the_bytes_on_the_wire_are_the_bytes_kept(tmp_path: Path) -> None:
    wanted = {}
    with running(tmp_path) as receiver:
        for name in SAMPLES:
            dataset = pydicom.dcmread(sample(name))
            syntax = dataset.file_meta.TransferSyntaxUID
            client = AE("PYNET")
            client.add_requested_context(dataset.SOPClassUID, syntax)
            association = client.associate("127.0.0.1", receiver.port, ae_title="ENAMEL")
            assert association.is_established
            assert association.send_c_store(dataset).Status == 0
            association.release()
            wanted[dataset.SOPInstanceUID] = (syntax, encoded(dataset))
        wait_until(lambda: ended(receiver))
        kept = receiver.folder.objects()
    for part10 in kept:
        meta = read_file_meta(part10)
        assert wanted.pop(meta.sop_instance_uid) == (meta.transfer_syntax_uid, dataset_bytes(part10))
        assert (meta.source_ae_title, meta.origin is None) == ("PYNET", False)
    assert not wanted


def encoded(dataset: pydicom.Dataset) -> bytes:
    syntax = dataset.file_meta.TransferSyntaxUID
    found = encode(dataset, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated)
    assert found is not None
    return found


def test_every_storage_class_is_accepted_in_every_transfer_syntax(tmp_path: Path) -> None:
    syntaxes = list(TRANSFER_SYNTAXES)
    classes = [str(context.abstract_syntax) for context in AllStoragePresentationContexts]
    with running(tmp_path) as receiver:
        for start in range(0, len(classes), 128):
            client = AE("PYNET")
            client.requested_contexts = [build_context(uid, syntaxes) for uid in classes[start : start + 128]]
            association = client.associate("127.0.0.1", receiver.port, ae_title="ENAMEL")
            assert association.is_established
            assert {str(c.abstract_syntax) for c in association.accepted_contexts} == set(classes[start : start + 128])
            association.release()


@pytest.mark.parametrize("uid", ["1.2.840.999999.7.1", "1.2.840.10008.5.1.4.1.1.999.1"])
def test_unknown_and_private_classes_and_syntaxes_are_kept_too(tmp_path: Path, uid: str) -> None:
    dataset = pydicom.dcmread(sample("CT_small.dcm"))
    dataset.SOPClassUID = uid
    with running(tmp_path) as receiver:
        client = AE("PYNET")
        client.add_requested_context(uid, "1.2.840.10008.1.2.1")
        association = client.associate("127.0.0.1", receiver.port, ae_title="ENAMEL")
        assert association.send_c_store(dataset).Status == 0
        association.release()
        wait_until(lambda: ended(receiver))
        assert [read_file_meta(part10).sop_class_uid for part10 in receiver.folder.objects()] == [uid]


def test_services_of_others_are_not_served_here(tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        client = AE("PYNET")
        client.add_requested_context("1.2.840.10008.5.1.4.1.2.2.1")
        client.add_requested_context("1.2.840.10008.1.1")
        association = client.associate("127.0.0.1", receiver.port, ae_title="ENAMEL")
        assert [c.abstract_syntax for c in association.rejected_contexts] == ["1.2.840.10008.5.1.4.1.2.2.1"]
        assert association.send_c_echo().Status == 0
        association.release()


@pytest.mark.peer("storescu")
def test_an_association_ends_with_its_count(tmp_path: Path) -> None:
    with running(tmp_path) as receiver:
        said = dcmtk(
            "storescu", "-aec", "ENAMEL", "--repeat", "3", "127.0.0.1", str(receiver.port), str(sample("CT_small.dcm"))
        )
        assert said.returncode == 0
        wait_until(lambda: ended(receiver))
        (folder,) = receiver.folder.associations()
        end, _, _ = decode_end((folder / END_NAME).read_bytes())
        assert (end.outcome, end.file_count) == (Outcome.RELEASED, 3)
        sequence = [read_file_meta(part10).origin for part10 in receiver.folder.objects()]
        assert sorted(origin.sequence for origin in sequence if origin) == [1, 2, 3]
