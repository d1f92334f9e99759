"""What a demonstration has to show: phantom jaws of invented people, and public files where they are at hand.

Guards: they go through the real DICOM port; a phantom is never a file on a
disk (memory files only).
"""

import csv
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.assembly.embedded import REPOSITORY
from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, EncodedObject, Scan
from appliance.dicom_scp.sender import Destination, Sent, send

CORPUS = REPOSITORY.parent / "shared" / "corpus"
_LARGEST_SAMPLE_BYTES = 4 << 20
_AT_ONCE = 24

Tell = Callable[[str], None]


def phantom_scans() -> list[tuple[str, int, Iterator[EncodedObject]]]:
    """Give what to send: a label, how many objects, and the objects, made as they are asked for."""
    first = Scan(PATIENTS[0], Jaw(11), "20260912", (300, 400, 400), (0.25, 0.25, 0.25))
    second = Scan(PATIENTS[1], Jaw(12, scale=0.94), "20261003", (160, 320, 320), (0.4, 0.3, 0.3))
    third = Scan(
        PATIENTS[2], Jaw(13, missing=frozenset({2, 11}), metal=False), "20261017", (120, 256, 256), (0.5, 0.4, 0.4)
    )
    flat = [Scan(patient, Jaw(20 + n), f"202611{n + 2:02}") for n, patient in enumerate(PATIENTS[3:])]
    mouth = Scan(PATIENTS[1], Jaw(12, scale=0.94), "20261105")
    return [
        ("a jaw in 300 slices", 300, first.slices()),
        ("its panoramic", 1, iter([first.panoramic()])),
        ("a full mouth series", 19, mouth.full_mouth()),
        ("a jaw in 160 slices", 160, second.slices()),
        ("a jaw in one multi-frame object", 1, (one.multi_frame() for one in [third])),
        ("panoramic pictures of further patients", len(flat), (one.panoramic() for one in flat)),
    ]


def push_phantoms(destination: Destination, tell: Tell) -> int:
    """Send the phantoms and give how many objects were acknowledged."""
    stored = 0
    for label, total, objects in phantom_scans():
        done = 0
        for batch in _batches(objects, _AT_ONCE):
            with _as_memory_files(batch) as files:
                done += sum(sent.stored for sent in send(destination, files))
            tell(f"  sending {label}: {done} of {total}")
        stored += done
    return stored


def corpus_samples() -> list[Path]:
    """Give one readable file of each kind of picture, transfer syntax and character set in the public corpus."""
    manifest = CORPUS / "manifest.csv"
    if not manifest.exists():
        return []
    chosen: dict[tuple[str, str, str], Path] = {}
    with manifest.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            path = CORPUS / row["path"]
            if row["pixels"].startswith("ok") and path.exists() and path.stat().st_size <= _LARGEST_SAMPLE_BYTES:
                chosen.setdefault((row["modality"], row["transfer_syntax"], row["charset"]), path)
    return list(chosen.values())


def push_corpus(destination: Destination, tell: Tell) -> int:
    """Send the chosen public files and give how many were acknowledged."""
    files = corpus_samples()
    done: list[Sent] = []
    for sent in send(destination, files):
        done.append(sent)
        tell(f"  sending public sample files: {len(done)} of {len(files)}")
    return sum(sent.stored for sent in done)


def _batches(objects: Iterable[EncodedObject], size: int) -> Iterator[list[EncodedObject]]:
    batch: list[EncodedObject] = []
    for one in objects:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def _as_memory_files(objects: Iterable[EncodedObject]) -> Iterator[list[Path]]:
    """Give files that are in memory only: they have no name on any disk and go when the block ends."""
    descriptors: list[int] = []
    try:
        for one in objects:
            descriptors.append(os.memfd_create("phantom"))
            with os.fdopen(os.dup(descriptors[-1]), "wb") as file:
                file.write(one.part_10())
        yield [Path(f"/proc/self/fd/{descriptor}") for descriptor in descriptors]
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
