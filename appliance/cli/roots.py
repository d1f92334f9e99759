"""Keys through their life: their states, what answers a leaked one, another root secret, another catalogue key.

Guards: the new recovery code is on paper, or in memory, before the new root counts.
"""

import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from appliance.assembly.box import check_passphrase, sealed_again, sealed_root
from appliance.assembly.certificates import replace_authority
from appliance.assembly.folders import Folders
from appliance.assembly.intake_parts import intake_parts
from appliance.assembly.new_root import Terms, rekey_catalogue, rotate_root
from appliance.assembly.taking_over import settle
from appliance.audit.events import OPERATOR
from appliance.cli.answers import Answer, listed
from appliance.cli.keys import check_recovery_file, write_recovery_file
from appliance.cli.line import Command, Invocation, ask_new_secret, ask_secret
from appliance.config import Settings
from appliance.errors import Refused, UnreadableCode
from appliance.intake.rotation import answer_compromise, published_pair, rotates_at
from appliance.keys.recovery import recovery_code, root_from_recovery_code
from appliance.keys.sealing import asks_passphrase, open_root
from appliance.keys.secret import SecretKey
from appliance.store.files import RealFiles
from appliance.store.key_states import MOST_COUNTED, ROOT, KeyFacts, KeyState, key_states, under
from appliance.store.roots import COMPROMISED, ROTATED
from appliance.store.rotating_keys import KeyKind

_TRIES = 5
_WHILE_LOCKED = {
    ROOT: "only another root answers that: lock the box, then `enamel keys rotate-root --compromised`",
    "catalogue": "lock the box, then `enamel catalogue rekey`; who copied the catalogue reads that copy",
}
_ADVICE = {
    KeyKind.WRAPPING: "Who has it and a catalogue reads the files under it. They are wrapped anew within minutes.",
    KeyKind.INBOX: "Who has it and a copy of the inbox reads those arrivals. It goes when no record needs it any more.",
    KeyKind.WEB_AUTHORITY: "Every browser has to be told of the new authority: until then it warns. Restart the box.",
    KeyKind.DEVICE_AUTHORITY: "Every device that uses TLS needs a new certificate: `enamel peers certificate`. "
    "Restart the box.",
}
_NEXT = (
    "The box has a new root secret. The recovery code and the shares of before open only copies made before now: "
    "destroy them when those copies are gone. Unlock the box; the next backup goes to new repositories."
)


@dataclass(frozen=True)
class _Opened:
    """A box's settings and its root, opened by its operator."""

    settings: Settings
    sealed: bytes
    passphrase: str | None
    root: SecretKey


def _open(call: Invocation) -> _Opened:
    settings = call.settings()
    folders = Folders.of(settings)
    settle(folders, RealFiles())
    sealed = sealed_root(folders)
    passphrase = ask_secret("Passphrase: ") if asks_passphrase(sealed) else None
    return _Opened(settings, sealed, passphrase, open_root(sealed, passphrase))


def _rotate_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--recovery-file", type=Path, help="write the new recovery code there, in memory (/dev/shm)")
    parser.add_argument("--new-passphrase", action="store_true", help="ask for another passphrase as well")
    parser.add_argument("--compromised", action="store_true", help="note that somebody may know the root of before")


def _rotate_root(call: Invocation) -> Answer:
    file: Path | None = call.given.recovery_file
    check_recovery_file(file)
    if file is None and not sys.stdin.isatty():
        raise Refused("the new recovery code is shown to a person at a terminal, or written by --recovery-file")
    box = _open(call)
    passphrase = _next_passphrase(call, box)
    terms = Terms(
        seal=lambda root: sealed_again(root, box.sealed, passphrase),
        show=lambda root: _show(file, recovery_code(root)),
        reason=COMPROMISED if call.given.compromised else ROTATED,
    )
    number = _rotated(box, call, terms, file)
    facts = {"root": number, "recovery_file": None if file is None else str(file)}
    return Answer(facts, f"{_NEXT}\nroot {number}")


def _next_passphrase(call: Invocation, box: _Opened) -> str | None:
    if not call.given.new_passphrase:
        return box.passphrase
    if box.passphrase is None:
        raise Refused("this root secret asks for no passphrase: `enamel keys recover` can give it one")
    chosen = ask_new_secret("New passphrase: ")
    check_passphrase(chosen, box.settings.clinic_name)
    return chosen


def _rotated(box: _Opened, call: Invocation, terms: Terms, file: Path | None) -> int:
    """Rotate; a code that came to nothing does not stay."""
    try:
        return rotate_root(box.settings, box.root, call.clock, terms)
    except BaseException:
        folders = Folders.of(box.settings)
        if file is not None and not folders.next_root.exists() and sealed_root(folders) == box.sealed:
            file.unlink(missing_ok=True)
        raise


def _show(file: Path | None, code: str) -> None:
    """Give the code away before anything is decided; at a terminal it is typed back from the paper.

    Raises:
        Refused: Somebody gave up.
    """
    if file is not None:
        write_recovery_file(file, code)
        return
    _tell(
        f"Write the new recovery code on paper, and keep it away from the box:\n\n  {code}\n\n"
        "Nothing has changed yet. Type it from the paper; Ctrl-C leaves the box as it was."
    )
    for _ in range(_TRIES):
        try:
            if root_from_recovery_code(ask_secret("Recovery code: ")) == root_from_recovery_code(code):
                return
            _tell("That is another code: the one of before, or another box's.")
        except UnreadableCode as fault:
            _tell(str(fault))
    raise Refused("the code was not read back: the box is as it was, and this code opens nothing")


def _tell(words: str) -> None:
    """Speak to the person at the terminal, while the command's answer has to wait."""
    sys.stderr.write(words + "\n")
    sys.stderr.flush()


def _rekey(call: Invocation) -> Answer:
    box = _open(call)
    epoch = rekey_catalogue(box.settings, box.root, call.clock, RealFiles())
    return Answer({"catalogue_key": epoch}, f"The catalogue has its key {epoch}. Unlock the box.")


def _states(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        parts = intake_parts(rooms)
        with rooms.database.read() as tx:
            facts = key_states(tx, published_pair(parts))
    rows = [_shown(fact) for fact in facts]
    return listed(rows, ("kind", "number", "state", "since", "needed_by", "count", "next_rotation"), "no key")


def _shown(fact: KeyFacts) -> dict[str, object]:
    due = rotates_at(fact.kind, fact.made_at) if fact.state is KeyState.ACTIVE else None
    return {
        "kind": fact.kind,
        "number": fact.number,
        "state": fact.state.value,
        "made_at": fact.made_at.isoformat(),
        "since": fact.since.isoformat(timespec="seconds"),
        "needed_by": fact.need.value,
        "count": fact.count,
        "compromised_at": None if fact.compromised_at is None else fact.compromised_at.isoformat(),
        "next_rotation": None if due is None else due.isoformat(timespec="seconds"),
    }


def _compromised_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("kind", choices=[ROOT, "catalogue", *(kind.value.replace(" ", "-") for kind in KeyKind)])
    parser.add_argument("number", type=int, help="its number, as `enamel keys states` tells")


def _compromised(call: Invocation) -> Answer:
    if call.given.kind in _WHILE_LOCKED:
        raise Refused(_WHILE_LOCKED[call.given.kind])
    kind, number = KeyKind(call.given.kind.replace("-", " ")), call.given.number
    with call.rooms() as rooms:
        with rooms.database.read() as tx:
            need, count = under(tx, kind, number)
        if kind in {KeyKind.WRAPPING, KeyKind.INBOX}:
            made = answer_compromise(intake_parts(rooms), kind, number, OPERATOR)
        else:
            made = replace_authority(rooms, kind, number)
    facts = {"compromised": number, "made": made, "under_it": need.value, "count": count}
    counted = "" if count is None else f"{count}{' or more' if count == MOST_COUNTED else ''} "
    return Answer(facts, f"{kind} {made} takes its place. Under {kind} {number}: {counted}{need}.\n{_ADVICE[kind]}")


COMMANDS = (
    Command("keys states", _states),
    Command("keys compromised", _compromised, _compromised_arguments),
    Command("keys rotate-root", _rotate_root, _rotate_arguments),
    Command("catalogue rekey", _rekey),
)
