"""`enamel decommission`: proposing the end of a whole box, and doing it."""

import hashlib
import json
import os
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.assembly import decommissioning
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import Rooms, retention_of
from appliance.audit.events import OPERATOR
from appliance.cli.answers import Answer
from appliance.cli.line import Command, Invocation, ask_words
from appliance.cli.people_asked import confirmed
from appliance.errors import Refused, Unavailable, Unsuitable
from appliance.retention.certificate_words import WORDS
from appliance.retention.proposals import propose
from appliance.retention.queries_decisions import Kind, Scope
from appliance.retention.queries_proofs import box_facts
from appliance.store.files import RealFiles

_LEFT = (
    "Destroy the papers of the recovery kit, and any written recovery code: they open every copy that is left. "
    "Then destroy, or erase, each target, and the disks of this machine."
)


def _propose(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        _name_the_clinic(rooms)
        keys = propose(retention_of(rooms), Scope.BOX, [0], Kind.DECOMMISSIONING, confirmed(rooms, call.given.user))
    text = (
        f"proposed: {keys[0]}. Another person agrees by `enamel retention approve {keys[0]} --user NAME`; "
        "where there is nobody else it waits seven days. Nothing is destroyed before `enamel decommission finish`."
    )
    return Answer({"proposal_key": keys[0]}, text)


def _finish(call: Invocation) -> Answer:
    folders = Folders.of(call.settings())
    path: Path = call.given.certificate
    if path.absolute().resolve().is_relative_to(folders.data.resolve()):
        raise Unsuitable("the certificate has to lie outside of the data folder: that is emptied")
    with decommissioning.stopped(folders):
        return _go_on(folders) if decommissioning.was_begun(folders) else _end(call, folders, path)


def _go_on(folders: Folders) -> Answer:
    mark = json.loads((folders.data / decommissioning.MARK).read_bytes())
    decommissioning.destroy(folders, RealFiles(), mark["certificate_sha256"], mark["box_id"])
    return Answer({"decommissioned": True, "resumed": True}, f"What an earlier run began is done.\n{_LEFT}")


def _end(call: Invocation, folders: Folders, path: Path) -> Answer:
    with call.rooms("jobs") as rooms:
        with rooms.database.read() as tx:
            proposal = decommissioning.find_ready(tx, rooms, without_export=call.given.without_export)
        box_id = _name_the_clinic(rooms)
        _try(path)
        certified = decommissioning.certify(rooms, proposal, OPERATOR, call.given.language)
    _write(path, certified.certificate)
    digest = hashlib.sha256(certified.certificate).hexdigest()
    decommissioning.destroy(folders, RealFiles(), digest, box_id)
    data = {
        "decommissioned": True, "resumed": False, "certificate": str(path), "fingerprint": certified.fingerprint,
        "not_proved": list(certified.not_proved),
    }  # fmt: skip
    left = f"These targets still hold copies: {', '.join(certified.not_proved)}. " if certified.not_proved else ""
    told = f"Every key of this box is destroyed. The certificate is signed by the key {certified.fingerprint}."
    return Answer(data, f"{told}\n{left}{_LEFT}")


def _name_the_clinic(rooms: Rooms) -> str:
    """Have the clinic's name typed; give the box's id.

    Raises:
        Refused: It is another name.
    """
    with rooms.database.read() as tx:
        box_id, clinic_name, _ = box_facts(tx)
    if ask_words(f"This ends the whole box of {clinic_name}. Type the clinic's name: ") != clinic_name.strip():
        raise Refused("that is not the clinic's name: nothing was changed")
    return box_id.hex()


def _try(path: Path) -> None:
    """Look that the certificate's place takes a file, before anything is signed."""
    with _told_as_unavailable():
        _put(_draft(path), b"?")
        _draft(path).unlink()


def _write(path: Path, content: bytes) -> None:
    """Write the certificate so that it survives a power cut before any key goes; one of a run before is replaced."""
    with _told_as_unavailable():
        _put(_draft(path), content)
        _draft(path).replace(path)
        RealFiles().fsync_folder(path.absolute().parent)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.draft")


def _put(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def _told_as_unavailable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Unavailable(f"the certificate cannot be written, and nothing was destroyed: {error.strerror}") from error


def _propose_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--user", required=True, help="who proposes it; asked for a code of their app")


def _finish_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("certificate", metavar="FILE", type=Path, help="where to write the signed certificate")
    parser.add_argument("--without-export", action="store_true", help="nothing of what is stored is needed any more")
    parser.add_argument("--language", choices=sorted(WORDS), default="en", help="of the certificate (default: en)")


COMMANDS = (
    Command("decommission propose", _propose, _propose_arguments),
    Command("decommission finish", _finish, _finish_arguments),
)
