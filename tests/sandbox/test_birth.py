"""A nursery forks confined children fast, holds nothing, and everything of it ends with its owner."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from appliance.clock import SystemClock
from appliance.dicom.source import ByteSource
from appliance.sandbox.birth import Nursery
from appliance.sandbox.parser import Parser
from tests.dicom.datasets import EXPLICIT_LITTLE
from tests.patience import PATIENCE
from tests.sandbox.test_parser import OURS, WHOLE


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery("facts")
    yield made
    made.close()


def test_each_parser_of_a_nursery_gets_a_child_of_its_own(nursery: Nursery) -> None:
    with Parser(SystemClock(), birth=nursery.birth) as one, Parser(SystemClock(), birth=nursery.birth) as other:
        first = one.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
        assert first == other.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
        assert one.child_id != other.child_id


def test_a_child_of_a_nursery_is_confined(nursery: Nursery) -> None:
    with Parser(SystemClock(), birth=nursery.birth) as parser:
        parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
        status = Path(f"/proc/{parser.child_id}/status").read_text()
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status


@pytest.mark.as_root("looks into a process that may not be dumped")
def test_a_child_of_a_nursery_has_no_descriptor_but_its_pipes_and_no_environment(nursery: Nursery) -> None:
    with Parser(SystemClock(), birth=nursery.birth) as parser:
        parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
        child = Path("/proc") / str(parser.child_id)
        assert sorted(int(found.name) for found in (child / "fd").iterdir()) == [0, 1, 2]
        assert (child / "environ").read_bytes() == OURS


def test_a_killed_nursery_is_replaced(nursery: Nursery) -> None:
    nursery.birth("facts").end()
    (process,) = [c for c in psutil.Process().children() if "appliance.sandbox.nursery" in c.cmdline()]
    process.kill()
    process.wait(40)
    with Parser(SystemClock(), birth=nursery.birth) as parser:
        assert parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE).sop_instance_uid


def test_a_child_that_is_killed_costs_nobody_else(nursery: Nursery) -> None:
    with Parser(SystemClock(), birth=nursery.birth) as parser:
        parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
        before = parser.child_id
        assert before is not None
        os.kill(before, signal.SIGKILL)
        assert parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE).sop_instance_uid
        assert parser.child_id != before


def test_a_stalled_child_is_ended_and_its_file_read_by_another(nursery: Nursery) -> None:
    with Parser(SystemClock(), seconds_each=0.5 * PATIENCE, birth=nursery.birth) as parser:
        parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE)
        stalled = parser.child_id
        assert stalled is not None
        os.kill(stalled, signal.SIGSTOP)
        assert parser.facts(ByteSource(WHOLE), 0, EXPLICIT_LITTLE).sop_instance_uid
        assert parser.child_id != stalled


def test_everything_ends_with_the_owner() -> None:
    script = (
        "import sys, time; from appliance.sandbox.birth import Nursery; n = Nursery('facts'); c = n.birth('facts'); "
        "print(c.process_id, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        child = int(owner.stdout.readline())
        family = psutil.Process(owner.pid).children(recursive=True)
        assert child in {process.pid for process in family}
        owner.kill()
    end = time.monotonic() + 5 * PATIENCE
    while any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family) and time.monotonic() < end:
        time.sleep(0.05)
    assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def test_a_nursery_makes_only_what_it_prepared(nursery: Nursery) -> None:
    with pytest.raises(ValueError, match="facts"):
        nursery.birth("metadata")
