"""A real syslog server on loopback, rsyslog with GnuTLS, which keeps every message as it came."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import ports_nobody_listens_on

_CONFIG = """
global(workDirectory="{folder}" maxMessageSize="64k" defaultNetstreamDriver="gtls"
       defaultNetstreamDriverCAFile="{folder}/authority.pem" defaultNetstreamDriverCertFile="{folder}/server.pem"
       defaultNetstreamDriverKeyFile="{folder}/server.key")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
template(name="raw" type="string" string="%rawmsg%\\n")
ruleset(name="keep") {{ action(type="omfile" file="{folder}/kept" template="raw") }}
input(type="imtcp" port="{port}" address="127.0.0.1" ruleset="keep")
"""
_MESSAGE = re.compile(rb"<(\d+)>1 (\S+) (\S+) enamel - DICOM\+RFC3881 \[meta sequenceId=\"(\d+)\"\] \xef\xbb\xbf(<.*>)")


@dataclass
class SyslogServer:
    """Where it listens, and what it took."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = field(default=None)

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def start(self) -> None:
        """Run it, and wait until it listens."""
        config = self.folder / "rsyslog.conf"
        config.write_text(_CONFIG.format(folder=self.folder, port=self.port))
        command = ["rsyslogd", "-n", "-f", str(config), "-i", str(self.folder / "rsyslog.pid")]
        self.process = subprocess.Popen(command, stdout=sys.stderr, stderr=sys.stderr)
        for _ in range(400):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except ConnectionRefusedError:
                assert self.process.poll() is None, "it ended by itself"
                subprocess.run(["sleep", "0.05"], check=True)
            else:
                return
        raise AssertionError("the syslog server does not listen")

    def stop(self) -> None:
        """End it; what it has read is written by then."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(160)
            self.process = None

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(160)
        self.process = None

    def kept(self) -> list[tuple[int, int, str]]:
        """Give what it took: priority, the event's number and the message, in the order in which they came."""
        file = self.folder / "kept"
        lines = file.read_bytes().splitlines() if file.exists() else []
        found = [_MESSAGE.fullmatch(line) for line in lines if b"DICOM+RFC3881" in line]
        assert all(found), [line[:200] for line, one in zip(lines, found, strict=False) if one is None]
        return [(int(one[1]), int(one[4]), one[5].decode()) for one in found if one]


@contextmanager
def syslog_server(folder: Path) -> Iterator[SyslogServer]:
    """Make one with an authority of its own and a certificate for 127.0.0.1, and run it."""
    folder.mkdir(parents=True, exist_ok=True)
    make_certificates(folder)
    server = SyslogServer(folder, ports_nobody_listens_on(1)[0])
    server.start()
    try:
        yield server
    finally:
        server.stop()


def make_certificates(folder: Path, name: str = "IP:127.0.0.1") -> None:
    """Make an authority, and a certificate of it for a name."""
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    _openssl("req", "-x509", *key, "-subj", "/CN=authority", "-keyout", f"{folder}/authority.key",
             "-out", f"{folder}/authority.pem")  # fmt: skip
    _openssl("req", *key, "-subj", "/CN=audit.home.arpa", "-keyout", f"{folder}/server.key",
             "-out", f"{folder}/server.csr")  # fmt: skip
    (folder / "names").write_text(f"subjectAltName={name}\n")
    _openssl("x509", "-req", "-in", f"{folder}/server.csr", "-CA", f"{folder}/authority.pem", "-CAkey",
             f"{folder}/authority.key", "-days", "2", "-extfile", f"{folder}/names", "-out",
             f"{folder}/server.pem")  # fmt: skip


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
