"""Answers to C-STORE and C-ECHO, each one whole P-DATA message, written at once.

Source: DICOM PS3.7 9.3.1.2 (C-STORE-RSP), 9.3.5.2 (C-ECHO-RSP), PS3.8 9.3.5.
"""

from collections.abc import Mapping
from struct import Struct

from appliance.dicom_scp.command import NO_DATASET, Element, encode_command, number, us
from appliance.dicom_scp.pdu import HEAD, PduType
from appliance.dicom_scp.statuses import COMMENTS

_PDV = Struct(">LBB")
_LAST_COMMAND = 3
_RESPONSE = 0x8000
_LARGEST_UID_BYTES = 64


def message(context_id: int, command: bytes) -> bytes:
    """Wrap a command set as one P-DATA message with one value."""
    value = _PDV.pack(len(command) + 2, context_id, _LAST_COMMAND) + command
    return HEAD.pack(PduType.P_DATA_TF, len(value)) + value


def response(context_id: int, request: Mapping[int, bytes], status: int) -> bytes:
    """Answer a request with a status.

    UIDs are sent back as they came, but never longer than a UID may be.
    """
    elements = {
        Element.COMMAND_FIELD: us(number(request, Element.COMMAND_FIELD) | _RESPONSE),
        Element.MESSAGE_ID_BEING_RESPONDED_TO: us(number(request, Element.MESSAGE_ID)),
        Element.COMMAND_DATA_SET_TYPE: us(NO_DATASET),
        Element.STATUS: us(status),
    }
    for uid in (Element.AFFECTED_SOP_CLASS_UID, Element.AFFECTED_SOP_INSTANCE_UID):
        if uid in request and len(request[uid]) <= _LARGEST_UID_BYTES:
            elements[uid] = request[uid]
    if status in COMMENTS:
        elements[Element.ERROR_COMMENT] = COMMENTS[status].encode("ascii")
    return message(context_id, encode_command({int(element): value for element, value in elements.items()}))
