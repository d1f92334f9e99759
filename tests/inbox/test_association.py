"""The records beside an association's files."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import Tampered
from appliance.identifiers import AETitle, AssociationId, BoxId
from appliance.inbox.association import (
    AssociationEnd,
    AssociationFacts,
    Outcome,
    Transport,
    association_info,
    decode_association,
    decode_end,
    encode_association,
    encode_end,
    end_file,
)

WHEN = datetime(2026, 11, 21, 4, 5, 6, 789, tzinfo=UTC)


def facts() -> AssociationFacts:
    return AssociationFacts(
        BoxId.new(),
        AssociationId.new(),
        WHEN,
        AETitle("CBCT"),
        AETitle("ENAMEL"),
        "192.0.2.7",
        Transport.TLS,
        "ab" * 32,
    )


def test_an_association_record_reads_back_and_gives_what_hpke_binds() -> None:
    written = facts()
    info = association_info(written, 3)
    read = decode_association(encode_association(info, b"sealed" * 10))
    assert (read.facts, read.inbox_key_number, read.sealed_key, read.info) == (written, 3, b"sealed" * 10, info)


def test_an_end_record_reads_back_with_the_line_its_mac_covers() -> None:
    end = AssociationEnd(AssociationId.new(), Outcome.RELEASED, 400, WHEN)
    record = encode_end(end)
    assert decode_end(end_file(record, b"m" * 32)) == (end, record, b"m" * 32)


@given(st.data())
def test_any_cut_record_is_tampered(data: st.DataObject) -> None:
    whole = encode_association(association_info(facts(), 1), bytes(80))
    cut = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(Tampered):
        decode_association(whole[:cut])


@given(st.binary(max_size=300))
def test_any_other_bytes_are_tampered(stored: bytes) -> None:
    with pytest.raises(Tampered):
        decode_association(stored)
    with pytest.raises(Tampered):
        decode_end(stored)
