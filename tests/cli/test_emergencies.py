"""Which access in an emergency waits for its review, from the command line."""

import json
from pathlib import Path

from appliance.accounts.account import NewAccount
from appliance.accounts.emergencies import Borrower, begin_for
from appliance.accounts.roles import Role
from appliance.accounts.service import insert_built_in
from appliance.accounts.trail import nobody
from tests.cli.test_trail import box
from tests.warm import run
from tests.web.an_emergency import WHY


def test_what_waits_for_a_review_is_listed_without_its_words(tmp_path: Path) -> None:
    data, rooms = box(tmp_path)
    none = run("emergencies", "--data", data).stdout
    assert none.startswith("No emergency waits for a review.\nNo emergency code lies in a sealed envelope")
    new = NewAccount("rita", "Rita Recibe", Role.RECEPTION, "")
    with rooms.database.write() as tx:
        account = insert_built_in(tx, rooms.accounts, new, "", nobody(""))
        key = begin_for(tx, rooms.accounts, Borrower(account, b"gone", nobody("")), WHY)
    [one] = json.loads(run("emergencies", "--data", data, "--json").stdout)
    assert (one["emergency_key"], one["name"], one["reason"], one["late"]) == (key, "Rita Recibe", "treatment", False)
    assert one["ended_at"] is not None, "its session is gone"
    text = run("emergencies", "--all", "--data", data).stdout
    assert "Rita Recibe" in text
    assert WHY.words not in text + json.dumps(one)
    rooms.database.close()
