"""One association for each slice, as many scanners send: how fast they are acknowledged, and how fast listed.

Run as `python -m benchmarks.associations [--count 200] [--port 21900]`. First both processes run together;
then intake alone takes in what a locked box kept.
"""

import argparse
import tempfile
import time
from pathlib import Path

from appliance.assembly.box import read_box_file
from appliance.assembly.rooms import Rooms
from appliance.clock import SystemClock
from appliance.intake.parts import IntakeParts
from appliance.intake.service import Intake
from appliance.store.files import RealFiles
from tests.faults.pair import Pair
from tests.faults.raw_scu import RawScu, instance

SLICE_BYTES = 50_000
_PATIENCE_SECONDS = 300.0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--port", type=int, default=21900)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, Pair(Path(folder) / "live", given.port) as pair:
        _live(pair, given.count)
    with tempfile.TemporaryDirectory() as folder, Pair(Path(folder) / "locked", given.port) as pair:
        _locked(pair, given.count)


def _live(pair: Pair, count: int) -> None:
    pair.start("receiver")
    pair.start("intake")
    pair.wait_until_it_answers()
    rooms = pair.rooms()
    _wait_for(rooms, 0)
    sending = _send(pair, count)
    began = time.monotonic()
    _wait_for(rooms, count)
    print(f"both running: {count / sending:.0f} associations/s; listed {time.monotonic() - began:.2f} s after the last")


def _locked(pair: Pair, count: int) -> None:
    pair.start("receiver")
    pair.wait_until_it_answers()
    sending = _send(pair, count)
    rooms = pair.rooms()
    box_id = read_box_file(pair.folders).box_id
    clock = SystemClock()
    parts = IntakeParts(
        rooms.folders.data, box_id, rooms.database, rooms.rotating_keys, rooms.audit, RealFiles(), clock
    )
    intake = Intake(parts)
    intake.start()
    began = time.monotonic()
    while listed(rooms) < count:
        intake.step()
    taken = time.monotonic() - began
    intake.close()
    print(f"receiver alone: {count / sending:.0f} associations/s; intake alone: {count / taken:.0f} files/s")


def _send(pair: Pair, count: int) -> float:
    scans = [instance(number, SLICE_BYTES) for number in range(1, count + 1)]
    began = time.monotonic()
    for scan in scans:
        with RawScu(pair.address) as association:
            association.store(scan)
            association.release()
    return time.monotonic() - began


def listed(rooms: Rooms) -> int:
    """Count the arrivals in the catalogue."""
    with rooms.database.read() as tx:
        return int(tx.rows("SELECT count(*) FROM arrivals")[0][0])


def _wait_for(rooms: Rooms, count: int) -> None:
    began = time.monotonic()
    while listed(rooms) < count:
        if time.monotonic() - began > _PATIENCE_SECONDS:
            raise TimeoutError("intake did not list what was sent")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
