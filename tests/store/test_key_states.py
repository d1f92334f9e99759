"""States of keys after NIST SP 800-57, and what still needs each."""

from datetime import timedelta
from pathlib import Path

import pytest

from appliance.errors import NotFound
from appliance.identifiers import AssociationId, BoxId
from appliance.keys.hierarchy import Subkey, derive
from appliance.keys.secret import SecretKey
from appliance.store.box import BoxRow, name_box
from appliance.store.key_states import KeyFacts, KeyState, Need, key_states, under
from appliance.store.roots import COMPROMISED, ROTATED, Ending, end_root, note_root, replace_subkey
from appliance.store.rotating_keys import KeyKind
from appliance.store.transactions import WriteTransaction
from tests.store.a_box import ABox

DAY = timedelta(days=1)


@pytest.fixture
def box(tmp_path: Path) -> ABox:
    return ABox(tmp_path).create()


def states(box: ABox, published: int | None = None) -> dict[tuple[str, int], KeyFacts]:
    with box.database.read() as tx:
        return {(fact.kind, fact.number): fact for fact in key_states(tx, published)}


def test_a_new_box_has_one_key_of_each_kind_and_all_are_active(box: ABox) -> None:
    found = states(box)
    assert {number for _, number in found} == {1}
    assert {fact.state for fact in found.values()} == {KeyState.ACTIVE}
    assert [kind for kind, _ in found] == [
        "root", "catalogue", "audit", "backup", "key-wrapping", "accounts", "signing", "pseudonym", "wrapping",
        "inbox",
    ]  # fmt: skip
    assert found["wrapping", 1].need is Need.NOTHING
    assert found["root", 1].need is Need.EVERYTHING


def test_the_first_root_is_as_old_as_the_box(box: ABox) -> None:
    made_at = box.clock.now() - 400 * DAY
    with box.database.write() as tx:
        name_box(tx, BoxRow(BoxId.new(), "Clinic", made_at))
    assert states(box)["root", 1].made_at == states(box)["catalogue", 1].since == made_at


def test_a_wrapping_key_goes_from_active_to_destroyed_by_way_of_its_files(box: ABox) -> None:
    box.arrive(AssociationId.new(), SecretKey.new(), b"a scan")
    with box.database.write() as tx:
        box.keys.rotate_wrapping_key(tx)
    found = states(box)
    assert (found["wrapping", 1].state, found["wrapping", 1].need, found["wrapping", 1].count) == (
        KeyState.DEACTIVATED, Need.FILES, 1,
    )  # fmt: skip
    assert (found["wrapping", 2].state, found["wrapping", 2].count) == (KeyState.ACTIVE, 0)
    with box.database.write() as tx:
        tx.change("UPDATE files SET wrapping_key_number = 2")
        box.keys.destroy(tx, KeyKind.WRAPPING, 1)
    found = states(box)
    assert (found["wrapping", 1].state, found["wrapping", 1].need) == (KeyState.DESTROYED, Need.NOTHING)
    assert found["wrapping", 2].count == 1


def test_an_inbox_pair_is_active_while_the_receiver_seals_to_it(box: ABox) -> None:
    with box.database.write() as tx:
        box.keys.rotate_inbox_key(tx)
    before = states(box, published=1)
    assert (before["inbox", 1].state, before["inbox", 2].state) == (KeyState.ACTIVE, KeyState.PRE_ACTIVATION)
    after = states(box, published=2)
    assert (after["inbox", 1].state, after["inbox", 2].state) == (KeyState.DEACTIVATED, KeyState.ACTIVE)
    assert states(box)["inbox", 2].state is KeyState.ACTIVE


def test_a_compromised_key_says_so_also_when_it_is_destroyed(box: ABox) -> None:
    with box.database.write() as tx:
        box.keys.mark_compromised(tx, KeyKind.WRAPPING, 1)
        with pytest.raises(NotFound):
            box.keys.mark_compromised(tx, KeyKind.WRAPPING, 1)
        with pytest.raises(NotFound):
            box.keys.mark_compromised(tx, KeyKind.WRAPPING, 9)
        box.keys.rotate_wrapping_key(tx)
    assert states(box)["wrapping", 1].state is KeyState.COMPROMISED
    with box.database.write() as tx:
        box.keys.destroy(tx, KeyKind.WRAPPING, 1)
    found = states(box)["wrapping", 1]
    assert found.state is KeyState.DESTROYED
    assert found.compromised_at is not None


def test_an_authority_is_needed_by_whoever_trusts_it(box: ABox) -> None:
    with box.database.read() as tx:
        assert under(tx, KeyKind.WEB_AUTHORITY, 1) == (Need.TRUST, None)
        assert under(tx, KeyKind.INBOX, 1) == (Need.ARRIVALS, 0)


@pytest.mark.parametrize(("reason", "state"), [(ROTATED, KeyState.DEACTIVATED), (COMPROMISED, KeyState.COMPROMISED)])
def test_a_root_of_before_is_needed_by_its_copies_until_they_are_gone(box: ABox, reason: str, state: KeyState) -> None:
    with box.database.write() as tx:
        _end(tx, box, reason)
        tx.change(
            "INSERT INTO backup_targets (target_id, name, kind, location, append_only, schedule, warn_after_seconds, "
            "alarm_after_seconds, created_at, root_key) "
            "VALUES (zeroblob(16), 'disk', 'folder', '{}', 0, '{}', 1, 1, 1, 1)"
        )
    found = states(box)
    assert (found["root", 1].state, found["root", 1].need, found["root", 1].count) == (state, Need.COPIES, 1)
    assert found["root", 2].state is KeyState.ACTIVE
    assert (found["audit", 1].state, found["audit", 1].need) == (state, Need.RECORD)
    assert (found["audit", 2].state, found["audit", 2].since) == (KeyState.ACTIVE, found["audit", 1].since)
    assert (found["key-wrapping", 2].state, ("key-wrapping", 1) in found) == (KeyState.ACTIVE, False)
    assert (found["signing", 1].state, found["signing", 1].need) == (state, Need.CERTIFICATES)
    assert found["signing", 1].since == found["root", 1].since
    assert found["signing", 2].state is KeyState.ACTIVE
    with box.database.write() as tx:
        tx.change("UPDATE backup_targets SET destroyed_at = 2")
    assert states(box)["root", 1].need is Need.NOTHING


def _end(tx: WriteTransaction, box: ABox, reason: str) -> None:
    now, following = box.clock.now(), SecretKey.new()
    number = note_root(tx, b"12345678", now - DAY)
    end_root(tx, number, Ending(now, reason, 0, bytes(32), b"public"))
    replace_subkey(tx, Subkey.AUDIT, derive(box.root, Subkey.AUDIT), derive(following, Subkey.AUDIT), (number, 0, now))
    note_root(tx, b"87654321", now)
