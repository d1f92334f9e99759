"""An inflated stream is read forwards, a window at a time, and gives what was deflated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.source import WINDOW_BYTES, ByteSource, InflatedSource
from tests.dicom import datasets as ds


@given(st.binary(max_size=3 * WINDOW_BYTES), st.lists(st.tuples(st.integers(0, 2 * WINDOW_BYTES), st.integers(0, 999))))
def test_forward_reads_give_the_bytes_that_were_deflated(data: bytes, reads: list[tuple[int, int]]) -> None:
    source = InflatedSource(ByteSource(b"head" + ds.deflate(data)), 4)
    for offset, length in sorted(reads):
        assert source.read(offset, length) == data[offset : offset + length]
    assert source.inflate_to_end() == len(data)


def test_what_has_passed_is_not_read_again() -> None:
    source = InflatedSource(ByteSource(ds.deflate(bytes(100))), 0)
    source.read(50, 10)
    with pytest.raises(Unparsable) as told:
        source.read(49, 1)
    assert told.value.fault is Fault.BAD_ELEMENT
