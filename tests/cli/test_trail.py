"""The record of who did what, and conflicts of identity, from the command line."""

import json
from pathlib import Path

from appliance.assembly.box import unseal_root
from appliance.assembly.folders import Folders
from appliance.assembly.rooms import Rooms, open_rooms
from appliance.clock import SystemClock
from appliance.config import find_settings, read_settings
from appliance.keys.hierarchy import Keyring
from tests.warm import run
from tests.web.invented import put_all


def box(tmp_path: Path) -> tuple[str, Rooms]:
    """Make a box and open it beside the commands."""
    data = str(tmp_path / "data")
    assert run("keys", "init", "--sealing", "file", "--data", data).returncode == 0
    settings = read_settings(find_settings(Path(data), None))
    keyring = Keyring.for_process("staff", unseal_root(Folders.of(settings), None))
    return data, open_rooms(settings, keyring, SystemClock())


def test_a_whole_record_holds_and_a_changed_one_breaks_where_it_was_changed(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    whole = run("audit", "verify", "--data", data, "--json")
    assert (whole.returncode, json.loads(whole.stdout)["holds"]) == (0, True)
    with rooms.database.write() as tx:
        tx.change("UPDATE audit_events SET number = 99 WHERE sequence = 1")
    broken = run("audit", "verify", "--data", data, "--json")
    assert broken.returncode == 3
    told = json.loads(broken.stdout)
    assert (told["holds"], told["fault"], told["sequence"]) == (False, "altered", 1)
    checked = run("check", "--data", data, "--json")
    assert checked.returncode == 3
    assert [fault.rpartition(": ")[0] for fault in json.loads(checked.stdout)["faults"]] == ["audit event 1: altered"]
    rooms.database.close()


def test_the_record_is_listed_newest_first_and_listing_is_recorded(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    run("audit", "list", "--data", data)
    found = json.loads(run("audit", "list", "--data", data, "--json").stdout)
    assert (found[0]["event"], found[0]["actor_kind"]) == ("audit read", "operator")
    sequences = [entry["sequence"] for entry in found]
    assert sequences == sorted(sequences, reverse=True)
    older = json.loads(run("audit", "list", "--data", data, "--json", "--before", "2").stdout)
    assert [entry["sequence"] for entry in older] == [1]
    rooms.database.close()


def test_conflicts_are_listed_by_keys_and_name_nobody(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    with rooms.database.write() as tx:
        put_all(tx, SystemClock().now())
        tx.change(
            """INSERT INTO identity_conflicts (kind, patient_key, other_patient_key, found_at)
               VALUES ('same id, other person', 5, 6, 0)"""
        )
        names = tx.rows("SELECT patient_name, patient_id FROM patients WHERE patient_key IN (5, 6)")
    answer = run("conflicts", "list", "--data", data, "--json")
    (conflict,) = json.loads(answer.stdout)
    assert (conflict["kind"], conflict["patient_key"], conflict["other_patient_key"]) == ("same id, other person", 5, 6)
    assert not any(str(text) in answer.stdout for row in names for text in row)
    rooms.database.close()


def test_anchors_are_written_and_one_from_paper_tells_another_record(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    (now,) = json.loads(run("audit", "anchors", "--data", data, "--json").stdout)
    anchor = f"{now['sequence']}:{now['code']}"
    assert run("audit", "verify", "--data", data, "--anchor", anchor).returncode == 0
    changed = json.loads(run("audit", "verify", "--data", data, "--json", "--anchor", f"1:{'0' * 64}").stdout)
    assert (changed["fault"], changed["sequence"]) == ("rewritten", 1)
    with rooms.database.write() as tx:
        tx.change("DELETE FROM audit_events WHERE sequence >= :last", last=now["sequence"])
    cut = json.loads(run("audit", "verify", "--data", data, "--json", "--anchor", anchor).stdout)
    assert (cut["fault"], cut["sequence"]) == ("cut", now["sequence"])
    assert run("audit", "verify", "--data", data, "--anchor", "1:ab").returncode == 15
    rooms.database.close()
