"""`enamel keys`, `lock`, `unlock` and `status`: the root secret, and who may use it now."""

from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path

from appliance.assembly import locker
from appliance.assembly.box import create_box, read_box_file, recover_box, sealed_root
from appliance.assembly.folders import Folders
from appliance.assembly.intake_parts import intake_parts
from appliance.assembly.supervisor import waiting_count
from appliance.assembly.typed_papers import typed_root
from appliance.audit.events import OPERATOR
from appliance.cli.answers import Answer
from appliance.cli.line import Command, Invocation, ask_new_secret, ask_secret
from appliance.cli.papers import ask_papers
from appliance.config import Settings, find_settings, read_settings, settings_from
from appliance.errors import Refused, Unavailable, Unsuitable
from appliance.intake.rotation import rotate
from appliance.keys.sealing import HostKey, asks_passphrase, sealed_by
from appliance.store.files import RealFiles, create_durably, is_in_memory, storage_faults
from appliance.store.rotating_keys import KeyKind


def method_arguments(parser: ArgumentParser) -> None:
    """Add how the root secret is to be kept."""
    parser.add_argument(
        "--sealing", choices=("passphrase", "machine", "file"), default="passphrase",
        help="what opens the root secret: a passphrase; this machine alone, which protects a removed disk but not a "
        "stolen box; or nothing, for demonstrations",
    )  # fmt: skip
    parser.add_argument(
        "--host-key", choices=[key.value for key in HostKey],
        help="seal it to this machine by systemd-creds; `host` alone protects nothing when the disk is stolen",
    )  # fmt: skip


def ask_method(call: Invocation) -> tuple[str | None, HostKey | None]:
    """Ask for the passphrase if one is chosen, and say what of the machine seals besides."""
    chosen = call.given.host_key or (HostKey.HOST_AND_TPM2.value if call.given.sealing == "machine" else None)
    if chosen is not None and call.given.sealing == "file":
        raise Refused("--sealing file seals to nothing: leave --host-key out, or choose --sealing machine")
    passphrase = ask_new_secret("New passphrase: ") if call.given.sealing == "passphrase" else None
    return passphrase, None if chosen is None else HostKey(chosen)


def _init_arguments(parser: ArgumentParser) -> None:
    method_arguments(parser)
    parser.add_argument(
        "--recovery-file",
        type=Path,
        help="write the recovery code there, in memory (/run, /dev/shm), instead of showing it",
    )
    parser.add_argument("--clinic-name", default="Enamel", help="shown on every page")


def _init(call: Invocation) -> Answer:
    settings = _new_settings(call)
    check_recovery_file(call.given.recovery_file)
    passphrase, host_key = ask_method(call)
    code = create_box(settings, passphrase, call.clock, host_key)
    if call.given.recovery_file is not None:
        write_recovery_file(call.given.recovery_file, code)
        where = (
            f"It is in {call.given.recovery_file}, in memory, and gone when this machine stops: copy it onto paper now,"
            " keep it away from the box, remove the file."
        )
        return Answer(
            {"data": settings.data_folder, "recovery_file": str(call.given.recovery_file)}, _CODE_MATTERS + where
        )
    shown = {"data": settings.data_folder, "recovery_code": code}
    return Answer(shown, f"{_CODE_MATTERS}Write it on paper and keep it away from the box:\n\n  {code}\n")


def check_recovery_file(file: Path | None) -> None:
    """Refuse, before anything is made, to leave the root secret on a disk of the box.

    Raises:
        Unsuitable: The file would lie on a disk, in no folder, or is there.
    """
    if file is None:
        return
    folder = file.absolute().parent
    if not folder.is_dir() or not is_in_memory(folder):
        raise Unsuitable(
            "the recovery code opens every scan and never lies on a disk: name a file below /run, in memory"
        )
    if file.is_symlink() or file.exists():
        raise Unsuitable("the recovery file is there already, perhaps another box's: move it away")


def write_recovery_file(file: Path, code: str) -> None:
    """Leave a recovery code in memory, for its owner alone.

    Raises:
        Unavailable: It cannot be written.
    """
    with storage_faults():
        create_durably(RealFiles(), file.absolute(), code.encode() + b"\n", _OWNER_ONLY)


_OWNER_ONLY = 0o600
_CODE_MATTERS = (
    "The box is made. Whoever has its recovery code can open every scan; without it a lost passphrase loses them all.\n"
)


def _new_settings(call: Invocation) -> Settings:
    file = find_settings(call.given.data, call.given.settings)
    if file.exists():
        return read_settings(file)
    folder = str((call.given.data or Path("data")).absolute())
    return settings_from({"clinic_name": call.given.clinic_name, "data_folder": folder, "run_folder": folder + "/run"})


def _keys_status(call: Invocation) -> Answer:
    folders = Folders.of(call.settings())
    sealed, box = sealed_root(folders), read_box_file(folders)
    facts = {
        "box_id": str(box.box_id),
        "clinic_name": box.clinic_name,
        "created_at": box.created_at.isoformat(),
        "method": sealed_by(sealed).value,
        "asks_passphrase": asks_passphrase(sealed),
    }
    return Answer(facts, _lines(facts))


def _recover(call: Invocation) -> Answer:
    root = typed_root(ask_papers()).root
    passphrase, host_key = ask_method(call)
    recover_box(call.settings(), root, passphrase, call.clock, host_key)
    return Answer({"recovered": True}, "The root secret is sealed again. Start the box, or unlock it.")


def _rotate(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        made = rotate(intake_parts(rooms), (KeyKind.WRAPPING, KeyKind.INBOX), OPERATOR)
    facts = {"wrapping_key": made[KeyKind.WRAPPING], "inbox_key": made[KeyKind.INBOX]}
    return Answer(facts, f"{_lines(facts)}\nThe keys before them go as soon as nothing needs them.")


def _lock(call: Invocation) -> Answer:
    return _told(locker.ask(_socket(call), "lock"), "The box is locked. Scanners can still send.")


def _unlock(call: Invocation) -> Answer:
    asked = asks_passphrase(sealed_root(Folders.of(call.settings())))
    passphrase = ask_secret("Passphrase: ") if asked else None
    return _told(locker.ask(_socket(call), "unlock", passphrase), "The box is unlocked.")


def _status(call: Invocation) -> Answer:
    folders = Folders.of(call.settings())
    try:
        facts: Mapping[str, object] = {"running": True, **locker.ask(folders.locker_socket, "status")}
    except Unavailable:
        facts = {"running": False, "waiting_count": waiting_count(folders.inbox) if folders.inbox.exists() else 0}
    return Answer(facts, _lines(facts))


def _socket(call: Invocation) -> Path:
    return Folders.of(call.settings()).locker_socket


def _told(facts: dict[str, object], text: str) -> Answer:
    return Answer(facts, f"{text}\n{_lines(facts)}")


def _lines(facts: Mapping[str, object]) -> str:
    return "\n".join(f"{name.replace('_', ' '):16} {value}" for name, value in facts.items())


COMMANDS = (
    Command("keys init", _init, _init_arguments),
    Command("keys status", _keys_status),
    Command("keys rotate", _rotate),
    Command("keys recover", _recover, method_arguments),
    Command("lock", _lock),
    Command("unlock", _unlock),
    Command("status", _status),
)
