"""What was erased, and its certificate, from the command line."""

import json
from pathlib import Path

from appliance.assembly.erasing import erasing_of
from appliance.audit.events import OPERATOR
from appliance.cli.answers import FOUND_WRONG
from appliance.retention.erasing import erase
from appliance.retention.queries_proofs import signing_keys
from tests.cli.test_trail import box
from tests.warm import run
from tests.web.invented import put_all


def test_an_erasure_is_listed_shown_certified_and_checked(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    assert "Nothing was ever erased." in run("erasures", "list", "--data", data).stdout
    with rooms.database.write() as tx:
        put_all(tx, rooms.clock.now())
    (rooms.folders.data / "inbox").mkdir(exist_ok=True)
    key = erase(erasing_of(rooms), "patient", 1, "request", OPERATOR).erasure_key
    listed = json.loads(run("erasures", "list", "--data", data, "--json").stdout)
    assert [(one["erasure_key"], one["scope"], one["not_proved"]) for one in listed] == [(key, "patient", 0)]
    shown = json.loads(run("erasures", "show", str(key), "--data", data, "--json").stdout)
    assert shown["targets"] == []
    path = str(tmp_path / "certificate.pdf")
    made = json.loads(run("erasures", "certificate", str(key), path, "--data", data, "--json").stdout)
    assert made["not_proved"] == []
    with rooms.database.read() as tx:
        assert [key for key, _since in signing_keys(tx)] == [made["fingerprint"]]  # what the page shows to compare with
    again = run("erasures", "certificate", str(key), path, "--data", data)
    assert (again.returncode, "already" in again.stderr) == (10, True)
    checked = json.loads(run("erasures", "verify", path, "--json").stdout)
    assert (checked["verified"], checked["fingerprint"]) == (True, made["fingerprint"])
    assert run("erasures", "verify", path, "--fingerprint", made["fingerprint"]).returncode == 0
    assert run("erasures", "verify", path, "--fingerprint", "00" * 32).returncode == FOUND_WRONG
    content = bytearray(Path(path).read_bytes())
    content[500] ^= 1
    Path(path).write_bytes(content)
    assert run("erasures", "verify", path).returncode == FOUND_WRONG
    rooms.database.close()
