"""What the box has to tell, from the command line."""

import json
from pathlib import Path

from appliance.health.telling import service_secret
from appliance.jobs import queries
from appliance.keys.hierarchy import Subkey
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import raise_notice
from tests.cli.test_trail import box
from tests.warm import run


def test_notices_are_listed_and_known(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    assert "nothing to tell" in run("notices", "list", "--data", data).stdout
    with rooms.database.write() as tx:
        key = raise_notice(tx, NoticeCode.DISK_LOW, Severity.ALARM, rooms.clock.now(), number=4)
        queries.plan(tx, "tell", "every 600", rooms.clock.now())
    (told,) = json.loads(run("notices", "list", "--data", data, "--json").stdout)
    assert (told["code"], told["severity"], "Only 4 %" in told["words"]) == ("disk low", "alarm", True)
    assert run("notices", "acknowledge", str(key), "--data", data).returncode == 0
    assert run("notices", "acknowledge", str(key), "--data", data).returncode == 12
    assert "on its way" in run("notices", "test", "--data", data).stdout
    with rooms.database.read() as tx:
        assert [row.job for row in queries.asked(tx)] == ["tell"]
        assert ("notice acknowledged",) in tx.rows("SELECT event FROM audit_events")
    rooms.database.close()


def test_a_services_password_is_read_from_standard_input_and_kept_sealed(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    kept = run("notices", "password", "mail", "--data", data, given="quiet amber\n")
    assert (kept.returncode, "quiet" in kept.stdout + kept.stderr) == (0, False)
    key = rooms.keyring.key(Subkey.KEY_WRAPPING)
    with rooms.database.read() as tx:
        assert service_secret(tx, key, "mail") == b"quiet amber"
    rooms.database.close()  # else reading its files here would end this process's locks on them
    assert b"quiet amber" not in b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert run("notices", "password", "mail", "--forget", "--data", data).returncode == 0
    with rooms.database.read() as tx:
        assert service_secret(tx, key, "mail") is None
    rooms.database.close()
