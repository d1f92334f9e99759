"""Who may do what: the one permission table.

Whatever is not listed here is denied. Pages, DICOMweb and tokens all ask
`permissions_of`; nothing else decides. An administrator runs the box and sees
no patient: the right to images is given to a person, never implied by a role.
"""

from collections.abc import Mapping
from enum import StrEnum


class Role(StrEnum):
    """What a person does in the clinic."""

    ADMINISTRATOR = "administrator"
    DENTIST = "dentist"
    ASSISTANT = "assistant"
    RECEPTION = "reception"
    AUDITOR = "auditor"
    LAB = "lab"
    EMERGENCY = "emergency"  # of whoever opened the sealed envelope: given to nobody, and without a password


ASSIGNABLE = tuple(role for role in Role if role is not Role.EMERGENCY)


class Permission(StrEnum):
    """One thing that a route may ask for."""

    LIST_STUDIES = "list studies"
    READ_STUDY = "read a study"
    VIEW_IMAGES = "view images"
    STORE_IMAGES = "store images"
    APPROVE_SENDERS = "approve senders"
    READ_QUARANTINE = "read quarantine"
    RETRY_QUARANTINE = "retry quarantine"
    MANAGE_ACCOUNTS = "manage accounts"
    READ_KEEPING = "read keeping"  # backups, proofs, jobs, disk, keys, retention, erasures: no patient by name
    MANAGE_KEEPING = "manage keeping"
    PROPOSE_ERASURE = "propose erasure"  # names patients: needs the right to list studies besides
    APPROVE_ERASURE = "approve erasure"
    EXPORT_STUDIES = "export studies"
    GIVE_TO_LABORATORIES = "give to laboratories"
    READ_GIVEN = "read what was given"  # a laboratory's own: under pseudonyms, never a patient by name
    READ_AUDIT = "read the record"  # who did what: row keys of patients, never a name
    SEE_VIEWERS = "see who saw a patient"  # their name needs the right to read a study besides
    BREAK_GLASS = "break the glass"  # lends the image right to one session, for a box of time
    REVIEW_EMERGENCIES = "review emergencies"  # somebody else's: row keys of patients, names as above


IMAGE_RIGHT = frozenset({Permission.LIST_STUDIES, Permission.READ_STUDY, Permission.VIEW_IMAGES})
WITH_IMAGE_RIGHT = IMAGE_RIGHT | {
    Permission.STORE_IMAGES,
    Permission.EXPORT_STUDIES,
    Permission.GIVE_TO_LABORATORIES,
}  # whoever may look, may hand in and out
MAY_HOLD_IMAGE_RIGHT = frozenset({Role.ADMINISTRATOR, Role.DENTIST, Role.ASSISTANT})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.APPROVE_SENDERS,
            Permission.READ_QUARANTINE,
            Permission.RETRY_QUARANTINE,
            Permission.MANAGE_ACCOUNTS,
            Permission.READ_KEEPING,
            Permission.MANAGE_KEEPING,
            Permission.PROPOSE_ERASURE,
            Permission.APPROVE_ERASURE,
            Permission.READ_AUDIT,
            Permission.SEE_VIEWERS,
            Permission.BREAK_GLASS,
            Permission.REVIEW_EMERGENCIES,
        },
    ),
    Role.DENTIST: frozenset(
        {
            Permission.LIST_STUDIES,
            Permission.READ_STUDY,
            Permission.READ_QUARANTINE,
            Permission.RETRY_QUARANTINE,
            Permission.READ_KEEPING,
            Permission.PROPOSE_ERASURE,
            Permission.APPROVE_ERASURE,
            Permission.SEE_VIEWERS,
            Permission.BREAK_GLASS,
        },
    ),
    Role.ASSISTANT: frozenset({Permission.LIST_STUDIES, Permission.READ_STUDY, Permission.BREAK_GLASS}),
    Role.RECEPTION: frozenset({Permission.LIST_STUDIES, Permission.READ_STUDY, Permission.BREAK_GLASS}),
    Role.AUDITOR: frozenset(
        {Permission.READ_KEEPING, Permission.READ_AUDIT, Permission.SEE_VIEWERS, Permission.REVIEW_EMERGENCIES}
    ),
    Role.LAB: frozenset({Permission.READ_GIVEN}),
    Role.EMERGENCY: IMAGE_RIGHT,
}


def permissions_of(role: Role, *, image_right: bool) -> frozenset[Permission]:
    """Give all that a person of this role may do."""
    extra = WITH_IMAGE_RIGHT if image_right and role in MAY_HOLD_IMAGE_RIGHT else frozenset()
    return PERMISSIONS[role] | extra
