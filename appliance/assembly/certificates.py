"""The box's certificates: made with the keys, and good to serve with while it is locked.

Guards: the authorities' root keys are in the catalogue alone. What lies in
`tls/` works without any key of the box: an issuing key that lives 90 days and
can name only the clinic's own names, and what it issued: in `tls/web` for
Caddy and in `tls/dicom` for the receiver, neither of which enters the other's
(systemd/enamel.tmpfiles.conf). Certificates are
renewed when a third of their life is left, at every start and unlocking, and
while running by whoever keeps the lock: the one browsers see always, those
that need a root key while the box is unlocked.
"""

from ipaddress import ip_address
from pathlib import Path

from appliance.accounts.peers.certificates import register_certificate
from appliance.accounts.peers.queries_certificates import Certificate
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.audit.events import OPERATOR, PROCESS, Event, EventCode
from appliance.clock import Clock
from appliance.config import Settings
from appliance.errors import Unavailable, Unsuitable
from appliance.keys.authority import (
    Issued,
    certificate_sha256,
    ends_at,
    is_due,
    issue_device_client,
    issue_device_server,
    issue_web_certificate,
    new_device_root,
    new_web_intermediate,
    new_web_root,
    serial_number,
)
from appliance.keys.hierarchy import Keyring
from appliance.store.files import RealFiles, clear_drafts, replace_durably, storage_faults
from appliance.store.rotating_keys import KeyKind
from appliance.store.transactions import WriteTransaction

CA_FILE = "web-ca.pem"  # what staff are asked to trust
_SHARED, _OWN = 0o640, 0o600
_ALWAYS = "localhost"


def ensure_certificates(rooms: Rooms) -> None:
    """Make whatever is missing, due, or made for other names.

    Raises:
        Unsuitable: A name in the settings is no host name, or a public address.
        Unavailable: The disk refused.
    """
    names, folders = rooms.settings.staff.names, rooms.folders
    web, dicom = folders.web_tls, folders.dicom_tls
    with rooms.database.write() as tx:
        root = _web_root(rooms, tx)
        fresh = new_device_root(rooms.settings.clinic_name, rooms.clock.now())
        devices = _authority(rooms, tx, KeyKind.DEVICE_AUTHORITY, fresh)
    _clear_drafts(folders)
    if _read(folders.tls / CA_FILE) != root.certificate or _is_due(
        web / "web-intermediate.pem", rooms.clock, root.certificate
    ):
        intermediate = new_web_intermediate(root, rooms.clock.now())
        _write(web / "web-intermediate-key.pem", intermediate.private_key, _OWN)
        _write(web / "web-intermediate.pem", intermediate.certificate, _SHARED)
        _write(folders.tls / CA_FILE, root.certificate, _SHARED)
        _issue_web(web, names, rooms.clock)
    renew_web_certificate(folders, names, rooms.clock)
    if _read(dicom / "dicom-clients.pem") != devices.certificate or _is_due(
        dicom / "dicom.pem", rooms.clock, devices.certificate
    ):
        server = issue_device_server(devices, names, rooms.clock.now())
        _write(dicom / "dicom-key.pem", server.private_key, _SHARED)
        _write(dicom / "dicom.pem", server.certificate + devices.certificate, _SHARED)
        _write(dicom / "dicom-clients.pem", devices.certificate, _SHARED)


def replace_authority(rooms: Rooms, kind: KeyKind, number: int) -> int:
    """Note that somebody may know an authority's key, make another authority, and issue everything again.

    Returns:
        The new authority's number. Every browser, or every device, has to be told of it.

    Raises:
        NotFound: There is none of that number, or that was noted before.
        Unavailable: The disk refused.
    """
    names, now = rooms.settings.staff.names, rooms.clock.now()
    fresh = (
        new_web_root(rooms.settings.clinic_name, _domains(names), now)
        if kind is KeyKind.WEB_AUTHORITY
        else new_device_root(rooms.settings.clinic_name, now)
    )
    with rooms.database.write() as tx:
        rooms.rotating_keys.mark_compromised(tx, kind, number)
        rooms.audit.record(tx, Event(EventCode.KEY_COMPROMISED, OPERATOR, number=number))
        made = rooms.rotating_keys.keep_authority(tx, kind, fresh)
        rooms.audit.record(tx, Event(EventCode.CERTIFICATE_ISSUED, OPERATOR, number=made))
    ensure_certificates(rooms)
    return made


def issue_for_device(
    rooms: Rooms, device_name: str, answerable_key: int | None = None
) -> tuple[Issued, bytes, Certificate]:
    """Issue what one device shows over DICOM TLS; its key is kept nowhere here.

    Args:
        rooms: Of the box.
        device_name: Which device it is for.
        answerable_key: The account of whoever answers for it, with whom it ends; None for nobody.

    Returns:
        Certificate and key, and the authority that the device has to trust, PEM; and its entry in the register.

    Raises:
        Unsuitable: A device without a name.
        NotFound: Whoever should answer for it has no open account.
    """
    if not device_name.strip():
        raise Unsuitable("a certificate is made for a device by its name")
    now = rooms.clock.now()
    with rooms.database.write() as tx:
        authority = rooms.rotating_keys.current_authority(tx, KeyKind.DEVICE_AUTHORITY)
        issued = issue_device_client(authority, device_name, now)
        pem = issued.certificate
        made = Certificate(
            0, device_name.strip(), certificate_sha256(pem), serial_number(pem), now, ends_at(pem), answerable_key
        )
        entered = register_certificate(tx, rooms.accounts, made, OPERATOR)
    return issued, authority.certificate, entered


def keep_certificates(settings: Settings, keyring: bytes | None, clock: Clock) -> bool:
    """Renew what is due while the box runs.

    Args:
        settings: Of the box.
        keyring: Of staff, which opens the authorities' root keys; None while the box is locked.
        clock: Says what is due.

    Returns:
        Whether Caddy has to read its certificate again.

    Raises:
        Unavailable: There is no issuing certificate, or the disk refused.
    """
    folders = Folders.of(settings)
    web, dicom = folders.web_tls, folders.dicom_tls
    needs_root_key = {
        web / "web-intermediate.pem": folders.tls / CA_FILE,
        dicom / "dicom.pem": dicom / "dicom-clients.pem",
    }
    before = _read(web / "web.pem")
    if keyring is not None and any(
        _is_due(file, clock, _read(authority)) for file, authority in needs_root_key.items()
    ):
        rooms = open_rooms(settings, Keyring.decode(keyring), clock)
        try:
            ensure_certificates(rooms)
        finally:
            rooms.database.close()
    renew_web_certificate(folders, settings.staff.names, clock)
    return _read(web / "web.pem") != before


def renew_web_certificate(folders: Folders, names: tuple[str, ...], clock: Clock) -> bool:
    """Issue the web certificate again where it is due or the names are others; needs no key of the box.

    Returns:
        Whether Caddy has to read it again.
    """
    web, authority = folders.web_tls, _read(folders.tls / CA_FILE)
    if _read(web / "web-names") == _names(names) and not _is_due(web / "web.pem", clock, authority):
        return False
    _issue_web(web, names, clock)
    return True


def _issue_web(web: Path, names: tuple[str, ...], clock: Clock) -> None:
    chain, key = _read(web / "web-intermediate.pem"), _read(web / "web-intermediate-key.pem")
    if chain is None or key is None:
        raise Unavailable("the box has no issuing certificate yet: unlock it once")
    issued = issue_web_certificate(Issued(chain, key), names, clock.now())
    _write(web / "web-key.pem", issued.private_key, _SHARED)
    _write(web / "web.pem", issued.certificate + chain, _SHARED)
    _write(web / "web-names", _names(names), _SHARED)


def _web_root(rooms: Rooms, tx: WriteTransaction) -> Issued:
    """Give the authority for these names: the one there is, or a new one if it may not vouch for them."""
    names = rooms.settings.staff.names
    fresh = new_web_root(rooms.settings.clinic_name, _domains(names), rooms.clock.now())
    root = _authority(rooms, tx, KeyKind.WEB_AUTHORITY, fresh)
    try:
        issue_web_certificate(new_web_intermediate(root, rooms.clock.now()), names, rooms.clock.now())
    except Unsuitable:
        return _keep(rooms, tx, KeyKind.WEB_AUTHORITY, fresh)
    return root


def _authority(rooms: Rooms, tx: WriteTransaction, kind: KeyKind, fresh: Issued) -> Issued:
    try:
        return rooms.rotating_keys.current_authority(tx, kind)
    except Unavailable:
        return _keep(rooms, tx, kind, fresh)


def _keep(rooms: Rooms, tx: WriteTransaction, kind: KeyKind, root: Issued) -> Issued:
    number = rooms.rotating_keys.keep_authority(tx, kind, root)
    rooms.audit.record(tx, Event(EventCode.CERTIFICATE_ISSUED, PROCESS, number=number))
    return root


def _domains(names: tuple[str, ...]) -> list[str]:
    return sorted({name.lower() for name in names if not _is_address(name)} | {_ALWAYS})


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _names(names: tuple[str, ...]) -> bytes:
    return "\n".join(names).encode()


def _is_due(file: Path, clock: Clock, authority: bytes | None) -> bool:
    certificate = _read(file)
    return certificate is None or authority is None or is_due(certificate, clock.now(), authority)


def _read(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None


def _clear_drafts(folders: Folders) -> None:
    """Remove what was being written when an earlier start was cut off, keys among it."""
    with storage_faults():
        for folder in (folders.tls, folders.web_tls, folders.dicom_tls):
            clear_drafts(folder)


def _write(file: Path, content: bytes, mode: int) -> None:
    with storage_faults():
        replace_durably(RealFiles(), file, content, mode)
