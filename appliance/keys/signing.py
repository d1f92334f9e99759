"""Signs what leaves the box so that anybody can check it offline: detached CMS under the box's own P-256 key.

Guards: the private key comes from the signing seed and is kept nowhere; the certificate beside each signature names the
clinic and nobody else. Who checks compares the key's fingerprint with the one that the clinic tells: no authority
vouches for a box. Leaves out: which documents are signed.

Source: RFC 5652 (CMS), RFC 5753 (ECC in CMS), RFC 5280 4.1.2.5 (a certificate without a well-defined end).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
)
from cryptography.x509.oid import NameOID

from appliance.errors import Tampered
from appliance.keys.derivation import expand
from appliance.keys.secret import SecretKey

_LABEL = b"enamel signing p-256"
_SCALAR_BYTES = 48  # half again as long as the order: what is left of it is even to 2**-128
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # SEC 2, 2.4.2
_NO_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
_CLINIC_NAME_CHARACTERS = 40
_MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")  # RFC 5652 11.2
_SET, _OCTETS, _TAGGED = 0x31, 0x04, 0xA0  # X.690 8.1.2, and [0] IMPLICIT of RFC 5652 5.1 and 5.3
_NOT_OURS = (
    InvalidSignature, UnsupportedAlgorithm, x509.InvalidVersion, ValueError, TypeError, IndexError, StopIteration,
)  # fmt: skip
_CHANGED = "the document is not what was signed"


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed: the SHA-256 of the public key, in hexadecimal, and what the certificate calls itself."""

    fingerprint: str
    name: str


class SigningKey:
    """The key of one box."""

    def __init__(self, seed: SecretKey, clinic_name: str, since: datetime) -> None:
        """Take the seed; the certificate names the clinic and is valid from `since`, when the box was made."""
        scalar = int.from_bytes(expand(seed, _LABEL, b"", _SCALAR_BYTES), "big") % (_ORDER - 1) + 1
        self._key = ec.derive_private_key(scalar, ec.SECP256R1())
        self._certificate = _certificate(self._key, clinic_name, since)

    @property
    def fingerprint(self) -> str:
        """Give what the clinic tells others to compare with: 64 hexadecimal digits."""
        return _fingerprint(self._key.public_key())

    @property
    def public_key(self) -> bytes:
        """Give the public half, as a SubjectPublicKeyInfo in DER: what the fingerprint is of."""
        return _public_bytes(self._key.public_key())

    @property
    def certificate(self) -> bytes:
        """Give the certificate, PEM."""
        return self._certificate.public_bytes(Encoding.PEM)

    def sign(self, data: bytes) -> bytes:
        """Give the detached CMS signature of some bytes, DER."""
        builder = PKCS7SignatureBuilder().set_data(data).add_signer(self._certificate, self._key, SHA256())
        options = [PKCS7Options.DetachedSignature, PKCS7Options.Binary, PKCS7Options.NoCapabilities]
        return builder.sign(Encoding.DER, options)


def verify(data: bytes, signature: bytes) -> Signer:
    """Check a signature that a box made, whichever box that was.

    Args:
        data: The bytes.
        signature: Their detached CMS signature, DER; zeros behind it are passed over.

    Raises:
        Tampered: These bytes were not signed with it, or something else than zeros is behind it.
    """
    try:
        certificate, attributes, signed = _signed_data(signature)
        key = certificate.public_key()
        certificate.verify_directly_issued_by(certificate)
        if not isinstance(key, ec.EllipticCurvePublicKey) or _digest_in(attributes) != _sha256(data):
            raise Tampered(_CHANGED)
        key.verify(signed, bytes([_SET]) + attributes[1:], ec.ECDSA(SHA256()))
        name = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
    except _NOT_OURS:
        raise Tampered(_CHANGED) from None
    return Signer(_fingerprint(key), str(name))


def _certificate(key: ec.EllipticCurvePrivateKey, clinic_name: str, since: datetime) -> x509.Certificate:
    name = clinic_name[:_CLINIC_NAME_CHARACTERS].strip() or "Enamel"
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{name} (Enamel signing)")])
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder(subject, subject, key.public_key())
        .serial_number(int(_fingerprint(key.public_key())[:30], 16))
        .not_valid_before(since.replace(microsecond=0))
        .not_valid_after(_NO_END)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(key, SHA256(), ecdsa_deterministic=True)


def _signed_data(signature: bytes) -> tuple[x509.Certificate, bytes, bytes]:
    """Give the first certificate, and the first signer's attributes, as they stand, and value.

    Source: RFC 5652 5.1 and 5.3.
    """
    length = _length(signature)
    if any(signature[length:]):
        raise ValueError
    content = [*_members(_value(signature[:length]))]
    signed_data = [*_members(_value(next(_members(_value(content[1])))))]
    certificates = next(one for one in signed_data if one[0] == _TAGGED)
    info = [*_members(_value(next(_members(_value(signed_data[-1])))))]
    attributes = next(one for one in info if one[0] == _TAGGED)
    value = _value(next(one for one in info if one[0] == _OCTETS))
    return x509.load_der_x509_certificate(next(_members(_value(certificates)))), attributes, value


def _digest_in(attributes: bytes) -> bytes:
    for attribute in _members(_value(attributes)):
        kind, values = _members(_value(attribute))
        if kind == _MESSAGE_DIGEST:
            return _value(next(_members(_value(values))))
    return b""


def _members(content: bytes) -> Iterator[bytes]:
    """Give the elements of a constructed value, each with its tag and length (DER, X.690 8.1)."""
    while content:
        length = _length(content)
        yield content[:length]
        content = content[length:]


def _length(element: bytes) -> int:
    """Give how long an element is with tag and length."""
    first = element[1]
    if first < 0x80:
        return _whole(element, 2 + first)
    count = first & 0x7F
    return _whole(element, 2 + count + int.from_bytes(element[2 : 2 + count], "big"))


def _whole(element: bytes, length: int) -> int:
    if length > len(element):
        raise ValueError
    return length


def _value(element: bytes) -> bytes:
    first = element[1]
    return element[2 + (first & 0x7F if first >= 0x80 else 0) : _length(element)]


def _fingerprint(key: ec.EllipticCurvePublicKey) -> str:
    return _sha256(_public_bytes(key)).hex()


def _public_bytes(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _sha256(data: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()
