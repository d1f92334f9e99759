"""A preview as it is asked of a child, and as its parent checks the answer.

Guards: the parent alone says how large a preview is, so the worst that a child
can answer is another picture of the same size.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from appliance.dicom.faults import Fault, Unparsable
from appliance.dicom.preview_plan import Part, Plan, SmallVolume
from appliance.sandbox.wire import parts_of, two_parts

_NOT_SURE = b""
_VALUE_BYTES = 2
_MOST_JSON_BYTES = 1024


def plan_members(plan: Plan) -> dict[str, object]:
    """Give a plan as members of a request."""
    return asdict(plan)


def plan_of(asked: Mapping[str, Any]) -> Plan:
    """Read a plan out of a request."""
    return Plan(tuple(Part(**part) for part in asked["parts"]), tuple(asked["shape"]), tuple(asked["factor"]))


def encode_preview(small: SmallVolume | None) -> bytes:
    """Write a preview as a result's body."""
    if small is None:
        return _NOT_SURE
    return two_parts(json.dumps([small.slope, small.intercept]).encode(), small.values)


def decode_preview(body: bytes, plan: Plan) -> SmallVolume | None:
    """Read a preview, None where the child was not sure.

    Raises:
        Unparsable: It is not what was planned.
    """
    if body == _NOT_SURE:
        return None
    text, values = parts_of(body)
    if len(text) > _MOST_JSON_BYTES or len(values) != _VALUE_BYTES * math.prod(plan.small_shape):
        raise Unparsable(Fault.NONSENSE)
    try:
        slope, intercept = (float(number) for number in json.loads(text))
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise Unparsable(Fault.NONSENSE) from error
    if not (math.isfinite(slope) and math.isfinite(intercept)) or slope == 0:  # as the viewer asks: series_index.ts
        raise Unparsable(Fault.NONSENSE)
    return SmallVolume(slope, intercept, values)
