"""Sends files to another box's C-STORE port, each data set's bytes unchanged.

One presentation context for each class and transfer syntax, as many files in
one association as its 128 contexts allow; what an association takes down with
it goes on in a new one. Bytes are streamed: nothing is parsed but the head,
nothing encoded again.

Source: DICOM PS3.8 9.3, PS3.7 9.3.1 (C-STORE), PS3.4 annex B.
"""

import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from appliance.clock import SystemClock
from appliance.dicom_scp.command import CommandField, Element, decode_command, encode_command, number, us
from appliance.dicom_scp.messages import message
from appliance.dicom_scp.outgoing import Outgoing, read_outgoing
from appliance.dicom_scp.pdu import (
    HEAD,
    LARGEST_ASSOCIATE_BYTES,
    MAXIMUM_CONTEXTS,
    AssociateRequest,
    ContextResult,
    PduType,
    ProposedContext,
    UserInformation,
    decode_associate_accept,
    decode_rejection,
    encode_associate_request,
    encode_release_request,
)
from appliance.dicom_scp.statuses import SUCCESS
from appliance.dicom_scp.wire import PeerGone, Stream, Wire
from appliance.errors import Unavailable, Unsuitable

_MAXIMUM_PDU_BYTES = 128 * 1024
_LARGEST_ANSWER_BYTES = 64 * 1024
_LEAST_PDU_BYTES = 128
_HAS_DATASET = 0x0000
_VERIFICATION = ProposedContext(1, "1.2.840.10008.1.1", ("1.2.840.10008.1.2",))
_LAST = 2
Pair = tuple[str, str]


@dataclass(frozen=True)
class Destination:
    """Where to send.

    Attributes:
        host: Name or address.
        port: DICOM port.
        called_ae_title: What to call the other side.
        calling_ae_title: What to call ourselves.
        tls: Speak TLS with this context; None for plain DICOM.
        timeout_seconds: For each answer.
    """

    host: str
    port: int
    called_ae_title: str
    calling_ae_title: str = "ENAMEL"
    tls: ssl.SSLContext | None = None
    timeout_seconds: float = 60.0


@dataclass(frozen=True)
class Sent:
    """What became of one file.

    Attributes:
        file: Which.
        status: The DIMSE status; None if it was never answered.
        reason: Why it was not sent or not answered; empty when there is a status.
    """

    file: Path
    status: int | None
    reason: str = ""

    @property
    def stored(self) -> bool:
        """Whether the other side said Success."""
        return self.status == SUCCESS


def echo(destination: Destination) -> int:
    """Ask for C-ECHO and give the status.

    Raises:
        Unavailable: Nobody answers, or the association is refused.
    """
    with Association(destination, [_VERIFICATION]) as association:
        command = {
            Element.AFFECTED_SOP_CLASS_UID: _VERIFICATION.abstract_syntax.encode(),
            Element.COMMAND_FIELD: us(CommandField.C_ECHO_RQ),
            Element.MESSAGE_ID: us(1),
            Element.COMMAND_DATA_SET_TYPE: us(0x0101),
        }
        return association.ask(_VERIFICATION.context_id, command)


def send(destination: Destination, files: Iterable[Path]) -> Iterator[Sent]:
    """Send files and say what became of each, in order of the associations they went in.

    Raises:
        Unavailable: Nobody answers, or an association is refused.
    """
    batch: list[Outgoing] = []
    for file in files:
        try:
            outgoing = read_outgoing(file)
        except (Unsuitable, OSError) as fault:
            yield Sent(file, None, str(fault) if isinstance(fault, Unsuitable) else "it cannot be read")
            continue
        if len({*_pairs(batch), _pair(outgoing)}) > MAXIMUM_CONTEXTS:
            yield from _send_all(destination, batch)
            batch = []
        batch.append(outgoing)
    yield from _send_all(destination, batch)


def _send_all(destination: Destination, batch: Sequence[Outgoing]) -> Iterator[Sent]:
    rest = list(batch)
    while rest:
        done = 0
        try:
            for sent in _send_batch(destination, rest):
                done += 1
                yield sent
        except (PeerGone, Unsuitable):
            yield Sent(rest[done].file, None, "the association broke")
            done += 1
        rest = rest[done:]


def _send_batch(destination: Destination, batch: Sequence[Outgoing]) -> Iterator[Sent]:
    pairs = list(dict.fromkeys(_pairs(batch)))
    contexts = {pair: ProposedContext(2 * n + 1, pair[0], (pair[1],)) for n, pair in enumerate(pairs)}
    with Association(destination, list(contexts.values())) as association:
        for outgoing, message_id in zip(batch, count(1), strict=False):
            context_id = contexts[_pair(outgoing)].context_id
            if context_id in association.accepted:
                yield Sent(outgoing.file, association.store(context_id, outgoing, message_id % 0x10000))
            else:
                yield Sent(outgoing.file, None, "its class or transfer syntax was not accepted")


class Association:
    """One association as its requestor; leaves with a release, or hangs up after a fault."""

    def __init__(self, destination: Destination, contexts: Sequence[ProposedContext]) -> None:
        """Connect and negotiate.

        Raises:
            Unavailable: Nobody answers, or the association is refused.
        """
        self._wire = Wire(_connect(destination), SystemClock())
        self._wire.set_patience(destination.timeout_seconds)
        request = AssociateRequest(
            destination.called_ae_title,
            destination.calling_ae_title,
            tuple(contexts),
            UserInformation(_MAXIMUM_PDU_BYTES),
        )
        self._wire.send(encode_associate_request(request))
        kind, body = self._answer()
        if kind == PduType.ASSOCIATE_RJ:
            code = decode_rejection(body)
            raise Unavailable(f"the association was refused ({code.result}, {code.source}, {code.reason})")
        if kind != PduType.ASSOCIATE_AC:
            raise Unavailable("the association request was not answered as it must be")
        accept = decode_associate_accept(body)
        self.accepted = {c.context_id for c in accept.contexts if c.result == ContextResult.ACCEPTED}
        longest = accept.user.maximum_length or _MAXIMUM_PDU_BYTES
        self._part_bytes = max(_LEAST_PDU_BYTES, min(longest, _MAXIMUM_PDU_BYTES)) - 6

    def __enter__(self) -> "Association":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._wire.send(encode_release_request())
                self._answer()
        finally:
            self._wire.finish()

    def store(self, context_id: int, outgoing: Outgoing, message_id: int) -> int:
        """Send one file and give the status it was answered with.

        Raises:
            PeerGone: The association broke.
            Unsuitable: The answer is none.
        """
        command = {
            Element.AFFECTED_SOP_CLASS_UID: outgoing.sop_class_uid.encode(),
            Element.COMMAND_FIELD: us(CommandField.C_STORE_RQ),
            Element.MESSAGE_ID: us(message_id),
            Element.PRIORITY: us(0),
            Element.COMMAND_DATA_SET_TYPE: us(_HAS_DATASET),
            Element.AFFECTED_SOP_INSTANCE_UID: outgoing.sop_instance_uid.encode(),
        }
        self._wire.send(message(context_id, encode_command({int(e): value for e, value in command.items()})))
        self._send_dataset(context_id, outgoing)
        return self._status()

    def ask(self, context_id: int, command: Mapping[Element, bytes]) -> int:
        """Send a command without a data set and give the status it was answered with.

        Raises:
            PeerGone: The association broke.
            Unsuitable: The answer is none.
        """
        self._wire.send(message(context_id, encode_command({int(e): value for e, value in command.items()})))
        return self._status()

    def _send_dataset(self, context_id: int, outgoing: Outgoing) -> None:
        with outgoing.file.open("rb", buffering=0) as file:
            file.seek(outgoing.dataset_offset)
            part = file.read(self._part_bytes)
            while True:
                following = file.read(self._part_bytes) if part else b""
                control = 0 if following else _LAST
                head = HEAD.pack(PduType.P_DATA_TF, len(part) + 6) + (len(part) + 2).to_bytes(4)
                self._wire.send(head + bytes((context_id, control)) + part)
                if not following:
                    return
                part = following

    def _status(self) -> int:
        kind, body = self._answer()
        if kind != PduType.P_DATA_TF or len(body) < 6:
            raise PeerGone("the association was aborted")
        length = int.from_bytes(body[:4])
        if length != len(body) - 4 or body[5] != 3:
            raise Unsuitable("an answer comes in pieces")
        return number(decode_command(body[6:]), Element.STATUS)

    def _answer(self) -> tuple[int, bytes]:
        kind, length = self._wire.unpack(HEAD)
        if length > (LARGEST_ASSOCIATE_BYTES if kind == PduType.ASSOCIATE_AC else _LARGEST_ANSWER_BYTES):
            raise Unsuitable("an answer is too long")
        return kind, self._wire.read(length)


def _connect(destination: Destination) -> Stream:
    try:
        stream = socket.create_connection((destination.host, destination.port), destination.timeout_seconds)
        if destination.tls is not None:
            return destination.tls.wrap_socket(stream, server_hostname=destination.host)
    except OSError as fault:
        raise Unavailable("nobody answers at the DICOM port") from fault
    return stream


def _pair(outgoing: Outgoing) -> Pair:
    return outgoing.sop_class_uid, outgoing.transfer_syntax_uid


def _pairs(batch: Iterable[Outgoing]) -> list[Pair]:
    return [_pair(outgoing) for outgoing in batch]
