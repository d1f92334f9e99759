"""Catalogues that were put aside when another one, made from a copy, took their place.

Guards: nothing that is erased from the catalogue in use is erased from them, so
whoever says that an erasure is finished looks for them first. Leaves out:
removing one, which is a person's to decide: it may be the only trace of what
was entered after the copy.
"""

from pathlib import Path

_NAME = "catalogue.before-"


def aside_of(catalogue: Path, stamp: str) -> Path:
    """Give where a catalogue is put aside."""
    return catalogue.with_name(f"{_NAME}{stamp}.db")


def has_asides(catalogue: Path) -> bool:
    """Say whether one that was put aside, or a log of one, lies beside the catalogue.

    Raises:
        OSError: The folder cannot be listed.
    """
    return any(path.name.startswith(_NAME) for path in catalogue.parent.iterdir())
