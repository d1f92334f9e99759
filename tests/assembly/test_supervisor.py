"""The supervisor with real processes: keys by a pipe, deaths, locking, the end."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
import pytest

from appliance.assembly import locker
from appliance.assembly.children import Child, Plan
from appliance.assembly.folders import Folders
from appliance.assembly.heartbeat import Watchdog
from appliance.assembly.supervisor import Supervisor, Works, waiting_count
from appliance.clock import SystemClock
from appliance.errors import Refused, Unavailable
from tests.patience import PATIENCE

SAY_KEYS = "import os, sys, time; print(os.read(int(sys.argv[1]), 99).decode(), flush=True); time.sleep(600)"
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    made = Folders(tmp_path / "data", tmp_path / "run")
    made.create()
    return made


def works(folders: Folders, passphrase: str | None = None) -> Works:
    def plan(name: str, keyring: bytes | None) -> Plan:
        command = ("sleep", "600") if keyring is None else (sys.executable, "-c", SAY_KEYS, "{keys}")
        return Plan(name, command, {"PATH": os.environ["PATH"]}, folders.logs / f"{name}.log", keyring)

    def open_keyrings(given: str | None) -> dict[str, bytes]:
        if given != passphrase:
            raise Refused("the passphrase is wrong")
        return {"intake": b"intake's keys", "staff": b"staff's keys", "jobs": b"jobs' keys"}

    return Works(folders, "passphrase" if passphrase else "file", passphrase is not None, plan, open_keyrings)


def started() -> bool:
    return True


def play(supervisor: Supervisor, story: Iterator[Callable[[], bool]], seconds: float = 20) -> None:
    """Run the supervisor until each thing that the story waits for has come true."""
    waiting: Callable[[], bool] | None = started
    deadline = time.monotonic() + seconds * PATIENCE

    def each_tick() -> None:
        nonlocal waiting
        assert time.monotonic() < deadline, "the story waits for something that does not come"
        while waiting is not None and waiting():
            waiting = next(story, None)
        if waiting is None:
            supervisor.stop()

    supervisor.run(each_tick)


def test_what_children_write_is_this_users_alone_and_the_callers_umask_stays(folders: Folders) -> None:
    plain = works(folders)

    def plan(name: str, _: bytes | None) -> Plan:
        command = (sys.executable, "-c", f"open({str(folders.run / name)!r}, 'w'); import time; time.sleep(600)")
        return Plan(name, command, {"PATH": os.environ["PATH"]}, folders.logs / f"{name}.log", None)

    def written() -> bool:
        return (folders.run / "receiver").exists()

    before = os.umask(0o022)
    try:
        play(Supervisor(replace(plain, plan=plan), SystemClock()), iter([written]))
        assert (folders.run / "receiver").stat().st_mode & 0o777 == 0o600
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def children_of_this() -> set[int]:
    """Give this process's children; other modules' tests may have left some of theirs to it."""
    return {child.pid for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE}


def test_an_unlocked_box_runs_all_and_keys_come_by_the_pipe_alone(folders: Folders) -> None:
    others = children_of_this()
    supervisor = Supervisor(works(folders), SystemClock())
    supervisor.unlock(None)

    def story() -> Iterator[Callable[[], bool]]:
        yield lambda: b"intake's keys" in (folders.logs / "intake.log").read_bytes()
        yield lambda: b"staff's keys" in (folders.logs / "staff.log").read_bytes()
        running = supervisor.status()
        assert set(running.processes) == {"receiver", "caddy", "intake", "staff", "jobs"}
        assert not running.locked
        for number in running.processes.values():
            process = psutil.Process(number)
            assert "keys" not in " ".join(process.environ().values())
            assert "'s keys" not in " ".join(process.cmdline())
            sockets = [file for file in Path(f"/proc/{number}/fd").iterdir() if "socket" in str(file.readlink())]
            assert not sockets, "the locker and the wake-up line are the supervisor's own"

    play(supervisor, story())
    assert children_of_this() <= others
    assert not folders.locker_socket.exists()


def test_locking_stops_the_key_holders_and_leaves_the_receiver_alone(folders: Folders) -> None:
    supervisor = Supervisor(works(folders, "open sesame"), SystemClock())

    def story() -> Iterator[Callable[[], bool]]:
        yield lambda: set(supervisor.status().processes) == {"receiver", "caddy", "staff"}
        assert supervisor.status().locked
        receiver = supervisor.status().processes["receiver"]
        with pytest.raises(Refused):
            supervisor.unlock("open barley")
        assert supervisor.status().locked
        supervisor.unlock("open sesame")
        assert "intake" not in supervisor.status().processes, "who unlocks is answered before anything is replaced"
        yield lambda: "intake" in supervisor.status().processes
        yield lambda: b"intake's keys" in (folders.logs / "intake.log").read_bytes()
        intake = supervisor.status().processes["intake"]
        supervisor.lock()
        assert not psutil.pid_exists(intake)
        assert set(supervisor.status().processes) == {"receiver", "caddy", "staff"}
        assert supervisor.status().processes["receiver"] == receiver
        assert b"keys" not in repr(supervisor).encode().replace(b"open_keyrings", b"")

    play(supervisor, story())


@pytest.mark.slow
def test_children_are_tended_while_one_that_does_not_stop_is_waited_for(folders: Folders) -> None:
    deaf = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
    )
    plain = works(folders, "open sesame")

    def plan(name: str, keyring: bytes | None) -> Plan:
        made = plain.plan(name, keyring)
        is_deaf = name == "staff" and keyring is None
        return replace(made, command=(sys.executable, "-c", deaf)) if is_deaf else made

    supervisor = Supervisor(replace(plain, plan=plan), SystemClock())

    def story() -> Iterator[Callable[[], bool]]:
        yield lambda: b"deaf" in (folders.logs / "staff.log").read_bytes()
        began = time.monotonic()
        supervisor.unlock("open sesame")
        assert time.monotonic() - began < PATIENCE
        yield lambda: "staff" not in supervisor.status().processes
        receiver = supervisor.status().processes["receiver"]
        os.kill(receiver, signal.SIGKILL)
        yield lambda: supervisor.status().processes.get("receiver", receiver) != receiver
        assert "staff" not in supervisor.status().processes
        yield lambda: b"staff's keys" in (folders.logs / "staff.log").read_bytes()
        assert time.monotonic() - began > 9

    play(supervisor, story())


def test_the_log_of_a_child_that_talks_on_stays_small(folders: Folders) -> None:
    talk = "import time\nwhile True: print('x' * 1_000_000, flush=True); time.sleep(0.005)"
    plan = Plan("talker", (sys.executable, "-c", talk), {"PATH": os.environ["PATH"]}, folders.logs / "talker.log")
    child, old = Child(plan, SystemClock()), folders.logs / "talker.old"
    seen, deadline = set[int](), time.monotonic() + 20 * PATIENCE
    try:
        while len(seen) < 2:
            assert time.monotonic() < deadline
            child.tend()
            if old.exists():
                seen.add(old.stat().st_size)
            assert (folders.logs / "talker.log").stat().st_size < 64 << 20
            time.sleep(0.01)
    finally:
        child.ask_to_stop()
        child.stop()


def test_a_child_that_is_killed_runs_again_within_five_seconds_with_its_keys(folders: Folders) -> None:
    supervisor = Supervisor(works(folders), SystemClock())
    supervisor.unlock(None)

    def story() -> Iterator[Callable[[], bool]]:
        def again(name: str, before: int) -> bool:
            return supervisor.status().processes.get(name, before) != before

        for name in ("receiver", "caddy", "intake", "staff", "jobs"):
            before = supervisor.status().processes[name]
            os.kill(before, signal.SIGKILL)
            began = time.monotonic()
            yield partial(again, name, before)
            assert time.monotonic() - began < 5 * PATIENCE
        yield lambda: (folders.logs / "intake.log").read_bytes().count(b"keys") == 2

    play(supervisor, story())


def test_a_child_that_hangs_is_killed_and_runs_again_and_one_that_works_is_left_alone(folders: Folders) -> None:
    others = children_of_this()
    live = (
        "import os, sys, threading; from appliance.assembly.service_manager import ServiceManager\n"
        "one = ServiceManager(os.environ); one.ready(); one.attend(threading.Event(), lambda: True)\n"
    )
    plain = works(folders)

    def plan(name: str, keyring: bytes | None) -> Plan:
        if name == "caddy":
            return plain.plan(name, keyring)
        watchdog = Watchdog(folders.notify_socket(name), patience_seconds=4)
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY)}
        return Plan(name, (sys.executable, "-c", live), environment, folders.logs / f"{name}.log", None, watchdog)

    supervisor = Supervisor(replace(plain, plan=plan), SystemClock())
    supervisor.unlock(None)

    def story() -> Iterator[Callable[[], bool]]:
        serving = time.monotonic() + 5
        yield lambda: time.monotonic() > serving
        before = supervisor.status().processes
        os.kill(before["staff"], signal.SIGSTOP)
        began = time.monotonic()
        yield lambda: supervisor.status().processes.get("staff", before["staff"]) != before["staff"]
        assert time.monotonic() - began < 15 * PATIENCE
        assert not psutil.pid_exists(before["staff"])
        assert {**supervisor.status().processes, "staff": before["staff"]} == before

    play(supervisor, story(), seconds=30)
    assert children_of_this() <= others
    assert not list(folders.run.iterdir())


def test_a_child_whose_beat_cannot_be_heard_runs_all_the_same(
    folders: Folders, caplog: pytest.LogCaptureFixture
) -> None:
    watchdog = Watchdog(folders.run / "gone" / "sleeper.beat", patience_seconds=0.1, start_seconds=0.1)
    plan = Plan("sleeper", ("sleep", "600"), {}, folders.logs / "sleeper.log", watchdog=watchdog)
    child = Child(plan, SystemClock())
    try:
        child.tend()
        time.sleep(0.3)
        child.tend()
        assert child.process_id is not None
        assert "sleeper runs without a watchdog: No such file or directory" in caplog.text
    finally:
        child.ask_to_stop()
        child.stop()


def test_the_locker_answers_its_own_user_and_survives_nonsense(folders: Folders) -> None:
    supervisor = Supervisor(works(folders, "open sesame"), SystemClock())
    ask = (
        "import sys; from pathlib import Path; from appliance.assembly.locker import ask\n"
        "try: print(ask(Path(sys.argv[1]), *sys.argv[2:]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )

    def asked(*words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", ask, str(folders.locker_socket), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY)

    def ended(process: "subprocess.Popen[str]") -> bool:
        return process.poll() is not None

    def answered(process: "subprocess.Popen[str]") -> str:
        assert process.stdout
        return process.stdout.read()

    def story() -> Iterator[Callable[[], bool]]:
        assert stat.S_IMODE(folders.locker_socket.stat().st_mode) == 0o600
        for words, reply in (
            (("open",), "Refused"),
            (("unlock", "wrong"), "Refused the passphrase is wrong"),
            (("status",), "'locked': True"),
            (("unlock", "open sesame"), "'locked': False"),
            (("lock",), "'locked': True"),
        ):
            process = asked(*words)
            yield partial(ended, process)
            assert reply in answered(process)

    play(supervisor, story())
    with pytest.raises(Unavailable):
        locker.ask(folders.locker_socket, "status")


def test_waiting_scans_are_counted_without_opening_them(folders: Folders) -> None:
    association = folders.inbox / ("a" * 32)
    association.mkdir()
    for name in ("association", "end", "b" * 32, "c" * 32):
        (association / name).write_bytes(b"sealed")
    assert Supervisor(works(folders), SystemClock()).status().waiting_count == 2


def test_waiting_scans_are_counted_while_intake_takes_them_away(folders: Folders) -> None:
    (folders.inbox / "no folder").write_bytes(b"")
    for number in range(500):
        association = folders.inbox / f"{number:032x}"
        association.mkdir()
        (association / ("b" * 32)).touch()
    settle = (
        "import sys, time; from pathlib import Path\n"
        "for one in reversed(list(Path(sys.argv[1]).glob('0*'))):\n"
        "    one.rename(sys.argv[2] + one.name); time.sleep(0.0005)"
    )
    assert waiting_count(folders.inbox) == 500
    with subprocess.Popen([sys.executable, "-c", settle, str(folders.inbox), f"{folders.settled}/"]) as intake:
        counts = []
        while intake.poll() is None:
            counts.append(waiting_count(folders.inbox))
    assert waiting_count(folders.inbox) == 0
    assert counts == sorted(counts, reverse=True)
    assert any(0 < count < 500 for count in counts), "nothing was counted while folders went"


def test_children_die_with_a_supervisor_that_is_killed(folders: Folders) -> None:
    program = (
        "import sys, os; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from tests.assembly.test_supervisor import *\n"
        "f = Folders(Path(sys.argv[1]) / 'data', Path(sys.argv[1]) / 'run')\n"
        "s = Supervisor(works(f), SystemClock()); s.unlock(None)\n"
        "s.run(lambda: print(*s.status().processes.values(), flush=True))\n"
    )
    command = [sys.executable, "-c", program, str(folders.data.parent), str(REPOSITORY)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=REPOSITORY, text=True) as process:
        assert process.stdout
        numbers = [int(number) for number in process.stdout.readline().split()]
        assert len(numbers) == 5
        process.kill()
    gone, alive = psutil.wait_procs([psutil.Process(n) for n in numbers if psutil.pid_exists(n)], timeout=5)
    left = [one for one in alive if one.status() != psutil.STATUS_ZOMBIE]  # a container's first process may reap nobody
    assert not left, gone


def test_a_run_folder_too_deep_for_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="run_folder"):
        Folders(tmp_path, tmp_path / ("d" * 100)).create()
