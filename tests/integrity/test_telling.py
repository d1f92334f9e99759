"""What proofs and readings find is told by notices and by a file of figures, and is over when it is whole again."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.integrity.checking import check_box
from appliance.integrity.scrubbing import Slice, scrub
from appliance.integrity.telling import METRICS_FILE, READING_LATE_AFTER, tell
from appliance.notifications import queries
from appliance.notifications.codes import NoticeCode, Severity
from appliance.store.vault import Vault
from tests.integrity.a_proof import Proved


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    made = Proved.in_folder(tmp_path_factory.mktemp("told"), scans=2)
    made.night()
    return made


def told(proved: Proved) -> dict[NoticeCode, tuple[Severity, int | None]]:
    """Tell, and give what is open of it."""
    tell(proved.box.integrity)
    with proved.box.database.read() as tx:
        return {one.code: (one.severity, one.number) for one in queries.open_notices(tx)}


def a_path(vault: Vault) -> Path:
    return vault.path_of(next(iter(vault.stored_ids())))


@pytest.mark.peer("restic")
def test_a_copy_that_does_not_prove_whole_is_an_alarm_until_it_does(proved: Proved) -> None:
    data = max((proved.disk / "files" / "data").rglob("*"), key=lambda path: path.is_file() * path.stat().st_size)
    sound = data.read_bytes()
    data.chmod(0o600)
    data.write_bytes(bytes(100) + sound[100:])
    failed = proved.test()
    assert failed.ending.verdict == "failed"
    assert told(proved) == {NoticeCode.RESTORE_TEST_FAILED: (Severity.ALARM, failed.ending.fault_count)}
    data.write_bytes(sound)
    proved.box.pass_by(timedelta(minutes=1))
    assert proved.test().ending.verdict == "proved"
    assert told(proved) == {}
    figures = (proved.box.folder / METRICS_FILE).read_text()
    assert f'enamel_restore_test_verdict{{target="{proved.target.target_key}"}} 1' in figures.splitlines()


def test_a_damaged_file_is_an_alarm_until_it_is_whole(proved: Proved) -> None:
    path = a_path(proved.box.parts.vault)
    sound = path.read_bytes()
    path.write_bytes(sound[:-1])
    check_box(proved.box.integrity)
    assert told(proved) == {NoticeCode.INTEGRITY_FAULTS: (Severity.ALARM, 1)}
    path.write_bytes(sound)
    check_box(proved.box.integrity)
    assert told(proved) == {}


def test_files_that_nobody_reads_for_more_than_a_month_are_told(proved: Proved) -> None:
    assert told(proved) == {}
    proved.box.pass_by(READING_LATE_AFTER + timedelta(days=1))
    assert told(proved) == {NoticeCode.READING_LATE: (Severity.WARNING, 2)}
    scrub(proved.box.integrity, Slice(lambda: False, lambda _files, _bytes: None, lambda _: None))
    assert told(proved) == {}


def test_a_draft_of_the_figures_that_a_cut_off_run_left_is_gone_after_the_next(proved: Proved) -> None:
    file = proved.box.folder / METRICS_FILE
    tell(proved.box.integrity)
    draft = file.with_name(f".{file.name}.{'0a' * 8}")
    draft.write_bytes(b"half of i")
    tell(proved.box.integrity)
    assert [*file.parent.iterdir()] == [file]
