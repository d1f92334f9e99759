"""Keys are made anew every month, and old ones go when nothing needs them; nothing is lost by it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.audit.events import OPERATOR
from appliance.inbox.public_key import read_public_key
from appliance.intake.rotation import BATCH, KeyUpkeep, rotate
from appliance.store.rotating_keys import KeyKind
from tests.intake.a_clinic import Clinic, ct_slice, sent

BOTH = (KeyKind.WRAPPING, KeyKind.INBOX)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    clinic = Clinic(tmp_path)
    yield clinic
    clinic.database.close()


def receiver_reads(clinic: Clinic) -> None:
    clinic.public = read_public_key(clinic.folder / "exchange" / "inbox-key.json")


def keys(clinic: Clinic, kind: KeyKind) -> dict[object, str]:
    rows = clinic.rows(
        "SELECT number, CASE WHEN destroyed_at IS NOT NULL THEN 'destroyed' WHEN retired_at IS NOT NULL THEN 'retired' "
        "ELSE 'current' END, wrapped_key IS NULL FROM rotating_keys WHERE kind = :kind ORDER BY number",
        kind=kind.value,
    )
    assert all((state == "destroyed") == bool(gone) for _, state, gone in rows)
    return {number: str(state) for number, state, _ in rows}


def work(clinic: Clinic, steps: int = 6) -> None:
    intake = clinic.intake()
    for _ in range(steps):
        intake.step()


def readable(clinic: Clinic) -> int:
    rows = clinic.rows("SELECT file_id, dataset_offset FROM versions")
    count = 0
    for file, offset in rows:
        assert isinstance(file, bytes)
        assert isinstance(offset, int)
        count += bool(clinic.stored_dataset(file, offset))
    return count


def test_an_association_sealed_before_a_rotation_is_taken_in_after_it(clinic: Clinic) -> None:
    clinic.intake().step()
    clinic.receive([sent(ct_slice(1))])
    rotate(clinic.parts, BOTH, OPERATOR)
    receiver_reads(clinic)
    assert clinic.public.number == 2
    clinic.receive([sent(ct_slice(2))])
    work(clinic)
    assert readable(clinic) == 2
    assert clinic.rows("SELECT DISTINCT wrapping_key_number FROM files") == [(2,)]
    events = [
        row[0] for row in clinic.rows("SELECT event FROM audit_events WHERE event LIKE '%rotated' ORDER BY sequence")
    ]
    assert events == ["wrapping key rotated", "inbox key rotated"]


def test_keys_older_than_thirty_days_are_made_anew_by_intake_itself(clinic: Clinic) -> None:
    clinic.take(ct_slice(1))
    clinic.clock.ahead = timedelta(days=29)
    work(clinic)
    assert keys(clinic, KeyKind.WRAPPING) == keys(clinic, KeyKind.INBOX) == {1: "current"}
    clinic.clock.ahead = timedelta(days=31)
    work(clinic)
    assert keys(clinic, KeyKind.WRAPPING) == {1: "destroyed", 2: "current"}
    assert keys(clinic, KeyKind.INBOX) == {1: "retired", 2: "current"}
    assert read_public_key(clinic.folder / "exchange" / "inbox-key.json").number == 2
    assert readable(clinic) == 1
    runs = clinic.rows("SELECT job, outcome, done_count, failed_count FROM runs ORDER BY run_key")
    assert runs == [
        ("rotate keys", "done", 0, 0), ("rotate keys", "done", 0, 0), ("rotate keys", "done", 2, 0),
        ("rewrap data keys", "done", 1, 0),
    ]  # fmt: skip


def test_an_old_inbox_pair_goes_when_no_association_names_it_any_more(clinic: Clinic) -> None:
    clinic.take(ct_slice(1))
    rotate(clinic.parts, BOTH, OPERATOR)
    clinic.clock.ahead = timedelta(days=3)
    work(clinic)
    assert keys(clinic, KeyKind.INBOX) == {1: "retired", 2: "current"}, "a settled association is sealed to it"
    for record in clinic.parts.settled.glob("*/*"):
        record.unlink()
    for folder in clinic.parts.settled.iterdir():
        folder.rmdir()
    clinic.clock.ahead = timedelta(days=5)
    work(clinic)
    assert keys(clinic, KeyKind.INBOX) == {1: "destroyed", 2: "current"}


def test_a_pair_is_not_destroyed_on_the_day_it_was_retired(clinic: Clinic) -> None:
    rotate_only = KeyUpkeep(clinic.parts)
    (clinic.folder / "exchange").mkdir()
    rotate(clinic.parts, BOTH, OPERATOR)
    rotate_only.step()
    assert keys(clinic, KeyKind.INBOX) == {1: "retired", 2: "current"}


def test_many_files_are_wrapped_anew_in_batches_before_the_old_key_goes(clinic: Clinic) -> None:
    clinic.take(*(ct_slice(number) for number in range(1, 4)))
    (row,) = clinic.rows("SELECT wrapped_key, plaintext_bytes, created_at FROM files LIMIT 1")
    with clinic.database.write() as tx:
        for number in range(BATCH):
            tx.change(
                "INSERT INTO files (file_id, wrapped_key, wrapping_key_number, plaintext_bytes, place, created_at) "
                "VALUES (:id, :key, 1, :size, 'vault', :at)",
                id=number.to_bytes(16, "big"), key=row[0], size=row[1], at=row[2],
            )  # fmt: skip
    rotate(clinic.parts, (KeyKind.WRAPPING,), OPERATOR)
    upkeep = KeyUpkeep(clinic.parts)
    upkeep.step()
    upkeep.step()
    assert keys(clinic, KeyKind.WRAPPING) == {1: "retired", 2: "current"}
    for _ in range(4):
        upkeep.step()
    assert keys(clinic, KeyKind.WRAPPING) == {1: "retired", 2: "current"}, "what does not unwrap keeps its key"
    assert readable(clinic) == 3
    with clinic.database.write() as tx:
        tx.change("DELETE FROM files WHERE created_at = :at AND wrapping_key_number = 1", at=row[2])
    clinic.clock.ahead = timedelta(days=2)
    for _ in range(4):
        upkeep.step()
    assert keys(clinic, KeyKind.WRAPPING) == {1: "destroyed", 2: "current"}
    assert readable(clinic) == 3


def test_a_key_file_that_cannot_be_written_is_tried_again(clinic: Clinic) -> None:
    clinic.intake().step()
    (clinic.folder / "exchange").rename(clinic.folder / "away")
    with pytest.raises(Exception, match="disk refused"):
        rotate(replace(clinic.parts), BOTH, OPERATOR)
    (clinic.folder / "away").rename(clinic.folder / "exchange")
    clinic.clock.ahead = timedelta(days=1, minutes=1)
    KeyUpkeep(clinic.parts).step()
    assert read_public_key(clinic.folder / "exchange" / "inbox-key.json").number == 2


def test_a_key_file_whose_bits_flipped_is_written_again_within_a_minute(clinic: Clinic) -> None:
    published = clinic.folder / "exchange" / "inbox-key.json"
    clinic.intake().step()
    whole = published.read_bytes()
    published.write_bytes(flipped(whole, whole.index(b"public_key") + 20))
    upkeep = KeyUpkeep(clinic.parts)
    upkeep.step()
    assert published.read_bytes() == whole
    published.unlink()
    clinic.clock.ahead = timedelta(minutes=1, seconds=1)
    upkeep.step()
    assert published.read_bytes() == whole


def test_a_clock_that_is_set_back_does_not_stop_the_upkeep_of_a_running_intake(clinic: Clinic) -> None:
    published = clinic.folder / "exchange" / "inbox-key.json"
    clinic.intake().step()
    whole, upkeep = published.read_bytes(), KeyUpkeep(clinic.parts)
    upkeep.step()
    clinic.clock.stepped = -timedelta(days=3650)
    published.unlink()
    clinic.clock.ahead = timedelta(minutes=1, seconds=1)
    upkeep.step()
    assert published.read_bytes() == whole


def test_keys_made_by_a_clock_that_ran_ahead_are_made_anew_thirty_days_after_it_was_set_right(clinic: Clinic) -> None:
    clinic.clock.stepped = timedelta(days=3650)
    clinic.take(ct_slice(1))
    work(clinic)
    clinic.clock.stepped = timedelta()
    work(clinic)
    assert keys(clinic, KeyKind.WRAPPING) == {1: "destroyed", 2: "current"}
    assert keys(clinic, KeyKind.INBOX) == {1: "retired", 2: "current"}
    for day in (10, 20, 29, 31):
        clinic.clock.ahead = timedelta(days=day)
        work(clinic)
        newest = 2 if day < 30 else 3
        assert [len(keys(clinic, kind)) for kind in BOTH] == [newest, newest]
    assert readable(clinic) == 1


def test_a_pair_retired_by_a_clock_that_ran_ahead_goes_a_day_after_it_was_set_right(clinic: Clinic) -> None:
    clinic.clock.stepped = timedelta(days=3650)
    clinic.intake().step()
    clinic.clock.stepped = timedelta()
    work(clinic)
    assert keys(clinic, KeyKind.INBOX) == {1: "retired", 2: "current"}, "never on the day it was retired"
    clinic.clock.ahead = timedelta(days=1, minutes=1)
    work(clinic)
    assert keys(clinic, KeyKind.INBOX) == {1: "destroyed", 2: "current"}


def test_runs_that_lie_ahead_of_the_clock_make_no_run_a_minute(clinic: Clinic) -> None:
    clinic.clock.stepped = timedelta(days=3650)
    clinic.intake().step()
    clinic.clock.stepped = timedelta()
    upkeep = KeyUpkeep(clinic.parts)
    for minute in range(1, 9):
        clinic.clock.ahead = timedelta(minutes=2 * minute)
        upkeep.step()
    assert clinic.rows("SELECT count(*) FROM runs WHERE job = 'rotate keys'") == [(2,)]


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]
