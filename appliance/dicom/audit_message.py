"""DICOM audit messages: what happened, by whom, to what, as XML for a repository of such messages.

Guards: what XML cannot carry is left out of a text, so that every message is well formed.
Leaves out: queries that were asked, which hold names.

Source: DICOM PS3.15 A.5 (Audit Trail Message Format Profile).
"""

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from xml.etree import ElementTree as ET

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2
_IP_ADDRESS = "2"  # PS3.15 A.5.1.1 (NetworkAccessPointTypeCode)


class Action(StrEnum):
    """What kind of deed it was (PS3.15 A.5.1.1, EventActionCode)."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value: of DCM, of RFC 3881, or of our own."""

    value: str
    scheme: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Participant:
    """Who took part.

    Attributes:
        user_id: Names them for the source.
        is_requestor: Whether they asked for it.
        role: What they were in it.
        name: As people know them; '' says nothing.
        address: An IP address; '' says nothing.
        media_type: What it went to, where it went out.
    """

    user_id: str
    is_requestor: bool
    role: Code | None = None
    name: str = ""
    address: str = ""
    media_type: Code | None = None


@dataclass(frozen=True, slots=True)
class Participated:
    """What it was done to.

    Attributes:
        object_id: Names it.
        id_type: What kind of name that is.
        name: For people; never a patient's.
        type_code: 1 a person, 2 a system object (PS3.15 A.5.1.1).
        role: As 1 patient, 3 report, 13 security resource (PS3.15 A.5.1.2.2).
        details: Further facts, by what they are.
    """

    object_id: str
    id_type: Code
    name: str
    type_code: int = 2
    role: int = 3
    details: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class AuditMessage:
    """One message.

    Attributes:
        event_id: What happened (PS3.16 CID 400).
        event_types: What of that kind (PS3.16 CID 401).
        source_id: Who tells it.
        site_id: Whose that is; '' says nothing.
    """

    event_id: Code
    action: Action
    at: datetime
    is_failure: bool
    source_id: str
    site_id: str
    participants: tuple[Participant, ...]
    event_types: tuple[Code, ...] = ()
    objects: tuple[Participated, ...] = ()


def xml_of(message: AuditMessage) -> str:
    """Write a message, without a declaration and on one line."""
    root = ET.Element("AuditMessage")
    event = _element(
        root, "EventIdentification", EventActionCode=message.action.value,
        EventDateTime=message.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        EventOutcomeIndicator="4" if message.is_failure else "0",
    )  # fmt: skip
    _coded(event, "EventID", message.event_id)
    for code in message.event_types:
        _coded(event, "EventTypeCode", code)
    for participant in message.participants:
        _participant(root, participant)
    site = {"AuditEnterpriseSiteID": _token(message.site_id)} if _token(message.site_id) else {}
    source = _element(root, "AuditSourceIdentification", **site, AuditSourceID=message.source_id)
    _element(source, "AuditSourceTypeCode", **{"csd-code": "4"})  # an application server (PS3.15 A.5.1.2.1)
    for one in message.objects:
        _object(root, one)
    return ET.tostring(root, encoding="unicode")


def _participant(root: ET.Element, who: Participant) -> None:
    given = {"UserID": who.user_id, "UserName": who.name, "UserIsRequestor": str(who.is_requestor).lower()}
    if who.address:
        given |= {"NetworkAccessPointID": who.address, "NetworkAccessPointTypeCode": _IP_ADDRESS}
    element = _element(root, "ActiveParticipant", **{name: value for name, value in given.items() if value})
    if who.role is not None:
        _coded(element, "RoleIDCode", who.role)
    if who.media_type is not None:
        _coded(_element(element, "MediaIdentifier"), "MediaType", who.media_type)


def _object(root: ET.Element, one: Participated) -> None:
    element = _element(
        root, "ParticipantObjectIdentification", ParticipantObjectID=one.object_id,
        ParticipantObjectTypeCode=str(one.type_code), ParticipantObjectTypeCodeRole=str(one.role),
    )  # fmt: skip
    _coded(element, "ParticipantObjectIDTypeCode", one.id_type)
    _element(element, "ParticipantObjectName").text = _token(one.name)
    for kind, value in one.details:
        encoded = b64encode(value.encode()).decode()
        _element(element, "ParticipantObjectDetail", type=kind, value=encoded)


def _coded(parent: ET.Element, name: str, code: Code) -> None:
    given = {"csd-code": code.value, "codeSystemName": code.scheme, "originalText": code.meaning}
    _element(parent, name, **given)


def _element(parent: ET.Element, name: str, **attributes: str) -> ET.Element:
    return ET.SubElement(parent, name, {key: _token(value) for key, value in attributes.items()})


def _token(text: str) -> str:
    """Give a text as XML can carry it, on one line."""
    return " ".join(_NOT_XML.sub("", text).split())
