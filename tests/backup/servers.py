"""Real servers on loopback for targets that are no disk: sshd for SFTP, rclone for restic's REST, SeaweedFS for S3."""

import getpass
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

_PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class SSHServer:
    """An sshd that lets one user in by one key; `host_key` as ssh-keyscan tells it."""

    port: int
    host_key: str
    private_key: bytes
    user: str


def free_port() -> int:
    """Give a port that nobody has now."""
    with closing(socket.socket()) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def ssh_server(folder: Path) -> Iterator[SSHServer]:
    """Run an sshd under this user."""
    folder.mkdir(mode=0o700)
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", folder / name], check=True)
    (folder / "authorized").write_text((folder / "user.pub").read_text())
    port = free_port()
    config = folder / "config"
    config.write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder / 'host'}\nPidFile none\nUsePAM no\nStrictModes no\n"
        f"AuthorizedKeysFile {folder / 'authorized'}\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
        "PermitRootLogin prohibit-password\nKexAlgorithms curve25519-sha256\nSubsystem sftp internal-sftp\n"
        "ForceCommand internal-sftp\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)  # where a privileged sshd separates itself
    with running(["/usr/sbin/sshd", "-D", "-e", "-f", str(config)], port):
        host_key = " ".join((folder / "host.pub").read_text().split()[:2])
        yield SSHServer(port, host_key, (folder / "user").read_bytes(), getpass.getuser())


@contextmanager
def rest_server(folder: Path, *options: str) -> Iterator[str]:
    """Serve a folder by restic's REST protocol; give its address."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    command = ["rclone", "serve", "restic", "--addr", f"127.0.0.1:{port}", *options, str(folder)]
    with running(command, port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def s3_server(folder: Path, buckets: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Run SeaweedFS, which tells nobody of it; each bucket has one access key and its secret. Give its address."""
    identities = [
        {
            "name": bucket,
            "credentials": [{"accessKey": key, "secretKey": secret}],
            "actions": [f"{deed}:{bucket}" for deed in ("Admin", "Read", "Write", "List")],
        }
        for bucket, (key, secret) in buckets.items()
    ]
    (folder / "identities").write_text(json.dumps({"identities": identities}))
    names = ("master", "volume", "filer", "s3")
    ports = {f"{name}.port{kind}": free_port() for name in names for kind in ("", ".grpc")}
    command = [
        str(Path(sys.executable).with_name("weed")), "server", f"-dir={folder}", "-ip=127.0.0.1", "-s3",
        f"-s3.config={folder / 'identities'}", "-master.volumeSizeLimitMB=64", "-volume.max=50",
        "-master.telemetry=false", *(f"-{name}={port}" for name, port in ports.items()),
    ]  # fmt: skip
    with running(command, ports["s3.port"]):
        yield f"http://127.0.0.1:{ports['s3.port']}"


@contextmanager
def running(command: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield process
        finally:
            process.kill()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("the server ended at once")
        with closing(socket.socket()) as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the server does not answer")
