"""Asks a device by C-ECHO whether it is there and takes associations from this box.

pynetdicom is the requestor. What it would do by itself and must not: log what
it receives, keep Nagle's algorithm on, wait for ever for bytes that drip, and
keep to itself why a connection failed; so a connection that did not come about
is tried once more here, only to hear the reason. No patient's data is sent.

Source: DICOM PS3.4 annex A (Verification), PS3.7 9.1.5, PS3.8 9.3.4 (A-ASSOCIATE-RJ).
"""

import socket
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Timer

from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, _config, evt
from pynetdicom.association import Association
from pynetdicom.pdu import A_ASSOCIATE_RJ
from pynetdicom.sop_class import Verification  # type: ignore[attr-defined]  # the module makes its names when it loads

from appliance.clock import Clock
from appliance.dicom.part10 import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from appliance.dicom_scp.sender import Destination
from appliance.dicom_scp.statuses import SUCCESS

_SPARE_SECONDS = 5.0  # pynetdicom's own patience ends after ours, which says more


class Finding(StrEnum):
    """What came of asking."""

    ANSWERED = "answered"
    NAME_UNKNOWN = "name unknown"
    UNREACHABLE = "unreachable"
    REFUSED = "connection refused"
    SILENT = "no answer"
    TLS_WRONG = "tls wrong"
    REJECTED = "association rejected"
    NOT_OFFERED = "verification not offered"
    BROKEN_OFF = "broken off"
    WRONG_STATUS = "echo failed"


@dataclass(frozen=True)
class Reply:
    """What came of asking, for an operator.

    Attributes:
        finding: Which kind.
        words: What it means and what to do.
        status: The DIMSE status of the C-ECHO; None where none came.
        rejection: Result, source and reason of an A-ASSOCIATE-RJ; None where none came.
    """

    finding: Finding
    words: str
    status: int | None = None
    rejection: tuple[int, int, int] | None = None


def verify(there: Destination, clock: Clock) -> Reply:
    """Open an association, ask for C-ECHO and say what came of it, in at most twice `there.timeout_seconds`."""
    began = clock.monotonic()
    try:
        address = socket.getaddrinfo(there.host, there.port, type=socket.SOCK_STREAM)[0][4][0]
    except (OSError, UnicodeError):
        return Reply(Finding.NAME_UNKNOWN, "no address is known for this name")
    line = _Line(there.timeout_seconds, clock)
    try:
        association = _associate(there, str(address), line)
        if line.opened_at is None:
            return _reason(there, str(address), hurried=clock.monotonic() - began >= there.timeout_seconds)
        return _asked(association, there, line) if association.is_established else _unheard(association, there, line)
    finally:
        line.let_go()


@dataclass
class _Line:
    """One connection, cut when its time is up."""

    seconds: float
    clock: Clock
    opened_at: float | None = None
    rejection: tuple[int, int, int] | None = None
    _timers: list[Timer] = field(default_factory=list)

    def open(self, event: evt.Event) -> None:
        """Take over the socket that pynetdicom has connected."""
        wrapped = event.assoc.dul.socket
        stream = None if wrapped is None else wrapped.socket
        if stream is None:
            return
        self.opened_at = self.clock.monotonic()
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        timer = Timer(self.seconds, _cut, (stream,))
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def heard(self, event: evt.Event) -> None:
        """Keep a rejection as it comes: of a peer that closes at once pynetdicom forgets it, and says aborted."""
        if isinstance(event.pdu, A_ASSOCIATE_RJ):
            pdu = event.pdu
            self.rejection = (int(pdu.result or 0), int(pdu.source or 0), int(pdu.reason_diagnostic or 0))

    @property
    def is_out_of_time(self) -> bool:
        """Whether the connection was cut, or was about to be."""
        return self.opened_at is not None and self.clock.monotonic() - self.opened_at >= self.seconds

    def let_go(self) -> None:
        """Cut nothing any more."""
        for timer in self._timers:
            timer.cancel()


def _cut(stream: socket.socket) -> None:
    try:
        socket.socket.shutdown(stream, socket.SHUT_RDWR)  # not the TLS one, which is not for two threads
    except OSError:
        return  # it ended by itself


def _associate(there: Destination, address: str, line: _Line) -> Association:
    _config.LOG_HANDLER_LEVEL = "none"
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    entity = AE(there.calling_ae_title)
    entity.implementation_class_uid = UID(IMPLEMENTATION_CLASS_UID)
    entity.implementation_version_name = IMPLEMENTATION_VERSION_NAME
    entity.connection_timeout = there.timeout_seconds
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = there.timeout_seconds + _SPARE_SECONDS
    entity.add_requested_context(Verification, [ImplicitVRLittleEndian, ExplicitVRLittleEndian])
    return entity.associate(
        address,
        there.port,
        ae_title=there.called_ae_title,
        tls_args=None if there.tls is None else (there.tls, there.host),
        evt_handlers=[(evt.EVT_CONN_OPEN, line.open), (evt.EVT_PDU_RECV, line.heard)],
    )


def _asked(association: Association, there: Destination, line: _Line) -> Reply:
    try:
        answer = association.send_c_echo()
    except RuntimeError:  # it was over before the question
        return _unheard(association, there, line)
    if "Status" not in answer:
        return _unheard(association, there, line)
    association.release()
    status = int(answer.Status)
    if status == SUCCESS:
        return Reply(Finding.ANSWERED, "it is there and takes this box's associations", status)
    return Reply(Finding.WRONG_STATUS, f"it took the association and answered the echo with {status:04X}", status)


def _unheard(association: Association, there: Destination, line: _Line) -> Reply:
    """Say why a connection that stood brought no answer to the echo."""
    if line.rejection is not None:
        return _rejected(line.rejection, there)
    if association.rejected_contexts:
        return Reply(Finding.NOT_OFFERED, "it takes associations, but not for Verification (C-ECHO)")
    if line.is_out_of_time:
        return Reply(Finding.SILENT, f"it took the connection and did not answer within {line.seconds:g} s")
    words = "it ended the connection, or what it answered is not DICOM"
    if there.tls is None:
        return Reply(Finding.BROKEN_OFF, f"{words}: perhaps it speaks TLS at this port")
    return Reply(Finding.BROKEN_OFF, f"{words}: perhaps it does not accept this box's certificate")


def _rejected(codes: tuple[int, int, int], there: Destination) -> Reply:
    _, source, reason = codes
    words = {
        (1, 2): "it does not speak DICOM's application context",
        (1, 3): f"it does not know the title {there.calling_ae_title}: enter this box there, with its address",
        (1, 7): f"it does not answer to the title {there.called_ae_title}: look it up there and give it by --called",
        (2, 2): "it speaks another version of the protocol",
        (3, 1): "it is busy: try again later",
        (3, 2): "it has reached a limit of its own: try again later",
    }.get((source, reason), "it gave no reason")
    return Reply(Finding.REJECTED, words, rejection=codes)


def _reason(there: Destination, address: str, *, hurried: bool) -> Reply:
    """Connect once more, only to hear why it fails; not where the time was used up."""
    try:
        if hurried:
            raise TimeoutError
        with socket.create_connection((address, there.port), there.timeout_seconds) as stream:
            if there.tls is not None:
                there.tls.wrap_socket(stream, server_hostname=there.host).close()
    except OSError as fault:
        return next(
            Reply(finding, words.format(fault=fault)) for kind, finding, words in _FAULTS if isinstance(fault, kind)
        )
    return Reply(Finding.BROKEN_OFF, "the connection failed once and stood the next time: try again")


# The first that fits decides; subclasses stand above their bases.
_FAULTS: tuple[tuple[type[OSError], Finding, str], ...] = (
    (ssl.SSLCertVerificationError, Finding.TLS_WRONG, "its certificate is not to be trusted: {fault.verify_message}"),
    (ssl.SSLError, Finding.TLS_WRONG, "it does not speak TLS at this port, or no version that this box speaks"),
    (ConnectionResetError, Finding.TLS_WRONG, "it ended the connection where TLS should begin"),
    (TimeoutError, Finding.SILENT, "nothing answers at this address and port"),
    (ConnectionRefusedError, Finding.REFUSED, "the machine is there, but nothing listens at this port"),
    (OSError, Finding.UNREACHABLE, "the machine cannot be reached: {fault.strerror}"),
)
