"""What a child reads through its pipe is what the same code reads at first hand, wherever the pipe's pieces end."""

import json
import random
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from appliance.clock import SystemClock
from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.instance import parse
from appliance.dicom.json_model import json_model
from appliance.dicom.phantom.jaw import Jaw
from appliance.dicom.phantom.objects import PATIENTS, Scan
from appliance.dicom.source import ByteSource
from appliance.sandbox.parser import Parser
from tests.dicom import datasets as ds
from tests.dicom.datasets import DEFLATED, EXPLICIT_LITTLE, JPEG_BASELINE
from tests.intake.test_corpus import as_sent

PIECE = 64 * 1024  # what a child has at hand, and what a walker reads at a time
LAST = 0x7FE10010  # behind the pixels: what a walk that stops too early does not have
Read = TypeVar("Read")
FILLER = random.Random(1).randbytes(2 * PIECE)  # noqa: S311  bytes that do not deflate; no secret


@pytest.fixture(scope="module")
def facts_parser() -> Iterator[Parser]:
    with Parser(SystemClock()) as parser:
        yield parser


@pytest.fixture(scope="module")
def metadata_parser() -> Iterator[Parser]:
    with Parser(SystemClock()) as parser:
        yield parser


def places(number: int) -> bytes:
    """Give a frame's functional group: a sequence in an item in a sequence, with known and unknown lengths."""
    position = ds.element(0x00200032, b"DS", b"0\\0\\%d" % number)
    return ds.item(ds.element(0x00209113, b"SQ", ds.item(position + ds.ITEM_END, ds.UNDEFINED)))


def tail(pixels: bytes) -> bytes:
    """Give what is moved across the border: elements of all shapes, the pixels, and something behind them."""
    groups = ds.element(0x52009230, b"SQ", places(1) + places(2) + ds.SEQUENCE_END, ds.UNDEFINED)
    private = ds.element(LAST, b"OB", b"last")
    return ds.study() + ds.image(b"2") + groups + pixels + private


NATIVE, COMPRESSED = tail(ds.pixels(bytes(64))), tail(ds.encapsulated(b"\xff\xd8one1", b"\xff\xd8two2"))


def moved(rest: bytes, border: int, into: int) -> bytes:
    """Give a dataset in which byte `into` of `rest` lies at `border`."""
    head = ds.uids() + struct.pack("<HH2sHI", 0x0009, 0x1010, b"OB", 0, border - into - len(ds.uids()) - 12)
    return head + FILLER[: border - into - len(head)] + rest


def outcome(read: Callable[[ByteSource, int, str], Read], source: ByteSource, syntax: str) -> Read | Fault:
    """Give what a dataset at the source's beginning is read as, or the fault that it is refused for."""
    try:
        return read(source, 0, syntax)
    except Unparsable as error:
        return error.fault


@pytest.mark.parametrize("offset", [0, 352])
@pytest.mark.parametrize(("rest", "syntax"), [(NATIVE, EXPLICIT_LITTLE), (COMPRESSED, JPEG_BASELINE)])
def test_no_element_is_lost_wherever_it_crosses_a_border(
    rest: bytes, syntax: str, offset: int, facts_parser: Parser, metadata_parser: Parser
) -> None:
    for into in range(-9, len(rest) + 9):
        source = ByteSource(bytes(offset) + moved(rest, PIECE, into))
        facts = facts_parser.facts(source, offset, syntax)
        assert facts.viewable, into
        assert facts == parse(source, offset, syntax), into
        model = metadata_parser.metadata(source, offset, syntax)
        assert f"{LAST:08X}" in json.loads(model), into
        assert model == json_model(source, offset, syntax), into


def test_no_element_is_lost_where_the_file_reaches_the_border_before_the_dataset(
    facts_parser: Parser, metadata_parser: Parser
) -> None:
    for into in range(-9, len(NATIVE) + 9):
        source = ByteSource(bytes(352) + moved(NATIVE, PIECE - 352, into))
        assert facts_parser.facts(source, 352, EXPLICIT_LITTLE) == parse(source, 352, EXPLICIT_LITTLE), into
        assert f"{LAST:08X}" in json.loads(metadata_parser.metadata(source, 352, EXPLICIT_LITTLE)), into


def test_a_deflated_dataset_is_read_to_its_end(facts_parser: Parser, metadata_parser: Parser) -> None:
    for into in range(0, len(NATIVE), 7):
        dataset = moved(NATIVE, PIECE, into)
        for packed in (ds.deflate(dataset), ds.deflate(dataset)[:-2]):
            source = ByteSource(packed)
            assert outcome(facts_parser.facts, source, DEFLATED) == outcome(parse, source, DEFLATED)
        model = metadata_parser.metadata(ByteSource(ds.deflate(dataset)), 0, DEFLATED)
        assert f"{LAST:08X}" in json.loads(model), into


def test_a_scan_with_many_frames_is_whole(facts_parser: Parser, metadata_parser: Parser) -> None:
    scan = Scan(PATIENTS[0], Jaw(1), shape=(650, 8, 8)).multi_frame()
    source = ByteSource(scan.dataset)
    assert scan.dataset.index(struct.pack("<HH2s", 0x7FE0, 0x0010, b"OW")) > PIECE
    facts = facts_parser.facts(source, 0, scan.transfer_syntax_uid)
    assert facts.viewable
    assert facts.findings == ()
    assert facts == parse(source, 0, scan.transfer_syntax_uid)
    model = json.loads(metadata_parser.metadata(source, 0, scan.transfer_syntax_uid))
    assert len(model["52009230"]["Value"]) == 650


def test_a_cut_dataset_is_found_cut_at_every_length(facts_parser: Parser, metadata_parser: Parser) -> None:
    whole = moved(NATIVE, PIECE, len(NATIVE) // 2)
    for end in range(PIECE - 60, len(whole) + 1):
        source = ByteSource(whole[:end])
        assert facts_parser.facts(source, 0, EXPLICIT_LITTLE) == parse(source, 0, EXPLICIT_LITTLE), end
        assert metadata_parser.metadata(source, 0, EXPLICIT_LITTLE) == json_model(source, 0, EXPLICIT_LITTLE), end


def test_every_public_file_reads_the_same_through_a_pipe(
    corpus_files: list[Path], facts_parser: Parser, metadata_parser: Parser
) -> None:
    for path in corpus_files:
        sent = as_sent(path)
        source, syntax = ByteSource(sent.dataset), sent.transfer_syntax_uid
        assert outcome(facts_parser.facts, source, syntax) == outcome(parse, source, syntax), path
        assert outcome(metadata_parser.metadata, source, syntax) == outcome(json_model, source, syntax), path
