"""One connection from its first byte to its end, on one thread.

Guards: Success leaves only after `ArrivalWriter.commit` has returned; whatever
a peer sends, the answer is a status, a rejection or an abort, and memory stays
that of one buffer. Data that cannot be kept is read and dropped, so that the
peer still gets its status.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from logging import getLogger
from struct import Struct

from appliance.dicom_scp.command import (
    LARGEST_COMMAND_BYTES,
    NO_DATASET,
    CommandField,
    Element,
    decode_command,
    number,
)
from appliance.dicom_scp.messages import response
from appliance.dicom_scp.pdu import (
    HEAD,
    LARGEST_ASSOCIATE_BYTES,
    Abort,
    PduType,
    ProposedContext,
    decode_associate_request,
    encode_abort,
    encode_associate_accept,
    encode_rejection,
    encode_release_response,
)
from appliance.dicom_scp.receiver.door import Accepted, Door, Visitor
from appliance.dicom_scp.receiver.negotiation import MAXIMUM_PDU_BYTES
from appliance.dicom_scp.receiver.storing import Storing
from appliance.dicom_scp.statuses import (
    INVALID_PARAMETER_VALUE,
    NOT_SPECIFIED,
    SUCCESS,
    UNEXPECTED_PARAMETER,
    UNEXPECTED_PDU,
    UNRECOGNISED_OPERATION,
    UNRECOGNISED_PDU,
)
from appliance.dicom_scp.wire import LeastRate, PeerGone, ProtocolFault, Wire
from appliance.errors import ApplianceError, Unsuitable
from appliance.inbox.association import Outcome

log = getLogger(__name__)

_PDV = Struct(">LBB")  # length, presentation context id, control header (PS3.8 9.3.5.1, annex E)
_COMMAND, _LAST = 1, 2
_CONTROL_BYTES = 4


@dataclass(frozen=True)
class Patience:
    """How long a peer may take.

    Attributes:
        artim_seconds: For the whole of an association's opening.
        idle_seconds: For each silence afterwards.
        least: How fast a command or data set must come that has begun.
    """

    artim_seconds: float
    idle_seconds: float
    least: LeastRate


class Session:
    """Serves one peer."""

    def __init__(self, wire: Wire, door: Door, visitor: Visitor, patience: Patience) -> None:
        self._wire = wire
        self._door = door
        self._visitor = visitor
        self._patience = patience
        self._contexts: Mapping[int, ProposedContext] = {}
        self._command = bytearray()
        self._command_context = 0
        self._dataset_context: int | None = None
        self._storing: Storing | None = None
        self._pending: Mapping[int, bytes] | None = None
        self._accepted: Accepted | None = None
        self._opened = False
        self._stopping = False

    @property
    def is_idle(self) -> bool:
        """Whether the peer is in the middle of nothing."""
        return self._dataset_context is None and not self._command

    def stop_soon(self) -> None:
        """Ask from another thread that this ends after the object that is coming."""
        self._stopping = True

    @property
    def is_open(self) -> bool:
        """Whether the association was accepted."""
        return self._opened

    def open(self) -> None:
        """Answer the association request; a refused one is closed. Raises nothing."""
        outcome = self._guarded(self._open)
        if not self._opened:
            self._close(outcome)

    def serve(self) -> None:
        """Serve an accepted association until the peer or the box ends it. Raises nothing."""
        self._close(self._guarded(self._serve))

    def _guarded(self, work: Callable[[], Outcome]) -> Outcome:
        try:
            return work()
        except PeerGone:
            self._abort(NOT_SPECIFIED)  # it may only have been silent
            return Outcome.STOPPED if self._stopping else Outcome.LOST
        except ProtocolFault as fault:
            self._door.note_fault(self._visitor, str(fault))
            self._abort(fault.abort)
        except Exception:  # no peer may bring the receiver down
            log.exception("a bug while serving an association")
            self._abort(NOT_SPECIFIED)
        return Outcome.ABORTED

    def _open(self) -> Outcome:
        self._wire.set_deadline(self._patience.artim_seconds)
        kind, length = self._wire.unpack(HEAD)
        if kind != PduType.ASSOCIATE_RQ:
            raise ProtocolFault("a connection began with something else", _unexpected(kind))
        if length > LARGEST_ASSOCIATE_BYTES:
            raise ProtocolFault("an association request is too long", INVALID_PARAMETER_VALUE)
        try:
            request = decode_associate_request(self._wire.read(length))
        except Unsuitable as fault:
            raise ProtocolFault(str(fault), INVALID_PARAMETER_VALUE) from fault
        answer = self._door.answer(request, self._visitor)
        if not isinstance(answer, Accepted):
            self._wire.send(encode_rejection(answer))
            return Outcome.REFUSED
        self._accepted, self._contexts = answer, answer.contexts
        self._storing = Storing(answer, self._door.limits)
        self._wire.send(encode_associate_accept(request, answer.accept))
        self._opened = True
        return Outcome.LOST  # until it ends otherwise

    def _serve(self) -> Outcome:
        self._wire.set_patience(self._patience.idle_seconds)
        while not (self._stopping and self.is_idle):
            if self.is_idle:
                self._wire.rest()
            kind, length = self._wire.unpack(HEAD)
            if kind == PduType.P_DATA_TF:
                self._data(length)
            elif kind == PduType.RELEASE_RQ and length == 4 and self.is_idle:
                self._wire.read(length)
                self._wire.send(encode_release_response())
                return Outcome.RELEASED
            elif kind == PduType.ABORT:
                return Outcome.ABORTED
            else:
                raise ProtocolFault("a message that nobody expects now", _unexpected(kind))
        return self._stop()

    def _data(self, length: int) -> None:
        if length > MAXIMUM_PDU_BYTES:
            raise ProtocolFault("a message is longer than was agreed", INVALID_PARAMETER_VALUE)
        while length:
            if length < _PDV.size:
                raise ProtocolFault("a data value is cut", INVALID_PARAMETER_VALUE)
            value_length, context_id, control = self._wire.unpack(_PDV)
            length -= _CONTROL_BYTES + value_length
            if value_length < 2 or length < 0:
                raise ProtocolFault("a data value runs past its message", INVALID_PARAMETER_VALUE)
            if control & _COMMAND:
                self._command_part(value_length - 2, context_id, last=bool(control & _LAST))
            else:
                self._dataset_part(value_length - 2, context_id, last=bool(control & _LAST))

    def _command_part(self, length: int, context_id: int, *, last: bool) -> None:
        if self._dataset_context is not None or context_id not in self._contexts:
            raise ProtocolFault("a command comes where none can", UNEXPECTED_PARAMETER)
        if self._command and context_id != self._command_context:
            raise ProtocolFault("two commands are mixed", UNEXPECTED_PARAMETER)
        if len(self._command) + length > LARGEST_COMMAND_BYTES:
            raise ProtocolFault("a command is too long", INVALID_PARAMETER_VALUE)
        self._command_context = context_id
        self._wire.stream(length, self._command.extend)
        if last:
            command, self._command = bytes(self._command), bytearray()
            self._act(command, context_id)

    def _act(self, encoded: bytes, context_id: int) -> None:
        try:
            command = decode_command(encoded)
            field = number(command, Element.COMMAND_FIELD)
            has_dataset = number(command, Element.COMMAND_DATA_SET_TYPE) != NO_DATASET
            if field != CommandField.C_CANCEL_RQ:
                number(command, Element.MESSAGE_ID)
        except Unsuitable as fault:
            raise ProtocolFault(str(fault), INVALID_PARAMETER_VALUE) from fault
        if field & 0x8000:
            raise ProtocolFault("an answer comes that nobody asked for", UNEXPECTED_PARAMETER)
        if field == CommandField.C_CANCEL_RQ:
            return
        self._begin(command, field, context_id)
        if has_dataset:
            self._dataset_context = context_id
        else:
            self._finish(context_id)

    def _begin(self, command: Mapping[int, bytes], field: int, context_id: int) -> None:
        self._pending = command
        if field == CommandField.C_STORE_RQ and self._storing is not None:
            self._storing.begin(command, self._contexts[context_id])

    def _dataset_part(self, length: int, context_id: int, *, last: bool) -> None:
        if self._dataset_context != context_id or self._storing is None:
            raise ProtocolFault("data comes that no command announced", UNEXPECTED_PARAMETER)
        self._wire.stream(length, self._storing.write)
        if last:
            self._dataset_context = None
            self._finish(context_id)

    def _finish(self, context_id: int) -> None:
        command, self._pending = self._pending or {}, None
        field = number(command, Element.COMMAND_FIELD)
        status = UNRECOGNISED_OPERATION
        if field == CommandField.C_STORE_RQ and self._storing is not None:
            status = self._storing.finish()
        elif field == CommandField.C_ECHO_RQ:
            status = SUCCESS
        self._wire.send(response(context_id, command, status))

    def _stop(self) -> Outcome:
        self._abort(NOT_SPECIFIED)
        return Outcome.STOPPED

    def _abort(self, abort: Abort) -> None:
        try:
            self._wire.send(encode_abort(abort))
        except PeerGone:
            log.info("a peer was gone before it could be told of its abort")

    def _close(self, outcome: Outcome) -> None:
        try:
            if self._storing is not None:
                self._storing.end(outcome)
        except ApplianceError as fault:
            log.warning("an association's end was not written: %s", fault)
        except Exception:  # as above
            log.exception("a bug while ending an association")
        finally:
            if self._accepted is not None:
                self._door.left(self._accepted)
            self._wire.finish()


def _unexpected(kind: int) -> Abort:
    return UNEXPECTED_PDU if kind in set(PduType) else UNRECOGNISED_PDU
