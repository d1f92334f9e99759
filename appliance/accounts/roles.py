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


IMAGE_RIGHT = frozenset({Permission.LIST_STUDIES, Permission.READ_STUDY, Permission.VIEW_IMAGES})
WITH_IMAGE_RIGHT = IMAGE_RIGHT | {Permission.STORE_IMAGES}  # of a person: whoever may look may also hand in
MAY_HOLD_IMAGE_RIGHT = frozenset({Role.ADMINISTRATOR, Role.DENTIST, Role.ASSISTANT})

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.APPROVE_SENDERS,
            Permission.READ_QUARANTINE,
            Permission.RETRY_QUARANTINE,
            Permission.MANAGE_ACCOUNTS,
        },
    ),
    Role.DENTIST: frozenset(
        {Permission.LIST_STUDIES, Permission.READ_STUDY, Permission.READ_QUARANTINE, Permission.RETRY_QUARANTINE},
    ),
    Role.ASSISTANT: frozenset({Permission.LIST_STUDIES, Permission.READ_STUDY}),
    Role.RECEPTION: frozenset({Permission.LIST_STUDIES, Permission.READ_STUDY}),
    Role.AUDITOR: frozenset(),
    Role.LAB: frozenset(),
}


def permissions_of(role: Role, *, image_right: bool) -> frozenset[Permission]:
    """Give all that a person of this role may do."""
    extra = WITH_IMAGE_RIGHT if image_right and role in MAY_HOLD_IMAGE_RIGHT else frozenset()
    return PERMISSIONS[role] | extra
