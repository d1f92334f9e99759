"""Who may send: the file that staff writes and the receiver reads.

The file is replaced whole, never edited in place, so a reader sees the old
list or the new one. While it is absent nobody is admitted; while it cannot
be read the last good list holds. Certificates that were revoked are in the same
file, so who may send and who may no more are replaced at one moment; a file of
a release that knew of none revokes none.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from logging import getLogger
from pathlib import Path

from appliance.errors import Unsuitable
from appliance.identifiers import AETitle

log = getLogger(__name__)

_FORMAT = 1
_INTERFACE = re.compile(r"%[^/]*")  # RFC 4007 11: which of this machine's links a link-local address is on
_MAPPED_BITS = 96  # RFC 4291 2.5.5.2: what stands before an IPv4 address that is written as an IPv6 one
LARGEST_FILE_BYTES = 4 * 1024 * 1024


class Refusal(StrEnum):
    """Why a caller is not admitted."""

    CALLED_AE_TITLE = "called-ae-title"
    CALLING_AE_TITLE = "calling-ae-title"
    ADDRESS = "address"
    CERTIFICATE = "certificate"
    REVOKED = "certificate-revoked"
    HELD = "certificate-held"


@dataclass(frozen=True)
class PeerEntry:
    """One device that may send.

    Attributes:
        name: What the clinic calls it.
        calling_ae_titles: How it may name itself; case does not count.
        addresses: IP addresses or networks it may come from; empty means any.
        certificate_sha256: Fingerprints of which it must show one, over TLS; empty means none is asked.
        called_ae_titles: What it may call the box besides the box's own titles.
    """

    name: str
    calling_ae_titles: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    certificate_sha256: tuple[str, ...] = ()
    called_ae_titles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.calling_ae_titles:
            raise Unsuitable("a peer has at least one calling AE title")
        for title in (*self.calling_ae_titles, *self.called_ae_titles):
            AETitle.parse(title)
        for address in self.addresses:
            _network(address)

    def knows(self, caller: "Caller") -> bool:
        """Say whether this is the device that calls: by title, address and certificate, as far as they are asked."""
        return _names(self.calling_ae_titles, caller.calling_ae_title) and self._is_at(caller) and self._shows(caller)

    def closeness(self) -> tuple[int, int]:
        """Say how much is asked of a caller, so that of two peers that know one the closer can be chosen."""
        narrowest = max((_network(address).prefixlen for address in self.addresses), default=-1)
        return len(self.certificate_sha256[:1]), narrowest

    def _is_at(self, caller: "Caller") -> bool:
        return not self.addresses or _comes_from(self.addresses, caller.address)

    def _shows(self, caller: "Caller") -> bool:
        return not self.certificate_sha256 or caller.certificate_sha256 in self.certificate_sha256


@dataclass(frozen=True)
class RevokedCertificate:
    """A certificate that opens nothing any more, or not until somebody confirms it.

    Attributes:
        sha256: Its fingerprint.
        serial_number: In hexadecimal; None where the box does not know it. It is signed, the fingerprint is not:
            whoever holds a certificate can write its ECDSA signature in another way, which is as good.
        is_held: It was not revoked, but the box came back from a copy and cannot know.
    """

    sha256: str
    serial_number: str | None = None
    is_held: bool = False

    def is_shown_by(self, caller: "Caller") -> bool:
        """Say whether this is what a caller shows."""
        shown = (caller.certificate_sha256, caller.certificate_serial)
        return self.sha256 == shown[0] or (self.serial_number is not None and self.serial_number == shown[1])


@dataclass(frozen=True)
class Caller:
    """What is known of whoever asks for an association."""

    calling_ae_title: AETitle
    called_ae_title: AETitle
    address: str
    certificate_sha256: str | None = None
    certificate_serial: str | None = None


@dataclass(frozen=True)
class Admission:
    """The list of peers, and of certificates that let nobody in.

    Attributes:
        peers: Who may send.
        called_ae_titles: The box's own titles, answered to whoever calls.
        any_peer: Admit every caller; for demonstrations on loopback only.
        revoked: Certificates with which nobody may send, whatever else is known of them.
    """

    peers: tuple[PeerEntry, ...] = ()
    called_ae_titles: tuple[str, ...] = ()
    any_peer: bool = False
    revoked: tuple[RevokedCertificate, ...] = ()

    def refusal(self, caller: Caller) -> Refusal | None:
        """Say why `caller` is not admitted, or None to admit it."""
        shown = [certificate for certificate in self.revoked if certificate.is_shown_by(caller)]
        if shown:
            return Refusal.HELD if all(certificate.is_held for certificate in shown) else Refusal.REVOKED
        if self.any_peer:
            return None
        by_title = [peer for peer in self.peers if _names(peer.calling_ae_titles, caller.calling_ae_title)]
        called = (*self.called_ae_titles, *(title for peer in by_title for title in peer.called_ae_titles))
        if not _names(called, caller.called_ae_title):
            return Refusal.CALLED_AE_TITLE
        if not by_title:
            return Refusal.CALLING_AE_TITLE
        if any(peer.knows(caller) for peer in by_title):
            return None
        at_address = any(not peer.addresses or _comes_from(peer.addresses, caller.address) for peer in by_title)
        return Refusal.CERTIFICATE if at_address else Refusal.ADDRESS


def plain_address(text: str) -> str:
    """Give the one way to write a peer's address: an address as itself, a network by its first address and length.

    So `192.0.2.7/32` is `192.0.2.7`, and `192.0.2.7/24` is `192.0.2.0/24`.

    Raises:
        Unsuitable: It is neither.
    """
    network = _network(text)
    return str(network if network.num_addresses > 1 else network.network_address)


@dataclass(frozen=True)
class Published:
    """What the admission file says."""

    peers: tuple[PeerEntry, ...] = ()
    revoked: tuple[RevokedCertificate, ...] = ()


def encode_admission(peers: Sequence[PeerEntry], revoked: Sequence[RevokedCertificate] = ()) -> bytes:
    """Give the admission file's bytes."""
    told = {"peers": [asdict(peer) for peer in peers], "revoked": [asdict(certificate) for certificate in revoked]}
    return json.dumps({"format": _FORMAT, **told}, indent=1).encode() + b"\n"


def decode_admission(stored: bytes) -> Published:
    """Read the admission file's bytes.

    Raises:
        Unsuitable: It is not an admission file of a format that this release knows.
    """
    try:
        table = json.loads(stored)
        if table["format"] != _FORMAT:
            raise Unsuitable("the admission file has a format that this release does not know")
        revoked = tuple(_revoked(entry) for entry in table.get("revoked", ()))
        return Published(tuple(_peer(entry) for entry in table["peers"]), revoked)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
        raise Unsuitable("the admission file cannot be read") from fault


@dataclass
class AdmissionFile:
    """The admission list, read again whenever its file was replaced.

    Attributes:
        path: The file.
        called_ae_titles: The box's own titles.
        any_peer: Admit every caller, whatever the file says.
    """

    path: Path
    called_ae_titles: tuple[str, ...]
    any_peer: bool = False
    _seen: tuple[int, int, int] | None = field(default=None, init=False)
    _published: Published = field(default=Published(), init=False)

    def current(self) -> Admission:
        """Give the list as it is now."""
        self._read_if_changed()
        said = self._published
        return Admission(said.peers, self.called_ae_titles, any_peer=self.any_peer, revoked=said.revoked)

    def _read_if_changed(self) -> None:
        try:
            found = self.path.stat()
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                self._published = decode_admission(_read_bounded(self.path))
                self._seen = seen
        except FileNotFoundError:
            self._published, self._seen = Published(), None
        except (OSError, Unsuitable) as fault:
            log.warning("the admission file cannot be read, the last good list holds: %s", type(fault).__name__)


def _read_bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        stored = file.read(LARGEST_FILE_BYTES + 1)
    if len(stored) > LARGEST_FILE_BYTES:
        raise Unsuitable("the admission file is too large")
    return stored


def _peer(entry: Mapping[str, object]) -> PeerEntry:
    texts = {name: tuple(_texts(entry.get(name, ()))) for name in _LISTS}
    return PeerEntry(str(entry["name"]), **texts)


def _revoked(entry: Mapping[str, object]) -> RevokedCertificate:
    sha256, serial_number, is_held = entry["sha256"], entry["serial_number"], entry["is_held"]
    if not isinstance(sha256, str) or not isinstance(serial_number, str | None) or not isinstance(is_held, bool):
        raise Unsuitable("the admission file revokes something else than certificates")
    return RevokedCertificate(sha256, serial_number, is_held)


_LISTS = ("calling_ae_titles", "addresses", "certificate_sha256", "called_ae_titles")


def _texts(value: object) -> Iterator[str]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise Unsuitable("the admission file has a list of something else than texts")
    yield from value


def _names(titles: Sequence[str], title: AETitle) -> bool:
    return any(AETitle(known.strip(" ")).matches(title) for known in titles)


def _comes_from(addresses: Sequence[str], address: str) -> bool:
    return any(ip_address(address) in _network(known) for known in addresses)


def _network(text: str) -> IPv4Network | IPv6Network:
    """Read an address or a network as callers are known: without an interface, and IPv4 as such."""
    try:
        network = ip_network(_INTERFACE.sub("", text), strict=False)
    except ValueError:
        raise Unsuitable("a peer's address is an IP address or a network") from None
    mapped = network.network_address.ipv4_mapped if isinstance(network, IPv6Network) else None
    if mapped is None or network.prefixlen < _MAPPED_BITS:
        return network
    return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
