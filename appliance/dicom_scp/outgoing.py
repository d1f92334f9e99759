"""What a file is to be sent as: its names, its transfer syntax, and where its data set begins.

The data set's own UIDs count; the file meta information speaks where the data
set cannot be read so easily (deflated), and its transfer syntax always does.
Files without a Part 10 head are taken as bare data sets.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

from appliance.dicom.part10 import LARGEST_META_BYTES, FileMeta, read_file_meta
from appliance.errors import Unsuitable
from appliance.identifiers import is_uid

EXPLICIT_LITTLE, IMPLICIT_LITTLE = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2"
EXPLICIT_BIG, DEFLATED = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2.1.99"
_SOP_CLASS_UID, _SOP_INSTANCE_UID = 0x00080016, 0x00080018
_LONG_VRS = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"})


@dataclass(frozen=True)
class Outgoing:
    """One file to send.

    Attributes:
        file: Where it is.
        sop_class_uid: Announced in the command.
        sop_instance_uid: Announced in the command.
        transfer_syntax_uid: In which its bytes are, and go.
        dataset_offset: Where the bytes to send begin.
    """

    file: Path
    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    dataset_offset: int


def read_outgoing(file: Path) -> Outgoing:
    """Say how a file is sent.

    Raises:
        Unsuitable: It names no SOP class or instance, or no transfer syntax.
        OSError: It cannot be read.
    """
    with file.open("rb") as stream:
        head = stream.read(2 * LARGEST_META_BYTES)
    meta = _meta(head)
    found = _uids(head[meta.dataset_offset :], meta.transfer_syntax_uid)
    sop_class_uid = found.get(_SOP_CLASS_UID) or meta.sop_class_uid
    sop_instance_uid = found.get(_SOP_INSTANCE_UID) or meta.sop_instance_uid
    if not (is_uid(sop_class_uid) and sop_instance_uid and is_uid(meta.transfer_syntax_uid)):
        raise Unsuitable("a file to send names no SOP class, instance or transfer syntax")
    return Outgoing(file, sop_class_uid, sop_instance_uid, meta.transfer_syntax_uid, meta.dataset_offset)


def _meta(head: bytes) -> FileMeta:
    if head[128:132] == b"DICM":
        meta = read_file_meta(head)
        if meta.transfer_syntax_uid:
            return meta
        guess = _bare_syntax(head[meta.dataset_offset :])
        return FileMeta(meta.sop_class_uid, meta.sop_instance_uid, guess, meta.dataset_offset)
    return FileMeta("", "", _bare_syntax(head), 0)


def _bare_syntax(dataset: bytes) -> str:
    if not (dataset[4:6].isalpha() and dataset[4:6].isupper()):
        return IMPLICIT_LITTLE
    return EXPLICIT_BIG if dataset[:1] == b"\x00" else EXPLICIT_LITTLE  # groups begin with 0008


def _uids(dataset: bytes, transfer_syntax_uid: str) -> dict[int, str]:
    """Find the two UIDs among the first elements; stop at what is not plain."""
    found: dict[int, str] = {}
    if transfer_syntax_uid == DEFLATED:
        return found
    order = ">" if transfer_syntax_uid == EXPLICIT_BIG else "<"
    offset = 0
    while offset + 12 <= len(dataset):
        group, element = struct.unpack_from(order + "HH", dataset, offset)
        tag = group << 16 | element
        length, head_bytes = _length(dataset, offset, order, implicit=transfer_syntax_uid == IMPLICIT_LITTLE)
        if tag > _SOP_INSTANCE_UID or offset + head_bytes + length > len(dataset):
            break
        offset += head_bytes + length
        if tag in {_SOP_CLASS_UID, _SOP_INSTANCE_UID}:
            found[tag] = dataset[offset - length : offset].rstrip(b"\x00 ").decode("ascii", "replace")
    return found


def _length(dataset: bytes, offset: int, order: str, *, implicit: bool) -> tuple[int, int]:
    if implicit:
        return int(struct.unpack_from(order + "L", dataset, offset + 4)[0]), 8
    if dataset[offset + 4 : offset + 6] in _LONG_VRS:
        return int(struct.unpack_from(order + "L", dataset, offset + 8)[0]), 12
    return int(struct.unpack_from(order + "H", dataset, offset + 6)[0]), 8
