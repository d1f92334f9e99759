"""A copy comes over the wire as it was made, and nothing else is taken for one."""

import json
from dataclasses import replace

import pytest

from appliance.dicom.deidentifying.copies import Copy
from appliance.dicom.deidentifying.judging import Refusal
from appliance.dicom.faults import Fault, Unparsable
from appliance.sandbox.copies import decode_copy, encode_copy
from appliance.sandbox.wire import parts_of, two_parts

COPY = Copy(b"dataset", 100, 60, ("1.2.3",), ((104, 6), (110, 50)))
TOTAL = 200


def test_a_copy_and_a_refusal_come_as_they_were_made() -> None:
    assert decode_copy(encode_copy(COPY), TOTAL) == COPY
    plain = replace(COPY, blanks=())
    assert decode_copy(encode_copy(plain), TOTAL) == plain
    assert decode_copy(encode_copy(Refusal.REMAINS), TOTAL) is Refusal.REMAINS


@pytest.mark.parametrize(
    "changed",
    [
        {"pixel_offset": -1},
        {"pixel_bytes": 101},
        {"pixel_bytes": "60"},
        {"uids": [7]},
        {"uids": ["1" * 2000]},
        {"refusal": "whim"},
        {"blanks": None},
        {"blanks": 7},
        {"blanks": [7]},
        {"blanks": [[104]]},
        {"blanks": [[99, 2]]},
        {"blanks": [[159, 2]]},
        {"blanks": [[104, 0]]},
        {"blanks": [[104, -4]]},
        {"blanks": [[104, 6], [109, 2]]},
        {"blanks": [[120, 6], [104, 6]]},
        {"blanks": [[104.0, 6]]},
        {"blanks": [[104, True]]},
    ],
)
def test_what_no_child_of_ours_would_answer_is_nonsense(changed: dict[str, object]) -> None:
    told, dataset = parts_of(encode_copy(COPY))
    answer = two_parts(json.dumps(json.loads(told) | changed).encode(), dataset)
    with pytest.raises(Unparsable) as refused:
        decode_copy(answer, TOTAL)
    assert refused.value.fault is Fault.NONSENSE


def test_an_answer_without_blanks_is_nonsense() -> None:
    told, dataset = parts_of(encode_copy(COPY))
    without = {name: value for name, value in json.loads(told).items() if name != "blanks"}
    with pytest.raises(Unparsable):
        decode_copy(two_parts(json.dumps(without).encode(), dataset), TOTAL)
