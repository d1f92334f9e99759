"""Anchors are read back as they were printed, however somebody types them, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.chain import Head
from appliance.errors import Unsuitable
from appliance.trail.anchors import anchor_text, parse_anchor, parse_whole_anchor

HEAD = Head(1544, bytes(range(32)))


@given(st.integers(1, 10**15), st.binary(min_size=32, max_size=32))
def test_what_is_printed_is_read_back(sequence: int, chain: bytes) -> None:
    head = Head(sequence, chain)
    assert parse_anchor(str(sequence), anchor_text(head)) == head
    assert parse_whole_anchor(f"{sequence}:{anchor_text(head)}") == head


@pytest.mark.parametrize(
    ("sequence", "code"),
    [
        ("1544", HEAD.chain.hex()), (" 1,544 ", anchor_text(HEAD).upper()),
        ("1.544", anchor_text(HEAD).replace(" ", "-")),
        ("1 544", f"  {anchor_text(HEAD)}\\n"),
    ],
)  # fmt: skip
def test_an_anchor_may_be_typed_in_many_ways(sequence: str, code: str) -> None:
    assert parse_anchor(sequence, code.replace("\\n", "\n")) == HEAD


@pytest.mark.parametrize(
    "text", ["", "1544", f":{HEAD.chain.hex()}", f"0:{HEAD.chain.hex()}", f"-1:{HEAD.chain.hex()}", f"1544:{'ab' * 31}",
             f"1544:{'ab' * 33}", f"1544:{'xy' * 32}", f"{'9' * 19}:{HEAD.chain.hex()}", f"１:{HEAD.chain.hex()}"]
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(Unsuitable):
        parse_whole_anchor(text)
