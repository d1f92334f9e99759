"""The restore test of one target: takes its newest night out of it again, into scratch, and has it judged.

Guards: what is judged came out of the repositories and nowhere else, by a
process that was started for it and has no key of theirs. Scratch holds
ciphertext only, and is removed at the end and at the next beginning. Every
snapshot that was recorded has to be there. A target that cannot be reached is
no failed proof, and no proof; neither is a disk of this box that has no room for
what is to be taken out. Leaves out: who is told, and when it runs (`jobs`).
"""

import shutil
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.backup.engine import Progress, Repository, short
from appliance.backup.faults import BackupFailed, Fault, NotOurs
from appliance.backup.marks import is_behind, newest_of_each_line
from appliance.clock import instant, microseconds
from appliance.errors import ApplianceError, OutOfSpace, Tampered
from appliance.identifiers import BoxId, FileId
from appliance.integrity import queries, queries_tests
from appliance.integrity.anchors import OLDER
from appliance.integrity.findings import FaultCode, Finding, FoundBy, Place
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.planning import Plan, plan_night
from appliance.integrity.portions import PORTION_BYTES, Room, Sizes, portions
from appliance.integrity.proof_process import Asking, ProverEnded
from appliance.integrity.queries_tests import Ending, Recorded
from appliance.integrity.wire import finding_of, head_members
from appliance.store.files import storage_faults

SCRATCH = "backup/proving"  # below the data folder
_NEEDED = ("/catalogue.db", "/inbox")  # of a snapshot of keys
CANNOT_RUN = frozenset({Fault.UNPLUGGED, Fault.UNREACHABLE, Fault.DENIED, Fault.BUSY, Fault.STOPPED})
_CODES = {Fault.MISSING: FaultCode.MISSING, Fault.NOT_OURS: FaultCode.EXCHANGED}


@dataclass(frozen=True)
class Tested:
    """The target to test.

    Attributes:
        target_key: Its row.
        box_id: Whose box this is.
        files: Its repository of stored files.
        keys: Its repository of catalogues.
        erased: Gives every file whose tombstone lies on it, and has what this box did not know erased here too.
    """

    target_key: int
    box_id: BoxId
    files: Repository
    keys: Repository
    erased: Callable[[], Set[FileId]]


@dataclass(frozen=True)
class Going:
    """How a test goes.

    Attributes:
        run_key: The run that it is part of.
        check: Hears often that it goes on, and raises to end it.
        progress: Hears files proved, files in all, bytes proved and bytes in all.
    """

    run_key: int
    check: Callable[[], None]
    progress: Callable[[int, int, int, int], None]


class CannotRun(Exception):
    """The target cannot be tested now."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass
class _Counts:
    audit_events: int = 0
    files: int = 0
    bytes: int = 0
    series: int = 0
    found: list[Finding] = field(default_factory=list)
    behind: list[Finding] = field(default_factory=list)
    has_read_all: bool = False


class RestoreTest:
    """One test of one target."""

    def __init__(
        self, parts: IntegrityParts, room: Room, tested: Tested,
        proving: Callable[[], AbstractContextManager[Asking]], going: Going,
    ) -> None:  # fmt: skip
        self._parts = parts
        self._room = room
        self._tested = tested
        self._proving = proving
        self._going = going
        self._counts = _Counts()
        self._sizes = Sizes()
        self._scratch = parts.data_folder / SCRATCH

    def test(self, *, in_full: bool) -> Ending:
        """Test the target, write the verdict down, and give it.

        Args:
            in_full: Read all of it, not only what has its turn.

        Raises:
            Unavailable: The catalogue, or the disk of this box, refused; nothing is said of the target.
        """
        target_key, now = self._tested.target_key, microseconds(self._parts.clock.now())
        with self._parts.database.read() as tx:
            recorded = queries_tests.recorded_snapshots(tx, target_key)
            since = queries_tests.keys_since(tx)
            in_full = in_full or queries_tests.has_open_faults(tx, target_key)
            plan = plan_night(tx, target_key, now, in_full=in_full)
        newest = _newest(recorded, since)
        with self._parts.database.write() as tx:
            queries_tests.tidy_proved(tx, now)
            snapshot = ("", None) if newest is None else (newest.snapshot_id, newest.taken_at)
            key = queries_tests.begin_test(tx, self._going.run_key, target_key, snapshot, now, is_full=plan.is_whole)
        fault = None
        try:
            self._run(recorded, newest, plan)
        except CannotRun as stopped:
            fault = stopped.fault.value
        except OutOfSpace:
            fault = Fault.FULL.value
        except ProverEnded as ended:
            if self._room.is_short():  # it writes to the catalogue that it judges
                fault = Fault.FULL.value
            else:
                self._find(Finding(Place.SNAPSHOT, FaultCode.UNREADABLE, str(ended), thing="catalogue"))
        ending = self._ending(fault)
        self._write_down(key, ending, now)
        return ending

    @property
    def found(self) -> Sequence[Finding]:
        """What was found, for the operator."""
        return self._counts.found

    @property
    def behind(self) -> Sequence[Finding]:
        """What the target's snapshots say against the box's own catalogue; the target is not to blame for it."""
        return self._counts.behind

    def _run(self, recorded: Sequence[Recorded], newest: Recorded | None, plan: Plan) -> None:
        if newest is None:
            raise CannotRun(Fault.INCOMPLETE)  # nothing was ever copied there
        self._look_for(recorded)
        self._check_repositories(plan)
        files = _beside(recorded, newest)
        with self._scratch_folder(), self._proving() as ask:
            if self._take_out_catalogue(newest, files, ask):
                self._prove_shelves(files, plan, ask)
                self._counts.has_read_all = plan.is_whole

    def _look_for(self, recorded: Sequence[Recorded]) -> None:
        """Name every snapshot that was made and is not there: it was lost, or the repository is an older copy."""
        marks: list[str] = []
        for name, place, repository in self._repositories():
            with self._naming(place):
                listed = repository.snapshots()
                marks += [one.mark for one in listed]
                there = {short(one.snapshot_id) for one in listed}
                for one in recorded:
                    if one.repository == name and short(one.snapshot_id) not in there:
                        words = f"the snapshot of {instant(one.taken_at):%Y-%m-%d %H:%M} UTC is not there any more"
                        self._find(Finding(place, FaultCode.MISSING, words, thing=f"snapshot {one.snapshot_id[:8]}"))
            self._going.check()
        self._look_back(marks)

    def _look_back(self, marks: Sequence[str]) -> None:
        """Compare the box's own catalogue with how far it had come, by what lies on the target."""
        thing = f"trail on target {self._tested.target_key}"
        with self._parts.database.read() as tx:
            ahead = [mark for mark in newest_of_each_line(marks) if is_behind(tx, mark)]
        for mark in ahead[-1:]:
            self._counts.behind.append(
                Finding(Place.CATALOGUE, FaultCode.OLDER, OLDER, sequence=mark.head.sequence, thing=thing)
            )
        if not ahead:
            with self._parts.database.write() as tx:
                queries_tests.end_fault_of_trail(tx, thing, microseconds(self._parts.clock.now()))

    def _check_repositories(self, plan: Plan) -> None:
        for name, place, repository in self._repositories():
            with self._naming(place):
                read_data = "all" if name == "keys" or plan.is_whole else plan.share
                for finding in repository.check(read_data, self._listen):
                    thing = f"{finding.what} {finding.name}".strip()
                    self._find(Finding(place, FaultCode.ALTERED, "the repository's own check failed", thing=thing))

    def _take_out_catalogue(self, newest: Recorded, files: Recorded, ask: Asking) -> bool:
        """Restore the catalogue and have it judged; give whether files can be judged by it."""
        listing = self._scratch / "names"
        erased = self._erased()
        with self._naming(Place.FILES_REPOSITORY):
            names = self._tested.files.names(files.snapshot_id)
            with storage_faults(), listing.open("w", encoding="ascii") as file:
                for name, size in _stored(names):
                    self._sizes.add(name, size)
                    file.write(f"{name} {size}\n")
        self._need(newest.bytes)
        with self._naming(Place.KEYS_REPOSITORY):
            self._tested.keys.restore(newest.snapshot_id, self._scratch, _NEEDED, self._listen)
        if not listing.exists():
            return False
        with self._parts.database.read() as tx:
            anchors = queries_tests.remembered_heads(tx)
            turn = queries_tests.count_tests(tx, self._tested.target_key)
        answer = ask({
            "do": "catalogue", "folder": str(self._scratch), "box_id": str(self._tested.box_id), "turn": turn,
            "head": head_members(newest.head), "anchors": [head_members(head) for head in anchors],
            "names": str(listing), "erased": [str(file_id) for file_id in erased],
        })  # fmt: skip
        self._counts.audit_events = int(answer["audit_events"])
        self._take(answer)
        for key, file_ids in answer["series"]:
            self._decode(files, int(key), file_ids, ask)
        return int(answer["audit_events"]) > 0 or int(answer["files"]) > 0

    def _erased(self) -> set[FileId]:
        """Give what is erased, also what only the target knew until now; tombstones not there are a fault of it."""
        with self._parts.database.read() as tx:
            known = set(queries_tests.erased_files(tx))
        there: Set[FileId] = set()
        with self._naming(Place.FILES_REPOSITORY):
            there = self._tested.erased()
        for file_id in sorted(known - there, key=str):
            words = "its tombstone does not lie there"
            self._find(Finding(Place.FILES_REPOSITORY, FaultCode.MISSING, words, file_id, thing="tombstone"))
        with self._parts.database.read() as tx:
            return set(queries_tests.erased_files(tx))

    def _decode(self, files: Recorded, series_key: int, file_ids: Sequence[str], ask: Asking) -> None:
        self._need(min(self._sizes.most_of(file_ids), PORTION_BYTES))  # no series that is chosen has more
        with self._naming(Place.FILES_REPOSITORY):
            paths = [f"/vault/{name[:2]}/{name}" for name in file_ids]
            self._tested.files.restore(files.snapshot_id, self._scratch, paths, self._listen)
        answer = ask({"do": "series", "series": series_key})
        self._take(answer)
        self._counts.series += not answer["findings"]
        self._empty_vault()

    def _prove_shelves(self, files: Recorded, plan: Plan, ask: Asking) -> None:
        for portion in portions([shelf.name for shelf in plan.shelves], self._sizes, self._room):
            self._need(portion.bytes)
            with self._naming(Place.FILES_REPOSITORY):
                self._tested.files.restore(files.snapshot_id, self._scratch, portion.paths, self._listen)
            answer = ask({"do": "shelves", "shelves": portion.prefixes})
            self._take(answer)
            proved = [FileId.parse(name) for name in answer["proved"]]
            self._counts.files += len(proved)
            self._counts.bytes += int(answer["bytes"])
            self._note(proved)
            self._empty_vault()
            self._going.check()
            self._going.progress(self._counts.files, plan.file_count, self._counts.bytes, plan.bytes)

    def _note(self, proved: Sequence[FileId]) -> None:
        now, target_key = microseconds(self._parts.clock.now()), self._tested.target_key
        bad = [finding.file_id for finding in self._counts.found if finding.file_id is not None]
        with self._parts.database.write() as tx:
            queries_tests.note_proved(tx, target_key, proved, now)
            queries_tests.forget_proved(tx, target_key, bad)

    def _take(self, answer: dict[str, Any]) -> None:
        for members in answer["findings"]:
            self._find(finding_of(members, self._tested.target_key))

    def _find(self, finding: Finding) -> None:
        named = Finding(
            finding.place, finding.code, finding.words, finding.file_id, finding.sequence, self._tested.target_key,
            finding.thing,
        )  # fmt: skip
        known = finding.file_id is not None and any(one.file_id == finding.file_id for one in self._counts.found)
        if not known and named not in self._counts.found:  # what is said first of a file says most
            self._counts.found.append(named)

    def _listen(self, _: Progress) -> None:
        self._going.check()

    def _repositories(self) -> tuple[tuple[str, Place, Repository], ...]:
        return (
            ("keys", Place.KEYS_REPOSITORY, self._tested.keys),
            ("files", Place.FILES_REPOSITORY, self._tested.files),
        )

    @contextmanager
    def _naming(self, place: Place) -> Iterator[None]:
        """Turn what a repository cannot do into a finding, unless the target is not there at all."""
        try:
            yield
        except BackupFailed as failed:
            is_ours = failed.fault is Fault.FULL and self._room.is_short()  # a test writes to no disk but this box's
            if failed.fault in CANNOT_RUN or is_ours:
                raise CannotRun(failed.fault) from failed
            self._find(Finding(place, _CODES.get(failed.fault, FaultCode.ALTERED), str(failed)))
        except NotOurs as fault:
            self._find(Finding(place, FaultCode.EXCHANGED, str(fault)))
        except Tampered as fault:
            self._find(Finding(place, FaultCode.ALTERED, str(fault)))

    @contextmanager
    def _scratch_folder(self) -> Iterator[None]:
        with storage_faults():
            shutil.rmtree(self._scratch, ignore_errors=True)
            self._scratch.mkdir(mode=0o700, parents=True)
        try:
            yield
        finally:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _need(self, size: int) -> None:
        """Go on only where there is room for what is written next, beside what the receiver leaves free."""
        if self._room.spare_bytes() < size:
            raise CannotRun(Fault.FULL)

    def _empty_vault(self) -> None:
        shutil.rmtree(self._scratch / "vault", ignore_errors=True)

    def _ending(self, fault: str | None) -> Ending:
        counts = self._counts
        verdict = "failed" if counts.found else "proved" if fault is None else "could not run"
        return Ending(
            verdict, counts.audit_events, counts.files, counts.bytes, counts.series, len(counts.found), fault
        )  # fmt: skip

    def _write_down(self, test_key: int, ending: Ending, began: int) -> None:
        target_key, now = self._tested.target_key, microseconds(self._parts.clock.now())
        with self._parts.database.write() as tx:
            for finding in (*self._counts.found, *self._counts.behind):
                queries.add_fault(tx, finding, FoundBy.RESTORE_TEST, self._going.run_key, now)
            if self._counts.has_read_all:
                queries_tests.end_faults_of_target(tx, target_key, began, now)
            queries_tests.refresh_study_proofs(tx, target_key)
            queries_tests.end_test(tx, test_key, ending, now)


def _newest(recorded: Sequence[Recorded], since: int) -> Recorded | None:
    """Give the last night's catalogue that this box made and that opens with the keys of now."""
    nights = [
        one for one in recorded
        if one.repository == "keys" and one.kind == "night" and one.head.sequence > since
    ]  # fmt: skip
    return nights[0] if nights else None


def _beside(recorded: Sequence[Recorded], newest: Recorded) -> Recorded:
    """Give the snapshot of files that was made with a catalogue's."""
    files = [one for one in recorded if one.repository == "files" and one.kind == "night"]
    same = [one for one in files if one.taken_at == newest.taken_at]
    if not files:
        raise CannotRun(Fault.INCOMPLETE)
    return (same or files)[0]


def _stored(names: dict[str, int]) -> Iterator[tuple[str, int]]:
    for path, size in names.items():
        name = Path(path).name
        with suppress(ApplianceError):  # what is no stored file is none of a row's
            FileId.parse(name)
            yield name, size
