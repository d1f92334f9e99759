"""A box that came back without the target which knew of an erasure forgets that erasure nowhere."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from appliance.assembly.proof_parts import proof_parts
from appliance.audit.events import OPERATOR
from appliance.backup.jobs import BACKUP, COPY_ARRIVALS, PRUNE, backup_jobs
from appliance.backup.queries import used_targets
from appliance.backup.targets import open_target
from appliance.backup.tombstones import carry_tombstones, gather_tombstones
from appliance.identifiers import FileId
from appliance.integrity.proofs import prove_all
from appliance.integrity.repairing import repair_all
from appliance.jobs.clock_marks import believe_clock
from appliance.jobs.job import Run
from appliance.jobs.running import Runner
from appliance.keys.hierarchy import Keyring
from appliance.notifications.codes import NoticeCode
from appliance.notifications.queries import open_notices
from appliance.retention.certificate import facts_of
from appliance.retention.erasing import ErasingParts, erase
from appliance.store.files import RealFiles
from appliance.store.runs import RunOutcome
from tests.assembly.a_full_box import FullBox, as_it_is, backup_parts, copy, new_target
from tests.assembly.a_lost_box import Lost, restore
from tests.intake.a_clinic import SetClock

pytestmark = pytest.mark.peer("restic")


@dataclass(frozen=True)
class Back:
    """A box that came back from disk A, disk B, which is away, and what B alone knows to be erased."""

    box: FullBox
    b: Path
    erased: set[FileId]

    def plug_in(self) -> None:
        """Bring disk B back."""
        self.b.with_name("drawer").rename(self.b)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, set[FileId]]:
    """Lose a box while B is away, and restore it from A, all in one folder; give that and what was erased."""
    folder = tmp_path_factory.mktemp("made") / "all"
    folder.mkdir()
    box = FullBox(folder / "data")
    for number in (1, 2, 3):
        box.add_study(number)
    a, b = new_target(box, folder / "a"), new_target(box, folder / "b")
    for target in (a, b):
        copy(box, target)
    erased = files_of(box, 1)
    source = Lost(box, folder / "a").source
    erase(erasing(box), "study", 1, "request", OPERATOR)
    carry_tombstones(backup_parts(box), as_it_is(box, b))
    box.close()
    (folder / "b").rename(folder / "drawer")
    restore(folder / "new", box.root, source)
    return folder, erased


@pytest.fixture
def back(made: tuple[Path, set[FileId]], tmp_path: Path) -> Iterator[Back]:
    folder, erased = made
    kept = Path(shutil.copytree(folder, tmp_path / "kept"))
    box = FullBox(folder / "new", SetClock())
    assert files_of(box, 1) == erased, "what was erased is here again"
    yield Back(box, folder / "b", erased)
    box.close()
    shutil.rmtree(folder)
    kept.rename(folder)  # targets are known by their paths


def erasing(box: FullBox) -> ErasingParts:
    return ErasingParts(box.data, box.rooms.database, box.rooms.audit, RealFiles(), box.clock)


def files_of(box: FullBox, number: int) -> set[FileId]:
    rows = box.rows(
        "SELECT v.file_id FROM versions v JOIN instances USING (instance_key) JOIN series USING (series_key) "
        "JOIN studies USING (study_key) WHERE study_instance_uid = :uid",
        uid=f"1.2.9.{number}",
    )
    return {FileId(row[0]) for row in rows}


def studies(box: FullBox) -> list[str]:
    return [uid for (uid,) in box.rows("SELECT study_instance_uid FROM studies ORDER BY 1")]


def night(box: FullBox, *names: str) -> None:
    """Let a day pass that nobody doubts, and do these jobs."""
    assert isinstance(box.clock, SetClock)
    box.clock.ahead += timedelta(days=1)
    with box.rooms.database.write() as tx:
        believe_clock(tx, box.clock)
    jobs = {job.name: job for job in backup_jobs(backup_parts(box), UTC)}
    runner = Runner(box.rooms.database, box.clock)
    for name in names:
        run = runner.begin(jobs[name], None)
        assert (runner.run(jobs[name], run), run.fault) == (RunOutcome.DONE, None)


def known_on(box: FullBox) -> list[set[FileId]]:
    """Give what each target knows to be erased."""
    with box.rooms.database.read() as tx:
        targets = used_targets(tx)
    parts = backup_parts(box)
    return [gather_tombstones([open_target(parts, one).files], parts.audit_key) for one in targets]


def as_jobs(box: FullBox) -> FullBox:
    """Open its rooms with the keys that the process `jobs` has."""
    box.rooms = replace(box.rooms, keyring=Keyring.for_process("jobs", box.root))
    return box


def run_of(box: FullBox) -> Run:
    return Run(1, box.clock, box.rooms.database, lambda: False)


def test_an_erasure_that_only_a_target_knew_which_was_away_is_found_carried_and_never_pruned(back: Back) -> None:
    box, erased = back.box, back.erased
    night(box, COPY_ARRIVALS)
    assert len(studies(box)) == 3
    back.plug_in()
    night(box, COPY_ARRIVALS)
    assert studies(box) == ["1.2.9.2", "1.2.9.3"]
    assert not any(box.rooms.vault.path_of(file_id).exists() for file_id in erased)
    night(box, COPY_ARRIVALS, PRUNE)
    assert known_on(box) == [erased, erased]
    with box.rooms.database.read() as tx:
        assert {one.code for one in open_notices(tx)} >= {NoticeCode.ERASURE_FOUND}
        proofs = facts_of(tx, 1, box.clock.now()).proofs
    assert not any(proof.is_proved for proof in proofs), "the copies that this box made meanwhile hold its keys"
    (study_key,) = box.rows("SELECT study_key FROM studies WHERE study_instance_uid = '1.2.9.2'")[0]
    more = files_of(box, 2)
    erase(erasing(box), "study", study_key, "request", OPERATOR)
    for _ in range(2):
        night(box, COPY_ARRIVALS, PRUNE)
    assert known_on(box) == [erased | more] * 2


def test_a_restore_test_that_reads_of_an_erasure_has_it_done_here(back: Back) -> None:
    back.plug_in()
    night(back.box, BACKUP)
    as_jobs(back.box)
    prove_all(proof_parts(back.box.rooms), run_of(back.box), in_full=False)
    assert not files_of(back.box, 1)
    assert {FileId(file_id) for (file_id,) in back.box.rows("SELECT file_id FROM tombstones")} == back.erased


def test_what_was_erased_is_not_fetched_back_where_it_is_damaged(back: Back) -> None:
    box = back.box
    back.plug_in()
    back.b.with_name("a").rename(back.b.with_name("gone"))
    paths = [box.rooms.vault.path_of(file_id) for file_id in sorted(back.erased)]
    paths[0].unlink()
    with box.rooms.database.write() as tx:
        tx.change(
            "INSERT INTO integrity_faults (place, fault, file_id, found_by, run_key, found_at, last_found_at) "
            "VALUES ('vault', 'missing', :id, 'scrub', 1, 1, 1)",
            id=min(back.erased).value,
        )
    repair_all(proof_parts(as_jobs(box).rooms), run_of(box))
    assert not any(path.exists() for path in paths)
