"""A box comes back from servers as it does from a disk: an append-only REST server, and SFTP."""

from pathlib import Path

import pytest

from appliance.assembly.restoring_targets import Login, line_of, open_source, parse_where
from appliance.audit.events import OPERATOR
from appliance.backup.connecting import FILES, KEYS, pack_credentials
from appliance.backup.faults import BackupFailed
from appliance.backup.target import Target, location_of
from appliance.backup.targets import NewTarget, add_target
from appliance.errors import Refused
from tests.assembly.a_full_box import FullBox, backup_parts, copy
from tests.assembly.a_lost_box import check_whole, restore
from tests.backup.quick_repositories import add_laid_out, lay_out
from tests.backup.servers import rest_server, ssh_server

pytestmark = pytest.mark.slow
USER, PASSWORD = "box", "of one test"


@pytest.fixture
def box(tmp_path: Path) -> FullBox:
    made = FullBox(tmp_path / "data")
    made.add_study(1)
    made.add_study(2)
    return made


@pytest.mark.peer("restic", "rclone")
def test_from_an_append_only_rest_server_by_the_line_on_the_paper(box: FullBox, tmp_path: Path) -> None:
    login = ("--user", USER, "--pass", PASSWORD)
    with (
        rest_server(tmp_path / "files", *login, "--append-only") as files,
        rest_server(tmp_path / "keys", *login) as keys,
    ):
        facts = {"url": f"{files}/", "keys_url": f"{keys}/"}
        new = NewTarget("nas", location_of("rest", facts), pack_credentials(USER, PASSWORD), append_only=True)
        served = {FILES: tmp_path / "files", KEYS: tmp_path / "keys"}
        target = add_laid_out(backup_parts(box), new, served)
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
def test_from_a_server_over_ssh_by_the_line_on_the_paper(box: FullBox, tmp_path: Path) -> None:
    with ssh_server(tmp_path / "ssh") as server:
        facts = {
            "host": "127.0.0.1", "port": str(server.port), "user": server.user, "path": str(tmp_path / "srv"),
            "host_key": server.host_key,
        }  # fmt: skip
        new = NewTarget("nas", location_of("sftp", facts), server.private_key)
        parts = backup_parts(box)
        lay_out(tmp_path / "srv", parts.box_id, parts.backup_key)
        target: Target = add_target(parts, new, OPERATOR)
        copy(box, target)
        (tmp_path / "own").write_bytes(server.private_key)
        where = parse_where(f"{line_of(target)};identity={tmp_path / 'own'}")
        outcome = restore(tmp_path / "new", box.root, open_source(where, None, box.root))
        assert (outcome.studies, outcome.files, outcome.missing) == (2, 6, 0)
        check_whole(tmp_path / "new", box)
