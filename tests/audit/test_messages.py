"""Every event becomes a DICOM audit message that the standard's schema takes, with its codes, and names no patient."""

import subprocess
from base64 import b64decode
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.chain import Entry
from appliance.audit.events import ActorKind, EventCode, Outcome, SubjectKind
from appliance.audit.messages import Source, message_of
from appliance.dicom.audit_message import xml_of

SCHEMA = Path(__file__).parent / "audit_message.rng"
SOURCE = Source(
    "5d5a6c4e-0000-4000-8000-000000000001", "Clínica Las Lilas", lambda kind, key: f"{kind} {key} «Ana»",
    lambda key: "1.2.3.4" if key == 5 else None,
)  # fmt: skip


def entry(code: str, **more: object) -> Entry:
    usual: dict[str, object] = {
        "sequence": 9, "at": 1_795_000_000_000_001, "event": code, "outcome": "success", "actor_kind": "account",
        "actor_key": 3, "address": "192.0.2.9", "subject_kind": None, "subject_key": None, "patient_key": 4,
        "study_key": 5, "number": 12,
    }  # fmt: skip
    return Entry(**(usual | more))  # type: ignore[arg-type]  # names of its own fields


def parsed(one: Entry) -> ET.Element:
    return ET.fromstring(xml_of(message_of(one, SOURCE)))  # noqa: S314  this test wrote what it reads


def code_of(root: ET.Element, path: str) -> str:
    found = root.find(path)
    return "" if found is None else found.attrib["csd-code"]


@pytest.mark.peer("xmllint")
def test_every_event_of_every_actor_and_subject_keeps_the_standards_schema(tmp_path: Path) -> None:
    entries = [entry(code.value, outcome=end.value) for code in EventCode for end in Outcome]
    entries += [entry("job asked", actor_kind=kind.value, actor_key=None, address=None) for kind in ActorKind]
    entries += [entry("job asked", subject_kind=kind.value, subject_key=2, study_key=None) for kind in SubjectKind]
    entries += [entry("study opened", study_key=6, patient_key=None, number=None), entry("of another release")]
    files = []
    for number, one in enumerate(entries):
        files.append(tmp_path / f"{number}.xml")
        files[-1].write_text(xml_of(message_of(one, SOURCE)), encoding="utf-8")
    done = subprocess.run(
        ["xmllint", "--noout", "--relaxng", SCHEMA, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[:2000]
    broken = files[0].read_text().replace("EventID", "EventIdent", 2)
    files[0].write_text(broken)
    control = subprocess.run(["xmllint", "--noout", "--relaxng", SCHEMA, files[0]], capture_output=True, check=False)
    assert control.returncode != 0


@pytest.mark.parametrize(
    ("code", "event_id", "action", "event_type"),
    [
        ("box unlocked", "110100", "E", "110120"), ("audit read", "110101", "R", ""),
        ("storing began", "110102", "E", ""), ("study opened", "110103", "R", ""),
        ("study received", "110104", "C", ""), ("instances retrieved", "110104", "R", ""),
        ("erased", "110105", "D", ""),
        ("studies exported", "110106", "R", ""), ("studies searched", "110112", "E", ""),
        ("not permitted", "110113", "E", "110132"), ("requests throttled", "110113", "E", "110132"),
        ("token refused", "110114", "E", "110122"),
        ("association refused", "110113", "E", "110126"),
        ("sender approved", "110113", "E", "110128"), ("key destroyed", "110113", "E", "110129"),
        ("role changed", "110113", "E", "110136"), ("account changed", "110113", "E", "110137"),
        ("account reset", "110113", "E", "110137"), ("password changed", "110113", "E", "110137"),
        ("emergency begun", "110113", "E", "110127"), ("emergency ended", "110113", "E", "110138"),
        ("logged in", "110114", "E", "110122"), ("login failed", "110114", "E", "110122"),
        ("logged out", "110114", "E", "110123"), ("of another release", "110113", "E", "110129"),
    ],
)  # fmt: skip
def test_an_event_has_the_standards_codes(code: str, event_id: str, action: str, event_type: str) -> None:
    root = parsed(entry(code))
    event = root.find("EventIdentification")
    assert event is not None
    assert (code_of(event, "EventID"), event.attrib["EventActionCode"]) == (event_id, action)
    assert code_of(event, "EventTypeCode") == event_type
    assert event.attrib["EventDateTime"] == "2026-11-18T11:06:40.000001Z"


def test_changed_settings_of_the_network_are_told_as_such() -> None:
    told = {number: code_of(parsed(entry("settings changed", number=number)), ".//EventTypeCode") for number in (2, 3)}
    assert told == {2: "110128", 3: "110129"}


def test_a_failure_is_one_and_who_asked_is_named_with_their_address() -> None:
    root = parsed(entry("login failed", outcome="failure"))
    event, actor = root.find("EventIdentification"), root.find("ActiveParticipant")
    assert event is not None
    assert actor is not None
    assert event.attrib["EventOutcomeIndicator"] == "4"
    assert actor.attrib == {
        "UserID": "account-3", "UserName": "account 3 «Ana»", "UserIsRequestor": "true",
        "NetworkAccessPointID": "192.0.2.9", "NetworkAccessPointTypeCode": "2",
    }  # fmt: skip


def test_roles_follow_the_way_that_images_go() -> None:
    roles = {
        code: [code_of(who, "RoleIDCode") for who in parsed(entry(code)).iter("ActiveParticipant")]
        for code in ("study received", "instances retrieved", "studies exported", "box locked", "studies searched")
    }
    assert roles == {
        "study received": ["110153", "110152"], "instances retrieved": ["110152", "110153"],
        "studies exported": ["110152", "110153", "110154"], "box locked": ["110151", "110150"],
        "studies searched": ["110153", "110152"],
    }  # fmt: skip
    assert code_of(parsed(entry("studies exported")), ".//MediaType") == "110037"


def objects(one: Entry) -> dict[str, tuple[str, str | None]]:
    found = parsed(one).iter("ParticipantObjectIdentification")
    return {
        code_of(each, "ParticipantObjectIDTypeCode"): (
            each.attrib["ParticipantObjectID"],
            each.findtext("ParticipantObjectName"),
        )
        for each in found
    }


def test_a_study_is_its_uid_where_that_is_told_and_a_patient_is_a_row_key() -> None:
    assert objects(entry("study opened")) == {
        "110180": ("1.2.3.4", "study 5"), "2": ("4", "patient 4"), "event": ("9", "study opened"),
    }  # fmt: skip
    assert objects(entry("study opened", study_key=6))["study"] == ("6", "study 6")
    told = objects(entry("account changed", subject_kind="account", subject_key=8, study_key=None, patient_key=None))
    assert told == {"11": ("account-8", "account-8"), "event": ("9", "account changed")}


def test_what_the_standard_has_no_place_for_is_not_lost() -> None:
    root = parsed(entry("backup made", subject_kind="backup target", subject_key=2))
    details = {
        each.attrib["type"]: b64decode(each.attrib["value"]).decode() for each in root.iter("ParticipantObjectDetail")
    }
    assert details == {"Alert Description": "backup made", "subject": "backup target 2", "number": "12"}


def test_a_changed_role_is_said_in_words_besides_its_number() -> None:
    root = parsed(entry("role changed", subject_kind="account", subject_key=8, number=1011))
    told = [b64decode(each.attrib["value"]).decode() for each in root.iter("ParticipantObjectDetail")]
    assert told == ["role changed", "account 8", "1011", "administrator to administrator with the image right"]


@given(st.text())
def test_any_name_of_a_clinic_or_a_person_makes_a_well_formed_message(name: str) -> None:
    source = Source("1", name, lambda _kind, _key: name, lambda _key: None)
    text = xml_of(message_of(entry("logged in"), source))
    assert ET.fromstring(text).tag == "AuditMessage"  # noqa: S314  this test wrote what it reads
    assert "\n" not in text
