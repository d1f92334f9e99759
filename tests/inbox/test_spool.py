"""Numbered events that survive crashes and cannot fill the disk."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.inbox.spool import MAXIMUM_EVENTS_A_MINUTE, Spool, SpoolEvent, read_spool, remove_imported
from tests.store.failing_files import FailingFiles


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


# At the limit of a file's size the kernel first takes less than it was given, and only then refuses (write(2), EFBIG).
AN_EVENT_AT_THE_LIMIT = """
import errno, resource, sys
from pathlib import Path
from appliance.clock import SystemClock
from appliance.inbox.spool import Spool, SpoolEvent

spool = Spool(Path(sys.argv[1]), SystemClock())
resource.setrlimit(resource.RLIMIT_FSIZE, (40, resource.RLIM_INFINITY))
try:
    spool.record(SpoolEvent.ASSOCIATION_REFUSED, {"calling_ae_title": "A"})
except OSError as fault:
    print(errno.errorcode[fault.errno])
"""


def refuse(spool: Spool, title: str) -> None:
    spool.record(SpoolEvent.ASSOCIATION_REFUSED, {"calling_ae_title": title})


def test_events_are_numbered_and_read_in_order(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Clock())
    for title in ("A", "B", "C"):
        refuse(spool, title)
    assert [(e.number, e.facts["calling_ae_title"]) for e in read_spool(tmp_path)] == [(1, "A"), (2, "B"), (3, "C")]
    assert [e.number for e in read_spool(tmp_path, after=2)] == [3]


def test_equal_events_within_a_minute_are_one_with_a_count(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, clock)
    for _ in range(5):
        refuse(spool, "A")
    assert len(list(read_spool(tmp_path))) == 1
    clock.seconds = 61
    refuse(spool, "A")
    assert [e.count for e in read_spool(tmp_path)] == [1, 5]


def test_a_flood_of_other_names_is_bounded_and_counted(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, clock)
    for n in range(1000):
        refuse(spool, f"X{n}")
    assert len(list(tmp_path.iterdir())) == MAXIMUM_EVENTS_A_MINUTE
    clock.seconds = 61
    refuse(spool, "LATER")
    assert list(read_spool(tmp_path))[-1].left_out == 1000 - MAXIMUM_EVENTS_A_MINUTE


def test_a_full_spool_takes_no_more(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Clock(), maximum_events=3)
    for n in range(9):
        refuse(spool, f"X{n}")
    assert len(list(tmp_path.iterdir())) == 3


def test_guesses_push_no_locking_or_unlocking_out_of_a_minute(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, clock)
    for _ in range(200):
        spool.record_each(SpoolEvent.UNLOCK_FAILED, {"by": "nobody"})
    for event in (SpoolEvent.BOX_UNLOCKED, SpoolEvent.BOX_LOCKED) * 40:
        spool.record_each(event, {"by": "operator"})
    told = [e.event for e in read_spool(tmp_path)]
    assert told.count(SpoolEvent.UNLOCK_FAILED) == MAXIMUM_EVENTS_A_MINUTE // 2
    assert told.count(SpoolEvent.BOX_UNLOCKED) == told.count(SpoolEvent.BOX_LOCKED) == 40
    left_out = [e.left_out for e in read_spool(tmp_path) if e.left_out]
    assert left_out == [200 - MAXIMUM_EVENTS_A_MINUTE // 2]


def test_guesses_fill_half_of_the_spool_and_locking_has_the_rest(tmp_path: Path) -> None:
    clock = Clock()
    spool = Spool(tmp_path, clock, maximum_events=20)
    for _ in range(50):
        spool.record_each(SpoolEvent.UNLOCK_FAILED, {"by": "nobody"})
        clock.seconds += 61
    for _ in range(50):
        spool.record_each(SpoolEvent.BOX_LOCKED, {"by": "operator"})
    told = [e.event for e in read_spool(tmp_path)]
    assert (told.count(SpoolEvent.UNLOCK_FAILED), told.count(SpoolEvent.BOX_LOCKED)) == (10, 10)


def test_an_event_and_a_new_folder_are_synced_before_the_call_returns(tmp_path: Path) -> None:
    files = FailingFiles()
    spool = Spool(tmp_path / "spool" / "receiver", Clock(), files=files)
    assert files.done == ["make_folder", "fsync_folder"] * 2
    refuse(spool, "A")
    assert files.done[4:] == ["create_exclusive", "write", "fsync", "fsync_folder"]


@pytest.mark.parametrize("nth", [1, 2, 3, 4])
def test_an_event_that_the_disk_refused_is_whole_or_gone_and_the_next_one_is_written(tmp_path: Path, nth: int) -> None:
    files = FailingFiles()
    spool = Spool(tmp_path, Clock(), files=files)
    files.fail_next(nth)
    with pytest.raises(OSError, match=r"write|fsync|create"):
        refuse(spool, "A")
    assert [e.facts["calling_ae_title"] for e in read_spool(tmp_path)] == (["A"] if nth == 4 else [])
    refuse(spool, "B")
    assert [e.number for e in read_spool(tmp_path)][-1] == 2


def test_an_event_that_the_disk_took_only_a_part_of_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", AN_EVENT_AT_THE_LIMIT, str(tmp_path)]
    child = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert (child.stdout.strip(), child.stderr) == ("EFBIG", "")
    assert list(tmp_path.iterdir()) == []


def test_a_number_is_never_used_twice_even_after_all_was_imported(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Clock())
    refuse(spool, "A")
    refuse(spool, "B")
    remove_imported(tmp_path, 2)
    refuse(Spool(tmp_path, Clock()), "C")
    assert [e.number for e in read_spool(tmp_path, after=2)] == [3]


def test_a_cut_event_is_passed_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path, Clock())
    for title in ("A", "B", "C"):
        refuse(spool, title)
    (tmp_path / "000000000002.json").write_bytes(b"")
    assert [e.number for e in read_spool(tmp_path)] == [1, 3]


@pytest.mark.parametrize("what", ["flipped", "other", "forged", "large", "link", "folder", "pipe"])
@pytest.mark.parametrize("number", [2, 3])
def test_a_file_that_is_no_event_is_told_and_keeps_none_behind_it(tmp_path: Path, what: str, number: int) -> None:
    spool = Spool(tmp_path, Clock())
    for title in ("A", "B", "C"):
        refuse(spool, title)
    path = tmp_path / f"{number:012d}.json"
    written = path.read_bytes()
    path.unlink()
    spoil(path, what, written)
    events = list(read_spool(tmp_path))
    assert [e.number for e in events] == [1, 2, 3]
    assert [e.event for e in events if e.number == number] == [SpoolEvent.UNREADABLE]
    assert [e.event for e in events].count(SpoolEvent.ASSOCIATION_REFUSED) == 2
    refuse(spool, "D")
    remove_imported(tmp_path, 3)
    assert [e.facts["calling_ae_title"] for e in read_spool(tmp_path, after=3)] == ["D"]
    assert len(list(tmp_path.iterdir())) == (2 if what == "folder" else 1)


def spoil(path: Path, what: str, written: bytes) -> None:
    if what == "link":
        path.symlink_to("/proc/self/environ")
    elif what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    else:
        flipped = bytes([written[0] ^ 1]) + written[1:]
        forged = written.replace(b"association-refused", b"unreadable")
        contents = {"flipped": flipped, "other": b"{}\n", "forged": forged, "large": written[:-1] + b" " * 5000}
        path.write_bytes(contents[what])
