"""While one thread writes the catalogue anew this process's others wait for it, and not for ever."""

from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from appliance.errors import Unavailable
from appliance.store.gate import LONGEST_SECONDS, Gate
from tests.intake.a_clinic import SetClock
from tests.store.a_box import ABox


def test_a_writer_waits_until_the_catalogue_is_written_anew(tmp_path: Path) -> None:
    box, let_go, written = ABox(tmp_path).create(), Event(), Event()

    def write() -> None:
        with box.database.write() as tx:
            tx.change("UPDATE rotating_keys SET created_at = created_at")
        box.database.close()
        written.set()

    writer = Thread(target=write)
    with box.database.gate.closed():
        writer.start()
        assert not written.wait(0.3)
        with box.database.read() as tx:
            assert tx.rows("SELECT count(*) FROM rotating_keys") == [(2,)], "who reads waits for nobody"
        let_go.set()
    writer.join(20)
    assert written.is_set()


def test_the_gate_is_kept_open_by_who_looks_and_shut_to_who_comes_meanwhile() -> None:
    gate, shut = Gate(SetClock()), Event()

    def close() -> None:
        with gate.closed():
            shut.set()

    other = Thread(target=close)
    with gate.kept_open() as is_open:
        assert is_open
        other.start()
        assert not shut.wait(0.2)
        gate.wait()
    assert shut.wait(20)
    other.join(20)
    with gate.kept_open() as is_open:
        assert is_open


def test_nobody_waits_for_longer_than_is_believed() -> None:
    clock = SetClock()
    gate = Gate(clock)
    with gate.closed():
        assert gate.is_closed
        with gate.kept_open() as is_open:
            assert not is_open
        clock.ahead += timedelta(seconds=LONGEST_SECONDS)
        with gate.kept_open() as is_open:
            assert is_open, "it is asked again, and says itself that it does not answer"
        gate.wait()
    assert not gate.is_closed


def test_writing_anew_is_cut_off_when_it_is_to_leave_off_and_changes_nothing(tmp_path: Path) -> None:
    box = ABox(tmp_path).create()
    with box.database.write() as tx:
        tx.change("CREATE TABLE many (a BLOB UNIQUE)")
        tx.change(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) "
            "INSERT INTO many SELECT randomblob(16) FROM n"
        )
    before = box.folder.joinpath("catalogue.db").stat().st_size
    with pytest.raises(Unavailable, match="cut off"):
        box.database.rewrite(lambda: True)
    assert not box.database.gate.is_closed
    with box.database.write() as tx:
        assert tx.change("DELETE FROM many WHERE rowid % 2") == 30_000
    asked: list[bool] = []

    def goes_on() -> bool:
        asked.append(True)
        return False

    box.database.rewrite(goes_on)
    assert box.database.cut_log()
    assert asked
    assert box.folder.joinpath("catalogue.db").stat().st_size <= max(before, 3_000_000)
