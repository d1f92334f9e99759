"""A box's lock lays keyrings out for systemd, takes them away again, and asks for the right units."""

import os
import socket
import subprocess
import sys
import threading
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from appliance.assembly import locker
from appliance.assembly.box import create_box, open_box
from appliance.assembly.folders import Folders
from appliance.assembly.service_manager import ServiceManager
from appliance.assembly.supervisor import Keyrings
from appliance.assembly.unit_lock import UnitLock, renew, serve
from appliance.clock import SystemClock
from appliance.config import Settings, in_folders
from appliance.errors import CatalogueMissing, Refused
from tests.assembly.a_calendar import Calendar

KEYRINGS = {"intake": b"catalogue 00\n", "staff": b"accounts 11\n"}


def open_keyrings(passphrase: str | None) -> Keyrings:
    if passphrase != "right":  # noqa: S105  what a test says, not a secret
        raise Refused("the passphrase is wrong")
    return KEYRINGS


class Systemd:
    """Remembers what it was asked, and what lay in the keys' folder then."""

    def __init__(self, keys: Path) -> None:
        self.keys, self.asked = keys, list[tuple[str, ...]]()

    def __call__(self, *arguments: str) -> str:
        if arguments[0] == "show":
            return "4711\n" if arguments[-1] == "enamel-receiver.service" else "0\n"
        self.asked.append((*arguments, *sorted(path.name for path in self.keys.glob("open/*"))))
        return ""


@pytest.fixture
def systemd(tmp_path: Path) -> Systemd:
    (tmp_path / "keys-in-memory").mkdir()
    return Systemd(tmp_path / "keys-in-memory")


@pytest.fixture
def lock(tmp_path: Path, systemd: Systemd) -> UnitLock:
    folders = Folders(tmp_path / "data", tmp_path / "run")
    folders.create()
    return UnitLock(folders, "passphrase", True, open_keyrings, systemd.keys, systemd)


def test_unlocking_lays_out_whole_keyrings_before_anything_starts(lock: UnitLock, systemd: Systemd) -> None:
    lock.unlock("right")
    assert systemd.asked == [
        ("start", "--no-block", "enamel-unlocked.target", "intake", "staff"),
        ("restart", "--no-block", "enamel-staff.service", "intake", "staff"),
    ]
    assert {path.name: path.read_bytes() for path in systemd.keys.glob("open/*")} == KEYRINGS
    assert {path.stat().st_mode & 0o777 for path in systemd.keys.glob("open/*")} == {0o400}


def test_locking_takes_the_keyrings_away_before_it_stops_anything(lock: UnitLock, systemd: Systemd) -> None:
    lock.unlock("right")
    systemd.asked.clear()
    lock.lock()
    assert systemd.asked == [
        ("stop", "enamel-unlocked.target"),
        ("restart", "--no-block", "enamel-staff.service"),
    ]
    assert lock.is_locked


def test_a_wrong_passphrase_lays_out_nothing(lock: UnitLock, systemd: Systemd) -> None:
    with pytest.raises(Refused):
        lock.unlock("wrong")
    assert lock.is_locked
    assert systemd.asked == []


def test_locking_a_locked_box_and_unlocking_an_open_one_change_nothing(lock: UnitLock, systemd: Systemd) -> None:
    lock.lock()
    assert systemd.asked == []
    lock.unlock("right")
    systemd.asked.clear()
    lock.unlock("wrong, and not looked at")
    assert systemd.asked == []


def test_the_state_is_told_without_keys(lock: UnitLock) -> None:
    status = lock.status()
    assert (status.locked, status.method, status.waiting_count) == (True, "passphrase", 0)
    assert status.processes == {"receiver": 4711}


def test_the_locker_answers_on_the_socket_it_is_handed(lock: UnitLock, tmp_path: Path) -> None:
    path, done = tmp_path / "run" / "locker.sock", threading.Event()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen()
        ticked: list[bool] = []
        arguments = (listener, lock, ServiceManager({}), done, lambda: ticked.append(True))
        serving = threading.Thread(target=serve, args=arguments)
        serving.start()
        try:
            assert locker.ask(path, "status")["locked"] is True
            with pytest.raises(Refused):
                locker.ask(path, "unlock", "wrong")
            assert locker.ask(path, "unlock", "right")["locked"] is False
        finally:
            done.set()
            serving.join()
    assert ticked, "certificates are looked at from here"


@dataclass(frozen=True)
class Hanging:
    """A lock whose root takes for ever to open, until it is let go."""

    inner: UnitLock
    begun: threading.Event
    let_go: threading.Event

    def status(self) -> locker.LockStatus:
        return self.inner.status()

    def lock(self) -> None:
        self.inner.lock()

    def unlock(self, passphrase: str | None) -> None:
        self.begun.set()
        self.let_go.wait(60)
        self.inner.unlock(passphrase)


def test_a_locker_that_hangs_while_it_unlocks_goes_unfed(lock: UnitLock, tmp_path: Path) -> None:
    path, done = tmp_path / "run" / "locker.sock", threading.Event()
    hanging = Hanging(lock, threading.Event(), threading.Event())
    with closing(locker.listen(path)) as listener, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "60000000"})
        serving = threading.Thread(target=serve, args=(listener, hanging, manager, done, lambda: None))
        asking = threading.Thread(target=locker.ask, args=(path, "unlock", "right"))
        serving.start()
        asking.start()
        try:
            assert hanging.begun.wait(160)
            heard.setblocking(False)
            with suppress(BlockingIOError):
                while heard.recv(100):  # what it told before it hung
                    pass
            heard.settimeout(1.2)  # its loop feeds every second, when it goes round
            with pytest.raises(TimeoutError):
                heard.recv(100)
        finally:
            hanging.let_go.set()
            asking.join()
            done.set()
            serving.join()
    assert not lock.is_locked


def test_a_box_that_cannot_be_opened_alone_stays_locked_and_the_locker_goes_on(
    tmp_path: Path, systemd: Systemd
) -> None:
    box = in_folders(Settings(), str(tmp_path / "data"), str(tmp_path / "run"))
    create_box(box, None, SystemClock())
    Folders.of(box).catalogue.unlink()
    opens = partial(open_box, box, clock=SystemClock())
    lock = UnitLock(Folders.of(box), "file", False, opens, systemd.keys, systemd)
    locker.unlock_alone(lock)
    assert lock.is_locked
    assert systemd.asked == []
    with pytest.raises(CatalogueMissing, match="scanners can send meanwhile"):
        lock.unlock(None)


def test_what_was_unlocked_before_a_stop_of_everything_is_started_again(lock: UnitLock, systemd: Systemd) -> None:
    lock.resume()
    assert systemd.asked == []
    lock.unlock("right")
    systemd.asked.clear()
    lock.resume()
    assert systemd.asked == [("start", "--no-block", "enamel-unlocked.target", "intake", "staff")]


def test_what_issues_certificates_is_renewed_with_the_keyring_that_lies_out(tmp_path: Path, systemd: Systemd) -> None:
    clock = Calendar()
    box = in_folders(Settings(), str(tmp_path / "data"), str(tmp_path / "run"))
    create_box(box, None, clock)
    folders = Folders.of(box)
    lock = UnitLock(folders, "file", False, lambda passphrase: open_box(box, passphrase, clock), systemd.keys, systemd)
    first = (folders.web_tls / "web-intermediate.pem").read_bytes()
    clock.at += timedelta(days=65)
    renew(box, lock, clock)
    assert (folders.web_tls / "web-intermediate.pem").read_bytes() == first, "locked"
    lock.unlock(None)
    second = (folders.web_tls / "web-intermediate.pem").read_bytes()
    clock.at += timedelta(days=65)
    renew(box, lock, clock)
    assert len({first, second, (folders.web_tls / "web-intermediate.pem").read_bytes()}) == 3
    assert systemd.asked[-1][:3] == ("restart", "--no-block", "enamel-web.service")
    asked = len(systemd.asked)
    renew(box, lock, clock)
    assert len(systemd.asked) == asked, "nothing is due any more"


def test_a_crash_while_keyrings_are_laid_out_leaves_a_locked_box_that_unlocks(lock: UnitLock, systemd: Systemd) -> None:
    draft = systemd.keys / "draft"
    draft.mkdir()
    (draft / "intake").write_bytes(b"half")
    assert lock.status().locked
    lock.unlock("right")
    assert not lock.is_locked
    assert {path.name: path.read_bytes() for path in systemd.keys.glob("open/*")} == KEYRINGS


def test_a_crash_while_keyrings_are_removed_leaves_a_locked_box(lock: UnitLock, systemd: Systemd) -> None:
    lock.unlock("right")
    (systemd.keys / "open").rename(systemd.keys / "draft")
    (systemd.keys / "draft" / "intake").unlink()
    assert lock.is_locked
    lock.unlock("right")
    lock.lock()
    assert list(systemd.keys.iterdir()) == []


@pytest.mark.as_root("asks as another user")
def test_without_a_passphrase_no_other_user_unlocks(lock: UnitLock) -> None:
    assert "only root" in told_as(65534, lock)
    assert lock.is_locked


def test_without_a_passphrase_root_and_the_lockers_own_user_unlock(lock: UnitLock) -> None:
    assert '"locked": false' in told_as(os.getuid(), lock)


def told_as(user: int, lock: UnitLock) -> str:
    """Ask for unlocking as a user, without a passphrase, and give what is answered."""
    opens_alone = replace(lock, asks_passphrase=False, open_keyrings=lambda _: KEYRINGS)
    ask = "import os, socket, sys; os.setuid(int(sys.argv[2])); s=socket.socket(socket.AF_UNIX); "
    ask += "s.connect('\\0'+sys.argv[1]); "
    ask += 's.sendall(b\'{"ask": "unlock"}\\n\'); print(s.recv(4096).decode())'
    name = f"enamel-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind("\0" + name)
        listener.listen()
        command = [sys.executable, "-c", ask, name, str(user)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        locker.answer_next(listener, opens_alone)
        return str(process.communicate()[0])
