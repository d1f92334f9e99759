"""The series that is read: CT slices with noise, so that nothing gains from their being smooth."""

import random
from collections.abc import Iterator

from tests.web.a_phantom import slice_bytes

STUDY = "1.2.826.0.1.3680043.8.498.1"
SERIES = STUDY + ".1"


def slices(count: int, size: int) -> Iterator[bytes]:
    """Give so many slices of `size` by `size` pixels as Part 10 files, the same each time."""
    source = random.Random(7)  # noqa: S311  # noise, not a secret
    for number in range(1, count + 1):
        yield slice_bytes(STUDY, SERIES, number, {"PixelData": source.randbytes(2 * size * size)}, rows=size)
