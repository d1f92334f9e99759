"""A machine of its own: Debian 12 with real systemd in a container, on a network of two hosts that only it knows.

`enamel-box-N` is the box, `enamel-lan-N` the clinic's network: scanners and
browsers are run there. Nothing leaves the two namespaces.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

BOX_ADDRESS = "192.168.77.2"
LAN_ADDRESS = "192.168.77.1"


class Machine:
    """One box: its disk, its power switch, its network cable."""

    def __init__(self, disk: Path, shared: Path, name: str = "") -> None:
        """Take a folder with a Debian in it, and one to show inside as /mnt/shared, read-only; a second has a name."""
        self.disk, self.shared, self._name = disk, shared, f"{os.getpid()}{name}"
        self._box, self._lan = f"enamel-box-{self._name}", f"enamel-lan-{self._name}"
        self._power: subprocess.Popen[bytes] | None = None
        self._console = disk.parent / "console.log"

    def plug_in(self) -> None:
        """Lay the cable between the box and the clinic's network."""
        for name in (self._box, self._lan):
            _ip("netns", "add", name)
            _ip("-n", name, "link", "set", "lo", "up")
        ends = ["box0", "netns", self._box, "type", "veth", "peer", "name", "lan0", "netns", self._lan]
        _ip("link", "add", *ends)
        for name, device, address in ((self._box, "box0", BOX_ADDRESS), (self._lan, "lan0", LAN_ADDRESS)):
            _ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
            _ip("-n", name, "link", "set", device, "up")

    def boot(self) -> None:
        """Switch it on and wait until systemd has started what it starts."""
        with self._console.open("ab") as console:
            self._power = subprocess.Popen(
                ["systemd-nspawn", "--quiet", f"--directory={self.disk}", "--boot", "--register=no", "--keep-unit",
                 f"--machine=enamel-{self._name}", f"--network-namespace-path=/run/netns/{self._box}",
                 f"--bind-ro={self.shared}:/mnt/shared", "--console=pipe", "--link-journal=no",
                "--capability=CAP_NET_ADMIN"],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console,
            )  # fmt: skip
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with contextlib.suppress(IndexError, subprocess.CalledProcessError):
                if self.run("systemctl", "is-system-running", check=False).stdout.strip() in {"running", "degraded"}:
                    return
            time.sleep(0.2)
        raise AssertionError(f"it did not start:\n{self._console.read_text(errors='replace')[-3000:]}")

    def cut_power(self) -> None:
        """Pull the plug: every process of the box is gone at once, nothing is told to stop."""
        os.kill(self._init(), signal.SIGKILL)
        self._wait()

    def shut_down(self) -> None:
        """Switch it off properly, if it is on."""
        if self._power is not None and self._power.poll() is None:
            self.run("systemctl", "poweroff", "--no-block", check=False)
            try:
                self._wait(160)
            except subprocess.TimeoutExpired:
                self.cut_power()

    def scrap(self) -> None:
        """Pull the plug and the cable, throw the disk away."""
        if self._power is not None:
            self.cut_power()
        for name in (self._box, self._lan):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)
        shutil.rmtree(self.disk, ignore_errors=True)

    def run(self, *command: str, check: bool = True, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a command inside the box as root."""
        entry = [
            "nsenter",
            "--target",
            str(self._init()),
            "--mount",
            "--uts",
            "--ipc",
            "--net",
            "--pid",
        ]
        return _run([*entry, "--", *command], check=check, given=given)

    def from_the_lan(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a program of this machine as if it stood in the clinic."""
        return _run(self.lan_command(command), check=check)

    def lan_command(self, command: Sequence[str]) -> list[str]:
        """Say how a program is run as if it stood in the clinic."""
        return ["ip", "netns", "exec", self._lan, *command]

    def _init(self) -> int:
        assert self._power is not None, "it is switched off"
        children = Path(f"/proc/{self._power.pid}/task/{self._power.pid}/children").read_text().split()
        return int(children[0])

    def _wait(self, seconds: float = 60) -> None:
        assert self._power is not None
        self._power.wait(seconds)
        self._power = None


def _ip(*arguments: str) -> None:
    _run(["ip", *arguments])


def _run(command: Sequence[str], *, check: bool = True, given: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, check=False, capture_output=True, text=True, input=given, timeout=800)
    said = f"{' '.join(command)}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    assert not check or done.returncode == 0, said
    return done
