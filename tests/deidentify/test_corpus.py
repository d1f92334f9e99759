"""Whatever public file a laboratory gets a copy of: nothing that said whose it was stands in the copy.

What says whose it is, is told by the independent package's list of table E.1-1 and by pydicom's reading of the file,
not by our own rules: every person's name, every UID, every date and time of day, and every text of an attribute of the
list. Apart are what the device option keeps, and descriptions, of which known words may stay.
"""

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.multival import MultiValue
from pydicom.uid import UID

from appliance.dicom.deidentifying import table
from appliance.dicom.deidentifying.copies import NONCE_DIGITS, Copy, Wish, blanked
from appliance.dicom.deidentifying.dataset import deidentify
from appliance.dicom.faults import Unparsable
from appliance.dicom.source import ByteSource
from appliance.dicom.transfer_syntaxes import EXPLICIT_BIG, IMPLICIT_LITTLE
from tests.conftest import CORPUS
from tests.dicom.test_deidentifying import CODES, single
from tests.stories.corpus import Sample, sample

WISH = Wish("P-0123456789", 211, "7" * NONCE_DIGITS)
LISTED = frozenset[int]().union(*(single(tags) for tags, _ in CODES.values()))
APART = table.DEVICE_KEPT | table.DESCRIPTORS_CLEANED
STANDARD = "1.2.840.10008."
TEXTS = {"AE", "AS", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
REMOVED = "REMOVED"  # what stands in place of a text here, and in files that somebody de-identified before
LEAST_LETTERS = 4  # of a word that is looked for: shorter ones are in headers by chance


@dataclass
class Known:
    """What says whose a file is: words, moments, UIDs."""

    words: set[str] = field(default_factory=set)
    moments: set[str] = field(default_factory=set)
    uids: set[str] = field(default_factory=set)


def elements(dataset: Dataset) -> Iterator[DataElement]:
    """Give every element at any depth, but for those with pixels; one that pydicom cannot read is passed over."""
    for tag in dataset.keys():  # noqa: SIM118  a dataset gives elements, which it then reads
        if tag >> 16 == 0x7FE0:
            continue
        try:
            element = dataset[tag]
        except Exception:  # noqa: BLE001, S112  whatever a broken element raises: no reader sees a value there
            continue
        yield element
        if element.VR == "SQ":
            for item in element.value or ():
                yield from elements(item)


def values(element: DataElement) -> list[str]:
    """Give the texts of an element's values."""
    many = element.value if isinstance(element.value, list | MultiValue) else [element.value]
    return [str(one).strip(" \0") for one in many if one is not None]


def known_of(dataset: Dataset) -> Known:
    """Collect what says whose a dataset is."""
    known = Known()
    for element in elements(dataset):
        tag = int(element.tag)
        for value in values(element):
            if element.VR == "PN":
                known.words |= set(re.split(r"[\s^=,.]+", value))
            elif element.VR == "UI":
                known.uids |= {value} if value and not value.startswith(STANDARD) else set()
            elif element.VR in {"DA", "TM", "DT"}:
                known.moments |= set(re.findall(r"\d{6,}", value))
            elif element.VR in TEXTS and tag in LISTED - APART:
                known.words.add(value)
    known.words = {word for word in known.words if len(word) >= LEAST_LETTERS and not word.isdecimal()}
    known.words -= {word for word in known.words if word.upper() == REMOVED}
    known.moments = {moment for moment in known.moments if moment.strip("0")}
    return known


def left_in(known: Known, copy: Dataset) -> list[str]:
    """Give what of it still stands in a dataset, with the attribute that says it."""
    words = [re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE) for word in known.words]
    found = []
    for element in elements(copy):
        for value in values(element):
            said = element.VR in TEXTS and any(word.search(value) for word in words)
            said |= element.VR in {"DA", "TM", "DT"} and not known.moments.isdisjoint(re.findall(r"\d{6,}", value))
            said |= element.VR == "UI" and value in known.uids
            found += [f"{element.tag} {element.VR}"] if said else []
    return found


def read(dataset: bytes, syntax: str) -> Dataset:
    """Read a dataset as another program does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = pydicom.filereader.read_dataset(BytesIO(dataset), syntax == IMPLICIT_LITTLE, syntax != EXPLICIT_BIG)
        list(elements(found))
        return found


def copied(one: Sample) -> Copy | None:
    """Make the copy of a file, None where there is none."""
    try:
        made = deidentify(ByteSource(one.instance.dataset), 0, one.context.transfer_syntax_uid, WISH)
    except Unparsable:
        return None
    return made if isinstance(made, Copy) else None


@dataclass(frozen=True)
class Pair:
    """A file and its copy, each as bytes and as another program reads it."""

    path: Path
    original_bytes: bytes
    copy_bytes: bytes
    original: Dataset
    copy: Dataset
    syntax: str
    is_altered: bool  # something among the picture's bytes is no picture

    @property
    def known(self) -> Known:
        return known_of(self.original)


def needles_of(known: Known) -> list[bytes]:
    """Give what is looked for in bytes as they are: what is so long that it stands nowhere by chance."""
    needles = [uid.encode() for uid in known.uids if len(uid) > 16]
    return needles + [word.encode() for word in known.words if len(word) >= 8 and word.isascii()]


@pytest.fixture(scope="module")
def pairs(corpus_files: list[Path]) -> list[Pair]:
    """Give each file of which there is a copy."""
    found = []
    for path in corpus_files:
        one = sample(path)
        made = None if one is None else copied(one)
        if one is not None and made is not None:
            syntax, content = one.context.transfer_syntax_uid, one.instance.dataset
            pixels = content[made.pixel_offset : made.pixel_offset + made.pixel_bytes]
            whole = made.dataset + blanked(pixels, made.pixel_offset, made.blanks)
            altered = bool(made.blanks)
            found.append(Pair(path, content, made.dataset, read(content, syntax), read(whole, syntax), syntax, altered))
    return found


def test_no_copy_says_whose_it_was(pairs: list[Pair]) -> None:
    assert {one.path.name: left for one in pairs if (left := left_in(one.known, one.copy))} == {}


def test_no_uid_or_long_name_stands_anywhere_in_a_copys_bytes(pairs: list[Pair]) -> None:
    for one in pairs:
        assert [needle for needle in needles_of(one.known) if needle in one.copy_bytes] == [], one.path.name


def test_what_is_looked_for_would_be_found(pairs: list[Pair]) -> None:
    """The originals themselves hold what their copies must not."""
    assert len(pairs) >= (150 if CORPUS.is_dir() else 20)
    kinds: set[str] = set()
    for one in pairs:
        left = left_in(one.known, one.original)
        assert left, one.path.name
        kinds |= {told.rpartition(" ")[2] for told in left}
        assert any(needle in one.original_bytes for needle in needles_of(one.known)), one.path.name
    assert kinds >= {"PN", "LO", "SH", "DA", "TM", "UI"}


def values_of(dataset: Dataset, syntax: str) -> NDArray[np.generic] | None:
    """Give the decoded values of every frame, None where another program cannot decode them."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return np.array(dataset.pixel_array)
        except Exception:  # noqa: BLE001  whatever a decoder raises: then there are no values
            return None


def test_every_decoded_value_is_the_originals(pairs: list[Pair]) -> None:
    altered = set()
    for one in pairs:
        values = values_of(one.original, one.syntax)
        if values is not None:
            copy = values_of(one.copy, one.syntax)
            assert copy is not None, one.path.name
            assert np.array_equal(copy, values), one.path.name
            altered |= {one.syntax} if one.is_altered else set()
    assert len(altered) >= 2
