"""A box comes back from servers as it does from a disk: an append-only REST server, and SFTP."""

import getpass
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.assembly.restoring_targets import Login, line_of, open_source, parse_where
from appliance.audit.events import OPERATOR
from appliance.backup.connecting import pack_credentials
from appliance.backup.faults import BackupFailed
from appliance.backup.target import Target, location_of
from appliance.backup.targets import NewTarget, add_target
from appliance.errors import Refused
from tests.assembly.a_full_box import FullBox, backup_parts, copy
from tests.assembly.a_lost_box import check_whole, restore
from tests.stories.clinic import until

pytestmark = pytest.mark.slow
USER, PASSWORD = "box", "of one test"


@pytest.fixture
def box(tmp_path: Path) -> FullBox:
    made = FullBox(tmp_path / "data")
    made.add_study(1)
    made.add_study(2)
    return made


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(*command: str, port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: answers(port), 20)
        yield
    finally:
        process.terminate()
        process.wait(160)


def rest_server(folder: Path, port: int, *more: str) -> tuple[str, ...]:
    login = ("--user", USER, "--pass", PASSWORD)
    return ("rclone", "serve", "restic", "--addr", f"127.0.0.1:{port}", *login, *more, str(folder))


@pytest.mark.peer("restic", "rclone")
def test_from_an_append_only_rest_server_by_the_line_on_the_paper(
    box: FullBox, tmp_path: Path, module_port_block: int
) -> None:
    files, keys = module_port_block, module_port_block + 1
    (tmp_path / "files").mkdir()
    (tmp_path / "keys").mkdir()
    facts = {"url": f"http://127.0.0.1:{files}/", "keys_url": f"http://127.0.0.1:{keys}/"}
    with (
        serving(*rest_server(tmp_path / "files", files, "--append-only"), port=files),
        serving(*rest_server(tmp_path / "keys", keys), port=keys),
    ):
        new = NewTarget("nas", location_of("rest", facts), pack_credentials(USER, PASSWORD), append_only=True)
        target = add_target(backup_parts(box), new, OPERATOR)
        copy(box, target)
        where = parse_where(line_of(target))
        assert where.asks_password
        outcome = restore(tmp_path / "new", box.root, open_source(where, Login(USER, PASSWORD), box.root))
        assert (outcome.studies, outcome.files, outcome.missing) == (2, 6, 0)
        check_whole(tmp_path / "new", box)
        with pytest.raises(Refused, match="id is needed"):
            open_source(parse_where(f"rest:{facts['url']};keys_url={facts['keys_url']}"), None, box.root)
        with pytest.raises(BackupFailed, match="user name, password"):
            restore(tmp_path / "none", box.root, open_source(where, Login(USER, "wrong"), box.root))
        assert not (tmp_path / "none").exists()


@pytest.mark.peer("restic", "sshd")
def test_from_a_server_over_ssh_by_the_line_on_the_paper(box: FullBox, tmp_path: Path, module_port_block: int) -> None:
    port = module_port_block + 2
    for name in ("host", "own"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)], check=True)
    (tmp_path / "authorized").write_text((tmp_path / "own.pub").read_text())
    (tmp_path / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/authorized\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPidFile none\nSubsystem sftp internal-sftp\n"
        "PermitRootLogin prohibit-password\n"
    )
    host_key = " ".join((tmp_path / "host.pub").read_text().split()[:2])
    facts = {
        "host": "127.0.0.1", "port": str(port), "user": getpass.getuser(), "path": str(tmp_path / "srv"),
        "host_key": host_key,
    }  # fmt: skip
    with serving("/usr/sbin/sshd", "-D", "-e", "-f", str(tmp_path / "sshd_config"), port=port):
        own = (tmp_path / "own").read_bytes()
        target: Target = add_target(backup_parts(box), NewTarget("nas", location_of("sftp", facts), own), OPERATOR)
        copy(box, target)
        where = parse_where(f"{line_of(target)};identity={tmp_path / 'own'}")
        outcome = restore(tmp_path / "new", box.root, open_source(where, None, box.root))
        assert (outcome.studies, outcome.files, outcome.missing) == (2, 6, 0)
        check_whole(tmp_path / "new", box)
