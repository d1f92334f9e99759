"""Every code that intake may write has words, and no words are for a code that is gone."""

import json

from appliance.archive.arrivals import QuarantineReason
from appliance.dicom.completeness import SeriesFinding
from appliance.dicom.facts import InstanceFinding
from appliance.web.staff.findings import FINDINGS, REASONS, finding_words


def test_every_reason_for_quarantine_has_words() -> None:
    assert set(REASONS) == {reason.value for reason in QuarantineReason}


def test_every_finding_has_words() -> None:
    assert set(FINDINGS) == {code.value for code in (*SeriesFinding, *InstanceFinding)}


def test_a_finding_is_put_into_a_sentence() -> None:
    stored = json.dumps([{"code": "uneven spacing", "numbers": [0.16, 0.3125]}, {"code": "unheard of", "numbers": []}])
    assert finding_words(stored) == ["Distance between slices: 0.16 to 0.312 mm"]
