"""The public files as a sender of our own sees them, and what a box made of them."""

import hashlib
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pydicom

from tests.faults.raw_scu import Context, Instance, RawScu, Refusal
from tests.stories.running_box import RunningBox

IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the corpus as a sender sees it; `named` if the dataset itself holds SOP class and instance UID."""

    path: Path
    context: Context
    instance: Instance
    named: bool


@dataclass(slots=True)
class Figures:
    """What became of the files.

    Every file with UIDs anywhere, the file meta information included, is sent
    (`sent`) and counts once under `listed`, `quarantined` or `refused`;
    `named_listed` are those of `named`, whose dataset has both UIDs, that are
    listed. `altered` are instances that WADO-RS gave back otherwise than sent.
    """

    files: int
    sent: int
    named: int
    named_listed: int = 0
    acknowledged: int = 0
    listed: int = 0
    given_back: int = 0
    altered: list[str] = field(default_factory=list)
    quarantined: dict[str, int] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    unlisted: list[str] = field(default_factory=list)

    @property
    def listed_share(self) -> float:
        """Say which share of the files with SOP class and instance UIDs is acknowledged and listed."""
        return self.named_listed / self.named


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
            found = pydicom.dcmread(path, force=True, stop_before_pixels=True)
            meta = found.file_meta
            named = bool(found.get("SOPClassUID")) and bool(found.get("SOPInstanceUID"))
            sop_class = str(found.get("SOPClassUID", "") or meta.get("MediaStorageSOPClassUID", ""))
            sop_instance = str(found.get("SOPInstanceUID", "") or meta.get("MediaStorageSOPInstanceUID", ""))
        except Exception:  # noqa: BLE001  a file that lies may raise anything; it then has no UIDs for a sender
            return None
    if not sop_class or not sop_instance:
        return None
    dataset = content[dataset_start(content) :]
    syntax = str(meta.get("TransferSyntaxUID", "")) or _guessed(dataset)
    return Sample(path, Context(sop_class, syntax), Instance(sop_instance, dataset), named)


def _guessed(dataset: bytes) -> str:
    """Give the syntax of a dataset without file meta information, as its first element is written."""
    if not dataset[4:6].isalpha():
        return IMPLICIT_LITTLE_ENDIAN
    return "1.2.840.10008.1.2.2" if dataset[:2] == b"\0\x08" else "1.2.840.10008.1.2.1"


def send(box: RunningBox, samples: Iterable[Sample]) -> dict[Path, str]:
    """Send each file, those of one context over one association; say how each was answered.

    An association that breaks is opened again for the next file of its context.
    """
    together = defaultdict(list)
    for one in samples:
        together[one.context].append(one)
    return {path: answer for group in together.values() for path, answer in _send_group(box, group).items()}


def _send_group(box: RunningBox, group: list[Sample]) -> dict[Path, str]:
    answers: dict[Path, str] = {}
    left = list(group)
    while left:
        try:
            with RawScu(box.dicom, context=left[0].context) as association:
                while left:
                    association.store(left[0].instance)
                    answers[left.pop(0).path] = ACKNOWLEDGED
                with suppress(Refusal):
                    association.release()
        except Refusal as refusal:
            answers[left.pop(0).path] = str(refusal)
    return answers


def measure(box: RunningBox, files: list[Path]) -> Figures:
    """Send every file that can be sent, wait for intake, fetch everything back and count."""
    samples = [one for one in map(sample, files) if one is not None]
    answers = send(box, samples)
    acknowledged = [one for one in samples if answers[one.path] == ACKNOWLEDGED]
    rows = box.wait_until_taken_in()
    figures = Figures(len(files), len(samples), sum(one.named for one in samples), acknowledged=len(acknowledged))
    uids = {row["00080018"]["Value"][0] for row in rows}
    listed = [one for one in acknowledged if one.instance.sop_instance_uid in uids]
    figures.listed, figures.named_listed = len(listed), sum(one.named for one in listed)
    figures.unlisted = [one.path.name for one in acknowledged if one not in listed]
    figures.refused = {path.name: answer for path, answer in answers.items() if answer != ACKNOWLEDGED}
    figures.quarantined = dict(Counter(str(one["reason"]) for one in box.enamel("quarantine", "list")))
    _compare(box, rows, acknowledged, figures)
    return figures


def _compare(box: RunningBox, rows: list[dict[str, object]], acknowledged: list[Sample], figures: Figures) -> None:
    """Fetch each listed instance; its bytes are those of one of the files that were sent under its UID."""
    sent = defaultdict(set)
    for one in acknowledged:
        sent[one.instance.sop_instance_uid].add(one.instance.digest)
    for row in rows:
        uid = row["00080018"]["Value"][0]  # type: ignore[index]  # the DICOM JSON model
        if hashlib.sha256(box.dataset(row)).hexdigest() in sent[uid]:
            figures.given_back += 1
        else:
            figures.altered.append(uid)
