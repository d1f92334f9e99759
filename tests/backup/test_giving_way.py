"""What copies stands still while scans arrive, and goes on however much comes in."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.backup.giving_way import GivingWay
from tests.web.a_clinic import SetClock

ROOT = Path(__file__).parents[2]
# A program of a process that gives way, or of one that does not: it counts while something arrives.
COUNTING = """
import os, sys, time
from pathlib import Path
from threading import Thread
from appliance.backup.program import Call, run
os.setpriority(os.PRIO_PROCESS, 0, int(sys.argv[1]))
inbox, over = Path(sys.argv[2]), Path(sys.argv[3])
def arrive():
    (inbox / "one").mkdir()
    for number in range(20):
        time.sleep(0.1)
        (inbox / "one" / str(number)).touch()
    over.touch()
Thread(target=arrive).start()
script = 'while [ ! -e "$0" ]; do echo; sleep 0.05; done; sleep 0.2; echo over'
ended = run(Call(("sh", "-c", script, str(over)), inbox=inbox), lambda line: print(line.decode()))
assert ended.status == 0, ended
"""


class Following:
    """A program's signals as they were sent."""

    def __init__(self, inbox: Path) -> None:
        self.inbox, self.clock, self.told = inbox, SetClock(), list[signal.Signals]()
        self.giving_way = GivingWay(inbox, self.clock, self.told.append)
        self.objects = 0

    def look(self, seconds: float = 0.05, *, arrives: bool = False) -> bool:
        """Let time pass, and perhaps an object come; say whether the program stands."""
        self.clock.pass_time(seconds=seconds)
        if arrives:
            self.objects += 1
            (self.inbox / "one").mkdir(exist_ok=True)
            os.utime(self.inbox / "one", ns=(0, self.objects))
        self.giving_way.look()
        return self.giving_way.stands


@pytest.fixture
def followed(tmp_path: Path) -> Following:
    return Following(tmp_path)


def test_it_stands_from_the_first_object_until_a_second_after_the_last(followed: Following) -> None:
    assert not followed.look()
    assert followed.look(arrives=True)
    assert followed.look(0.9)
    assert followed.look(0.9, arrives=True)
    assert followed.look(0.9)
    assert not followed.look(0.2)
    assert followed.look(0.1, arrives=True), "the next scan is waited for at once"
    assert followed.told == [signal.SIGSTOP, signal.SIGCONT, signal.SIGSTOP]


def test_what_waits_in_the_inbox_of_a_locked_box_is_no_arrival(tmp_path: Path) -> None:
    (tmp_path / "waiting").mkdir()
    followed = Following(tmp_path)
    assert not any(followed.look() for _ in range(40))
    assert followed.look(arrives=True)


def test_a_stream_without_end_has_half_the_time_at_most(followed: Following) -> None:
    stood = [followed.look(0.5, arrives=True) for _ in range(400)]
    assert 0.45 <= sum(stood) / len(stood) <= 0.52
    longest = max(map(len, "".join(" x"[each] for each in stood).split()))
    assert longest * 0.5 <= 20


def test_without_an_inbox_nothing_is_waited_for(tmp_path: Path) -> None:
    followed = Following(tmp_path)
    tmp_path.rmdir()
    assert not followed.look()


@pytest.mark.parametrize(("niceness", "most", "least"), [("10", 12, 1), ("0", 100, 15)])
def test_a_program_stands_still_only_where_its_process_gives_way(
    tmp_path: Path, niceness: str, most: int, least: int
) -> None:
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    command = [sys.executable, "-c", COUNTING, niceness, str(inbox), str(tmp_path / "over")]
    told = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    assert told[-1] == "over"
    assert least <= len(told) <= most


def test_a_program_that_stands_still_is_stopped_all_the_same() -> None:
    script = (
        "from appliance.backup.program import Call, run;"
        "run(Call(('sh', '-c', 'kill -STOP $$'), on_step=lambda _: 1 / 0))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert "ZeroDivisionError" in done.stderr
