"""The command set: what a DIMSE message asks, always implicit little endian.

Source: DICOM PS3.7 6.3.1 (encoding), 9.3 (C-services), annex E (elements).
"""

import struct
from collections.abc import Mapping
from enum import IntEnum

from appliance.errors import Unsuitable

LARGEST_COMMAND_BYTES = 16 * 1024
NO_DATASET = 0x0101  # (0000,0800), PS3.7 E.1
_ELEMENT = struct.Struct("<HHL")
_US = struct.Struct("<H")


class Element(IntEnum):
    """Elements of group 0000."""

    GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    PRIORITY = 0x0700
    COMMAND_DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    ERROR_COMMENT = 0x0902
    AFFECTED_SOP_INSTANCE_UID = 0x1000


class CommandField(IntEnum):
    """What is asked; an answer has the highest bit set."""

    C_STORE_RQ = 0x0001
    C_STORE_RSP = 0x8001
    C_ECHO_RQ = 0x0030
    C_ECHO_RSP = 0x8030
    C_CANCEL_RQ = 0x0FFF


def decode_command(data: bytes | bytearray) -> dict[int, bytes]:
    """Split a command set into its elements.

    Raises:
        Unsuitable: An element runs past the end, or is of another group.
    """
    found: dict[int, bytes] = {}
    offset = 0
    while offset < len(data):
        if offset + _ELEMENT.size > len(data):
            raise Unsuitable("a command set is cut")
        group, element, length = _ELEMENT.unpack_from(data, offset)
        offset += _ELEMENT.size + length
        if group != 0 or offset > len(data):
            raise Unsuitable("a command set has an element that runs past its end, or of another group")
        found[element] = bytes(data[offset - length : offset])
    return found


def encode_command(elements: Mapping[int, bytes]) -> bytes:
    """Write a command set, with its group length; values are padded to even length with NUL."""
    body = b"".join(_element(element, elements[element]) for element in sorted(elements))
    return _element(Element.GROUP_LENGTH, struct.pack("<L", len(body))) + body


def number(command: Mapping[int, bytes], element: Element) -> int:
    """Give an unsigned 16-bit value.

    Raises:
        Unsuitable: It is absent, or not of two bytes.
    """
    value = command.get(element, b"")
    if len(value) != 2:
        raise Unsuitable("a command set lacks a number that it must have")
    return int(_US.unpack(value)[0])


def us(value: int) -> bytes:
    """Give an unsigned 16-bit value's bytes."""
    return _US.pack(value)


def _element(element: int, value: bytes) -> bytes:
    padded = value + b"\x00" * (len(value) % 2)
    return _ELEMENT.pack(0, element, len(padded)) + padded
