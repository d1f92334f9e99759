"""What can happen here, as a closed list, and the one way to record it.

Guards: an event is recorded in the transaction of the change that it tells;
it has no free text, so no name of a patient can reach it.
Leaves out: how events are chained (`chain`) and read (`queries`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address

from appliance.audit import queries
from appliance.audit.chain import Entry, Head, Verdict, next_link
from appliance.clock import Clock, microseconds
from appliance.keys.secret import SecretKey
from appliance.store.transactions import ReadTransaction, WriteTransaction


class EventCode(StrEnum):
    """Everything that is recorded."""

    BOX_CREATED = "box created"
    BOX_LOCKED = "box locked"
    BOX_UNLOCKED = "box unlocked"
    UNLOCK_FAILED = "unlock failed"
    RECOVERY_CODE_MADE = "recovery code made"
    ROOT_RECOVERED = "root recovered"
    BOX_RESTORED = "box restored"
    RECOVERY_KIT_MADE = "recovery kit made"
    RECOVERY_KIT_READ_BACK = "recovery kit read back"
    DRILL_RECORDED = "drill recorded"
    RESTORE_COMPARED = "restore compared"
    WRAPPING_KEY_ROTATED = "wrapping key rotated"
    INBOX_KEY_ROTATED = "inbox key rotated"
    KEY_DESTROYED = "key destroyed"
    KEY_COMPROMISED = "key compromised"
    ROOT_ROTATED = "root rotated"
    CATALOGUE_REKEYED = "catalogue rekeyed"
    CERTIFICATE_ISSUED = "certificate issued"
    CLOCK_SET_BACK = "clock set back"
    SETTINGS_CHANGED = "settings changed"

    ASSOCIATION_REFUSED = "association refused"
    ASSOCIATION_ENDED = "association ended"
    SENDER_UNKNOWN = "sender unknown"
    SENDER_APPROVED = "sender approved"
    SENDER_DISMISSED = "sender dismissed"
    PEER_ADDED = "peer added"
    PEER_REMOVED = "peer removed"
    PEER_TESTED = "peer tested"
    CERTIFICATE_REVOKED = "certificate revoked"
    CERTIFICATE_CONFIRMED = "certificate confirmed"

    STORING_BEGAN = "storing began"
    STUDY_RECEIVED = "study received"
    INSTANCE_QUARANTINED = "instance quarantined"
    QUARANTINE_RETRIED = "quarantine retried"
    QUARANTINE_EXPORTED = "quarantine exported"
    QUARANTINE_RESOLVED = "quarantine resolved"
    QUARANTINE_DISMISSED = "quarantine dismissed"
    QUARANTINE_REOPENED = "quarantine reopened"
    INSTANCE_VERSION_ADDED = "instance version added"
    IDENTITY_CONFLICT_FOUND = "identity conflict found"
    FILE_FORGED = "file forged"
    FILE_DAMAGED = "file damaged"
    FILE_SOUND_AGAIN = "file sound again"
    PACK_DAMAGED = "pack damaged"
    CATALOGUE_REBUILT = "catalogue rebuilt"
    INBOX_SWEPT = "inbox swept"
    SPOOL_BEGAN_AGAIN = "spool began again"
    SPOOL_GAP = "spool gap"

    ERASED = "erased"
    ERASURE_FINISHED = "erasure finished"
    ERASURE_PROVED = "erasure proved"
    TOMBSTONES_APPLIED = "tombstones applied"
    BOX_DECOMMISSIONED = "box decommissioned"

    ACCOUNT_CREATED = "account created"
    ACCOUNT_CHANGED = "account changed"
    ROLE_CHANGED = "role changed"
    NAME_CORRECTED = "name corrected"
    ACCOUNT_RESET = "account reset"
    ACCOUNT_DISABLED = "account disabled"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - an event's code
    SECOND_FACTOR_ENROLLED = "second factor enrolled"
    RECOVERY_CODE_USED = "recovery code used"
    RECOVERY_CODES_MADE = "recovery codes made"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REMOVED = "passkey removed"
    INVITATION_MADE = "invitation made"
    INVITATION_USED = "invitation used"
    INVITATION_ENDED = "invitation ended"
    ACCOUNT_EXPORTED = "account exported"
    SESSION_ENDED = "session ended"
    PIN_SET = "pin set"
    PIN_DROPPED = "pin dropped"
    EMERGENCY_CODE_DRAWN = "emergency code drawn"
    EMERGENCY_CODE_USED = "emergency code used"
    EMERGENCY_CODE_ENDED = "emergency code ended"
    EMERGENCY_BEGUN = "emergency begun"
    EMERGENCY_ENDED = "emergency ended"
    EMERGENCY_REVIEWED = "emergency reviewed"
    LOGGED_IN = "logged in"
    PASSWORD_ACCEPTED = "password accepted"  # noqa: S105 - an event's code
    LOGIN_FAILED = "login failed"
    LOGIN_THROTTLED = "login throttled"
    LOGGED_OUT = "logged out"
    SCREEN_LOCKED = "screen locked"
    SCREEN_UNLOCKED = "screen unlocked"
    TOKEN_ISSUED = "token issued"  # noqa: S105 - an event's code
    TOKEN_REVOKED = "token revoked"  # noqa: S105 - an event's code
    NOT_PERMITTED = "not permitted"
    TOKEN_REFUSED = "token refused"  # noqa: S105 - an event's code
    REQUESTS_THROTTLED = "requests throttled"

    STUDIES_SEARCHED = "studies searched"
    STUDY_OPENED = "study opened"
    SERIES_VIEWED = "series viewed"
    METADATA_READ = "metadata read"
    INSTANCES_RETRIEVED = "instances retrieved"
    STUDIES_EXPORTED = "studies exported"
    ARCHIVE_EXPORTED = "archive exported"
    EXPORT_CUT_OFF = "export cut off"
    PAGE_PRINTED = "page printed"
    STUDY_GIVEN = "study given"
    GIVING_ENDED = "giving ended"
    GIVEN_LISTED = "given listed"
    LABORATORY_COPY_TAKEN = "laboratory copy taken"

    JOB_ASKED = "job asked"
    CLOCK_BELIEVED = "clock believed"
    NOTICE_ACKNOWLEDGED = "notice acknowledged"
    NOTIFICATIONS_CHANGED = "notifications changed"
    RETENTION_RULES_CHANGED = "retention rules changed"
    DRY_RUN_ENDED = "dry run ended"
    HOLD_SET = "hold set"
    HOLD_LIFTED = "hold lifted"
    ERASURE_PROPOSED = "erasure proposed"
    ERASURE_APPROVED = "erasure approved"
    ERASURE_CANCELLED = "erasure cancelled"
    ERASURE_REFUSED = "erasure refused"

    BACKUP_TARGET_ADDED = "backup target added"
    BACKUP_TARGET_CHANGED = "backup target changed"
    BACKUP_TARGET_REMOVED = "backup target removed"
    BACKUP_TARGET_DESTROYED = "backup target destroyed"
    BACKUP_MADE = "backup made"

    AUDIT_READ = "audit read"
    AUDIT_EXPORTED = "audit exported"
    AUDIT_VERIFIED = "audit verified"
    TRAIL_REVIEWED = "trail reviewed"


class Outcome(StrEnum):
    """Whether what was tried was done."""

    SUCCESS = "success"
    FAILURE = "failure"


class ActorKind(StrEnum):
    """Who can do something."""

    ACCOUNT = "account"
    TOKEN = "token"  # noqa: S105 - a kind of actor
    PEER = "peer"
    PROCESS = "process"
    OPERATOR = "operator"
    NOBODY = "nobody"


class SubjectKind(StrEnum):
    """What something can be done to, when it is neither a patient nor a study."""

    ACCOUNT = "account"
    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a kind of subject
    PEER = "peer"
    SENDER = "sender"
    CERTIFICATE = "certificate"
    SERIES = "series"
    INSTANCE = "instance"
    QUARANTINE = "quarantine"
    CONFLICT = "conflict"
    KEY = "key"
    EVENT = "event"
    KIT = "kit"
    DRILL = "drill"
    ERASURE = "erasure"
    RULE = "rule"
    HOLD = "hold"
    PROPOSAL = "proposal"
    EXPORT = "export"
    BACKUP_TARGET = "backup target"
    EMERGENCY = "emergency"


@dataclass(frozen=True)
class Actor:
    """Who did it: the row key of an account, token or peer, and the address it came from."""

    kind: ActorKind
    key: int | None = None
    address: IPv4Address | IPv6Address | None = None


@dataclass(frozen=True)
class Subject:
    """What it was done to: a row key of its kind."""

    kind: SubjectKind
    key: int


OPERATOR = Actor(ActorKind.OPERATOR)
PROCESS = Actor(ActorKind.PROCESS)


@dataclass(frozen=True)
class Event:
    """One thing that happened.

    `number` counts what the code speaks of (instances, attempts, a key's number), or says it (`numbers`). `at` is
    given where it was told later than it happened.
    """

    code: EventCode
    actor: Actor
    outcome: Outcome = Outcome.SUCCESS
    subject: Subject | None = None
    patient_key: int | None = None
    study_key: int | None = None
    number: int | None = None
    at: datetime | None = None


class AuditLog:
    """Appends events to the chain; holds the audit key."""

    def __init__(self, key: SecretKey, clock: Clock) -> None:
        self._key = key
        self._clock = clock

    def record(self, tx: WriteTransaction, event: Event) -> int:
        """Append one event in the transaction of what it tells, and give its sequence."""
        head = queries.head(tx)
        entry = Entry(
            sequence=head.sequence + 1,
            at=microseconds(event.at or self._clock.now()),
            event=event.code.value,
            outcome=event.outcome.value,
            actor_kind=event.actor.kind.value,
            actor_key=event.actor.key,
            address=None if event.actor.address is None else str(event.actor.address),
            subject_kind=None if event.subject is None else event.subject.kind.value,
            subject_key=None if event.subject is None else event.subject.key,
            patient_key=event.patient_key,
            study_key=event.study_key,
            number=event.number,
        )
        queries.append(tx, entry, next_link(self._key, head.chain, entry))
        return entry.sequence

    def verify(self, tx: ReadTransaction, remembered: Iterable[Head] = ()) -> Verdict:
        """Walk the whole chain, against heads that were kept elsewhere if there are any.

        Raises:
            WrongKey: An earlier audit key does not open with this one.
        """
        return queries.verify(tx, self._key, remembered)
