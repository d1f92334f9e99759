"""Puts an event of the trail into a DICOM audit message: which kind, which codes, who and what takes part.

Guards: a patient is a row key, never a name nor a patient ID; a study is its Study Instance UID where the caller says
so, else its row key. What a message of the standard has no place for travels as details of an object of our own.

Source: DICOM PS3.15 A.5.3 (message definitions); PS3.16 CID 400 to 403, 405.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from appliance.audit.chain import Entry
from appliance.audit.events import ActorKind, EventCode, Outcome
from appliance.audit.families import FAMILIES, Family
from appliance.audit.numbers import SettingsGroup, meaning, settings_group
from appliance.clock import instant
from appliance.dicom.audit_message import Action, AuditMessage, Code, Participant, Participated

_OWN = "99ENAMEL"
_APPLICATION_ACTIVITY = Code("110100", "DCM", "Application Activity")
_AUDIT_LOG_USED = Code("110101", "DCM", "Audit Log Used")
_BEGIN_TRANSFERRING = Code("110102", "DCM", "Begin Transferring DICOM Instances")
_ACCESSED = Code("110103", "DCM", "DICOM Instances Accessed")
_TRANSFERRED = Code("110104", "DCM", "DICOM Instances Transferred")
_DELETED = Code("110105", "DCM", "DICOM Study Deleted")
_EXPORT = Code("110106", "DCM", "Export")
_QUERY = Code("110112", "DCM", "Query")
_ALERT = Code("110113", "DCM", "Security Alert")
_AUTHENTICATION = Code("110114", "DCM", "User Authentication")

_START = Code("110120", "DCM", "Application Start")
_STOP = Code("110121", "DCM", "Application Stop")
_LOGIN = Code("110122", "DCM", "Login")
_LOGOUT = Code("110123", "DCM", "Logout")
_NODE_AUTHENTICATION = Code("110126", "DCM", "Node Authentication")
_OVERRIDE_STARTED = Code("110127", "DCM", "Emergency Override Started")
_NETWORK_CONFIGURATION = Code("110128", "DCM", "Network Configuration")
_SECURITY_CONFIGURATION = Code("110129", "DCM", "Security Configuration")
_RESTRICTED_FUNCTION = Code("110132", "DCM", "Use of Restricted Function")
_OBJECT_ATTRIBUTES = Code("110135", "DCM", "Object Security Attributes Changed")
_ROLES_CHANGED = Code("110136", "DCM", "Security Roles Changed")
_USER_ATTRIBUTES = Code("110137", "DCM", "User Security Attributes Changed")
_OVERRIDE_STOPPED = Code("110138", "DCM", "Emergency Override Stopped")

_APPLICATION = Code("110150", "DCM", "Application")
_LAUNCHER = Code("110151", "DCM", "Application Launcher")
_DESTINATION = Code("110152", "DCM", "Destination Role ID")
_SOURCE = Code("110153", "DCM", "Source Role ID")
_MEDIA = Code("110154", "DCM", "Destination Media")
_BY_ADDRESS = Code("110037", "DCM", "URI")  # PS3.16 CID 405: it was downloaded

_STUDY_UID = Code("110180", "DCM", "Study Instance UID")
_SOP_CLASS = Code("110181", "DCM", "SOP Class UID")
_PATIENT_NUMBER = Code("2", "RFC-3881", "Patient Number")
_USER_IDENTIFIER = Code("11", "RFC-3881", "User Identifier")
_AUDIT_URI = Code("12", "RFC-3881", "URI")
_STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"  # PS3.4 C.6.2.3
_PATIENT_ROLE, _REPORT_ROLE, _USER_ROLE, _SECURITY_ROLE = 1, 3, 11, 13  # PS3.15 A.5.1.2.2


@dataclass(frozen=True, slots=True)
class Source:
    """Who tells, and how much may be told.

    Attributes:
        box_id: The box.
        clinic_name: Whose box it is.
        name_of: Gives the name of an account, token or peer; '' tells none.
        study_uid_of: Gives the Study Instance UID of a study's row; None tells the row key.
    """

    box_id: str
    clinic_name: str
    name_of: Callable[[str, int], str]
    study_uid_of: Callable[[int], str | None]


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which message of A.5.3 tells an event."""

    event_id: Code
    action: Action
    event_type: Code | None = None


_BY_CODE: Mapping[EventCode, _Kind] = {
    EventCode.BOX_UNLOCKED: _Kind(_APPLICATION_ACTIVITY, Action.EXECUTE, _START),
    EventCode.BOX_LOCKED: _Kind(_APPLICATION_ACTIVITY, Action.EXECUTE, _STOP),
    EventCode.ASSOCIATION_REFUSED: _Kind(_ALERT, Action.EXECUTE, _NODE_AUTHENTICATION),
    EventCode.SENDER_UNKNOWN: _Kind(_ALERT, Action.EXECUTE, _NODE_AUTHENTICATION),
    EventCode.PEER_TESTED: _Kind(_ALERT, Action.EXECUTE, _NODE_AUTHENTICATION),
    EventCode.ASSOCIATION_ENDED: _Kind(_TRANSFERRED, Action.CREATE),
    EventCode.STORING_BEGAN: _Kind(_BEGIN_TRANSFERRING, Action.EXECUTE),
    EventCode.STUDY_RECEIVED: _Kind(_TRANSFERRED, Action.CREATE),
    EventCode.INSTANCE_VERSION_ADDED: _Kind(_TRANSFERRED, Action.UPDATE),
    EventCode.QUARANTINE_EXPORTED: _Kind(_EXPORT, Action.READ),
    EventCode.BOX_DECOMMISSIONED: _Kind(_ALERT, Action.EXECUTE, _SECURITY_CONFIGURATION),
    EventCode.ROLE_CHANGED: _Kind(_ALERT, Action.EXECUTE, _ROLES_CHANGED),
    EventCode.RECOVERY_CODE_USED: _Kind(_AUTHENTICATION, Action.EXECUTE, _LOGIN),
    EventCode.EMERGENCY_BEGUN: _Kind(_ALERT, Action.EXECUTE, _OVERRIDE_STARTED),
    EventCode.EMERGENCY_ENDED: _Kind(_ALERT, Action.EXECUTE, _OVERRIDE_STOPPED),
    EventCode.SESSION_ENDED: _Kind(_AUTHENTICATION, Action.EXECUTE, _LOGOUT),
    EventCode.LOGGED_OUT: _Kind(_AUTHENTICATION, Action.EXECUTE, _LOGOUT),
    EventCode.SCREEN_LOCKED: _Kind(_AUTHENTICATION, Action.EXECUTE, _LOGOUT),
    EventCode.NOT_PERMITTED: _Kind(_ALERT, Action.EXECUTE, _RESTRICTED_FUNCTION),
    EventCode.REQUESTS_THROTTLED: _Kind(_ALERT, Action.EXECUTE, _RESTRICTED_FUNCTION),
    EventCode.STUDIES_SEARCHED: _Kind(_QUERY, Action.EXECUTE),
    EventCode.INSTANCES_RETRIEVED: _Kind(_TRANSFERRED, Action.READ),
    EventCode.HOLD_SET: _Kind(_ALERT, Action.EXECUTE, _OBJECT_ATTRIBUTES),
    EventCode.HOLD_LIFTED: _Kind(_ALERT, Action.EXECUTE, _OBJECT_ATTRIBUTES),
}
_BY_FAMILY: Mapping[Family, _Kind] = {
    Family.VIEWS: _Kind(_ACCESSED, Action.READ),
    Family.EXPORTS: _Kind(_EXPORT, Action.READ),
    Family.LOGINS: _Kind(_AUTHENTICATION, Action.EXECUTE, _LOGIN),
    Family.PEOPLE: _Kind(_ALERT, Action.EXECUTE, _USER_ATTRIBUTES),
    Family.ARRIVALS: _Kind(_ALERT, Action.EXECUTE, _OBJECT_ATTRIBUTES),
    Family.DEVICES: _Kind(_ALERT, Action.EXECUTE, _NETWORK_CONFIGURATION),
    Family.ERASURES: _Kind(_DELETED, Action.DELETE),
    Family.KEEPING: _Kind(_ALERT, Action.EXECUTE, _SECURITY_CONFIGURATION),
    Family.BOX: _Kind(_ALERT, Action.EXECUTE, _SECURITY_CONFIGURATION),
    Family.TRAIL: _Kind(_AUDIT_LOG_USED, Action.READ),
}
_UNKNOWN = _Kind(_ALERT, Action.EXECUTE, _SECURITY_CONFIGURATION)  # a code of another release


def message_of(entry: Entry, source: Source) -> AuditMessage:
    """Put one event into a message."""
    kind = _kind_of(entry)
    return AuditMessage(
        event_id=kind.event_id,
        action=kind.action,
        at=instant(entry.at),
        is_failure=entry.outcome == Outcome.FAILURE,
        source_id=source.box_id,
        site_id=source.clinic_name,
        participants=_participants(entry, kind, source),
        event_types=() if kind.event_type is None else (kind.event_type,),
        objects=tuple(_objects(entry, kind, source)),
    )


def _kind_of(entry: Entry) -> _Kind:
    try:
        known = EventCode(entry.event)
    except ValueError:
        return _UNKNOWN
    if settings_group(entry) is SettingsGroup.NETWORK:
        return _BY_FAMILY[Family.DEVICES]
    return _BY_CODE.get(known) or _BY_FAMILY[FAMILIES[known]]


def _participants(entry: Entry, kind: _Kind, source: Source) -> tuple[Participant, ...]:
    """Name who asked for it and the box, each in the role that the message gives it."""
    theirs, ours = _roles(kind)
    box = Participant(f"enamel-{source.box_id}", is_requestor=False, role=ours)
    actor = Participant(
        _actor_id(entry.actor_kind, entry.actor_key),
        is_requestor=True,
        role=theirs,
        name="" if entry.actor_key is None else source.name_of(entry.actor_kind, entry.actor_key),
        address=entry.address or "",
    )
    media = Participant("download", is_requestor=False, role=_MEDIA, media_type=_BY_ADDRESS)
    return (actor, box, media) if kind.event_id is _EXPORT else (actor, box)


def _roles(kind: _Kind) -> tuple[Code | None, Code | None]:
    """Give the role of who asked, and that of the box."""
    if kind.event_id is _APPLICATION_ACTIVITY:
        return _LAUNCHER, _APPLICATION
    if kind.event_id in (_BEGIN_TRANSFERRING, _TRANSFERRED):
        return (_DESTINATION, _SOURCE) if kind.action is Action.READ else (_SOURCE, _DESTINATION)
    if kind.event_id is _QUERY:
        return _SOURCE, _DESTINATION
    if kind.event_id is _EXPORT:
        return _DESTINATION, _SOURCE
    return None, None


def _actor_id(kind: str, key: int | None) -> str:
    return kind if key is None else f"{kind}-{key}"


def _objects(entry: Entry, kind: _Kind, source: Source) -> list[Participated]:
    """Name what it was done to; what the standard has no place for is an object of our own, and so never lost."""
    found = []
    if kind.event_id is _QUERY:
        found.append(Participated(_STUDY_ROOT_FIND, _SOP_CLASS, "studies", role=_REPORT_ROLE))
    if kind.event_id is _AUDIT_LOG_USED:
        uri = f"urn:uuid:{source.box_id}#trail"
        found.append(Participated(uri, _AUDIT_URI, "Security Audit Log", role=_SECURITY_ROLE))
    if entry.study_key is not None:
        found.append(_study(entry.study_key, source))
    if entry.patient_key is not None:
        key, name = str(entry.patient_key), f"patient {entry.patient_key}"
        found.append(Participated(key, _PATIENT_NUMBER, name, type_code=1, role=_PATIENT_ROLE))
    if entry.subject_kind == ActorKind.ACCOUNT and entry.subject_key is not None:
        name = _actor_id(ActorKind.ACCOUNT, entry.subject_key)
        found.append(Participated(name, _USER_IDENTIFIER, name, type_code=1, role=_USER_ROLE))
    return [*found, _own(entry)]


def _study(key: int, source: Source) -> Participated:
    uid = source.study_uid_of(key)
    if uid is None:
        return Participated(str(key), Code("study", _OWN, "Study Key"), f"study {key}")
    return Participated(uid, _STUDY_UID, f"study {key}")


def _own(entry: Entry) -> Participated:
    subject = "" if entry.subject_kind is None else f"{entry.subject_kind} {entry.subject_key}"
    number = "" if entry.number is None else str(entry.number)
    told = (("subject", subject), ("number", number), ("meaning", meaning(entry)))
    facts = (("Alert Description", entry.event), *told)
    details = tuple((name, value) for name, value in facts if value)
    id_type = Code("event", _OWN, "Event of the Trail")
    return Participated(str(entry.sequence), id_type, entry.event, role=_SECURITY_ROLE, details=details)
