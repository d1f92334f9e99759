"""DICOM over TLS: versions, ciphers, certificates.

TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only. A
client certificate is asked for as soon as there are authorities to check it
by; whether one is needed is a setting, and admission says which.

Source: DICOM PS3.15 B.12 (BCP 195 profile), RFC 9325.
"""

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Unavailable

CIPHERS = ":".join(
    (
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
    )
)


@dataclass(frozen=True)
class TlsFiles:
    """Where the receiver's TLS identity is.

    Attributes:
        certificate: The chain, PEM.
        key: Its private key, PEM.
        client_authorities: What client certificates are checked by, PEM; the file may be absent.
        require_client_certificate: Refuse whoever shows none.
    """

    certificate: Path
    key: Path
    client_authorities: Path
    require_client_certificate: bool = False


class TlsIdentity:
    """Gives the TLS context, read again whenever its files were replaced."""

    def __init__(self, files: TlsFiles) -> None:
        self._files = files
        self._seen: tuple[int, ...] = ()
        self._context: ssl.SSLContext | None = None

    def context(self) -> ssl.SSLContext:
        """Give the context for the next connection.

        Raises:
            Unavailable: Certificate or key cannot be read, or none can be asked of clients who must show one.
        """
        seen = self._stamps()
        if self._context is None or seen != self._seen:
            self._context, self._seen = make_context(self._files), seen
        return self._context

    def _stamps(self) -> tuple[int, ...]:
        files = (self._files.certificate, self._files.key, self._files.client_authorities)
        return tuple(file.stat().st_mtime_ns if file.exists() else 0 for file in files)


def make_context(files: TlsFiles) -> ssl.SSLContext:
    """Make a server context of the files as they are now.

    Raises:
        Unavailable: They cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    try:
        context.load_cert_chain(files.certificate, files.key)
        if files.client_authorities.exists():
            context.load_verify_locations(files.client_authorities)
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a device's own certificate may be listed itself
            context.verify_mode = ssl.CERT_OPTIONAL
    except (OSError, ssl.SSLError) as fault:
        raise Unavailable("the certificate for DICOM over TLS cannot be used") from fault
    if files.require_client_certificate:
        if context.verify_mode == ssl.CERT_NONE:
            raise Unavailable("client certificates are required, but there are no authorities to check them by")
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def fingerprint(stream: ssl.SSLSocket) -> str | None:
    """Give the SHA-256 of the client's certificate in hexadecimal, if it showed one."""
    certificate = stream.getpeercert(binary_form=True)
    return hashlib.sha256(certificate).hexdigest() if certificate else None


def serial_number(stream: ssl.SSLSocket) -> str | None:
    """Give the serial number of the client's certificate in hexadecimal, if it showed one that was verified."""
    told = (stream.getpeercert() or {}).get("serialNumber")
    return format(int(told, 16), "x") if isinstance(told, str) else None
