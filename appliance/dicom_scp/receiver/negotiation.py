"""What is agreed with a peer before it may send.

Any storage class is taken, known or not, private or not, in the first of its
transfer syntaxes that we know, else in the first: bytes are kept as sent, so
nothing depends on reading them. Other services of the standard are not served
here, but for Verification.

Source: DICOM PS3.8 9.3.2 and 9.3.3, PS3.4 annex A (Verification) and B (Storage).
"""

from appliance.dicom.sop_classes import VERIFICATION, is_stored
from appliance.dicom.transfer_syntax_names import TRANSFER_SYNTAXES
from appliance.dicom_scp.pdu import (
    APPLICATION_CONTEXT,
    AnsweredContext,
    AssociateAccept,
    AssociateRequest,
    ContextResult,
    ProposedContext,
    Rejection,
    UserInformation,
)
from appliance.dicom_scp.statuses import WRONG_APPLICATION_CONTEXT, WRONG_PROTOCOL_VERSION
from appliance.errors import Unsuitable
from appliance.identifiers import AETitle, is_uid
from appliance.inbox.admission import Admission, Caller, Refusal

MAXIMUM_PDU_BYTES = 128 * 1024
IMPLICIT_LITTLE = "1.2.840.10008.1.2"


def protocol_rejection(request: AssociateRequest) -> Rejection | None:
    """Say what is wrong with the request whoever makes it, or None."""
    if not request.protocol_version & 1:
        return WRONG_PROTOCOL_VERSION
    return None if request.application_context == APPLICATION_CONTEXT else WRONG_APPLICATION_CONTEXT


def caller_of(request: AssociateRequest, address: str, certificate: tuple[str | None, str | None]) -> Caller | Refusal:
    """Make a caller of the titles, or say which of them is no AE title.

    Args:
        request: What it asked for.
        address: Where it calls from.
        certificate: Fingerprint and serial number of what it showed.
    """
    try:
        called = AETitle.parse(request.called_ae_title)
    except Unsuitable:
        return Refusal.CALLED_AE_TITLE
    try:
        return Caller(AETitle.parse(request.calling_ae_title), called, address, *certificate)
    except Unsuitable:
        return Refusal.CALLING_AE_TITLE


def admit(admission: Admission, caller: Caller | Refusal) -> Refusal | None:
    """Say why an association is refused, or None to accept it."""
    return caller if isinstance(caller, Refusal) else admission.refusal(caller)


def answer(request: AssociateRequest) -> AssociateAccept:
    """Answer every proposed presentation context."""
    contexts = tuple(_answered(context) for context in request.contexts)
    return AssociateAccept(contexts, UserInformation(MAXIMUM_PDU_BYTES))


def accepted(request: AssociateRequest, accept: AssociateAccept) -> dict[int, ProposedContext]:
    """Give the accepted contexts by id, each with its one transfer syntax."""
    chosen = {c.context_id: c.transfer_syntax for c in accept.contexts if c.result == ContextResult.ACCEPTED}
    return {
        context.context_id: ProposedContext(context.context_id, context.abstract_syntax, (chosen[context.context_id],))
        for context in request.contexts
        if context.context_id in chosen
    }


def _answered(context: ProposedContext) -> AnsweredContext:
    offered = [uid for uid in context.transfer_syntaxes if is_uid(uid)]
    if context.abstract_syntax == VERIFICATION:
        offered = [uid for uid in offered if uid in TRANSFER_SYNTAXES]
    elif not is_stored(context.abstract_syntax):
        return AnsweredContext(context.context_id, ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT_LITTLE)
    if not offered:
        return AnsweredContext(context.context_id, ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, IMPLICIT_LITTLE)
    known = next((uid for uid in offered if uid in TRANSFER_SYNTAXES), offered[0])
    return AnsweredContext(context.context_id, ContextResult.ACCEPTED, known)
