"""The upper layer's messages: read within bounds, written to the letter.

Readers take one whole message body and trust nothing in it: a length that
runs past its end, a cut item, too many contexts are `Unsuitable`. P-DATA is not here: the receiver streams it.

Source: DICOM PS3.8 9.3 (structure of DICOM upper layer PDUs), PS3.7 annex D.
"""

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from appliance.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from appliance.errors import Unsuitable

HEAD = struct.Struct(">BxL")  # PDU type, reserved, length of what follows
APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"  # PS3.7 A.2.1
LARGEST_ASSOCIATE_BYTES = 1 << 20
MAXIMUM_CONTEXTS = 128  # odd ids 1 to 255, PS3.8 9.3.2.2

_FIXED = struct.Struct(">HH16s16s32s")  # version, reserved, called, calling, reserved
_ITEM = struct.Struct(">BxH")
_PROTOCOL_VERSION = 1


class PduType(IntEnum):
    """The first byte of each message."""

    ASSOCIATE_RQ = 1
    ASSOCIATE_AC = 2
    ASSOCIATE_RJ = 3
    P_DATA_TF = 4
    RELEASE_RQ = 5
    RELEASE_RP = 6
    ABORT = 7


class _Item(IntEnum):
    APPLICATION_CONTEXT = 0x10
    CONTEXT_RQ = 0x20
    CONTEXT_AC = 0x21
    ABSTRACT_SYNTAX = 0x30
    TRANSFER_SYNTAX = 0x40
    USER_INFORMATION = 0x50
    MAXIMUM_LENGTH = 0x51
    IMPLEMENTATION_CLASS_UID = 0x52
    IMPLEMENTATION_VERSION_NAME = 0x55


class ContextResult(IntEnum):
    """How a presentation context was answered (PS3.8 table 9-18)."""

    ACCEPTED = 0
    USER_REJECTED = 1
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


@dataclass(frozen=True)
class ProposedContext:
    """One presentation context as asked for."""

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True)
class AnsweredContext:
    """One presentation context as answered; the transfer syntax counts only if accepted."""

    context_id: int
    result: int
    transfer_syntax: str


@dataclass(frozen=True)
class UserInformation:
    """What one side says of itself; a maximum length of 0 means any."""

    maximum_length: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""


@dataclass(frozen=True)
class AssociateRequest:
    """An A-ASSOCIATE-RQ."""

    called_ae_title: str
    calling_ae_title: str
    contexts: tuple[ProposedContext, ...]
    user: UserInformation
    protocol_version: int = _PROTOCOL_VERSION
    application_context: bytes = APPLICATION_CONTEXT


@dataclass(frozen=True)
class AssociateAccept:
    """An A-ASSOCIATE-AC."""

    contexts: tuple[AnsweredContext, ...]
    user: UserInformation


@dataclass(frozen=True)
class Rejection:
    """An A-ASSOCIATE-RJ's three codes (PS3.8 table 9-21)."""

    result: int
    source: int
    reason: int


@dataclass(frozen=True)
class Abort:
    """An A-ABORT's two codes (PS3.8 table 9-26)."""

    source: int
    reason: int


def decode_associate_request(body: bytes) -> AssociateRequest:
    """Read the body of an A-ASSOCIATE-RQ.

    Raises:
        Unsuitable: It is malformed, or has too many contexts.
    """
    version, _, called, calling, _ = _fixed(body)
    contexts: list[ProposedContext] = []
    user, application_context = UserInformation(), b""
    for kind, item in _items(body[_FIXED.size :]):
        if kind == _Item.CONTEXT_RQ:
            contexts.append(_proposed(item))
        elif kind == _Item.USER_INFORMATION:
            user = _user(item)
        elif kind == _Item.APPLICATION_CONTEXT:
            application_context = item.rstrip(b"\x00 ")
    ids = [context.context_id for context in contexts]
    if len(ids) > MAXIMUM_CONTEXTS or len(set(ids)) != len(ids):
        raise Unsuitable("an association request has too many presentation contexts, or one twice")
    return AssociateRequest(_title(called), _title(calling), tuple(contexts), user, version, application_context)


def encode_associate_request(request: AssociateRequest) -> bytes:
    """Write a whole A-ASSOCIATE-RQ."""
    contexts = b"".join(_encode_proposed(context) for context in request.contexts)
    return _associate(PduType.ASSOCIATE_RQ, request.called_ae_title, request.calling_ae_title, contexts, request.user)


def decode_associate_accept(body: bytes) -> AssociateAccept:
    """Read the body of an A-ASSOCIATE-AC.

    Raises:
        Unsuitable: It is malformed.
    """
    _fixed(body)
    contexts: list[AnsweredContext] = []
    user = UserInformation()
    for kind, item in _items(body[_FIXED.size :]):
        if kind == _Item.CONTEXT_AC:
            contexts.append(_answered(item))
        elif kind == _Item.USER_INFORMATION:
            user = _user(item)
    return AssociateAccept(tuple(contexts), user)


def encode_associate_accept(request: AssociateRequest, accept: AssociateAccept) -> bytes:
    """Write a whole A-ASSOCIATE-AC, with the titles of the request sent back as PS3.8 9.3.3 asks."""
    contexts = b"".join(_encode_answered(context) for context in accept.contexts)
    return _associate(PduType.ASSOCIATE_AC, request.called_ae_title, request.calling_ae_title, contexts, accept.user)


def encode_rejection(rejection: Rejection) -> bytes:
    """Write a whole A-ASSOCIATE-RJ."""
    return _message(PduType.ASSOCIATE_RJ, bytes((0, rejection.result, rejection.source, rejection.reason)))


def decode_rejection(body: bytes) -> Rejection:
    """Read the body of an A-ASSOCIATE-RJ.

    Raises:
        Unsuitable: It is malformed.
    """
    if len(body) != 4:
        raise Unsuitable("a rejection has four bytes")
    return Rejection(body[1], body[2], body[3])


def encode_abort(abort: Abort) -> bytes:
    """Write a whole A-ABORT."""
    return _message(PduType.ABORT, bytes((0, 0, abort.source, abort.reason)))


def encode_release_request() -> bytes:
    """Write a whole A-RELEASE-RQ."""
    return _message(PduType.RELEASE_RQ, bytes(4))


def encode_release_response() -> bytes:
    """Write a whole A-RELEASE-RP."""
    return _message(PduType.RELEASE_RP, bytes(4))


def _message(kind: PduType, body: bytes) -> bytes:
    return HEAD.pack(kind, len(body)) + body


def _associate(kind: PduType, called: str, calling: str, contexts: bytes, user: UserInformation) -> bytes:
    titles = called.encode("latin-1").ljust(16), calling.encode("latin-1").ljust(16)
    fixed = _FIXED.pack(_PROTOCOL_VERSION, 0, *titles, bytes(32))
    return _message(
        kind,
        fixed + _item(_Item.APPLICATION_CONTEXT, APPLICATION_CONTEXT) + contexts + _encode_user(user),
    )


def _fixed(body: bytes) -> tuple[int, int, bytes, bytes, bytes]:
    if len(body) < _FIXED.size:
        raise Unsuitable("an association message is cut")
    return _FIXED.unpack_from(body)


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    while offset < len(data):
        if offset + _ITEM.size > len(data):
            raise Unsuitable("an item of an association message is cut")
        kind, length = _ITEM.unpack_from(data, offset)
        offset += _ITEM.size + length
        if offset > len(data):
            raise Unsuitable("an item of an association message runs past its end")
        yield kind, data[offset - length : offset]


def _item(kind: _Item, value: bytes) -> bytes:
    return _ITEM.pack(kind, len(value)) + value


def _proposed(item: bytes) -> ProposedContext:
    if len(item) < 4 or item[0] % 2 == 0:
        raise Unsuitable("a presentation context has an odd id and syntaxes")
    abstract, transfer = "", []
    for kind, value in _items(item[4:]):
        if kind == _Item.ABSTRACT_SYNTAX:
            abstract = _uid(value)
        elif kind == _Item.TRANSFER_SYNTAX:
            transfer.append(_uid(value))
    return ProposedContext(item[0], abstract, tuple(transfer))


def _encode_proposed(context: ProposedContext) -> bytes:
    syntaxes = _item(_Item.ABSTRACT_SYNTAX, context.abstract_syntax.encode("ascii")) + b"".join(
        _item(_Item.TRANSFER_SYNTAX, uid.encode("ascii")) for uid in context.transfer_syntaxes
    )
    return _item(_Item.CONTEXT_RQ, bytes((context.context_id, 0, 0, 0)) + syntaxes)


def _answered(item: bytes) -> AnsweredContext:
    if len(item) < 4:
        raise Unsuitable("an answered presentation context is cut")
    syntaxes = [_uid(value) for kind, value in _items(item[4:]) if kind == _Item.TRANSFER_SYNTAX]
    return AnsweredContext(item[0], item[2], syntaxes[0] if syntaxes else "")


def _encode_answered(context: AnsweredContext) -> bytes:
    syntax = _item(_Item.TRANSFER_SYNTAX, context.transfer_syntax.encode("ascii"))
    return _item(_Item.CONTEXT_AC, bytes((context.context_id, 0, context.result, 0)) + syntax)


def _user(item: bytes) -> UserInformation:
    found = dict(_items(item))
    length = found.get(_Item.MAXIMUM_LENGTH, bytes(4))
    if len(length) != 4:
        raise Unsuitable("a maximum length has four bytes")
    return UserInformation(
        int.from_bytes(length),
        _uid(found.get(_Item.IMPLEMENTATION_CLASS_UID, b"")),
        _printable(found.get(_Item.IMPLEMENTATION_VERSION_NAME, b""))[:16],
    )


def _encode_user(user: UserInformation) -> bytes:
    parts: Iterable[tuple[_Item, bytes]] = (
        (_Item.MAXIMUM_LENGTH, user.maximum_length.to_bytes(4)),
        (_Item.IMPLEMENTATION_CLASS_UID, (user.implementation_class_uid or IMPLEMENTATION_CLASS_UID).encode("ascii")),
        (
            _Item.IMPLEMENTATION_VERSION_NAME,
            (user.implementation_version_name or IMPLEMENTATION_VERSION_NAME).encode("ascii"),
        ),
    )
    return _item(_Item.USER_INFORMATION, b"".join(_item(kind, value) for kind, value in parts))


def _title(value: bytes) -> str:
    return value.decode("latin-1").strip(" \x00")  # whether it is a title is admission's question


def _uid(value: bytes) -> str:
    return _printable(value.rstrip(b"\x00 "))


def _printable(value: bytes) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F else "?" for byte in value[:256])
