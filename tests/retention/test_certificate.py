"""A certificate says of every place what is proved, names nobody, and readers that are not ours check it offline."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.archive.erasing import ErasureScope
from appliance.audit.events import OPERATOR
from appliance.clock import microseconds
from appliance.errors import NotFound, Tampered, Unavailable, Unsuitable
from appliance.jobs.job import Run, Stopped
from appliance.keys.hierarchy import Subkey, derive
from appliance.retention.certificate import check_certificate, facts_of, signing_key, write_certificate
from appliance.retention.certificate_words import WORDS
from appliance.retention.erasing import ErasingParts, Order, erase_rows
from appliance.retention.erasure_jobs import ProvingParts, erasure_jobs, prove_erasures, unfinished_count
from appliance.retention.queries_proofs import ask_certificate, certificate_of
from appliance.store.database import Database
from appliance.store.memory import memory_for_one
from tests.retention.an_archive import ERASED_NAME, Archive, make
from tests.retention.test_proofs import DAY, Shelf
from tests.store.failing_files import FailingFiles

ROOMY = memory_for_one, lambda: 1 << 40


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = make(tmp_path_factory.mktemp("filled"))
    with archive.database.write() as tx:
        tx.change("INSERT INTO box VALUES (1, :id, 'Zahnärzte am Markt', 0)", id=archive.box_id.value)
    return archive


@pytest.fixture
def shelf(filled: Archive, tmp_path: Path) -> Shelf:
    shelf = Shelf(filled.copied_to(tmp_path / "box"))
    shelf.target(1, "USB disk A")
    shelf.target(2, "Disk in the drawer")
    shelf.snapshot(1, "1a2b3c4d5e", days=-2)
    shelf.snapshot(2, "99887766aa", days=-9)
    shelf.set("UPDATE backup_targets SET seen_at = :at WHERE target_key = 2", at=microseconds(shelf.now - 9 * DAY))
    return shelf


def certificate(shelf: Shelf, language: str = "en") -> bytes:
    seed = derive(shelf.archive.root, Subkey.SIGNING)
    with shelf.archive.database.read() as tx:
        return write_certificate(facts_of(tx, 1, shelf.now), signing_key(tx, seed), language)


def text_of(pdf: bytes, folder: Path) -> str:
    path = folder / "certificate.pdf"
    path.write_bytes(pdf)
    told = subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True, text=True).stdout
    return re.sub(r"\s+", " ", told)


def readers_verdict(pdf: bytes, folder: Path) -> str:
    path = folder / "certificate.pdf"
    path.write_bytes(pdf)
    return subprocess.run(["pdfsig", "-nocert", str(path)], capture_output=True, check=False, text=True).stdout


@pytest.mark.peer("pdftotext")
@pytest.mark.parametrize("language", sorted(WORDS))
def test_it_names_what_is_not_proved_and_nobody(shelf: Shelf, tmp_path: Path, language: str) -> None:
    shelf.erase()
    told = text_of(certificate(shelf, language), tmp_path)
    words = WORDS[language]
    assert words.title in told
    assert "Zahnärzte am Markt" in told
    assert re.search(rf"{words.not_proved} {re.escape(words.open_target.format(name='USB disk A'))}", told)
    assert words.open_target.format(name="Disk in the drawer") in told
    assert "1a2b3c4d" in told
    assert {"en": "snapshots of a network disk", "es": "instantáneas", "pt": "instantâneos"}[language] in told
    for word in (*ERASED_NAME.split("^"), "QX-7071", "ACC-8811", "1.2.3.1", "19700102"):
        assert word.casefold() not in told.casefold()


@pytest.mark.peer("pdftotext")
def test_it_says_so_when_everything_is_proved(shelf: Shelf, tmp_path: Path) -> None:
    shelf.erase()
    assert WORDS["en"].nothing_open not in text_of(certificate(shelf), tmp_path)
    shelf.set("UPDATE backup_snapshots SET gone_at = :at WHERE target_key = 1", at=microseconds(shelf.now))
    shelf.set("UPDATE backup_targets SET destroyed_at = :at WHERE target_key = 2", at=microseconds(shelf.now))
    told = text_of(certificate(shelf), tmp_path)
    assert WORDS["en"].nothing_open in told
    assert "NOT PROVED" not in told


@pytest.mark.peer("pdfsig")
def test_an_ordinary_reader_finds_it_valid_and_any_change_of_it_not(shelf: Shelf, tmp_path: Path) -> None:
    shelf.erase()
    pdf = certificate(shelf)
    told = readers_verdict(pdf, tmp_path)
    assert "Signature is Valid." in told
    assert "Total document signed" in told
    assert "Zahnärzte am Markt (Enamel signing)" in told
    changed = bytearray(pdf)
    changed[len(pdf) // 4] ^= 1
    assert "Digest Mismatch" in readers_verdict(bytes(changed), tmp_path)
    assert "Not total document signed" in readers_verdict(pdf + b"\n% more", tmp_path)


def test_it_is_checked_offline_by_the_key_that_the_box_shows(shelf: Shelf) -> None:
    shelf.erase()
    with shelf.archive.database.read() as tx:
        key = signing_key(tx, derive(shelf.archive.root, Subkey.SIGNING))
    assert check_certificate(certificate(shelf)).fingerprint == key.fingerprint


def test_no_changed_cut_or_added_byte_passes(shelf: Shelf) -> None:
    shelf.erase()
    pdf = certificate(shelf)
    start = pdf.index(b"/Contents <") + len(b"/Contents <")
    end = start + len(pdf[start : pdf.index(b">", start)].rstrip(b"0"))

    @settings(max_examples=150, deadline=None)
    @given(st.integers(0, len(pdf) - 1).filter(lambda at: not start <= at < end), st.integers(1, 255))
    def check(at: int, change: int) -> None:
        changed = bytearray(pdf)
        changed[at] ^= change
        with pytest.raises((Tampered, Unsuitable)):
            check_certificate(bytes(changed))

    check()
    for other in (pdf[:-1], pdf + b"\n", pdf[:100], b"", b"%PDF-1.4\n%%EOF"):
        with pytest.raises((Tampered, Unsuitable)):
            check_certificate(other)


def test_an_erasure_that_never_was_gets_none(shelf: Shelf) -> None:
    with pytest.raises(NotFound):
        certificate(shelf)
    shelf.erase()
    with pytest.raises(Unsuitable):
        certificate(shelf, "xx")


def a_run(shelf: Shelf) -> Run:
    begun = (
        "INSERT OR REPLACE INTO runs (run_key, job, started_at, done_count, failed_count) VALUES (999, 'x', 0, 0, 0)"
    )
    with shelf.archive.database.write() as tx:
        tx.change(begun)
    return Run(999, shelf.archive.clock, shelf.archive.database, lambda: False)


def test_the_job_finishes_rewrites_tells_targets_and_makes_what_was_asked_for(shelf: Shelf) -> None:
    shelf.erase()
    archive = shelf.archive
    shelf.set("UPDATE erasures SET files_gone_at = NULL, gone_sequence = NULL")
    with archive.database.write() as tx:
        first = ask_certificate(tx, erasure=1, language="es", at=1, by=None)
        assert ask_certificate(tx, erasure=1, language="es", at=2, by=None) == first
        assert certificate_of(tx, 1, "es") == (None, None)
    seed = derive(archive.root, Subkey.SIGNING)
    run = a_run(shelf)
    prove_erasures(ProvingParts(archive.erasing(), seed, lambda: 1_000_000, *ROOMY), run)
    assert run.fault is None
    assert archive.rows("SELECT files_gone_at IS NULL, rewritten_at IS NULL FROM erasures") == [(0, 0)]
    with archive.database.read() as tx:
        made = certificate_of(tx, 1, "es")
        assert certificate_of(tx, 1, "pt") is None
    assert made is not None
    assert made[1] is not None
    assert check_certificate(made[1]).name == "Zahnärzte am Markt (Enamel signing)"
    assert archive.open_all() == 2


@pytest.mark.parametrize(("memory", "disk", "is_written"), [(109, 100, False), (111, 99, False), (111, 100, True)])
def test_a_catalogue_too_large_for_memory_or_disk_is_told_and_not_written_anew(
    shelf: Shelf, memory: int, disk: int, *, is_written: bool
) -> None:
    shelf.erase()
    seed = derive(shelf.archive.root, Subkey.SIGNING)
    run = a_run(shelf)
    prove_erasures(ProvingParts(shelf.archive.erasing(), seed, lambda: 100, lambda: memory, lambda: disk), run)
    assert run.fault == (None if is_written else "the catalogue is too large to write anew")
    assert shelf.archive.rows("SELECT rewritten_at IS NOT NULL FROM erasures") == [(int(is_written),)]


def test_a_process_that_ends_does_not_wait_for_the_catalogue(shelf: Shelf) -> None:
    shelf.erase()
    looks: list[bool] = []

    def is_ending() -> bool:
        looks.append(database.gate.is_closed)
        return looks[-1]

    database, seed = shelf.archive.database, derive(shelf.archive.root, Subkey.SIGNING)
    with database.write() as tx:  # so that there is something to do between two looks
        tx.change(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
            "INSERT INTO tombstones (file_id, erasure_key) SELECT randomblob(16), 1 FROM n"
        )
    usual = a_run(shelf)
    run = Run(usual.run_key, usual.clock, usual.database, is_ending)
    with pytest.raises(Stopped):
        prove_erasures(ProvingParts(shelf.archive.erasing(), seed, lambda: 1_000_000, *ROOMY), run)
    assert True in looks
    assert run.fault is None
    assert shelf.archive.rows("SELECT rewritten_at FROM erasures") == [(None,)]


def test_a_place_that_never_held_it_and_one_that_keeps_ciphertext_are_told_so(shelf: Shelf, tmp_path: Path) -> None:
    shelf.target(3, "New disk")
    shelf.snapshot(1, "ffee", days=-2, repository="files")
    shelf.erase()
    told = text_of(certificate(shelf), tmp_path)
    assert "New disk" in told
    with shelf.archive.database.read() as tx:
        proofs = {proof.target_name: proof for proof in facts_of(tx, 1, shelf.now).proofs}
    assert proofs["New disk"].last_snapshot_id is None
    assert proofs["USB disk A"].keeps_ciphertext
    first = WORDS["en"].ciphertext.split(".")[0]
    assert re.sub(r"\s+", " ", first)[:30] in re.sub(r"\s+", " ", told)


def test_the_job_finishes_nothing_while_the_disk_refuses_and_says_so(shelf: Shelf) -> None:
    archive = shelf.archive
    with archive.database.write() as tx:
        erase_rows(tx, archive.erasing(), Order(ErasureScope.STUDY, "request", OPERATOR), 1)
    assert unfinished_count(archive.erasing()) == 1
    seed = derive(archive.root, Subkey.SIGNING)
    run = a_run(shelf)
    (job,) = erasure_jobs(ProvingParts(archive.erasing(FailingFiles(("unlink", 1))), seed, lambda: 1_000_000, *ROOMY))
    job.work(run)
    assert run.fault == "an erasure is not finished"
    again = a_run(shelf)
    job.work(again)
    assert again.fault is None
    assert unfinished_count(archive.erasing()) == 0


class BusyDatabase(Database):
    """A catalogue that somebody else writes for as long as it takes."""

    def rewrite(self, _stopping: Callable[[], bool] = lambda: False) -> None:
        raise Unavailable("the catalogue was busy for too long")


def test_a_catalogue_that_cannot_be_written_anew_is_told_and_tried_again(shelf: Shelf) -> None:
    shelf.erase()
    archive, seed = shelf.archive, derive(shelf.archive.root, Subkey.SIGNING)
    usual = archive.erasing()
    busy = ErasingParts(archive.folder, archive.opened(BusyDatabase), archive.audit, usual.files, archive.clock)
    run = a_run(shelf)
    prove_erasures(ProvingParts(busy, seed, lambda: 1_000_000, *ROOMY), run)
    assert run.fault == "the catalogue was not written anew"
    assert archive.rows("SELECT rewritten_at FROM erasures") == [(None,)]
    prove_erasures(ProvingParts(usual, seed, lambda: 1_000_000, *ROOMY), a_run(shelf))
    assert archive.rows("SELECT rewritten_at IS NULL FROM erasures") == [(0,)]
