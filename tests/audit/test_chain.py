"""The audit chain: what was changed afterwards shows, and where."""

from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.audit.chain import START, EarlierKey, Entry, Fault, Head, Verdict, next_link, walk
from appliance.audit.events import (
    OPERATOR,
    PROCESS,
    Actor,
    ActorKind,
    AuditLog,
    Event,
    EventCode,
    Outcome,
    Subject,
    SubjectKind,
)
from appliance.audit.queries import PAGE, events_of_patient, head, latest, verify
from appliance.keys.hierarchy import Subkey
from appliance.keys.secret import SecretKey
from tests.store.a_box import ABox

KEY = SecretKey(bytes(range(32)))
integers = st.none() | st.integers(-(2**63), 2**63 - 1)
entries = st.builds(
    Entry, sequence=st.just(0), at=st.integers(0, 2**60), event=st.text(), outcome=st.text(), actor_kind=st.text(),
    actor_key=integers, address=st.none() | st.text(), subject_kind=st.none() | st.text(), subject_key=integers,
    patient_key=integers, study_key=integers, number=integers,
)  # fmt: skip
Chain = list[tuple[Entry, bytes]]


def chained(found: list[Entry]) -> Chain:
    link, chain = START.chain, []
    for sequence, entry in enumerate(found, 1):
        numbered = replace(entry, sequence=sequence)
        link = next_link(KEY, link, numbered)
        chain.append((numbered, link))
    return chain


chains = st.lists(entries, min_size=1, max_size=6).map(chained)


@given(chains)
def test_a_whole_chain_verifies_with_each_head_that_it_ever_had(chain: Chain) -> None:
    heads = [Head(entry.sequence, link) for entry, link in chain]
    assert walk(KEY, chain, [START, *heads]) == Verdict(None, len(chain), heads[-1])
    assert walk(KEY, []) == Verdict(None, 0, START)


@given(chains, st.data())
def test_any_edited_column_or_link_is_located(chain: Chain, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    entry, link = chain[at]
    name = data.draw(st.sampled_from(["event", "actor_key", "address", "patient_key", "at", "chain"]))
    if name == "chain":
        chain[at] = (entry, bytes([link[0] ^ 1]) + link[1:])
    else:
        old = getattr(entry, name)
        changed: dict[str, Any] = {name: f"{old}x" if name in ("event", "address") else (old or 0) + 1}
        chain[at] = (replace(entry, **changed), link)
    assert walk(KEY, chain).fault is Fault.ALTERED
    assert walk(KEY, chain).sequence == at + 1


@given(st.lists(entries, min_size=2, max_size=6).map(chained), st.data())
def test_a_removed_doubled_or_moved_event_is_located(chain: Chain, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 2))
    assert walk(KEY, chain[:at] + chain[at + 1 :]) == Verdict(Fault.MISSING, at + 1, head_before(chain, at))
    assert walk(KEY, [*chain[: at + 1], *chain[at:]]).fault is Fault.MISSING
    swapped = [*chain[:at], chain[at + 1], chain[at], *chain[at + 2 :]]
    assert walk(KEY, swapped) == Verdict(Fault.MISSING, at + 1, head_before(chain, at))
    renumbered = [(replace(entry, sequence=i), link) for i, (entry, link) in enumerate(swapped, 1)]
    assert walk(KEY, renumbered) == Verdict(Fault.ALTERED, at + 1, head_before(chain, at))


def head_before(chain: Chain, at: int) -> Head:
    return START if at == 0 else Head(chain[at - 1][0].sequence, chain[at - 1][1])


@given(chains, st.data())
def test_a_cut_chain_shows_against_a_head_that_was_remembered(chain: Chain, data: st.DataObject) -> None:
    kept = data.draw(st.integers(0, len(chain) - 1))
    remembered = Head(chain[-1][0].sequence, chain[-1][1])
    assert walk(KEY, chain[:kept]).fault is None
    assert walk(KEY, chain[:kept], [remembered]) == Verdict(Fault.CUT, kept + 1, head_before(chain, kept))


@given(chains, st.data())
def test_a_chain_rewritten_by_a_key_holder_shows_against_a_remembered_head(chain: Chain, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(chain) - 1))
    other = [replace(entry, at=entry.at + (i == at)) for i, (entry, _) in enumerate(chain)]
    verdict = walk(KEY, chained(other), [Head(chain[-1][0].sequence, chain[-1][1])])
    assert (verdict.fault, verdict.sequence) == (Fault.REWRITTEN, len(chain))
    assert walk(SecretKey.new(), chain).fault is Fault.ALTERED


@given(chains, st.booleans())
def test_of_two_heads_remembered_of_one_event_each_has_to_hold(chain: Chain, swapped: bool) -> None:
    true, false = Head(len(chain), chain[-1][1]), Head(len(chain), bytes(32))
    verdict = walk(KEY, chain, [true, false] if swapped else [false, true])
    assert (verdict.fault, verdict.sequence) == (Fault.REWRITTEN, len(chain))


@pytest.fixture
def box(tmp_path: Path) -> ABox:
    return ABox(tmp_path).create()


def audit_key(box: ABox) -> SecretKey:
    return box.keyring.key(Subkey.AUDIT)


def record(box: ABox, *events: Event) -> list[int]:
    with box.database.write() as tx:
        return [box.audit.record(tx, event) for event in events]


DENTIST = Actor(ActorKind.ACCOUNT, 3, ip_address("192.168.1.7"))
VIEWED = Event(
    EventCode.SERIES_VIEWED, DENTIST, subject=Subject(SubjectKind.SERIES, 9), patient_key=4, study_key=5, number=512
)


def test_an_event_keeps_every_fact_that_it_was_given(box: ABox) -> None:
    failed = Event(EventCode.LOGIN_FAILED, Actor(ActorKind.NOBODY), Outcome.FAILURE)
    assert record(box, Event(EventCode.BOX_CREATED, OPERATOR), VIEWED, failed) == [1, 2, 3]
    with box.database.read() as tx:
        newest, viewed, first = latest(tx, 10)
        assert latest(tx, 1, before=3) == [viewed]
        assert events_of_patient(tx, 4) == [viewed]
        assert events_of_patient(tx, 5) == []
    at = viewed.at
    assert viewed == Entry(2, at, "series viewed", "success", "account", 3, "192.168.1.7", "series", 9, 4, 5, 512)
    assert newest == replace(newest, event="login failed", outcome="failure", actor_kind="nobody", address=None)
    assert (first.actor_kind, first.subject_kind) == ("operator", None)


def test_an_event_is_undone_with_the_change_that_it_told_of(box: ABox) -> None:
    def fail() -> None:
        with box.database.write() as tx:
            box.audit.record(tx, VIEWED)
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    record(box, Event(EventCode.AUDIT_READ, PROCESS))
    with box.database.read() as tx:
        assert [entry.sequence for entry in latest(tx, 10)] == [1]
        assert verify(tx, audit_key(box)).fault is None


def test_a_chain_longer_than_a_page_is_walked_to_its_end(box: ABox) -> None:
    record(box, *[VIEWED] * (2 * PAGE + 1))
    with box.database.read() as tx:
        remembered = head(tx)
        assert remembered.sequence == 2 * PAGE + 1
        assert verify(tx, audit_key(box), [remembered]) == Verdict(None, 2 * PAGE + 1, remembered)
        assert box.audit.verify(tx, [remembered]) == Verdict(None, 2 * PAGE + 1, remembered)


@pytest.mark.parametrize(
    ("statement", "fault", "sequence"),
    [
        ("UPDATE audit_events SET patient_key = NULL WHERE sequence = 3", Fault.ALTERED, 3),
        ("UPDATE audit_events SET at = at + 1 WHERE sequence = 5", Fault.ALTERED, 5),
        ("DELETE FROM audit_events WHERE sequence = 2", Fault.MISSING, 2),
        ("DELETE FROM audit_events WHERE sequence = 5", Fault.CUT, 5),
        ("DELETE FROM audit_events", Fault.CUT, 1),
        ("UPDATE audit_events SET sequence = 9 WHERE sequence = 1", Fault.MISSING, 1),
        ("UPDATE audit_events SET sequence = sequence - 1 WHERE sequence > 0", Fault.MISSING, 1),
    ],
)
def test_a_change_made_with_sql_is_located(box: ABox, statement: str, fault: Fault, sequence: int) -> None:
    record(box, *[VIEWED] * 5)
    with box.database.write() as tx:
        remembered = head(tx)
        tx.change(statement)
        verdict = verify(tx, audit_key(box), [remembered])
    assert (verdict.fault, verdict.sequence) == (fault, sequence)


def test_the_list_of_events_is_closed_and_speaks_plainly() -> None:
    for code in EventCode:
        assert code.value == code.name.lower().replace("_", " ")
        assert len(code.value) <= 30


def test_a_log_with_another_key_breaks_the_chain(box: ABox) -> None:
    record(box, VIEWED)
    with box.database.write() as tx:
        AuditLog(SecretKey.new(), box.clock).record(tx, VIEWED)
        assert verify(tx, audit_key(box)).fault is Fault.ALTERED


def test_a_chain_goes_on_under_another_key_and_an_old_key_alone_forges_nothing() -> None:
    second, third = SecretKey(bytes(32)), SecretKey(bytes([7]) * 32)
    link, chain = START.chain, list[tuple[Entry, bytes]]()
    for sequence, key in enumerate((KEY, KEY, second, third, third), 1):
        entry = Entry(sequence, 1, "box locked", "success", "operator", None, None, None, None, None, None, None)
        link = next_link(key, link, entry)
        chain.append((entry, link))
    earlier = [EarlierKey(2, KEY), EarlierKey(3, second)]
    assert walk(third, chain, earlier=earlier) == Verdict(None, 5, Head(5, link))
    assert walk(third, chain).sequence == 1
    forged = replace(chain[1][0], at=2)
    rewritten = [chain[0], (forged, next_link(KEY, chain[0][1], forged)), *chain[2:]]
    assert (walk(third, rewritten, earlier=earlier).fault, walk(third, rewritten, earlier=earlier).sequence) == (
        Fault.ALTERED, 3,
    )  # fmt: skip
