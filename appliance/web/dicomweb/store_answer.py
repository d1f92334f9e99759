"""The answer to a request to store, in DICOM JSON: what is stored and where, what is not and why.

Source: DICOM PS3.18 10.5.3 and annex I.2 (store instances response module), PS3.4 table B.2-1 (status codes).
"""

import json
from collections.abc import Mapping, Sequence

from appliance.intake.storing import Handed, NotStored
from appliance.web.dicomweb.answers import Answer

_CLASS, _INSTANCE, _RETRIEVE_URL = "00081150", "00081155", "00081190"
_FAILURE_REASON, _FAILED, _STORED, _OTHER_FAILURES = "00081197", "00081198", "00081199", "0008119A"

# PS3.4 table B.2-1 and PS3.7 annex C: refused out of resources, does not match its class, cannot understand, ...
REASONS: Mapping[NotStored, int] = {
    NotStored.NOT_DICOM: 0xC000,
    NotStored.UNREADABLE: 0xC000,
    NotStored.NOT_WHOLE: 0xC001,
    NotStored.UIDS: 0x0117,
    NotStored.CLASS_NOT_KEPT: 0x0122,
    NotStored.CLASS_DIFFERS: 0xA900,
    NotStored.OTHER_STUDY: 0xC409,
    NotStored.TOO_LARGE: 0xA701,
    NotStored.NO_SPACE: 0xA700,
    NotStored.NOT_NOW: 0xA702,
    NotStored.NOT_PERMITTED: 0x0124,
    NotStored.FAILED: 0x0110,
}
_NOT_NOW = frozenset({NotStored.NOT_NOW, NotStored.FAILED})


def store_answer(handed: Sequence[Handed], media_type: bytes, base_url: str, headers: Mapping[bytes, bytes]) -> Answer:
    """Give the answer.

    Args:
        handed: Every object, in order; at least one.
        media_type: Of the answer.
        base_url: Of the DICOMweb service, without a slash at its end.
        headers: To go with it.
    """
    stored = [one for one in handed if one.refused is None]
    failed = [one for one in handed if one.refused is not None and one.sop_instance_uid]
    unknown = [one for one in handed if one.refused is not None and not one.sop_instance_uid]
    sequences = {
        _FAILED: [{**_names(one), **_reason(one)} for one in failed],
        _STORED: [{**_names(one), _RETRIEVE_URL: _url(_instance_url(one, base_url))} for one in stored],
        _OTHER_FAILURES: [_reason(one) for one in unknown],
    }
    answer: dict[str, object] = {tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items}
    studies = {one.study_instance_uid for one in stored}
    if len(studies) == 1:
        answer[_RETRIEVE_URL] = _url(f"{base_url}/studies/{studies.pop()}")
    body = json.dumps(dict(sorted(answer.items()))).encode()
    return Answer(status_of(handed), media_type, [body], headers)


def status_of(handed: Sequence[Handed]) -> int:
    """Give the status: all, some or none of it stored; none for a reason that may pass is no conflict."""
    refused = [one.refused for one in handed if one.refused is not None]
    if not refused:
        return 200
    if len(refused) < len(handed):
        return 202
    if all(why is NotStored.NO_SPACE for why in refused):
        return 507
    return 503 if all(why in _NOT_NOW for why in refused) else 409


def _names(one: Handed) -> dict[str, object]:
    named = {_CLASS: one.sop_class_uid, _INSTANCE: one.sop_instance_uid}
    return {tag: {"vr": "UI", "Value": [uid]} for tag, uid in named.items() if uid}


def _reason(one: Handed) -> dict[str, object]:
    return {_FAILURE_REASON: {"vr": "US", "Value": [REASONS[one.refused or NotStored.FAILED]]}}


def _url(url: str) -> dict[str, object]:
    return {"vr": "UR", "Value": [url]}


def _instance_url(one: Handed, base_url: str) -> str:
    series = f"{base_url}/studies/{one.study_instance_uid}/series/{one.series_instance_uid}"
    return f"{series}/instances/{one.sop_instance_uid}"
