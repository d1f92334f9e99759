"""Words for the record: what each event means to people, who did it, and what it was done to.

The record itself has codes and row keys; names are looked up when it is read. An event without words keeps its code.
"""

from collections.abc import Mapping

from appliance.accounts.queries_names import Names
from appliance.audit.chain import Entry
from appliance.audit.events import ActorKind, EventCode, Outcome, SubjectKind
from appliance.audit.families import Family
from appliance.trail.unusual import Finding, Kind
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.words import State

EVENTS: Mapping[str, str] = {
    EventCode.BOX_CREATED: later("This box was set up"),
    EventCode.BOX_LOCKED: later("The box was locked"),
    EventCode.BOX_UNLOCKED: later("The box was unlocked"),
    EventCode.UNLOCK_FAILED: later("Tried to unlock the box"),
    EventCode.RECOVERY_CODE_MADE: later("Recovery code made"),
    EventCode.ROOT_RECOVERED: later("Box opened by its recovery code"),
    EventCode.BOX_RESTORED: later("Box restored from a backup"),
    EventCode.RECOVERY_KIT_MADE: later("Recovery kit made"),
    EventCode.RECOVERY_KIT_READ_BACK: later("Recovery kit read back"),
    EventCode.DRILL_RECORDED: later("Drill entered"),
    EventCode.RESTORE_COMPARED: later("Restored box compared with the scanners"),
    EventCode.WRAPPING_KEY_ROTATED: later("Key of the files renewed"),
    EventCode.INBOX_KEY_ROTATED: later("Key of arrivals renewed"),
    EventCode.KEY_DESTROYED: later("Old key destroyed"),
    EventCode.KEY_COMPROMISED: later("Key said to be known to others"),
    EventCode.ROOT_ROTATED: later("Root secret replaced"),
    EventCode.CATALOGUE_REKEYED: later("Catalogue got its next key"),
    EventCode.CERTIFICATE_ISSUED: later("Certificate issued"),
    EventCode.CLOCK_SET_BACK: later("Clock was set back"),
    EventCode.SETTINGS_CHANGED: later("Settings of the box changed"),
    EventCode.ASSOCIATION_REFUSED: later("Scanner refused"),
    EventCode.ASSOCIATION_ENDED: later("Scanner sent files"),
    EventCode.SENDER_UNKNOWN: later("Unknown scanner knocked"),
    EventCode.SENDER_APPROVED: later("Scanner let in"),
    EventCode.SENDER_DISMISSED: later("Scanner put away"),
    EventCode.PEER_ADDED: later("Device added"),
    EventCode.PEER_REMOVED: later("Device removed"),
    EventCode.PEER_TESTED: later("Device tested"),
    EventCode.CERTIFICATE_REVOKED: later("Certificate of a device revoked"),
    EventCode.CERTIFICATE_CONFIRMED: later("Certificate of a device confirmed"),
    EventCode.STORING_BEGAN: later("Began to hand in files"),
    EventCode.STUDY_RECEIVED: later("Study received"),
    EventCode.INSTANCE_QUARANTINED: later("File put into quarantine"),
    EventCode.QUARANTINE_RETRIED: later("File in quarantine tried again"),
    EventCode.QUARANTINE_EXPORTED: later("File in quarantine copied out"),
    EventCode.QUARANTINE_RESOLVED: later("File left the quarantine"),
    EventCode.QUARANTINE_DISMISSED: later("File in quarantine dismissed"),
    EventCode.QUARANTINE_REOPENED: later("Dismissed file waits again"),
    EventCode.INSTANCE_VERSION_ADDED: later("Image came again with other content"),
    EventCode.IDENTITY_CONFLICT_FOUND: later("Identity in doubt"),
    EventCode.FILE_FORGED: later("Forged file found"),
    EventCode.FILE_DAMAGED: later("Damaged file found"),
    EventCode.FILE_SOUND_AGAIN: later("File whole again"),
    EventCode.PACK_DAMAGED: later("Prepared series dropped"),
    EventCode.CATALOGUE_REBUILT: later("Catalogue rebuilt"),
    EventCode.INBOX_SWEPT: later("Cut-off arrivals removed"),
    EventCode.SPOOL_BEGAN_AGAIN: later("Waiting events began again"),
    EventCode.SPOOL_GAP: later("Events are missing"),
    EventCode.ERASED: later("Erased for good"),
    EventCode.ERASURE_FINISHED: later("Erasure finished"),
    EventCode.ERASURE_PROVED: later("Erasure proved"),
    EventCode.TOMBSTONES_APPLIED: later("Erased again after a restore"),
    EventCode.BOX_DECOMMISSIONED: later("Box taken out of service"),
    EventCode.ACCOUNT_CREATED: later("Account added"),
    EventCode.ACCOUNT_CHANGED: later("Account changed"),
    EventCode.ROLE_CHANGED: later("Role or image right changed"),
    EventCode.NAME_CORRECTED: later("Name corrected"),
    EventCode.ACCOUNT_RESET: later("Account given a first password again"),
    EventCode.ACCOUNT_DISABLED: later("Account closed"),
    EventCode.PASSWORD_CHANGED: later("Password changed"),
    EventCode.SECOND_FACTOR_ENROLLED: later("Second factor set up"),
    EventCode.RECOVERY_CODE_USED: later("Signed in with a recovery code"),
    EventCode.RECOVERY_CODES_MADE: later("New recovery codes made"),
    EventCode.PASSKEY_ADDED: later("Passkey added"),
    EventCode.PASSKEY_REMOVED: later("Passkey removed"),
    EventCode.INVITATION_MADE: later("Invitation made"),
    EventCode.INVITATION_USED: later("Invitation used"),
    EventCode.INVITATION_ENDED: later("Invitation ended"),
    EventCode.ACCOUNT_EXPORTED: later("Took out what is known of the own account"),
    "pin set": later("Short PIN set"),
    "pin dropped": later("Short PIN dropped"),
    EventCode.EMERGENCY_CODE_DRAWN: later("Emergency code drawn"),
    EventCode.EMERGENCY_CODE_USED: later("Sealed emergency code opened"),
    EventCode.EMERGENCY_CODE_ENDED: later("Sealed emergency code ended"),
    EventCode.EMERGENCY_BEGUN: later("Broke the glass"),
    EventCode.EMERGENCY_ENDED: later("Emergency access ended"),
    EventCode.EMERGENCY_REVIEWED: later("Emergency access reviewed"),
    EventCode.SESSION_ENDED: later("Session ended"),
    EventCode.LOGGED_IN: later("Signed in"),
    EventCode.PASSWORD_ACCEPTED: later("Password right, second step open"),
    EventCode.LOGIN_FAILED: later("Wrong password or code"),
    EventCode.LOGIN_THROTTLED: later("Too many wrong tries"),
    EventCode.LOGGED_OUT: later("Signed out"),
    EventCode.SCREEN_LOCKED: later("Screen locked"),
    EventCode.SCREEN_UNLOCKED: later("Screen unlocked"),
    EventCode.TOKEN_ISSUED: later("Machine given access"),
    EventCode.TOKEN_REVOKED: later("Machine's access ended"),
    EventCode.NOT_PERMITTED: later("Asked for what is not allowed"),
    EventCode.TOKEN_REFUSED: later("Machine not let in"),
    EventCode.REQUESTS_THROTTLED: later("Too many requests"),
    EventCode.STUDIES_SEARCHED: later("Looked at the list of studies"),
    EventCode.STUDY_OPENED: later("Opened a study's page"),
    EventCode.SERIES_VIEWED: later("Looked at images"),
    EventCode.METADATA_READ: later("Read what a study holds"),
    EventCode.INSTANCES_RETRIEVED: later("Fetched images"),
    EventCode.STUDIES_EXPORTED: later("Took studies out"),
    EventCode.ARCHIVE_EXPORTED: later("Took out the whole archive"),
    EventCode.EXPORT_CUT_OFF: later("Export cut off"),
    EventCode.PAGE_PRINTED: later("Printed a page"),
    EventCode.STUDY_GIVEN: later("Study given to a laboratory"),
    EventCode.GIVING_ENDED: later("Study taken back from a laboratory"),
    EventCode.GIVEN_LISTED: later("Laboratory looked at its list"),
    EventCode.LABORATORY_COPY_TAKEN: later("Laboratory took copies without the patient"),
    EventCode.JOB_ASKED: later("Had a job run"),
    EventCode.CLOCK_BELIEVED: later("Said that the clock is right"),
    EventCode.NOTICE_ACKNOWLEDGED: later("Took note of a notice"),
    EventCode.NOTIFICATIONS_CHANGED: later("Changed where notices go"),
    EventCode.RETENTION_RULES_CHANGED: later("Keeping times changed"),
    EventCode.DRY_RUN_ENDED: later("Let erasing begin"),
    EventCode.HOLD_SET: later("Legal hold set"),
    EventCode.HOLD_LIFTED: later("Legal hold lifted"),
    EventCode.ERASURE_PROPOSED: later("Erasure proposed"),
    EventCode.ERASURE_APPROVED: later("Erasure approved"),
    EventCode.ERASURE_CANCELLED: later("Erasure cancelled"),
    EventCode.ERASURE_REFUSED: later("Erasure not done"),
    EventCode.BACKUP_TARGET_ADDED: later("Place for copies added"),
    EventCode.BACKUP_TARGET_CHANGED: later("Place for copies changed"),
    EventCode.BACKUP_TARGET_REMOVED: later("Place for copies removed"),
    EventCode.BACKUP_TARGET_DESTROYED: later("Place for copies said to be destroyed"),
    EventCode.BACKUP_MADE: later("Nightly copy ended"),
    EventCode.AUDIT_READ: later("Read this record"),
    EventCode.AUDIT_EXPORTED: later("Took this record out"),
    EventCode.AUDIT_VERIFIED: later("Checked this record"),
    EventCode.TRAIL_REVIEWED: later("Reviewed a day of this record"),
}
_FAMILIES: Mapping[Family, str] = {
    Family.VIEWS: later("Looking at studies"),
    Family.EXPORTS: later("Taking studies out"),
    Family.LOGINS: later("Signing in, and refusals"),
    Family.PEOPLE: later("Accounts and access"),
    Family.ARRIVALS: later("What arrived"),
    Family.DEVICES: later("Scanners and devices"),
    Family.ERASURES: later("Erasing"),
    Family.KEEPING: later("Copies, keeping times, jobs"),
    Family.BOX: later("The box and its keys"),
    Family.TRAIL: later("This record"),
}
_SUBJECTS: Mapping[SubjectKind, str] = {
    SubjectKind.ACCOUNT: later("Account %d"),
    SubjectKind.SESSION: later("Session %d"),
    SubjectKind.TOKEN: later("Machine %d"),
    SubjectKind.PEER: later("Device %d"),
    SubjectKind.SENDER: later("Scanner %d"),
    SubjectKind.CERTIFICATE: later("Certificate %d"),
    SubjectKind.SERIES: later("Series %d"),
    SubjectKind.INSTANCE: later("Image %d"),
    SubjectKind.QUARANTINE: later("File %d in quarantine"),
    SubjectKind.CONFLICT: later("Doubt %d"),
    SubjectKind.KEY: later("Key %d"),
    SubjectKind.EVENT: later("Event %d"),
    SubjectKind.KIT: later("Kit %d"),
    SubjectKind.DRILL: later("Drill %d"),
    SubjectKind.ERASURE: later("Erasure %d"),
    SubjectKind.RULE: later("Rule %d"),
    SubjectKind.HOLD: later("Hold %d"),
    SubjectKind.PROPOSAL: later("Proposal %d"),
    SubjectKind.EXPORT: later("Export %d"),
    SubjectKind.BACKUP_TARGET: later("Place for copies %d"),
    SubjectKind.EMERGENCY: later("Emergency %d"),
}
_SUBJECTS_BY_KIND = {kind.value: words for kind, words in _SUBJECTS.items()}


def deed_words(entry: Entry) -> str:
    """Say what happened; a patient's page is a list of one patient's studies."""
    if entry.event == EventCode.STUDIES_SEARCHED and entry.patient_key is not None:
        return _("Opened a patient's page")
    return event_words(entry.event)


def event_words(code: str) -> str:
    """Name an event."""
    return _(EVENTS[code]) if code in EVENTS else code


def family_words(family: Family) -> str:
    """Name a kind of events."""
    return _(_FAMILIES[family])


def outcome_state(entry: Entry) -> State | None:
    """Say that what was tried was not done, or that the box met a fault; nothing where all was well."""
    if entry.outcome != Outcome.FAILURE:
        return None
    return State("warn", _("A fault") if entry.actor_kind == ActorKind.PROCESS else _("Not done"))


def actor_words(names: Names, kind: str, key: int | None) -> str:
    """Name who did it."""
    if kind == ActorKind.PROCESS:
        return _("The box itself")
    if kind == ActorKind.OPERATOR:
        return _("Somebody at the machine itself")
    if kind == ActorKind.NOBODY or key is None:
        return _("Not known")
    if kind == ActorKind.ACCOUNT:
        return names.accounts.get(key) or _("Account %d") % key
    if kind == ActorKind.TOKEN:
        return names.tokens.get(key) or _("Machine %d") % key
    return names.peers.get(key) or _("Device %d") % key


def subject_words(names: Names, entry: Entry) -> str:
    """Name what it was done to, besides a patient and a study; '' where there is nothing, or they did it themselves."""
    kind, key = entry.subject_kind, entry.subject_key
    if kind is None or key is None or (kind, key) == (entry.actor_kind, entry.actor_key):
        return ""
    if kind in (SubjectKind.ACCOUNT, SubjectKind.TOKEN, SubjectKind.PEER):
        return actor_words(names, kind, key)
    if kind == SubjectKind.CERTIFICATE and key in names.certificates:
        return _("Certificate %(number)d of %(device)s") % {"number": key, "device": names.certificates[key]}
    return _(_SUBJECTS_BY_KIND[kind]) % key if kind in _SUBJECTS_BY_KIND else f"{kind} {key}"


def finding_state(kind: Kind) -> State:
    """Name what is unusual, and how much it matters."""
    return {
        Kind.TRAIL_INCOMPLETE: State("bad", _("Events are missing")),
        Kind.FORGED: State("bad", _("Forged file")),
        Kind.NIGHT: State("warn", _("At night")),
        Kind.MANY_PATIENTS: State("warn", _("Many patients")),
        Kind.EXPORTED: State("calm", _("Taken out")),
        Kind.NOT_PERMITTED: State("warn", _("Not allowed")),
        Kind.MACHINE_REFUSED: State("warn", _("Machine not let in")),
        Kind.HALFWAY: State("warn", _("Halfway in")),
        Kind.WRONG_TRIES: State("warn", _("Wrong tries")),
        Kind.TOO_MANY: State("warn", _("Too many requests")),
        Kind.NEW_ADDRESS: State("calm", _("New place")),
        Kind.RECOVERY_CODE: State("calm", _("Recovery code")),
        Kind.EMERGENCY: State("bad", _("Emergency")),
        Kind.RIGHT_GIVEN: State("warn", _("Right given")),
        Kind.SETTINGS: State("warn", _("Settings changed")),
    }[kind]


def finding_words(one: Finding) -> str:
    """Say what is unusual in a sentence."""
    number = one.count
    words = {
        Kind.TRAIL_INCOMPLETE: ngettext(
            "Events that a process should have told are missing.",
            "Events that a process should have told are missing, %(num)d times.", number),
        Kind.FORGED: ngettext(
            "A file did not come from the receiver.", "%(num)d files did not come from the receiver.", number),
        Kind.NIGHT: ngettext("Signed in at night.", "Signed in at night, %(num)d times.", number),
        Kind.MANY_PATIENTS: ngettext(
            "Opened %(num)d patient within an hour.", "Opened %(num)d patients within an hour.", number),
        Kind.EXPORTED: ngettext("Took something out.", "Took something out, %(num)d times.", number),
        Kind.NOT_PERMITTED: ngettext(
            "Asked for something that is not allowed.", "Asked for something that is not allowed, %(num)d times.",
            number),
        Kind.MACHINE_REFUSED: ngettext(
            "A machine asked whose access is not valid, or not any more.",
            "A machine asked whose access is not valid, or not any more, %(num)d times.", number),
        Kind.HALFWAY: ngettext(
            "The password was right, and the second step was not taken.",
            "The password was right, and the second step was not taken, %(num)d times.", number),
        Kind.WRONG_TRIES: ngettext(
            "A wrong password or code.", "A wrong password or code, %(num)d times.", number),
        Kind.TOO_MANY: ngettext(
            "A request too many, which was not answered.",
            "%(num)d requests too many, which were not answered.", number),
        Kind.NEW_ADDRESS: ngettext(
            "Signed in from a place not seen before.", "Signed in from a place not seen before, %(num)d times.",
            number),
        Kind.RECOVERY_CODE: ngettext(
            "Signed in with a recovery code.", "Signed in with a recovery code, %(num)d times.", number),
        Kind.EMERGENCY: ngettext(
            "Looked at images in an emergency.", "Looked at images in an emergency, %(num)d times.", number),
        Kind.RIGHT_GIVEN: ngettext(
            "Gave an account the right to view images or to run the box.",
            "Gave accounts the right to view images or to run the box, %(num)d times.", number),
        Kind.SETTINGS: ngettext(
            "Settings in the box's file were changed.",
            "Settings in the box's file were changed, of %(num)d kinds or at several times.", number),
    }  # fmt: skip
    return words[one.kind] % {"num": number} if "%(num)d" in words[one.kind] else words[one.kind]
