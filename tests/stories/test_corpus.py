"""Story 1 with real files: every public file is answered, kept as it was sent, and given back so."""

import hashlib
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pydicom
import pytest

from tests.faults.raw_scu import Context, Instance, RawScu, Refusal
from tests.stories.running_box import RunningBox

LISTED_AT_LEAST = 0.981
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the corpus as a sender sees it."""

    path: Path
    context: Context
    instance: Instance


def dataset_start(content: bytes) -> int:
    """Find where the dataset begins behind preamble and file meta information, if there are any.

    Source: DICOM PS3.10 7.1.
    """
    at = 132 if content[128:132] == b"DICM" else 0
    while content[at : at + 2] == b"\x02\0":
        long_form = content[at + 4 : at + 6] in (b"OB", b"UN")
        length = int.from_bytes(content[at + 8 : at + 12] if long_form else content[at + 6 : at + 8], "little")
        at += (12 if long_form else 8) + length
    return at


def sample(path: Path) -> Sample | None:
    """Read what a sender must know of a file; None where it has no SOP class or instance UID at all."""
    content = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = pydicom.dcmread(path, force=True, specific_tags=["SOPClassUID", "SOPInstanceUID"])
            meta = found.file_meta
            sop_class = str(found.get("SOPClassUID", "") or meta.get("MediaStorageSOPClassUID", ""))
            sop_instance = str(found.get("SOPInstanceUID", "") or meta.get("MediaStorageSOPInstanceUID", ""))
        except Exception:  # noqa: BLE001  a file that lies may raise anything; it then has no UIDs for a sender
            return None
    if not sop_class or not sop_instance:
        return None
    syntax = str(meta.get("TransferSyntaxUID", IMPLICIT_LITTLE_ENDIAN)) or IMPLICIT_LITTLE_ENDIAN
    return Sample(path, Context(sop_class, syntax), Instance(sop_instance, content[dataset_start(content) :]))


def send(box: RunningBox, one: Sample) -> str:
    """Send one file over an association of its own; say how it was answered."""
    try:
        with RawScu(box.dicom, context=one.context) as association:
            association.store(one.instance)
            association.release()
    except Refusal as refusal:
        return str(refusal)
    return "acknowledged"


@pytest.mark.timeout(240)
def test_every_corpus_file_is_answered_kept_and_given_back(
    corpus_files: list[Path], tmp_path: Path, free_port_block: int
) -> None:
    samples = [s for s in map(sample, corpus_files) if s is not None]
    with RunningBox(tmp_path / "data", free_port_block) as box:
        answers = {one.path: send(box, one) for one in samples}
        acknowledged = [one for one in samples if answers[one.path] == "acknowledged"]
        rows = box.wait_until_still()
        listed = {row["00080018"]["Value"][0] for row in rows}
        kept = [one for one in acknowledged if one.instance.sop_instance_uid in listed]
        sent = {one.instance.digest for one in acknowledged}
        given_back = {hashlib.sha256(box.dataset(row)).hexdigest() for row in rows}
    refused = Counter(answer for answer in answers.values() if answer != "acknowledged")
    assert all("status 0x" in answer or "answered by PDU" in answer for answer in refused), refused
    assert len(kept) >= LISTED_AT_LEAST * len(samples), (len(kept), len(samples), refused)
    assert given_back <= sent
    times = Counter(one.instance.sop_instance_uid for one in acknowledged)
    only_once = {one.instance.digest for one in kept if times[one.instance.sop_instance_uid] == 1}
    assert only_once <= given_back
