"""The nightly restore test: what is whole is proved; whatever is wrong with a target is named and fails the night."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.integrity import restore_test
from appliance.integrity.proof_process import Asking, proof_process
from appliance.integrity.proofs import prove_all
from appliance.jobs.job import Run
from tests.integrity.a_proof import Proved


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    made = Proved.in_folder(tmp_path_factory.mktemp("proved"), scans=4)
    made.night()
    return made


@pytest.fixture
def kept_disk(sound: Proved, tmp_path: Path) -> Path:
    """Put the disk back as it was when the test ends, by keeping a copy of it."""
    return Path(shutil.copytree(sound.disk, tmp_path / "kept"))


def test_a_whole_target_is_proved_to_the_last_byte(sound: Proved) -> None:
    proof = sound.test()
    assert [finding.told() for finding in proof.found] == []
    stored = sound.box.rows("SELECT count(*), sum(plaintext_bytes) FROM files")[0]
    assert (proof.ending.verdict, proof.ending.file_count, proof.ending.bytes) == ("proved", *stored)
    assert proof.ending.series_decoded == 1
    assert proof.ending.audit_events > 0
    assert sound.box.rows("SELECT count(*) FROM proved_files") == [(stored[0],)]
    assert not (sound.box.folder / "backup" / "proving").exists()
    kept = "SELECT verdict, is_full, file_count, fault_count, finished_at >= started_at FROM restore_tests"
    assert sound.box.rows(f"{kept} ORDER BY test_key DESC LIMIT 1") == [("proved", 1, stored[0], 0, 1)]


def packs_of(disk: Path, repository: str, kind: str) -> list[Path]:
    return sorted(path for path in (disk / repository / kind).rglob("*") if path.is_file())


def flip(path: Path, place: int = -40) -> None:
    path.chmod(0o600)
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def told(sound: Proved) -> set[tuple[str, str]]:
    proof = sound.test()
    assert proof.ending.verdict == ("failed" if proof.found else "proved")
    return {(finding.place.value, finding.code.value) for finding in proof.found}


@pytest.fixture
def mended(sound: Proved, kept_disk: Path) -> Iterator[Proved]:
    """Let a test harm the disk; afterwards it is whole, and a night says so."""
    yield sound
    shutil.rmtree(sound.disk)
    shutil.copytree(kept_disk, sound.disk)


@pytest.mark.parametrize("kind", ["data", "index", "snapshots", "keys"])
@pytest.mark.parametrize("repository", ["files", "keys"])
def test_a_bit_anywhere_in_a_repository_fails_the_night(mended: Proved, repository: str, kind: str) -> None:
    flip(packs_of(mended.disk, repository, kind)[0])
    found = told(mended)
    assert (f"{repository} repository", "altered") in found or (f"{repository} repository", "exchanged") in found


def test_a_disk_in_a_drawer_is_no_failed_proof_and_no_proof(mended: Proved, tmp_path: Path) -> None:
    away = mended.disk.rename(tmp_path / "drawer")
    proof = mended.test()
    run = Run(1, mended.box.clock, mended.box.database, lambda: False)
    prove_all(mended.parts, run, in_full=False)
    assert run.fault is None, "whoever took the disk home is not told that the box fails"
    away.rename(mended.disk)
    assert (proof.ending.verdict, proof.ending.fault, proof.found) == ("could not run", "unplugged", ())


def test_an_older_copy_of_the_disk_lacks_what_was_recorded(mended: Proved, tmp_path: Path) -> None:
    older = shutil.copytree(mended.disk, tmp_path / "older")
    mended.box.scan(first=30, count=1)
    mended.night()
    newer = Path(shutil.copytree(mended.disk, tmp_path / "newer"))
    shutil.rmtree(mended.disk)
    shutil.copytree(older, mended.disk)
    found = told(mended)
    assert {("files repository", "missing"), ("keys repository", "missing")} <= found
    shutil.rmtree(mended.disk)
    shutil.copytree(newer, mended.disk)
    assert told(mended) == set()
    open_faults = "SELECT count(*) FROM integrity_faults WHERE repaired_at IS NULL AND target_key IS NOT NULL"
    assert mended.box.rows(open_faults) == [(0,)]
    with mended.box.database.write() as tx:  # the next test's disk has never seen that night
        tx.change("DELETE FROM backup_snapshots WHERE taken_at = (SELECT max(taken_at) FROM backup_snapshots)")


def test_a_file_that_never_got_into_the_backup_is_named(mended: Proved) -> None:
    missing = next(mended.box.parts.vault.stored_ids())
    aside = mended.box.parts.vault.path_of(missing).rename(mended.box.folder / "aside")
    mended.night()
    aside.rename(mended.box.parts.vault.path_of(missing))
    proof = mended.test()
    assert [(one.code.value, one.file_id) for one in proof.found] == [("missing", missing)]
    with mended.box.database.write() as tx:
        tx.change("DELETE FROM backup_snapshots WHERE taken_at = (SELECT max(taken_at) FROM backup_snapshots)")


def test_a_snapshot_is_known_by_its_whole_name_and_by_its_beginning(mended: Proved) -> None:
    """Later engines tell the whole name when they copy, and its beginning when they list."""
    with mended.box.database.write() as tx:
        for repository in ("files", "keys"):
            for path in packs_of(mended.disk, repository, "snapshots"):
                tx.change("UPDATE backup_snapshots SET snapshot_id = :name WHERE snapshot_id = :short",
                          name=path.name, short=path.name[:8])  # fmt: skip
    assert told(mended) == set()


def test_a_process_that_dies_of_what_it_has_to_prove_is_a_failed_proof(mended: Proved) -> None:
    @contextmanager
    def dying() -> Iterator[Asking]:
        with proof_process(mended.parts.keyring) as ask:
            yield lambda request: ask({**request, "do": "what nobody can"})

    opened, target = mended.repositories(), mended.target
    tested = restore_test.Tested(target.target_key, mended.box.backup.box_id, opened.files, opened.keys, set)
    going = restore_test.Going(1, lambda: None, lambda *_: None)
    ending = restore_test.RestoreTest(mended.box.integrity, mended.room, tested, dying, going).test(in_full=False)
    assert (ending.verdict, ending.fault_count) == ("failed", 1)
    assert told(mended) == set()


def test_what_was_wrong_with_files_is_not_over_before_they_were_read_again(mended: Proved) -> None:
    kept = packs_of(mended.disk, "files", "data")[0]
    whole = kept.read_bytes()
    flip(kept)
    assert told(mended)
    kept.write_bytes(whole)
    snapshot = packs_of(mended.disk, "keys", "snapshots")[0]
    aside = snapshot.rename(mended.box.folder / "aside-snapshot")
    is_open = "SELECT count(*) FROM integrity_faults WHERE place = 'files repository' AND repaired_at IS NULL"
    assert told(mended), "the catalogue cannot be taken out, so no file is read"
    assert mended.box.rows(is_open) != [(0,)]
    aside.rename(snapshot)
    assert told(mended) == set()
    assert mended.box.rows(is_open) == [(0,)]
