"""The objects of one association: begun, written, made durable, answered.

Guards: `finish` gives Success only when the object is durable. What cannot be
kept is dropped as it comes, and answered with its status at the end, because a
peer listens only then.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from appliance.dicom_scp.command import NO_DATASET, Element, number
from appliance.dicom_scp.pdu import ProposedContext
from appliance.dicom_scp.receiver.door import Accepted, Limits
from appliance.dicom_scp.statuses import (
    CANNOT_UNDERSTAND,
    DOES_NOT_MATCH_SOP_CLASS,
    INVALID_SOP_INSTANCE,
    OUT_OF_RESOURCES,
    SUCCESS,
    status_of,
)
from appliance.errors import ApplianceError, OutOfSpace
from appliance.identifiers import is_uid
from appliance.inbox.association import Outcome

if TYPE_CHECKING:
    from appliance.inbox.writer import ArrivalWriter

CHECK_SPACE_BYTES = 16 << 20


class Storing:
    """Keeps one association's objects; for one thread."""

    def __init__(self, accepted: Accepted, limits: Limits) -> None:
        self._writer = accepted.writer
        self._standing = accepted.standing
        self._limits = limits
        self._arrival: ArrivalWriter | None = None
        self._status = SUCCESS
        self._bytes_left = limits.maximum_association_bytes
        self._unchecked_bytes = 0

    def begin(self, command: Mapping[int, bytes], context: ProposedContext) -> None:
        """Begin an object, or note why it will be refused."""
        self._status = _fault_of(command, context)
        if self._status != SUCCESS:
            return
        names = (_uid(command, Element.AFFECTED_SOP_CLASS_UID), _uid(command, Element.AFFECTED_SOP_INSTANCE_UID))
        try:
            self._standing.check()
            self._limits.check_space()
            self._arrival = self._writer.begin(*names, context.transfer_syntaxes[0])
        except Exception as fault:  # noqa: BLE001  becomes the object's status
            self._give_up(fault)

    def write(self, part: memoryview) -> None:
        """Take a piece of the object's data set, exactly as it came."""
        if self._arrival is None:
            return
        try:
            self._count(len(part))
            self._arrival.write(part)
        except Exception as fault:  # noqa: BLE001  becomes the object's status
            self._give_up(fault)

    def finish(self) -> int:
        """Make the object durable and give its status."""
        arrival = self._arrival
        if arrival is not None:
            try:
                arrival.commit()
                self._arrival = None
            except Exception as fault:  # noqa: BLE001  becomes the object's status
                self._give_up(fault)
        return self._status

    def end(self, outcome: Outcome) -> None:
        """Drop an object that did not end, and write down how the association did.

        Raises:
            Unavailable: The disk refused.
        """
        arrival, self._arrival = self._arrival, None
        try:
            if arrival is not None:
                arrival.abandon()
        finally:
            self._writer.end(outcome)

    def _count(self, length: int) -> None:
        self._bytes_left -= length
        if self._bytes_left < 0:
            raise OutOfSpace("an association brought more than one may")
        self._unchecked_bytes += length
        if self._unchecked_bytes >= CHECK_SPACE_BYTES:
            self._unchecked_bytes = 0
            self._limits.check_space()

    def _give_up(self, fault: Exception) -> None:
        self._status = status_of(fault)
        if self._status == OUT_OF_RESOURCES:
            self._limits.note_out_of_space()
        arrival, self._arrival = self._arrival, None
        if arrival is not None:
            try:
                arrival.abandon()
            except ApplianceError as second:
                status_of(second)


def _fault_of(command: Mapping[int, bytes], context: ProposedContext) -> int:
    if Element.AFFECTED_SOP_CLASS_UID not in command or Element.AFFECTED_SOP_INSTANCE_UID not in command:
        return CANNOT_UNDERSTAND
    if number(command, Element.COMMAND_DATA_SET_TYPE) == NO_DATASET:
        return CANNOT_UNDERSTAND
    if not is_uid(_uid(command, Element.AFFECTED_SOP_INSTANCE_UID)):
        return INVALID_SOP_INSTANCE
    if _uid(command, Element.AFFECTED_SOP_CLASS_UID) != context.abstract_syntax:
        return DOES_NOT_MATCH_SOP_CLASS
    return SUCCESS


def _uid(command: Mapping[int, bytes], element: Element) -> str:
    value = command.get(element, b"")
    stripped = value[:-1] if value[-1:] in {b"\x00", b" "} else value  # one pad byte, PS3.5 9.1
    return stripped.decode("latin-1")
