"""A whole clinic on loopback from nothing: for whoever tries Enamel, and for tests from outside.

Guards: it listens on loopback only, its box opens by itself, and its folder
says so; a folder that is not a demonstration's is refused. What it prints of
passwords and tokens is kept in the folder, so that a second start prints the
same.
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.accounts.account import NewAccount
from appliance.accounts.peers import queries as peer_queries
from appliance.accounts.peers.approval import add_peer
from appliance.accounts.peers.queries import Peer
from appliance.accounts.roles import Role
from appliance.accounts.service import all_accounts, create_account
from appliance.accounts.tokens import MAY_BE_SCOPED, find_token, issue_token
from appliance.accounts.totp import new_secret, secret_from_text, secret_text
from appliance.assembly.box import complete_box, create_box, unseal_root
from appliance.assembly.certificates import CA_FILE
from appliance.assembly.folders import Folders
from appliance.assembly.ports import check_ports
from appliance.assembly.rooms import Rooms
from appliance.audit.events import OPERATOR
from appliance.clock import Clock
from appliance.config import PackSettings, ReceiverSettings, Settings, StaffSettings, in_folders, settings_text
from appliance.errors import NotFound, Refused, Unsuitable
from appliance.store.files import RealFiles, replace_durably, storage_faults

HOST = "127.0.0.1"
AE_TITLE = "ENAMEL"
SENDER = "PHANTOM"  # the demonstration's own scanner
ADMINISTRATOR, DENTIST = "admin", "dentist"
_CREDENTIALS = "demo.json"
_SECRET_MODE = 0o600
_LAST_PORT = 65535
_PORTS_ADVICE = (
    "Stop what listens there, or take three other ports, 20000 to 20002 for example: "
    "make run DEMO='--ports-from 20000', or enamel demo --ports-from 20000"
)
_RESERVE_BYTES = 64 << 20
_LEAST_FREE_PERCENT = 5  # a demonstration is tried on machines that are fuller than a box may be
_WORDS = (
    "amber", "basalt", "cedar", "delta", "ember", "fjord", "garnet", "harbor",
    "indigo", "juniper", "krill", "lichen", "maple", "nectar", "onyx", "pebble",
    "quartz", "russet", "sorrel", "tundra", "umber", "violet", "willow", "yarrow",
    "zephyr", "anchor", "beacon", "comet", "drift", "estuary", "falcon", "glacier",
)  # fmt: skip


@dataclass(frozen=True)
class Ports:
    """Where the demonstration listens."""

    dicom: int = 11112
    dicom_tls: int = 2762
    web: int = 8443

    @classmethod
    def starting_at(cls, first: int) -> "Ports":
        """Take three ports in a row.

        Raises:
            Unsuitable: There are no such ports.
        """
        if not 0 < first <= _LAST_PORT - 2:
            raise Unsuitable(f"--ports-from takes a number from 1 to {_LAST_PORT - 2}")
        return cls(first, first + 1, first + 2)


@dataclass(frozen=True)
class Person:
    """How one of the demonstration's people comes in."""

    user: str
    password: str
    totp_secret: str


@dataclass(frozen=True)
class Clinic:
    """A demonstration that is ready to run."""

    settings: Settings
    settings_file: Path
    administrator: Person
    dentist: Person
    token: str


def prepare_clinic(folder: Path, ports: Ports, *, accept_any_peer: bool, clock: Clock) -> Clinic:
    """Make the demonstration's box and people, or find them as they were.

    Raises:
        Refused: The folder holds a box that is no demonstration.
        Unavailable: A port cannot be had, or the disk refused.
    """
    settings = _settings(folder, ports, accept_any_peer=accept_any_peer)
    folders, credentials = Folders.of(settings), folder / _CREDENTIALS
    if folders.sealed_root.exists() and not credentials.exists():
        raise Refused(f"{folder} holds a box that is no demonstration: `enamel run` runs it")
    check_ports(settings, _PORTS_ADVICE)
    folders.create()
    known: dict[str, Any] = json.loads(credentials.read_bytes()) if credentials.exists() else _new_credentials()
    _keep(credentials, known)
    with storage_faults():
        replace_durably(RealFiles(), folders.settings, settings_text(in_folders(settings, ".", "")).encode())
    if not folders.sealed_root.exists():
        create_box(settings, None, clock)
    rooms = complete_box(settings, unseal_root(folders, None), clock)
    _ensure_people(rooms, known)
    _ensure_sender(rooms)
    if find_token(rooms.accounts, known["token"]) is None:
        known["token"] = issue_token(rooms.accounts, "demonstration", MAY_BE_SCOPED, OPERATOR)
        _keep(credentials, known)
    rooms.database.close()
    people = [Person(**known[name]) for name in (ADMINISTRATOR, DENTIST)]
    return Clinic(settings, folders.settings, people[0], people[1], known["token"])


def demo_folders(folder: Path) -> Folders:
    """Give where a demonstration's parts lie."""
    data = folder.resolve()
    return Folders(data, data / "run")


def has_clinic(folder: Path) -> bool:
    """Say whether a demonstration was made here."""
    return (folder / _CREDENTIALS).exists()


def find_person(folder: Path, user: str) -> Person:
    """Give how one of a demonstration's people comes in.

    Raises:
        NotFound: The folder is no demonstration's, or has no such person.
    """
    file = folder / _CREDENTIALS
    known = json.loads(file.read_bytes()) if file.exists() else {}
    if user not in (ADMINISTRATOR, DENTIST) or user not in known:
        raise NotFound("there is no such person in a demonstration there")
    return Person(**known[user])


def has_samples(folder: Path) -> bool:
    """Say whether the samples were sent here already."""
    return bool(json.loads((folder / _CREDENTIALS).read_bytes()).get("samples"))


def note_samples(folder: Path) -> None:
    """Note that the samples were sent."""
    known = json.loads((folder / _CREDENTIALS).read_bytes())
    _keep(folder / _CREDENTIALS, known | {"samples": True})


def told(clinic: Clinic, processes: dict[str, int]) -> dict[str, object]:
    """Give what a test from outside needs to know of a running demonstration."""
    receiver, staff = clinic.settings.receiver, clinic.settings.staff
    url = f"https://localhost:{staff.port}"
    person = clinic.administrator
    return {
        "dicom": {"host": HOST, "port": receiver.port, "tls_port": receiver.tls_port, "ae_title": receiver.ae_title},
        "web": {
            "url": url,
            "ca_file": str(Folders.of(clinic.settings).tls / CA_FILE),
            "user": person.user,
            "password": person.password,
            "totp_secret": person.totp_secret,
        },
        "dicomweb": {"url": f"{url}/dicomweb", "token": clinic.token},
        "dentist": {"user": clinic.dentist.user, "password": clinic.dentist.password,
                    "totp_secret": clinic.dentist.totp_secret},
        "processes": processes,
        "data": clinic.settings.data_folder,
    }  # fmt: skip


def _settings(folder: Path, ports: Ports, *, accept_any_peer: bool) -> Settings:
    receiver = ReceiverSettings(
        listen=HOST,
        port=ports.dicom,
        tls_port=ports.dicom_tls,
        ae_title=AE_TITLE,
        accept_any_peer=accept_any_peer,
        reserve_bytes=_RESERVE_BYTES,
    )
    staff, packs = StaffSettings(listen=HOST, port=ports.web), PackSettings(leave_free_percent=_LEAST_FREE_PERCENT)
    plain = Settings(clinic_name="Clínica Esmalte", receiver=receiver, staff=staff, packs=packs)
    folders = demo_folders(folder)
    return in_folders(plain, str(folders.data), str(folders.run))


def _new_credentials() -> dict[str, Any]:
    people = {name: _new_person(name) for name in (ADMINISTRATOR, DENTIST)}
    return {"note": "a demonstration: whoever has this folder has its scans", "token": "", **people}


def _new_person(user: str) -> dict[str, str]:
    password = "-".join(secrets.choice(_WORDS) for _ in range(4)) + f"-{secrets.randbelow(90) + 10}"
    return {"user": user, "password": password, "totp_secret": secret_text(new_secret())}


def _keep(file: Path, known: dict[str, Any]) -> None:
    with storage_faults():
        replace_durably(RealFiles(), file, json.dumps(known, ensure_ascii=False, indent=1).encode(), _SECRET_MODE)


def _ensure_people(rooms: Rooms, known: dict[str, Any]) -> None:
    there = {account.user_name for account in all_accounts(rooms.accounts)}
    roles = {ADMINISTRATOR: (Role.ADMINISTRATOR, "Ada Administradora"), DENTIST: (Role.DENTIST, "Dra. Olivia Molar")}
    for name, (role, display_name) in roles.items():
        if name not in there:
            person = known[name]
            new = NewAccount(
                name, display_name, role, person["password"], image_right=True, must_change_password=False,
                totp_secret=secret_from_text(person["totp_secret"]),
            )  # fmt: skip
            create_account(rooms.accounts, new, OPERATOR)


def _ensure_sender(rooms: Rooms) -> None:
    with rooms.database.read() as tx:
        there = {peer.calling_ae_title for peer in peer_queries.peers(tx)}
    if SENDER not in there:
        peer = Peer(0, "Phantom scanner", SENDER, (AE_TITLE,), HOST, None, rooms.clock.now())
        add_peer(rooms.accounts, rooms.publication, peer, OPERATOR)
