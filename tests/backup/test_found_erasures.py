"""What a target knows to be erased and the box does not is erased there too, carried everywhere and never lost."""

from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR, Event, EventCode, Subject, SubjectKind
from appliance.backup import queries
from appliance.backup.carrying import Small, carry
from appliance.backup.pruning import prune_target
from appliance.backup.target import Target
from appliance.backup.targets import declare_destroyed, open_target, remove_target
from appliance.backup.telling import tell_of_targets
from appliance.backup.tombstones import carry_tombstones, gather_tombstones, take_in, take_in_once
from appliance.errors import Tampered
from appliance.identifiers import FileId
from appliance.jobs.clock_marks import believe_clock
from appliance.keys.secret import SecretKey
from appliance.notifications.codes import NoticeCode
from appliance.notifications.queries import open_notices
from appliance.retention.erasing import ErasingParts, erase
from appliance.retention.tombstones import encode_tombstones
from tests.backup.a_backup import BackedUp

pytestmark = pytest.mark.peer("restic")
KEPT, ERASED = "1.2.3.1", "1.2.3.9"


@pytest.fixture
def clinic(tmp_path: Path) -> BackedUp:
    """Give a box with two studies; of the second a target tells that it was erased."""
    one = BackedUp(tmp_path / "data")
    one.scan(study=KEPT)
    one.scan(study=ERASED, first=5)
    believe(one)
    return one


def believe(clinic: BackedUp) -> None:
    with clinic.database.write() as tx:
        believe_clock(tx, clinic.clock)


def files_of(clinic: BackedUp, study: str) -> list[FileId]:
    rows = clinic.rows(
        "SELECT v.file_id FROM versions v JOIN instances USING (instance_key) JOIN series USING (series_key) "
        "JOIN studies USING (study_key) WHERE study_instance_uid = :study",
        study=study,
    )
    return [FileId(bytes(row[0])) for row in rows]  # type: ignore[call-overload]  # rows are untyped


def studies(clinic: BackedUp) -> list[object]:
    return [uid for (uid,) in clinic.rows("SELECT study_instance_uid FROM studies ORDER BY 1")]


def a_lost_boxs_list(
    clinic: BackedUp,
    target: Target,
    erased: Iterable[FileId],
    *,
    key: SecretKey | None = None,
    ahead: timedelta = timedelta(),
) -> None:
    """Put a list on a target that no row of this box tells of."""
    parts = clinic.backup
    small = Small("tombstones", "tombstones", encode_tombstones(erased, key or parts.audit_key), "")
    carry(parts, target, open_target(parts, target).files, small, clinic.clock.now() + ahead)


def on(clinic: BackedUp, *targets: Target) -> set[FileId]:
    """Give what targets know to be erased."""
    return gather_tombstones([open_target(clinic.backup, one).files for one in targets], clinic.backup.audit_key)


def told(clinic: BackedUp) -> dict[NoticeCode, int | None]:
    with clinic.database.read() as tx:
        return {one.code: one.number for one in open_notices(tx) if one.code.value.startswith("erasure")}


def came_back(clinic: BackedUp) -> None:
    """Let the trail say that an older catalogue was put to use."""
    with clinic.database.write() as tx:
        clinic.audit.record(tx, Event(EventCode.BOX_RESTORED, OPERATOR))


def hold(clinic: BackedUp, study: str) -> None:
    """Put a study under a hold, as `retention.holds` does."""
    with clinic.database.write() as tx:
        rows = tx.rows(
            "INSERT INTO legal_holds (study_key, reason, reference, set_at) SELECT study_key, 'litigation', 'AZ-1', 0 "
            "FROM studies WHERE study_instance_uid = :study RETURNING hold_key",
            study=study,
        )
        clinic.audit.record(tx, Event(EventCode.HOLD_SET, OPERATOR, subject=Subject(SubjectKind.HOLD, rows[0][0])))


def test_what_one_target_alone_knows_to_be_erased_is_erased_here_and_carried_to_all(clinic: BackedUp) -> None:
    away, other = clinic.target("away"), clinic.target("other")
    erased = set(files_of(clinic, ERASED))
    a_lost_boxs_list(clinic, away, erased)
    carry_tombstones(clinic.backup, away)
    assert studies(clinic) == [KEPT]
    assert not any(clinic.parts.vault.path_of(file_id).exists() for file_id in erased)
    assert clinic.rows("SELECT scope, kind, file_count, files_gone_at IS NOT NULL FROM erasures") == [
        ("files", "restored", 2, 1)
    ]
    assert clinic.rows("SELECT number FROM audit_events WHERE event = 'tombstones applied'") == [(2,)]
    assert told(clinic) == {NoticeCode.ERASURE_FOUND: 2}
    carry_tombstones(clinic.backup, other)
    assert on(clinic, other) == on(clinic, away) == erased


def test_lists_are_read_once_and_again_each_time_an_older_catalogue_was_put_to_use(clinic: BackedUp) -> None:
    target = clinic.target()
    take_in_once(clinic.backup, target)
    a_lost_boxs_list(clinic, target, files_of(clinic, ERASED))
    take_in_once(clinic.backup, target)
    assert studies(clinic) == [KEPT, ERASED]
    came_back(clinic)
    take_in_once(clinic.backup, target)
    assert studies(clinic) == [KEPT]


def test_what_was_never_here_gets_its_tombstone_and_nobody_is_told(clinic: BackedUp) -> None:
    target, foreign = clinic.target(), FileId.new()
    a_lost_boxs_list(clinic, target, [foreign])
    take_in_once(clinic.backup, target)
    assert clinic.rows("SELECT file_id FROM tombstones") == [(foreign.value,)]
    assert told(clinic) == {}


def test_a_hold_that_was_set_since_keeps_it_until_it_is_lifted_and_one_of_before_does_not(clinic: BackedUp) -> None:
    target = clinic.target()
    hold(clinic, KEPT)
    came_back(clinic)
    hold(clinic, ERASED)
    a_lost_boxs_list(clinic, target, {*files_of(clinic, ERASED), *files_of(clinic, KEPT)})
    files = open_target(clinic.backup, target).files
    take_in(clinic.backup, target, files)
    assert studies(clinic) == [ERASED]
    assert told(clinic) == {NoticeCode.ERASURE_FOUND: 2, NoticeCode.ERASURE_UNDECIDED: 2}
    carry_tombstones(clinic.backup, target)
    clinic.pass_by(timedelta(hours=1))
    prune_target(clinic.backup, target)
    assert len(on(clinic, target)) == 4, "what was not taken in stays known"
    remove_target(clinic.backup, target.target_key, OPERATOR)
    for is_told in (True, False):
        with clinic.database.write() as tx:
            tell_of_targets(tx, clinic.clock.now())
        assert (NoticeCode.ERASURE_UNDECIDED in told(clinic)) is is_told
        if is_told:
            declare_destroyed(clinic.backup, target.target_key, OPERATOR)


def test_what_a_hold_kept_goes_once_it_is_lifted(clinic: BackedUp) -> None:
    target = clinic.target()
    hold(clinic, ERASED)
    a_lost_boxs_list(clinic, target, files_of(clinic, ERASED))
    files = open_target(clinic.backup, target).files
    take_in(clinic.backup, target, files)
    assert (studies(clinic), told(clinic)) == ([KEPT, ERASED], {NoticeCode.ERASURE_UNDECIDED: 2})
    with clinic.database.write() as tx:
        tx.change("UPDATE legal_holds SET lifted_at = 1")
    take_in(clinic.backup, target, files)
    assert (studies(clinic), told(clinic)) == ([KEPT], {NoticeCode.ERASURE_FOUND: 2})


def test_what_was_sent_again_since_stays_for_a_person_to_decide(clinic: BackedUp) -> None:
    target, erased = clinic.target(), files_of(clinic, ERASED)
    came_back(clinic)
    clinic.scan(study=ERASED, first=5, count=1)
    a_lost_boxs_list(clinic, target, erased)
    take_in_once(clinic.backup, target)
    assert studies(clinic) == [KEPT, ERASED]
    assert len(files_of(clinic, ERASED)) == 1, "the image that nobody sent again is gone"
    assert told(clinic) == {NoticeCode.ERASURE_FOUND: 1, NoticeCode.ERASURE_UNDECIDED: 1}
    (study_key,) = clinic.rows("SELECT study_key FROM studies WHERE study_instance_uid = :uid", uid=ERASED)[0]
    erasing = ErasingParts(clinic.folder, clinic.database, clinic.audit, clinic.files, clinic.clock)
    erase(erasing, "study", int(str(study_key)), "request", OPERATOR)
    take_in(clinic.backup, target, open_target(clinic.backup, target).files)
    assert NoticeCode.ERASURE_UNDECIDED not in told(clinic)


def test_a_list_without_the_roots_code_erases_nothing_keeps_no_copy_and_stays(clinic: BackedUp) -> None:
    target = clinic.target()
    a_lost_boxs_list(clinic, target, files_of(clinic, KEPT), key=SecretKey.new())
    a_lost_boxs_list(clinic, target, files_of(clinic, ERASED))
    clinic.pass_by(timedelta(hours=1))
    carry_tombstones(clinic.backup, target)
    assert studies(clinic) == [KEPT], "what the other list names is erased"
    files = open_target(clinic.backup, target).files
    with pytest.raises(Tampered):
        take_in(clinic.backup, target, files)
    clinic.pass_by(timedelta(days=1))
    believe(clinic)
    prune_target(clinic.backup, target)
    assert [one.tag for one in files.snapshots()].count("tombstones") == 2, "the forged one, and the box's own"


@pytest.mark.parametrize("ahead", [timedelta(), timedelta(days=1)])
def test_no_list_goes_that_names_what_the_boxs_own_does_not(clinic: BackedUp, ahead: timedelta) -> None:
    """One that a lost box made, or one of a clock that was a day fast and a run that died before it noted it."""
    target = clinic.target()
    take_in_once(clinic.backup, target)
    erased = set(files_of(clinic, ERASED))
    a_lost_boxs_list(clinic, target, erased, ahead=ahead)
    clinic.pass_by(timedelta(minutes=5))
    erasing = ErasingParts(clinic.folder, clinic.database, clinic.audit, clinic.files, clinic.clock)
    own = set(files_of(clinic, KEPT))
    erase(erasing, "study", 1, "request", OPERATOR)
    carry_tombstones(clinic.backup, target)
    for _ in range(3):
        clinic.pass_by(timedelta(days=1))
        believe(clinic)
        prune_target(clinic.backup, target)
        assert on(clinic, target) == own | erased
        with clinic.database.read() as tx:
            now = queries.find_target(tx, target.target_key)
        assert now is not None
        carry_tombstones(clinic.backup, now)
    if not ahead:
        assert studies(clinic) == []
        lists = [one for one in open_target(clinic.backup, target).files.snapshots() if one.tag == "tombstones"]
        assert len(lists) == 1, "once the box's own names all, the others go"
