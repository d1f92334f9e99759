"""While another process writes the catalogue anew intake lives, and takes in afterwards what waited."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

from appliance.archive.erasing import ErasureScope
from appliance.audit.events import PROCESS
from appliance.errors import Unavailable
from appliance.intake.service import Intake
from appliance.retention.erasing import ErasingParts, Order, erase_rows, finish_all
from appliance.store.database import BUSY_TIMEOUT_SECONDS, Database
from appliance.store.transactions import WriteTransaction
from tests.intake.a_clinic import Clinic, SetClock, ct_slice, sent

WATCHDOG_SECONDS = 80.0  # systemd/enamel-intake.service; fed at each third of it, if something was done since


class BusyDatabase(Database):
    """A catalogue that another process has for itself: whoever writes waits as long as SQLite lets him."""

    set_clock: SetClock
    is_busy = False

    @contextmanager
    def write(self) -> Iterator[WriteTransaction]:
        self._wait()
        with super().write() as tx:
            yield tx

    def cut_log(self) -> bool:
        with suppress(Unavailable):
            self._wait()
            return super().cut_log()
        return False

    def _wait(self) -> None:
        if self.is_busy:
            self.set_clock.ahead += timedelta(seconds=BUSY_TIMEOUT_SECONDS)
            raise Unavailable("the catalogue was busy for too long")


def test_intake_says_often_enough_that_it_lives_and_then_takes_in_what_waited(tmp_path: Path) -> None:
    clinic = Clinic(tmp_path)
    for number in (1, 2, 3):
        clinic.take(ct_slice(number, StudyInstanceUID=f"1.2.3.{number}", SOPInstanceUID=f"1.2.4.{number}"))
    busy = clinic.crashing(BusyDatabase)
    busy.set_clock = clinic.clock
    erasing = ErasingParts(tmp_path, busy, clinic.audit, clinic.files, clinic.clock)
    with busy.write() as tx:
        for study in (1, 2):
            erase_rows(tx, erasing, Order(ErasureScope.STUDY, "error", PROCESS), study)
    signs: list[float] = []
    intake = Intake(replace(clinic.parts, on_progress=lambda: signs.append(clinic.clock.monotonic())))
    intake.start()
    busy.is_busy = True
    clinic.clock.ahead += timedelta(hours=2)  # so that upkeep has its turn
    signs.clear()
    for turn in range(6):
        signs.append(clinic.clock.monotonic())
        with suppress(Unavailable):
            intake.step()
        if turn == 2:
            clinic.receive([sent(ct_slice(9, StudyInstanceUID="1.2.3.9", SOPInstanceUID="1.2.4.9"))])
    assert signs[-1] - signs[0] > WATCHDOG_SECONDS, "it never waited"
    assert max(later - sooner for sooner, later in pairwise(signs)) < WATCHDOG_SECONDS / 2
    assert clinic.rows("SELECT count(*) FROM studies") == [(1,)]
    busy.is_busy = False
    while intake.step():
        pass
    intake.close()
    assert clinic.rows("SELECT count(*) FROM studies") == [(2,)]
    assert finish_all(erasing) in {0, 2}
    assert clinic.rows("SELECT count(*) FROM erasures WHERE files_gone_at IS NULL") == [(0,)]
