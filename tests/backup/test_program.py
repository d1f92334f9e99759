"""An outside program goes behind everything else on the machine, and ends when nothing more is to be had from it."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.backup.faults import Fault
from appliance.backup.program import Call, run
from appliance.backup.restic_words import DataReading, fault_of, is_gone, is_refused

ROOT = Path(__file__).parents[2]
SCHEDULED = (
    "import os, sys; os.setpriority(os.PRIO_PROCESS, 0, int(sys.argv[1]));"  # whatever this process itself has
    "from appliance.backup.program import Call, run;"
    "run(Call(('sh', '-c', 'chrt -p $$; ionice -p $$')), lambda line: print(line.decode()))"
)
ALONE = "from appliance.backup.program import Call, run; raise SystemExit(run(Call(('true',))).status)"


@pytest.mark.parametrize(("gives_way", "policy", "disk"), [("10", "SCHED_IDLE", "idle"), ("0", "SCHED_OTHER", "none")])
def test_a_program_yields_to_all_others_where_its_process_gives_way_and_to_nobody_else(
    gives_way: str, policy: str, disk: str
) -> None:
    command = [sys.executable, "-c", SCHEDULED, gives_way]
    told = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True).stdout.splitlines()
    assert (told[0].rpartition(" ")[2], told[2].partition(":")[0]) == (policy, disk)


@pytest.mark.peer("strace")
def test_where_a_program_may_not_choose_how_it_is_scheduled_it_runs_all_the_same() -> None:
    calls = (
        "sched_setscheduler,ioprio_set,setpriority"  # a unit's filter refuses these with more (systemd's @resources)
    )
    refusing = ["nice", "-n", "10", "strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject={calls}:error=EPERM"]
    subprocess.run([*refusing, sys.executable, "-c", ALONE], check=True, cwd=ROOT)


def test_a_program_that_is_given_up_ends_and_what_it_said_is_kept() -> None:
    began = time.monotonic()
    script = "echo first >&2; echo second >&2; exec sleep 100"
    ended = run(Call(("sh", "-c", script), gives_up=lambda said: "second" in said))
    assert (ended.status != 0, ended.said) == (True, "first\nsecond\n")
    assert time.monotonic() - began < 90


def test_a_server_that_refuses_twice_is_asked_no_more_and_one_that_is_away_is() -> None:
    tries = "Load(<config/0000000000>, 0, 0) returned error, retrying after 552.330144ms: {}\n"
    refused = tries.format("unexpected HTTP response (403): 403 Forbidden")
    assert not is_refused(refused)
    assert is_refused(refused + refused)
    assert not is_refused(4 * tries.format("dial tcp 192.0.2.1:443: connect: connection refused"))
    assert fault_of(refused + refused) is Fault.DENIED


GONE = "Load(<data/{}>, 18276294, 0) returned error, retrying after 1.08s: open data/c8: no such file or directory\n"


def test_what_is_twice_not_there_is_looked_for_no_more() -> None:
    away = GONE.replace("no such file or directory", "dial tcp 192.0.2.1:443: i/o timeout").format("c8e3dc9ad9")
    assert not is_gone(GONE.format("c8e3dc9ad9"))
    assert is_gone(GONE.format("c8e3dc9ad9") * 2)
    assert not is_gone(away * 4)


def test_a_reading_ends_once_all_that_is_left_of_it_is_gone() -> None:
    one, two = GONE.format("c8e3dc9ad9"), GONE.format("3f0a1c22b7")
    reading = DataReading()
    assert not reading.only_waits(one)
    assert reading.only_waits(2 * one), "it looks for a tree"
    reading.told(b"[0:02] 25.00%  1 / 4 packs")
    assert not reading.only_waits(2 * one + two)
    reading.told(b"[0:03] 50.00%  2 / 4 packs")
    assert reading.only_waits(2 * one + two)
    assert not reading.only_waits(10 * one + two), "restic has given one of them up"
    reading.told(b"[0:03] 50.00%  10 / 40 packs")
    assert not reading.only_waits("".join(map(GONE.format, "abcd")))
    assert reading.only_waits("".join(map(GONE.format, "abcde"))), "nobody reads the others"
