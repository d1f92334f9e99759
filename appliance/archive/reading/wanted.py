"""What a person wants of the study list: which studies, in which order."""

from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    """In which order the list stands."""

    ARRIVED = "arrived"  # the latest arrival first
    TAKEN = "taken"  # the latest study date first
    NAME = "name"  # by the patient's name, of one patient the latest study row first


class Standing(StrEnum):
    """Which studies are wanted by how they stand."""

    ALL = ""
    CHECK = "check"  # somebody should look into it
    UNCHECKED = "unchecked"  # arriving, or not judged yet
    WHOLE = "whole"  # neither


@dataclass(frozen=True, slots=True)
class Device:
    """What took pictures, as it calls itself."""

    series_key: int  # of its first series, which stands for it in an address
    manufacturer: str
    manufacturer_model_name: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Filters and order of the list. The empty one is the whole list, the latest arrival first.

    `arrived_since` is in microseconds; `words` are folded (`studies.search_words`); None and '' ask for nothing.
    """

    words: tuple[str, ...] = ()
    arrived_since: int | None = None
    modality: str = ""
    device: Device | None = None
    standing: Standing = Standing.ALL
    order: Order = Order.ARRIVED

    @property
    def is_filtered(self) -> bool:
        """Say whether studies are left out, but for those that the search leaves out."""
        return self.arrived_since is not None or bool(self.modality or self.device or self.standing)
