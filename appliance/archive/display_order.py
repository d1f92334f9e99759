"""In which order a series is shown, and in which order it is sent.

Shown: along the normal of the slices where positions say so, else by Instance
Number. Sent: the middle first, then coarse to fine, so that whatever has come
is spread evenly over the whole.
"""

from collections.abc import Sequence

from appliance.archive.located import Located


def in_display_order(instances: Sequence[Located]) -> list[Located]:
    """Sort a series for display; ties fall back to number and UID, so the order is always the same."""
    normal = _common_normal(instances)
    return sorted(instances, key=lambda one: (_along(one, normal), *_by_number(one)))


def coarse_to_fine(count: int) -> list[int]:
    """Give every index below `count` once, so that any prefix is spread evenly: the middle, then halves, quarters, ...

    These are the steps of a van der Corput sequence that begins at the middle.
    """
    bits = max(0, count - 1).bit_length()
    steps = (_reversed_bits(step, bits) for step in range(1 << bits))
    order = ((count // 2 + step) % (1 << bits) for step in steps)
    return [index for index in order if index < count]


def _reversed_bits(number: int, bits: int) -> int:
    return int(f"{number:0{bits}b}"[::-1], 2) if bits else 0


def _by_number(one: Located) -> tuple[int, int, str]:
    number = one.instance_number
    return (1, 0, one.sop_instance_uid) if number is None else (0, number, one.sop_instance_uid)


def _common_normal(instances: Sequence[Located]) -> tuple[float, float, float] | None:
    """The normal of the first slice when every instance has a position and an orientation.

    Source: DICOM PS3.3 C.7.6.2.1.1.
    """
    if len(instances) < 2:
        return None
    orientations = [one.image.vector("orientation") for one in instances]
    positions = [one.image.vector("position") for one in instances]
    first = orientations[0]
    if first is None or len(first) != 6 or any(o is None or len(o) != 6 for o in orientations):
        return None
    if any(p is None or len(p) != 3 for p in positions):
        return None
    (a, b, c), (d, e, f) = first[:3], first[3:]
    return b * f - c * e, c * d - a * f, a * e - b * d


def _along(one: Located, normal: tuple[float, float, float] | None) -> float:
    position = one.image.vector("position")
    if normal is None or position is None:
        return 0.0
    return round(sum(n * p for n, p in zip(normal, position, strict=True)), 4)
