"""The end of a box by commands alone: one proposes, another agrees, everything is exported, and nothing is left."""

import json
from pathlib import Path

import pytest

from appliance.accounts import totp
from appliance.accounts.account import NewAccount
from appliance.accounts.roles import Role
from appliance.accounts.service import create_account
from appliance.audit.events import OPERATOR
from appliance.clock import SystemClock
from appliance.jobs.clock_marks import believe_clock
from tests import warm
from tests.assembly.a_full_box import FullBox, study_slice
from tests.web.a_clinic import PASSWORD

CLINIC = "Clínica Ñ"
SECRETS = {"ana": b"12345678901234567890", "bea": b"09876543210987654321"}


@pytest.fixture
def box(tmp_path: Path) -> FullBox:
    """Give a box with a study, which asks for no passphrase, and two people who may end it."""
    box = FullBox(tmp_path / "data", SystemClock(), CLINIC)
    box.add_study(1)
    for name, secret in SECRETS.items():
        new = NewAccount(
            name, name.title(), Role.ADMINISTRATOR, PASSWORD, must_change_password=False, totp_secret=secret
        )
        create_account(box.rooms.accounts, new, OPERATOR)
    with box.rooms.database.write() as tx:
        believe_clock(tx, box.clock)
    box.close()
    return box


def enamel(box: FullBox, *words: str, given: str = "", status: int = 0) -> dict[str, object]:
    done = warm.run(*words, "--data", str(box.data), "--json", given=given)
    assert done.returncode == status, done.stderr
    answer: dict[str, object] = json.loads(done.stdout) if done.stdout else {}
    return answer


def code(name: str) -> str:
    return totp.current_code(SECRETS[name], SystemClock().now()) + "\n"


def test_two_people_end_a_box_by_their_codes_and_only_with_all_of_it_exported(box: FullBox, tmp_path: Path) -> None:
    paper, out = str(tmp_path / "end.pdf"), str(tmp_path / "out")
    finish = ("decommission", "finish", paper)
    named = CLINIC + "\n"
    enamel(box, *finish, given=named, status=12)  # nobody proposed it
    enamel(box, "decommission", "propose", "--user", "ana", given="Another clinic\n" + code("ana"), status=10)
    proposed = enamel(box, "decommission", "propose", "--user", "ana", given=named + code("ana"))
    assert proposed == {"proposal_key": 1}
    enamel(box, *finish, given=named, status=10)  # nobody agreed
    enamel(box, "retention", "approve", "1", "--user", "bea", given="000000\n", status=11)
    assert enamel(box, "retention", "approve", "1", "--user", "bea", given=code("bea")) == {"refused": []}
    enamel(box, *finish, given=named, status=10)  # nothing was exported
    enamel(box, "export", "archive", out)
    enamel(box, *finish, given="Another clinic\n", status=10)
    nowhere = ("decommission", "finish", str(tmp_path / "no folder" / "end.pdf"))
    told = warm.run(*nowhere, "--data", str(box.data), given=named)
    assert "nothing was destroyed" in told.stderr
    assert box.rows("SELECT count(*) FROM erasures") == [(0,)]  # and nothing was certified
    box.close()
    box.receive([study_slice(2, 1)])
    enamel(box, *finish, given=named, status=10)  # a scan waits
    assert not (tmp_path / "end.pdf").exists()
    done = enamel(box, *finish, "--without-export", given=named)
    assert (done["decommissioned"], done["resumed"]) == (True, False)
    assert not list(tmp_path.glob(".*"))
    checked = json.loads(warm.run("erasures", "verify", paper, "--json").stdout)
    assert (checked["verified"], checked["fingerprint"]) == (True, done["fingerprint"])
    left = sorted(path.name for path in box.data.rglob("*") if path.is_file())
    assert left == ["decommissioned.json", "settings.toml"]
    again = enamel(box, *finish)
    assert (again["resumed"], sorted(path.name for path in box.data.rglob("*") if path.is_file())) == (True, left)
    exported = json.loads(Path(out, "enamel-export.json").read_text())
    assert (exported["state"], exported["file_count"]) == ("whole", 3)
