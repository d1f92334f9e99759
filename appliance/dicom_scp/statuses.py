"""The one table from what went wrong to what a peer is told.

C-STORE and C-ECHO are answered with a status, an association with a rejection
or an abort. Comments name no patient, and no path.

Source: DICOM PS3.4 table B.2-1 (storage), PS3.7 annex C (general), PS3.8
tables 9-21 (rejection) and 9-26 (abort).
"""

from logging import getLogger

from appliance.dicom_scp.pdu import Abort, Rejection
from appliance.errors import ApplianceError, NotPermitted, OutOfSpace, Tampered, Unavailable, Unsuitable
from appliance.inbox.admission import Refusal

log = getLogger(__name__)

SUCCESS = 0x0000
PROCESSING_FAILURE = 0x0110
INVALID_SOP_INSTANCE = 0x0117
SOP_CLASS_NOT_SUPPORTED = 0x0122
NOT_AUTHORISED = 0x0124
UNRECOGNISED_OPERATION = 0x0211
OUT_OF_RESOURCES = 0xA700
DOES_NOT_MATCH_SOP_CLASS = 0xA900
CANNOT_UNDERSTAND = 0xC000

# First match wins, so a subclass stands above its base.
STORE_STATUSES: tuple[tuple[type[ApplianceError], int], ...] = (
    (OutOfSpace, OUT_OF_RESOURCES),
    (Unavailable, OUT_OF_RESOURCES),
    (NotPermitted, NOT_AUTHORISED),
    (Unsuitable, DOES_NOT_MATCH_SOP_CLASS),
    (Tampered, PROCESSING_FAILURE),
)

# What goes with a status in (0000,0902), at most 64 characters.
COMMENTS = {
    OUT_OF_RESOURCES: "not enough disk space, or the box cannot store now",
    DOES_NOT_MATCH_SOP_CLASS: "SOP class is not that of the presentation context",
    INVALID_SOP_INSTANCE: "SOP instance UID is too long, or has characters no UID has",
    CANNOT_UNDERSTAND: "a store request lacks what it must have",
    PROCESSING_FAILURE: "internal failure",
    NOT_AUTHORISED: "this device may not send to the box any more",
    UNRECOGNISED_OPERATION: "only C-STORE and C-ECHO are served here",
}

_PERMANENT, _TRANSIENT = 1, 2
_SERVICE_USER, _ACSE, _PRESENTATION = 1, 2, 3
REJECTIONS: dict[Refusal, Rejection] = {
    Refusal.CALLED_AE_TITLE: Rejection(_PERMANENT, _SERVICE_USER, 7),  # called AE title not recognised
    Refusal.CALLING_AE_TITLE: Rejection(_PERMANENT, _SERVICE_USER, 3),  # calling AE title not recognised
    Refusal.ADDRESS: Rejection(_PERMANENT, _SERVICE_USER, 3),
    Refusal.CERTIFICATE: Rejection(_PERMANENT, _SERVICE_USER, 3),
    Refusal.REVOKED: Rejection(_PERMANENT, _SERVICE_USER, 3),
    Refusal.HELD: Rejection(_PERMANENT, _SERVICE_USER, 3),
}
WRONG_APPLICATION_CONTEXT = Rejection(_PERMANENT, _SERVICE_USER, 2)
WRONG_PROTOCOL_VERSION = Rejection(_PERMANENT, _ACSE, 2)
TOO_MANY_ASSOCIATIONS = Rejection(_TRANSIENT, _PRESENTATION, 1)  # temporary congestion
CANNOT_STORE_NOW = Rejection(_TRANSIENT, _PRESENTATION, 2)  # local limit exceeded

_PROVIDER = 2
NOT_SPECIFIED = Abort(_PROVIDER, 0)
UNRECOGNISED_PDU = Abort(_PROVIDER, 1)
UNEXPECTED_PDU = Abort(_PROVIDER, 2)
UNEXPECTED_PARAMETER = Abort(_PROVIDER, 5)
INVALID_PARAMETER_VALUE = Abort(_PROVIDER, 6)


def status_of(fault: Exception) -> int:
    """Give the status for whatever went wrong while storing; a bug is logged and never Success."""
    if isinstance(fault, ApplianceError):
        log.warning("a store was refused: %s", fault)
        return next((status for kind, status in STORE_STATUSES if isinstance(fault, kind)), PROCESSING_FAILURE)
    log.error("a bug while storing", exc_info=fault)
    return PROCESSING_FAILURE
