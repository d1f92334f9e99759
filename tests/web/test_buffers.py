"""Buffers: what is still held is never given again; what is free is."""

from hypothesis import given
from hypothesis import strategies as st

from appliance.web.dicomweb.buffers import BUFFER_BYTES, KEPT, Buffers


def test_a_buffer_is_given_again_only_when_every_view_of_it_is_gone() -> None:
    buffers = Buffers()
    first = buffers.take(10)
    first[:] = b"0123456789"
    part = first[2:4]
    del first
    second = buffers.take(10)
    second[:] = b"x" * 10
    assert bytes(part) == b"23"
    owner = part.obj
    del part
    third = buffers.take(20)
    assert third.obj is owner
    assert len(third) == 20


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5000)), max_size=80))
def test_views_that_are_held_keep_their_bytes(steps: list[tuple[bool, int]]) -> None:
    buffers = Buffers()
    held: list[tuple[int, memoryview]] = []
    for number, (keep, length) in enumerate(steps):
        view = buffers.take(length)
        view[:] = bytes([number]) * length
        if keep:
            held.append((number, view))
        del view
        assert all(bytes(view) == bytes([number]) * len(view) for number, view in held)


def test_more_than_are_kept_or_larger_ones_are_given_too() -> None:
    buffers = Buffers()
    views = [buffers.take(1) for _ in range(KEPT + 2)]
    assert len({id(view.obj) for view in views}) == KEPT + 2
    assert len(buffers.take(BUFFER_BYTES + 1)) == BUFFER_BYTES + 1
