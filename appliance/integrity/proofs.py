"""Has every target tested, one after the other; one that fails keeps no other from its test."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from logging import getLogger

from appliance.backup import queries as backup_queries
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.parts import BackupParts
from appliance.backup.target import Target
from appliance.backup.targets import check_there, open_repositories, unseal
from appliance.backup.tombstones import take_in
from appliance.clock import microseconds
from appliance.integrity import queries, queries_tests
from appliance.integrity.findings import FaultCode, Finding, FoundBy, Place
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.portions import Room
from appliance.integrity.proof_process import proof_process
from appliance.integrity.queries_tests import Ending
from appliance.integrity.restore_test import CANNOT_RUN, Going, RestoreTest, Tested
from appliance.integrity.telling import tell
from appliance.jobs.job import Run
from appliance.keys.hierarchy import Keyring

_FAULTS = _NOT_PROVED, _NO_ROOM, _NOT_REACHED = "not proved", "no room to prove", "target not reached"
log = getLogger(__name__)


@dataclass(frozen=True)
class ProofParts:
    """What restore tests work with.

    Attributes:
        integrity: The box.
        backup: Opens targets.
        keyring: This process's own; three keys of it are handed to the process that proves.
        room: This box's disk, on which what is tested is laid out.
    """

    integrity: IntegrityParts
    backup: BackupParts
    keyring: Keyring
    room: Room


@dataclass(frozen=True)
class Proof:
    """What the test of one target said, what it found, and what the target says against the box's own catalogue."""

    target: Target
    ending: Ending
    found: Sequence[Finding]
    behind: Sequence[Finding] = ()


def prove_all(
    parts: ProofParts, run: Run, *, in_full: bool, chosen: Callable[[Target], bool] = lambda _: True
) -> list[Proof]:
    """Test every target that is copied to, and tell the run what that found.

    Args:
        parts: Collaborators.
        run: The run.
        in_full: Read all of each, not only what has its turn.
        chosen: Which targets are tested; where it is none, all are.

    Raises:
        Stopped: The process ends.
        Unavailable: The catalogue, or this box's own disk, refused.
    """
    with parts.integrity.database.read() as tx:
        used = backup_queries.used_targets(tx)
    proofs = []
    for target in [one for one in used if chosen(one)] or used:
        run.check()
        proofs.append(prove(parts, target, run, in_full=in_full))
    tell(parts.integrity)
    counts = Counter(map(_fault_of, proofs))
    for code in _FAULTS:
        if counts[code]:
            run.failed(code, counts[code])
    if any(proof.behind for proof in proofs):
        run.failed("older catalogue")
    if not proofs:
        run.failed("nothing to prove")
    return proofs


def is_there(parts: ProofParts, target: Target) -> bool:
    """Say whether a target can be reached now, and is the one that it should be."""
    try:
        check_there(target, unseal(parts.backup.key_wrapping, target))
    except (BackupFailed, NotOurs):
        return False
    return True


def _fault_of(proof: Proof) -> str | None:
    """Say under which code a run fails by a proof, if it does.

    A disk that is not plugged in fails none: somebody has it at home, and its age is told elsewhere.
    """
    if proof.ending.verdict == "failed":
        return _NOT_PROVED
    if proof.ending.verdict == "proved" or proof.ending.fault == Fault.UNPLUGGED.value:
        return None
    return _NO_ROOM if proof.ending.fault == Fault.FULL.value else _NOT_REACHED


def prove(parts: ProofParts, target: Target, run: Run, *, in_full: bool) -> Proof:
    """Test one target.

    Raises:
        Stopped: The process ends.
        Unavailable: The catalogue, or this box's own disk, refused.
    """
    integrity, backup = parts.integrity, parts.backup
    try:
        check_there(target, unseal(backup.key_wrapping, target))
    except BackupFailed as failed:
        return _untested(parts, target, run, failed.fault, ())
    except NotOurs as fault:
        place, thing = Place.KEYS_REPOSITORY, "target"
        finding = Finding(place, FaultCode.EXCHANGED, str(fault), target_key=target.target_key, thing=thing)
        return _untested(parts, target, run, Fault.NOT_OURS, (finding,))
    opened = open_repositories(target, backup.backup_key, backup.key_wrapping, backup.work_folder, cached=False)
    tested = Tested(
        target.target_key, backup.box_id, opened.files, opened.keys,
        lambda: take_in(backup, target, opened.files),
    )  # fmt: skip
    test = RestoreTest(integrity, parts.room, tested, lambda: proof_process(parts.keyring), _going(run))
    ending = test.test(in_full=in_full)
    for finding in (*test.found, *test.behind):
        log.error("restore test: %s", finding.told())
    return Proof(target, ending, tuple(test.found), tuple(test.behind))


def _going(run: Run) -> Going:
    def progress(files: int, all_files: int, read: int, all_bytes: int) -> None:
        run.progress(files, all_files, read, all_bytes)

    return Going(run.run_key, run.check, progress)


def _untested(parts: ProofParts, target: Target, run: Run, fault: Fault, found: Sequence[Finding]) -> Proof:
    """Write down that a target could not be tested, or that another thing lies there."""
    now = microseconds(parts.integrity.clock.now())
    verdict = "could not run" if fault in CANNOT_RUN and not found else "failed"
    ending = Ending(verdict, 0, 0, 0, 0, len(found), fault.value)
    with parts.integrity.database.write() as tx:
        key = queries_tests.begin_test(tx, run.run_key, target.target_key, ("", None), now, is_full=False)
        for finding in found:
            queries.add_fault(tx, finding, FoundBy.RESTORE_TEST, run.run_key, now)
        queries_tests.end_test(tx, key, ending, now)
    return Proof(target, ending, found)
