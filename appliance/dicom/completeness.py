"""Whether a series looks whole, from its instances' numbers and places.

Guards: "no gaps" says only that nothing seems missing between the first and
the last instance; nobody can see from a series that its end was not sent.
Whatever numbers the instances bear, they are judged and not stumbled over:
what is no place in a patient counts as no place.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from statistics import median

from appliance.dicom.geometry import FARTHEST_MM, Geometry, Numbers, along, is_bounded, normal

_SAME_PLACE_MM = 0.01
_GAP_STEPS = 1.5  # a step this many times the usual one has something missing
_UNEVEN = 0.02  # of the usual step
_PARALLEL = 1e-3  # between direction cosines
_MOST_TILT = math.tan(math.radians(1.0))


class Completeness(StrEnum):
    """What the box can say of a series."""

    UNCHECKED = "unchecked"
    NO_GAPS = "no gaps"
    GAPS = "gaps"
    ODD_GEOMETRY = "odd geometry"
    SINGLE = "single"


class SeriesFinding(StrEnum):
    """What is odd about a series. A closed list; the web has words for each."""

    NUMBERS_MISSING = "instance numbers missing"  # numbers: how many
    NUMBERS_REPEATED = "instance numbers repeated"  # how many
    STARTS_LATE = "starts late"  # the first number
    POSITIONS_MISSING = "slices missing between positions"  # how many
    POSITIONS_REPEATED = "slices at the same position"  # how many
    POSITIONS_UNKNOWN = "instances without position"  # how many
    SPACING_UNEVEN = "uneven spacing"  # least and greatest step, mm
    SPACING_CONTRADICTED = "spacing contradicts positions"  # as said and as found, mm
    ORIENTATION_VARIES = "orientation varies"  # how many orientations
    TILTED = "slices tilted"  # degrees
    SIZE_VARIES = "image size varies"  # how many sizes
    NOT_JUDGED = "could not be judged"  # none; the judgement itself failed


_GAPS = frozenset({SeriesFinding.NUMBERS_MISSING, SeriesFinding.POSITIONS_MISSING})
_HARMLESS = frozenset({SeriesFinding.STARTS_LATE})


@dataclass(frozen=True, slots=True)
class Member:
    """One instance of a series; `size` is rows and columns, None for what is no image."""

    instance_number: int | None
    size: tuple[int, int] | None
    frames: int
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Told:
    """One finding with the numbers that go with it."""

    code: SeriesFinding
    numbers: Numbers


def judge(members: Sequence[Member]) -> tuple[Completeness, list[Told]]:
    """Say how complete a series looks, and why.

    Source: DICOM PS3.3 C.7.6.2.1.1 (positions are LPS, in mm).
    """
    if len(members) == 1:
        told = _frame_findings(members[0])
        return (Completeness.ODD_GEOMETRY if told else Completeness.SINGLE), told
    numbers = [member.instance_number for member in members if member.instance_number is not None]
    placed = [member for member in members if is_bounded(member.geometry.position or (), 3) and _axes(member)]
    told = _number_findings(numbers)
    if placed:  # pictures that lie nowhere, such as intra-oral ones, are upright and lengthwise in one series
        told += [*_size_findings(members), *_place_findings(members, placed)]
    if not placed and not numbers:
        return Completeness.UNCHECKED, told
    return _verdict(told), told


def _verdict(told: Sequence[Told]) -> Completeness:
    codes = {one.code for one in told}
    if codes & _GAPS:
        return Completeness.GAPS
    return Completeness.ODD_GEOMETRY if codes - _HARMLESS else Completeness.NO_GAPS


def _axes(member: Member) -> Numbers | None:
    orientation = member.geometry.orientation or ()
    return normal(orientation) if is_bounded(orientation, 6) else None


def _frame_findings(member: Member) -> list[Told]:
    steps = member.geometry.frame_steps_mm
    if member.frames < 2 or steps is None or not _are_steps(steps) or steps[1] - steps[0] <= _UNEVEN * steps[1]:
        return []
    return [Told(SeriesFinding.SPACING_UNEVEN, steps)]


def _are_steps(steps: Numbers) -> bool:
    return len(steps) == 2 and all(0 <= step <= 4 * FARTHEST_MM for step in steps)  # from end to end of what is bounded


def _number_findings(numbers: Sequence[int]) -> list[Told]:
    if not numbers:
        return []
    distinct, told = set(numbers), []
    missing = max(distinct) - min(distinct) + 1 - len(distinct)
    if missing:
        told.append(Told(SeriesFinding.NUMBERS_MISSING, (missing,)))
    if len(numbers) > len(distinct):
        told.append(Told(SeriesFinding.NUMBERS_REPEATED, (len(numbers) - len(distinct),)))
    if min(distinct) > 1:
        told.append(Told(SeriesFinding.STARTS_LATE, (min(distinct),)))
    return told


def _size_findings(members: Sequence[Member]) -> list[Told]:
    sizes = {member.size for member in members if member.size}
    return [Told(SeriesFinding.SIZE_VARIES, (len(sizes),))] if len(sizes) > 1 else []


def _place_findings(members: Sequence[Member], placed: Sequence[Member]) -> list[Told]:
    told = []
    images = sum(1 for member in members if member.size)
    if images > len(placed):
        told.append(Told(SeriesFinding.POSITIONS_UNKNOWN, (images - len(placed),)))
    orientations = _distinct([member.geometry.orientation or () for member in placed])
    if orientations > 1:
        return [*told, Told(SeriesFinding.ORIENTATION_VARIES, (orientations,))]
    return told + _stack_findings(placed)


def _distinct(orientations: Sequence[Numbers]) -> int:
    seen: list[Numbers] = []
    for one in orientations:
        if not any(all(abs(a - b) < _PARALLEL for a, b in zip(one, other, strict=True)) for other in seen):
            seen.append(one)
        if len(seen) > 9:
            break
    return len(seen)


def _stack_findings(placed: Sequence[Member]) -> list[Told]:
    """Judge parallel slices by their places along their common normal."""
    direction = _axes(placed[0]) or ()
    ordered = sorted((along(m.geometry.position or (), direction), m.geometry.position or ()) for m in placed)
    steps = [b[0] - a[0] for a, b in pairwise(ordered)]
    apart = [step for step in steps if step > _SAME_PLACE_MM]
    told = []
    if len(apart) < len(steps):
        told.append(Told(SeriesFinding.POSITIONS_REPEATED, (len(steps) - len(apart),)))
    if not apart:
        return told
    usual = median(apart)
    missing = sum(round(step / usual) - 1 for step in apart if step > _GAP_STEPS * usual)
    if missing:
        told.append(Told(SeriesFinding.POSITIONS_MISSING, (missing,)))
    regular = [step for step in apart if step <= _GAP_STEPS * usual]
    if max(regular) - min(regular) > max(_UNEVEN * usual, _SAME_PLACE_MM):
        told.append(Told(SeriesFinding.SPACING_UNEVEN, (min(regular), max(regular))))
    return told + _said_findings(placed, usual) + _tilt_findings(ordered[0][1], ordered[-1][1], direction)


def _said_findings(placed: Sequence[Member], usual: float) -> list[Told]:
    said = placed[0].geometry.spacing_between_slices
    if said is None or not is_bounded((said,), 1) or abs(abs(said) - usual) <= 0.05 * usual:
        return []
    return [Told(SeriesFinding.SPACING_CONTRADICTED, (said, usual))]


def _tilt_findings(first: Numbers, last: Numbers, direction: Numbers) -> list[Told]:
    across = tuple(b - a for a, b in zip(first, last, strict=True))
    depth = along(across, direction)
    sideways = math.sqrt(max(0.0, sum(value * value for value in across) - depth * depth))
    if sideways <= _MOST_TILT * depth:
        return []
    return [Told(SeriesFinding.TILTED, (round(math.degrees(math.atan2(sideways, depth)), 2),))]
