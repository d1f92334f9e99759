"""Who comes in: admission, limits, and what is noted of those refused.

Guards: only so many associations at once, in all and from one address; a full
box says "later" before any data; a device that is removed, or whose certificate
is revoked, stores nothing more,
not even over an association that was open; an unknown sender is refused and spooled for
the administrator, at a bounded rate.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from logging import getLogger
from pathlib import Path

from appliance.clock import Clock
from appliance.dicom_scp.pdu import AssociateAccept, AssociateRequest, ProposedContext, Rejection
from appliance.dicom_scp.receiver.negotiation import accepted, admit, answer, caller_of, protocol_rejection
from appliance.dicom_scp.statuses import CANNOT_STORE_NOW, REJECTIONS, TOO_MANY_ASSOCIATIONS
from appliance.errors import NotPermitted, Unavailable
from appliance.identifiers import AssociationId, BoxId
from appliance.inbox.admission import Admission, AdmissionFile, Caller, Refusal
from appliance.inbox.association import AssociationFacts, Transport
from appliance.inbox.public_key import InboxPublicKey
from appliance.inbox.space import check_space
from appliance.inbox.spool import Spool, SpoolEvent
from appliance.inbox.writer import AssociationWriter, InboxWriter

log = getLogger(__name__)


@dataclass(frozen=True)
class Visitor:
    """Whoever connected, before it said anything.

    Attributes:
        address: Its IP address.
        transport: Plain or TLS.
        certificate_sha256: Of the client certificate, if it showed one.
        certificate_serial: Of the same.
    """

    address: str
    transport: Transport
    certificate_sha256: str | None = None
    certificate_serial: str | None = None


@dataclass(frozen=True)
class Accepted:
    """An association that may send."""

    accept: AssociateAccept
    contexts: Mapping[int, ProposedContext]
    writer: AssociationWriter
    visitor: Visitor
    standing: "Standing"


class Limits:
    """What may come in at once."""

    def __init__(self, folder: Path, spool: Spool, reserve_bytes: int, maximum_association_bytes: int) -> None:
        """Watch the disk of `folder`.

        Args:
            folder: On the disk that arrivals go to.
            spool: Where a full disk is told.
            reserve_bytes: Free space below which nothing more is taken.
            maximum_association_bytes: What one association may bring.
        """
        self.maximum_association_bytes = maximum_association_bytes
        self._folder = folder
        self._spool = spool
        self._reserve_bytes = reserve_bytes

    def check_space(self) -> None:
        """Pass while there is space.

        Raises:
            OutOfSpace: Free space is below the reserve.
            Unavailable: The disk does not say.
        """
        check_space(self._folder, self._reserve_bytes)

    def note_out_of_space(self) -> None:
        """Tell the administrator; if even that cannot be written, the log has it."""
        note(self._spool, SpoolEvent.OUT_OF_SPACE, {})


class Standing:
    """Whether an admitted caller may still send; worked out again only when the list was replaced."""

    def __init__(self, current: Callable[[], Admission], caller: Caller, admitted_by: Admission) -> None:
        self._current = current
        self._caller = caller
        self._known = admitted_by
        self._refusal: Refusal | None = None

    def check(self) -> None:
        """Pass while the caller is admitted.

        Raises:
            NotPermitted: It was removed from the list, or its certificate was revoked.
        """
        now = self._current()
        if now.peers is not self._known.peers or now.revoked is not self._known.revoked:
            self._known, self._refusal = now, now.refusal(self._caller)
        if self._refusal is not None:
            raise NotPermitted(f"a device is not admitted any more: {self._refusal.value}")


class Door:
    """Answers association requests; safe for several threads."""

    def __init__(
        self,
        inbox: InboxWriter,
        admission: AdmissionFile,
        spool: Spool,
        limits: Limits,
        crowd: "Crowd",
        clock: Clock,
    ) -> None:
        self.limits = limits
        self._inbox = inbox
        self._admission = admission
        self._spool = spool
        self._crowd = crowd
        self._clock = clock
        self._lock = threading.Lock()

    def answer(self, request: AssociateRequest, visitor: Visitor) -> Accepted | Rejection:
        """Accept a request, or give its rejection."""
        caller = caller_of(request, visitor.address, (visitor.certificate_sha256, visitor.certificate_serial))
        admission = self._current()
        refusal = admit(admission, caller)
        if refusal is not None or isinstance(caller, Refusal):
            return self._refuse(refusal or Refusal.CALLING_AE_TITLE, request, visitor)
        key = protocol_rejection(request) or self._key()
        if isinstance(key, Rejection):
            return key
        standing = Standing(self._current, caller, admission)
        return self._enter(visitor) or self._accept(request, visitor, caller, key.box_id, standing)

    def left(self, accepted: Accepted) -> None:
        """Note that an accepted association is over."""
        self._crowd.leave(accepted.visitor.address)

    def note_fault(self, visitor: Visitor, message: str) -> None:
        """Note that a peer broke the protocol."""
        log.warning("a peer at %s was cut off: %s", visitor.address, message)
        note(self._spool, SpoolEvent.PROTOCOL_FAULT, {"address": visitor.address, "reason": message})

    def _current(self) -> Admission:
        with self._lock:
            return self._admission.current()

    def _refuse(self, refusal: Refusal, request: AssociateRequest, visitor: Visitor) -> Rejection:
        log.warning("an unknown sender at %s was refused: %s", visitor.address, refusal.value)
        note(self._spool, SpoolEvent.ASSOCIATION_REFUSED, {"reason": refusal.value, **_facts(request, visitor)})
        return REJECTIONS[refusal]

    def _key(self) -> InboxPublicKey | Rejection:
        try:
            self.limits.check_space()
            return self._inbox.public_key()
        except Unavailable as fault:
            log.warning("an association was put off: %s", fault)
            note(self._spool, SpoolEvent.OUT_OF_SPACE, {"reason": str(fault)})
            return CANNOT_STORE_NOW

    def _enter(self, visitor: Visitor) -> Rejection | None:
        if self._crowd.enter(visitor.address):
            return None
        note(self._spool, SpoolEvent.ASSOCIATION_LIMIT, {"address": visitor.address})
        return TOO_MANY_ASSOCIATIONS

    def _accept(
        self, request: AssociateRequest, visitor: Visitor, caller: Caller, box_id: BoxId, standing: Standing
    ) -> Accepted:
        facts = AssociationFacts(
            box_id=box_id,
            association_id=AssociationId.new(),
            started_at=self._clock.now(),
            calling_ae_title=caller.calling_ae_title,
            called_ae_title=caller.called_ae_title,
            address=visitor.address,
            transport=visitor.transport,
            certificate_sha256=visitor.certificate_sha256,
            implementation_class_uid=request.user.implementation_class_uid[:64],
            implementation_version_name=request.user.implementation_version_name,
        )
        reply = answer(request)
        return Accepted(reply, accepted(request, reply), self._inbox.open_association(facts), visitor, standing)


class Crowd:
    """Counts who is there, in all and by address."""

    def __init__(self, maximum: int, maximum_per_address: int) -> None:
        self._maximum = maximum
        self._maximum_per_address = maximum_per_address
        self._present: Counter[str] = Counter()
        self._lock = threading.Lock()

    def enter(self, address: str) -> bool:
        """Let one more in, or not."""
        with self._lock:
            if self._present.total() >= self._maximum or self._present[address] >= self._maximum_per_address:
                return False
            self._present[address] += 1
            return True

    def leave(self, address: str) -> None:
        """Let one out."""
        with self._lock:
            self._present[address] -= 1
            if self._present[address] <= 0:
                del self._present[address]


def note(spool: Spool, event: SpoolEvent, facts: Mapping[str, str]) -> None:
    """Spool an event; a disk that refuses must not stop receiving."""
    try:
        spool.record(event, facts)
    except OSError as fault:
        log.warning("an event could not be spooled: %s", type(fault).__name__)


def _facts(request: AssociateRequest, visitor: Visitor) -> dict[str, str]:
    return {
        "calling_ae_title": request.calling_ae_title,
        "called_ae_title": request.called_ae_title,
        "address": visitor.address,
        "transport": visitor.transport.value,
        "certificate_sha256": visitor.certificate_sha256 or "",
        "implementation_class_uid": request.user.implementation_class_uid,
        "implementation_version_name": request.user.implementation_version_name,
    }
