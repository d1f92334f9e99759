"""What is to be made small, and what comes of it; apart from the arithmetic, which needs numpy.

Source: docs/storage-format.md, "series stream", coding 2.
"""

from dataclasses import dataclass

Triple = tuple[int, int, int]


@dataclass(frozen=True)
class Part:
    """One file of a volume within a source that holds all of them, one behind the other, in display order."""

    start: int
    total_bytes: int
    dataset_offset: int
    transfer_syntax_uid: str


@dataclass(frozen=True)
class Plan:
    """What to make small: `shape` is slices, rows, columns of the full volume, `factor` the same of a box."""

    parts: tuple[Part, ...]
    shape: Triple
    factor: Triple

    @property
    def small_shape(self) -> Triple:
        """Give slices, rows, columns of the preview."""
        slices, rows, columns = (-(-side // factor) for side, factor in zip(self.shape, self.factor, strict=True))
        return slices, rows, columns


@dataclass(frozen=True)
class SmallVolume:
    """A preview: grey = value x slope + intercept; `values` are int16 little endian, column fastest."""

    slope: float
    intercept: float
    values: bytes
