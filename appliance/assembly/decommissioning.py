"""Takes a whole box out of service: certificate first, then every key, then everything else.

Guards: nothing is destroyed before two people agreed, or one waited seven days, before what is stored and what waits in
the inbox was exported whole (or that was waived), while anything is under a legal hold, or while any part of the box
runs. No certificate is signed before all of that is so: `stopped` is held from then on. The root secret goes first, and
with it everything that any copy of this data folder could be opened by; a run that is cut off afterwards is completed
by the next one, which asks for nothing any more. What targets still hold is named on the certificate, not touched.
Leaves out: the recovery kit's papers and the targets themselves, which people destroy.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from appliance.assembly import locker
from appliance.assembly.erasing import proving_of
from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_jobs, held_by_supervisor
from appliance.assembly.rooms import Rooms, retention_of
from appliance.assembly.supervisor import waiting_count
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.clock import microseconds
from appliance.errors import NotFound, Refused, Unavailable
from appliance.retention import queries_decisions, queries_decommissioning
from appliance.retention import queries_erasing as erasures
from appliance.retention.certificate import facts_of, signing_key, write_certificate
from appliance.retention.queries_decisions import Proposal, Scope
from appliance.retention.standing import Wait, barrier_of, waits_for
from appliance.store.files import FileLayer, create_durably, replace_durably, storage_faults
from appliance.store.holding import held_alone
from appliance.store.transactions import ReadTransaction

MARK = "decommissioned.json"
_FIRST = ("keys", "catalogue")  # what opens something; the root before all


@dataclass(frozen=True, slots=True)
class Certified:
    """A box that is about to end: its certificate, and by which key it is signed."""

    erasure_key: int
    certificate: bytes
    fingerprint: str
    not_proved: tuple[str, ...]


@contextmanager
def stopped(folders: Folders) -> Iterator[None]:
    """Hold a box of which nothing runs, so that nothing of it begins before the block ends.

    A locked box has no process that holds the catalogue, but it receives: its locker is asked.

    Raises:
        Unavailable: Something of it runs, or the disk refused; nothing changed.
    """
    with held_by_supervisor(folders), held_by_jobs(folders):
        with held_alone(folders.catalogue.parent):
            pass  # whoever had it open would go on writing
        with suppress(Unavailable):
            locker.ask(folders.locker_socket, "status")
            raise Refused("the box runs, and may receive: stop it first (systemctl stop enamel.target)")
        yield


def find_ready(tx: ReadTransaction, rooms: Rooms, *, without_export: bool) -> Proposal:
    """Give the proposal by which the box may end now.

    Raises:
        NotFound: Nobody proposed it.
        Refused: It waits for something, is under a hold, or what came was not exported whole.
    """
    retention = retention_of(rooms)
    proposal = queries_decisions.find_open_proposal(tx, Scope.BOX, 0)
    if proposal is None:
        raise NotFound("nobody proposed this: `enamel decommission propose --user NAME`")
    wait = waits_for(tx, retention, proposal)
    if wait is not Wait.NIGHT:
        raise Refused(f"it waits for: {wait.value}")
    barrier = barrier_of(tx, retention, proposal)
    if barrier is not None:
        raise Refused(f"it cannot be done: {barrier.value}")
    if not without_export:
        _require_export(tx, rooms)
    return proposal


def _require_export(tx: ReadTransaction, rooms: Rooms) -> None:
    waiting = waiting_count(rooms.folders.inbox)
    if waiting:
        raise Refused(
            f"{waiting} received files wait in the inbox and are in no export: start the box and unlock it, so that "
            "they are taken in, and export again; or say --without-export"
        )
    if not queries_decommissioning.is_exported(tx):
        raise Refused(
            "what is stored was not exported whole since the last scan came: `enamel export archive FOLDER` first, "
            "or say --without-export"
        )


def certify(rooms: Rooms, proposal: Proposal, by: Actor, language: str) -> Certified:
    """Write down that the box ends, and give its certificate; once for a proposal."""
    seed, now = proving_of(rooms).seed, rooms.clock.now()
    at = microseconds(now)
    with rooms.database.write() as tx:
        erasure_key = queries_decommissioning.find_decommissioning(tx, proposal.proposed_at)
        if erasure_key is None:
            count, size = queries_decommissioning.stored(tx)
            erasure_key = erasures.add_erasure(
                tx, erasure_id=token_bytes(16), scope="box", kind="decommissioning", file_count=count, bytes=size,
                erased_at=at, proposed_by=proposal.proposed_by, approved_by=proposal.approved_by,
            )  # fmt: skip
            subject = Subject(SubjectKind.ERASURE, erasure_key)
            event = Event(EventCode.BOX_DECOMMISSIONED, by, subject=subject, number=count)
            sequence = rooms.audit.record(tx, event)
            erasures.note_event(tx, erasure_key, sequence)
            erasures.finish_erasure(tx, erasure_key, at)
            erasures.note_gone_event(tx, erasure_key, sequence)
        key, facts = signing_key(tx, seed), facts_of(tx, erasure_key, now)
    left = tuple(proof.target_name for proof in facts.proofs if not proof.is_proved)
    return Certified(erasure_key, write_certificate(facts, key, language), key.fingerprint, left)


def destroy(folders: Folders, files: FileLayer, certificate_sha256: str, box_id: str) -> None:
    """Destroy the keys, then everything, in a data folder that the caller holds (`stopped`); done again it goes on.

    Raises:
        Unavailable: Somebody has the catalogue open, or the disk refused: run it again.
    """
    with held_alone(folders.catalogue.parent), storage_faults():
        told = {"format": "enamel decommissioned", "box_id": box_id, "certificate_sha256": certificate_sha256}
        with suppress(FileExistsError):
            create_durably(files, folders.data / MARK, json.dumps(told).encode() + b"\n")
        _empty(files, folders.inbox_key.parent)  # before the root: no scan is taken in that nothing opens any more
        _overwrite(files, folders.sealed_root)
        _overwrite(files, folders.next_root)
        for name in (*_FIRST, *sorted(folders.top_names.difference(_FIRST))):
            _empty(files, folders.data / name)
            files.fsync_folder(folders.data)
        with suppress(FileNotFoundError):
            files.unlink(folders.box)
        files.fsync_folder(folders.data)


def was_begun(folders: Folders) -> bool:
    """Say whether the keys of this folder's box were ordered to be destroyed."""
    return (folders.data / MARK).exists()


def _overwrite(files: FileLayer, path: Path) -> None:
    """Replace and remove a small secret: the disk may keep old blocks, which are as sealed as the file was."""
    if path.exists():
        replace_durably(files, path, bytes(path.stat().st_size))
        files.unlink(path)
        files.fsync_folder(path.parent)


def _empty(files: FileLayer, folder: Path) -> None:
    """Remove all below a folder, and keep the folder: its rights are the installation's."""
    if not folder.is_dir() or folder.is_symlink():
        return
    for name in files.listdir(folder):
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            _empty(files, path)
            files.remove_folder(path)
        else:
            files.unlink(path)
    files.fsync_folder(folder)
