"""The settings: one frozen struct from one file, all faults told together.

Secrets are never settings. Times, sizes and ports carry their unit in their
name. Nothing outside this module reads the environment.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, get_type_hints
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct

from appliance.errors import Unsuitable

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=1, le=100_000)]
Seconds = Annotated[int, Meta(ge=1, le=86_400)]
Percent = Annotated[int, Meta(ge=0, le=100)]
Bytes = Annotated[int, Meta(ge=1)]
AE = Annotated[str, Meta(min_length=1, max_length=16, pattern=r"^[\x21-\x5b\x5d-\x7e]([\x20-\x5b\x5d-\x7e]*)$")]
Address = Annotated[str, Meta(max_length=253, pattern=r"^[^@\s<>,;\x00-\x20]+@[^@\s<>,;\x00-\x20]+$")]
Contact = Annotated[str, Meta(max_length=253, pattern=r"^((mailto:|https://|tel:)[\x21-\x7e]+)?$")]
Name = Annotated[str, Meta(min_length=1, max_length=253)]

GIB = 1 << 30
INSTALLED_SETTINGS = Path("/etc/enamel/settings.toml")


class ReceiverSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What scanners meet.

    Attributes:
        listen: Address to listen on.
        port: Plain DICOM.
        tls_port: DICOM over TLS; 0 turns it off.
        ae_title: The title scanners call.
        ae_title_aliases: Further titles answered to, whoever calls.
        tls_client_certificate: Whether whoever comes by TLS must show a certificate.
        accept_any_peer: Admit every caller; only on a loopback address.
        maximum_associations: In all, at one moment.
        maximum_associations_per_peer: From one address, at one moment.
        artim_seconds: How long a silent socket may stay.
        idle_seconds: How long an association may say nothing.
        least_bytes_per_second: How fast an object must come once it has begun; 0 asks for nothing.
        least_rate_over_seconds: The time that this rate is averaged over.
        maximum_association_bytes: What one association may bring.
        reserve_bytes: Free space below which nothing more is taken.
    """

    listen: Name = "0.0.0.0"  # noqa: S104  scanners come from the clinic's network; admission decides
    port: Port = 11112
    tls_port: Port = 2762
    ae_title: AE = "ENAMEL"
    ae_title_aliases: tuple[AE, ...] = ()
    tls_client_certificate: Literal["optional", "required"] = "optional"
    accept_any_peer: bool = False
    maximum_associations: Count = 64
    maximum_associations_per_peer: Count = 16
    artim_seconds: Annotated[int, Meta(ge=1, le=10)] = 10
    idle_seconds: Seconds = 180
    least_bytes_per_second: Annotated[int, Meta(ge=0, le=1 << 20)] = 4096
    least_rate_over_seconds: Seconds = 60
    maximum_association_bytes: Bytes = 64 * GIB
    reserve_bytes: Bytes = 2 * GIB


class StaffSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What the clinic's browsers meet.

    Attributes:
        listen: Address Caddy listens on.
        port: HTTPS.
        names: Host names and addresses of this box on the clinic's network.
        lock_after_seconds: Idle time until the screen locks.
        emergency_minutes: For how long an emergency lends the right to look at images.
        security_contact: Where to report a weakness, for `security.txt`; empty, there is none.
    """

    listen: Name = "0.0.0.0"  # noqa: S104  the clinic's browsers come from its network; login decides
    port: Port = 443
    names: tuple[Name, ...] = ("localhost", "127.0.0.1")
    lock_after_seconds: Seconds = 300
    emergency_minutes: Annotated[int, Meta(ge=5, le=240)] = 60
    security_contact: Contact = ""


class PasswordSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What passwords of people have to be, and of whom a second factor is asked besides.

    Attributes:
        characters: How many at least.
        days: How long one holds; 0, as is advised, for as long as its person keeps it.
        second_factor: Who has to have one. With `administrators` passwords have at least 15 characters.
    """

    characters: Annotated[int, Meta(ge=8, le=64)] = 8
    days: Annotated[int, Meta(ge=0, le=3650)] = 0
    second_factor: Literal["all", "administrators"] = "all"


class PackSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """What packs may take: series prepared for quick opening, which can be dropped and made again at any time.

    Attributes:
        most_percent: Of the data folder's disk, all packs together; 0 makes none.
        leave_free_percent: Of that disk; with less than that free, none is made and those least used go.
    """

    most_percent: Percent = 10
    leave_free_percent: Percent = 20


class MailSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The clinic's mail server, and whom to tell what the box has to say; its password is no setting.

    Attributes:
        host: The mail server; empty sends no mail.
        port: Where it listens.
        security: TLS begun after the greeting, from the first byte, or none, which takes no password.
        user: To sign in as; empty signs in to none.
        sender: The address that mails come from.
        recipients: Whom to tell.
        certificate_file: A certificate to trust besides the machine's own, for a server inside the clinic.
        language: Of the mails.
    """

    host: Annotated[str, Meta(max_length=253)] = ""
    port: Annotated[int, Meta(ge=1, le=65535)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, Meta(max_length=253)] = ""
    sender: Annotated[str, Meta(max_length=253)] = ""
    recipients: tuple[Address, ...] = ()
    certificate_file: str = ""
    language: Literal["en", "es", "pt"] = "en"


class WebhookSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A service that is told what the box has to say.

    Attributes:
        url: Where to; `https`, or `http` on this machine; empty tells none.
    """

    url: Annotated[str, Meta(max_length=1000)] = ""


class SyslogSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """A server that collects audit messages, by syslog over TLS.

    Attributes:
        host: The server, by the name that its certificate bears; empty sends nothing.
        port: Where it listens.
        certificate_file: An authority to trust besides the machine's own, for a server inside the clinic.
        study_uids: Whether a study is told by its Study Instance UID; else by a number of this box.
    """

    host: Annotated[str, Meta(max_length=253)] = ""
    port: Annotated[int, Meta(ge=1, le=65535)] = 6514
    certificate_file: str = ""
    study_uids: bool = True


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """All settings of one box.

    Attributes:
        clinic_name: Shown on every page.
        data_folder: Where everything is kept; relative to the settings file.
        run_folder: Where unix sockets are; empty means `run` in the data folder.
        time_zone: Whose time of day jobs go by, as `Europe/Madrid`; empty is the machine's own.
        log_level: How much the processes log.
        receiver: What scanners meet.
        staff: What the clinic's browsers meet.
        passwords: What passwords of people have to be.
        packs: What packs may take.
        mail: Whom to tell by mail.
        webhook: Which service to tell.
        syslog: Which server collects the record of who did what.
    """

    clinic_name: Annotated[str, Meta(min_length=1, max_length=120)] = "Enamel"
    data_folder: str = "."
    run_folder: str = ""
    time_zone: Annotated[str, Meta(max_length=60)] = ""
    log_level: Literal["debug", "info", "warning"] = "info"
    receiver: ReceiverSettings = ReceiverSettings()
    staff: StaffSettings = StaffSettings()
    passwords: PasswordSettings = PasswordSettings()
    packs: PackSettings = PackSettings()
    mail: MailSettings = MailSettings()
    webhook: WebhookSettings = WebhookSettings()
    syslog: SyslogSettings = SyslogSettings()


def read_settings(file: Path) -> Settings:
    """Read the settings, with folders made absolute.

    Raises:
        Unsuitable: The file is absent, is not TOML, or has faults; all are told, a line each.
    """
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Unsuitable(f"there are no settings at {file}: `enamel keys init` makes a box") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Unsuitable(f"settings cannot be read: {error}") from error
    settings = settings_from(table)
    data = (file.parent / settings.data_folder).resolve()
    run = (data / settings.run_folder).resolve() if settings.run_folder else data / "run"
    return in_folders(settings, str(data), str(run))


def in_folders(settings: Settings, data_folder: str, run_folder: str) -> Settings:
    """Give the same settings for other folders."""
    return msgspec.structs.replace(settings, data_folder=data_folder, run_folder=run_folder)


def telling_nobody(settings: Settings) -> Settings:
    """Give the same settings without mail and webhook."""
    return msgspec.structs.replace(settings, mail=MailSettings(), webhook=WebhookSettings())


def settings_from(table: Mapping[str, object]) -> Settings:
    """Make settings of a parsed table.

    Raises:
        Unsuitable: It has faults; all are told, a line each.
    """
    faults = [*_faults(Settings, table, "")]
    if not faults:
        settings = msgspec.convert(table, Settings)
        faults = [*_contradictions(settings)]
        if not faults:
            return settings
    raise Unsuitable("settings have faults:\n" + "\n".join(f"  {fault}" for fault in faults))


def settings_text(settings: Settings) -> str:
    """Write settings as a file that `read_settings` reads back."""
    table = msgspec.to_builtins(settings)
    plain = [f"{key} = {_toml(value)}" for key, value in table.items() if not isinstance(value, dict)]
    for section, values in table.items():
        if isinstance(values, dict):
            plain += ["", f"[{section}]", *(f"{key} = {_toml(value)}" for key, value in values.items())]
    return "\n".join(plain) + "\n"


def settings_values(settings: Settings) -> dict[str, str]:
    """Give each setting under its whole name, its value as it stands in a settings file."""
    found: dict[str, str] = {}
    for key, value in msgspec.to_builtins(settings).items():
        section = value if isinstance(value, dict) else {"": value}
        found |= {f"{key}.{name}" if name else key: _toml(each) for name, each in section.items()}
    return found


def find_settings(data: Path | None, file: Path | None) -> Path:
    """Say which settings file is meant: the one named, the data folder's, `./data`'s, or the installed box's."""
    if file is not None:
        return file
    if data is not None:
        return data / "settings.toml"
    here = Path("data") / "settings.toml"
    return here if here.exists() else INSTALLED_SETTINGS


def credentials_folder() -> Path | None:
    """Tell where systemd put this process's credentials, if it did."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return Path(folder) if folder else None


def service_manager_facts() -> dict[str, str]:
    """Give what systemd says to a service: sockets handed over, whom to tell that it is ready."""
    names = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC")
    return {name: os.environ[name] for name in names if name in os.environ}


def child_environment(repository: Path) -> dict[str, str]:
    """Give the whole environment of a child process: no secret, and what the interpreter needs."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TZ") if name in os.environ}
    ours = {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(repository), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**kept, **ours, "OPENBLAS_NUM_THREADS": "1"}  # numpy begins a thread for each processor else


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # strings, numbers, booleans and arrays are written alike in TOML


def _faults(kind: type[Struct], table: Mapping[str, object], place: str) -> list[str]:
    hints = get_type_hints(kind, include_extras=True)
    found = [f"{place}{key}: there is no such setting" for key in table if key not in hints]
    for key, value in table.items():
        if key in hints:
            found += _fault(hints[key], value, f"{place}{key}")
    return found


def _fault(hint: object, value: object, place: str) -> list[str]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _faults(hint, value, f"{place}.") if isinstance(value, Mapping) else [f"{place}: must be a table"]
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        return [f"{place}: {error}"]
    return []


def _contradictions(settings: Settings) -> list[str]:
    receiver, found = settings.receiver, []
    for place, address in (("receiver.listen", receiver.listen), ("staff.listen", settings.staff.listen)):
        if not _is_address(address):
            found.append(f"{place}: must be an IP address")
    if settings.time_zone and not _is_zone(settings.time_zone):
        found.append("time_zone: must be a name of the time zone database, as Europe/Madrid")
    if receiver.accept_any_peer and not _is_loopback(receiver.listen):
        found.append("receiver.accept_any_peer: only where receiver.listen is a loopback address")
    found += [*_mail_contradictions(settings.mail), *_webhook_contradictions(settings.webhook.url)]
    if receiver.port and receiver.port == receiver.tls_port:
        found.append("receiver.tls_port: is the plain port already")
    return found


def _mail_contradictions(mail: MailSettings) -> list[str]:
    found = []
    if mail.host and not (re.fullmatch(r"[^@\s]+@[^@\s]+", mail.sender) and mail.recipients):
        found.append("mail: a server needs mail.sender, an address, and mail.recipients")
    if mail.user and mail.security == "none":
        found.append("mail.user: signs in over TLS only (mail.security: starttls or tls)")
    return found


def _webhook_contradictions(url: str) -> list[str]:
    if not url:
        return []
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ["webhook.url: must be a URL"]
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    if not (safe and parts.hostname and port != 0) or parts.username or not url.isascii() or not url.isprintable():
        return ["webhook.url: must be a URL by https, or by http on this machine, without a user"]
    return []


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _is_zone(text: str) -> bool:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):  # a name that is none, one that leaves the folder, one that is a folder
        return False
    return True


def _is_loopback(text: str) -> bool:
    return _is_address(text) and ip_address(text).is_loopback
