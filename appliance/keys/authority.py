"""The box's own certificate authorities: one for the web, one for devices.

Guards: what staff are asked to trust can name the clinic's own names and
private addresses and nothing else in the world; the two authorities do not
vouch for each other; an issuing key that works while the box is locked lives
90 days.
Leaves out: where root keys are kept (the catalogue only), and when to renew.

Source: RFC 5280 4.2.1.10 (name constraints); DICOM PS3.15 B.12 (device TLS).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.errors import Tampered, Unsuitable

ROOT_DAYS = 20 * 365
INTERMEDIATE_DAYS = 90
WEB_LEAF_DAYS = 30
DEVICE_DAYS = 5 * 365  # a scanner's certificate is changed by a service technician
_BACKDATED = timedelta(days=1)  # a scanner's clock may be behind
_CLINIC_NAME_CHARACTERS = 40  # a common name has at most 64
_PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8",
                     "fc00::/7", "fe80::/10", "::1/128"))
)  # fmt: skip


@dataclass(frozen=True)
class Issued:
    """A certificate with its private key, both PEM. The key does not print."""

    certificate: bytes
    private_key: bytes = field(repr=False)


def new_web_root(clinic_name: str, domains: Iterable[str], now: datetime) -> Issued:
    """Make the authority that staff are asked to trust.

    Args:
        clinic_name: Shown where a device lists what it trusts.
        domains: The clinic's own names; each permits what is below it as well.
        now: The instant it is made.

    Raises:
        Unsuitable: No domain, or one that is no host name.
    """
    permitted = [x509.DNSName(_host_name(domain)) for domain in domains]
    if not permitted:
        raise Unsuitable("a web authority is made for at least one name")
    constraints = x509.NameConstraints([*permitted, *map(x509.IPAddress, _PRIVATE)], None)
    return _root(f"{_short(clinic_name)} (Enamel web)", now, constraints, path_length=1)


def new_web_intermediate(root: Issued, now: datetime) -> Issued:
    """Make the 90-day authority that issues for the web while the box is locked, bound as its root is."""
    parent = _certificate(root)
    constraints = parent.extensions.get_extension_for_class(x509.NameConstraints).value
    until = (now + timedelta(days=INTERMEDIATE_DAYS)).date()
    draft = _draft(f"Enamel web until {until}", now, INTERMEDIATE_DAYS)  # its own name, or path length lets it by
    return _sign(_as_authority(draft, 0).add_extension(constraints, critical=True), root)


def issue_web_certificate(intermediate: Issued, names: Iterable[str], now: datetime) -> Issued:
    """Issue a certificate for a web server's host names and addresses.

    Raises:
        Unsuitable: A name that the authority may not vouch for.
    """
    alternatives = [_alternative(name) for name in names]
    _check_permitted(_certificate(intermediate), alternatives)
    draft = _draft("Enamel", now, WEB_LEAF_DAYS).add_extension(x509.SubjectAlternativeName(alternatives), critical=True)
    return _sign(_as_end(draft, ExtendedKeyUsageOID.SERVER_AUTH), intermediate)


def new_device_root(clinic_name: str, now: datetime) -> Issued:
    """Make the authority for DICOM TLS; no browser is ever asked to trust it."""
    return _root(f"{_short(clinic_name)} (Enamel devices)", now, None, path_length=0)


def issue_device_server(root: Issued, names: Iterable[str], now: datetime) -> Issued:
    """Issue the certificate that our own DICOM TLS ports show, for host names and addresses."""
    alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
    draft = _draft("Enamel", now, DEVICE_DAYS).add_extension(alternatives, critical=True)
    return _sign(_as_end(draft, ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH), root)


def issue_device_client(root: Issued, device_name: str, now: datetime) -> Issued:
    """Issue the certificate that one device shows us; it is known by its SHA-256, not by its name."""
    draft = _draft(f"Device {_short(device_name)}", now, DEVICE_DAYS)
    return _sign(_as_end(draft, ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH), root)


def certificate_sha256(certificate: bytes) -> bytes:
    """Give a PEM certificate's fingerprint, as admission and rows keep it.

    Raises:
        Tampered: It is no certificate.
    """
    return _load(certificate).fingerprint(SHA256())


def serial_number(certificate: bytes) -> str:
    """Give a PEM certificate's serial number in hexadecimal; unlike the fingerprint it is part of what is signed.

    Raises:
        Tampered: It is no certificate.
    """
    return format(_load(certificate).serial_number, "x")


def ends_at(certificate: bytes) -> datetime:
    """Give the instant after which a PEM certificate is good for nothing.

    Raises:
        Tampered: It is no certificate.
    """
    return _load(certificate).not_valid_after_utc


def is_due(certificate: bytes, now: datetime, authority: bytes) -> bool:
    """Say whether less than a third of a certificate's life is left, or it was issued ahead of the clock.

    A clock that is before the authority's own time is wrong, and nothing is due by it: what is issued then is
    worth nothing once the clock is set right.

    Raises:
        Tampered: One is no certificate.
    """
    loaded = _load(certificate)
    if now < loaded.not_valid_before_utc:
        return now >= _load(authority).not_valid_before_utc
    return now > loaded.not_valid_after_utc - (loaded.not_valid_after_utc - loaded.not_valid_before_utc) / 3


def _root(name: str, now: datetime, constraints: x509.NameConstraints | None, *, path_length: int) -> Issued:
    draft = _as_authority(_draft(name, now, ROOT_DAYS), path_length).issuer_name(_common_name(name))
    if constraints is not None:
        draft = draft.add_extension(constraints, critical=True)
    return _sign(draft, None)


def _draft(name: str, now: datetime, days: int) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_common_name(name))
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + timedelta(days=days))
    )


def _common_name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _as_authority(draft: x509.CertificateBuilder, path_length: int) -> x509.CertificateBuilder:
    return draft.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True).add_extension(
        _usage(authority=True), critical=True
    )


def _as_end(draft: x509.CertificateBuilder, *purposes: x509.ObjectIdentifier) -> x509.CertificateBuilder:
    return (
        draft.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _sign(draft: x509.CertificateBuilder, issuer: Issued | None) -> Issued:
    key = generate_private_key(SECP256R1())
    draft = draft.public_key(key.public_key()).add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    )
    signing_key = key
    if issuer is not None:
        signing_key = _private_key(issuer)
        draft = draft.issuer_name(_certificate(issuer).subject).add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False
        )
    signed = draft.sign(signing_key, SHA256())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Issued(signed.public_bytes(Encoding.PEM), pem)


def _certificate(issued: Issued) -> x509.Certificate:
    return _load(issued.certificate)


def _load(certificate: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(certificate)
    except ValueError:
        raise Tampered("this is no certificate") from None


def _private_key(issued: Issued) -> EllipticCurvePrivateKey:
    key = load_pem_private_key(issued.private_key, None)
    if not isinstance(key, EllipticCurvePrivateKey):
        raise Tampered("an authority's key is not of the kind that it was made with")
    return key


def _alternative(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(_host_name(name))


def _check_permitted(authority: x509.Certificate, names: Iterable[x509.DNSName | x509.IPAddress]) -> None:
    permitted = authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees or []
    domains = [name.value for name in permitted if isinstance(name, x509.DNSName)]
    for name in names:
        if isinstance(name, x509.DNSName):
            allowed = any(name.value == domain or name.value.endswith(f".{domain}") for domain in domains)
        else:
            allowed = any(ip_address(str(name.value)) in network for network in _PRIVATE)
        if not allowed:
            raise Unsuitable("the web authority may not vouch for this name: it is neither the clinic's nor private")


def _host_name(name: str) -> str:
    labels = name.lower().split(".")
    if len(name) > 253 or not all(_is_label(label) for label in labels):
        raise Unsuitable("this is no host name")
    return name.lower()


def _is_label(label: str) -> bool:
    """Say whether it is letters, digits and inner hyphens, 1 to 63 of them (RFC 1123 2.1)."""
    plain = label.replace("-", "")
    return 1 <= len(label) <= 63 and plain.isascii() and plain.isalnum() and label.strip("-") == label


def _short(name: str) -> str:
    return name[:_CLINIC_NAME_CHARACTERS].strip() or "Enamel"
