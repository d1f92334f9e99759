"""Says what was erased, why, and what is proved of it, for people who did not build the box."""

from collections.abc import Sequence

from appliance.retention.proofs import Proof, Standing
from appliance.retention.queries_erasing import Erasure
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.words import State, day_and_time

_SCOPES = {
    "instance": later("One image"),
    "series": later("One series"),
    "study": later("One study"),
    "patient": later("All studies of one patient"),
    "files": later("What had been erased before"),
    "box": later("Everything on the box"),
}
_KINDS = {
    "due": later("Its time was over."),
    "request": later("It was asked for."),
    "error": later("It was stored by mistake."),
    "restored": later("An older copy of the box came back, and it was erased again."),
    "decommissioning": later("The box was taken out of service."),
}


def scope_words(scope: str) -> str:
    """Say what was erased."""
    return _(_SCOPES[scope])


def kind_words(kind: str) -> str:
    """Say why."""
    return _(_KINDS[kind])


def state_of(erasure: Erasure) -> State:
    """Say how it stands on the box itself; of a whole box whoever reads this sees that it is still here."""
    if _is_left(erasure):
        return State("warn", _("Not finished"))
    return State("good", _("Gone from the box"))


def whole_state(erasure: Erasure, proofs: Sequence[Proof]) -> State:
    """Say in a few words how it stands everywhere."""
    if _is_left(erasure):
        return state_of(erasure)
    late = sum(proof.standing in {Standing.LATE, Standing.UNSEEN} for proof in proofs)
    if late:
        words = ngettext("%(num)d place for copies to look at", "%(num)d places for copies to look at", late)
        return State("warn", words % {"num": late})
    waiting = sum(not proof.is_proved for proof in proofs)
    if waiting:
        words = ngettext("Still in %(num)d place for copies", "Still in %(num)d places for copies", waiting)
        return State("calm", words % {"num": waiting})
    return State("good", _("Gone everywhere"))


def _is_left(erasure: Erasure) -> bool:
    return erasure.files_gone_at is None or erasure.scope == "box"


def target_line(proof: Proof) -> dict[str, object]:
    """Give what a line says of one place for copies."""
    last = "" if proof.last_snapshot_at is None else day_and_time(proof.last_snapshot_at)
    return {
        "name": proof.target_name,
        "state": _state(proof),
        "about": _about(proof),
        "last": last,
        "snapshot": (proof.last_snapshot_id or "")[:8],
        "files": _files(proof),
        "told": _("It knows what was erased.")
        if proof.tombstones_at is not None
        else _("It does not know yet what was erased."),
    }


def _state(proof: Proof) -> State:
    return {
        Standing.NEVER_HELD: State("good", _("Never held a key")),
        Standing.PRUNED: State("good", _("Holds no key")),
        Standing.DESTROYED: State("good", _("Destroyed")),
        Standing.BOX_FIRST: State("warn", _("Not known yet")),
        Standing.HOLDS: State("calm", _("Still holds a key")),
        Standing.LATE: State("bad", _("Still holds a key")),
        Standing.UNSEEN: State("warn", _("May still hold a key")),
    }[proof.standing]


def _about(proof: Proof) -> str:
    ended = "" if proof.ended_at is None else day_and_time(proof.ended_at)
    seen = _("never") if proof.seen_at is None else day_and_time(proof.seen_at)
    expected = "" if proof.expected_on is None else day_and_time(proof.expected_on)
    return {
        Standing.NEVER_HELD: _("Nothing with a key of it was ever copied there."),
        Standing.PRUNED: _("The last copy with a key was seen to be gone on %s.") % ended,
        Standing.DESTROYED: _("A person declared it destroyed on %s.") % ended,
        Standing.BOX_FIRST: _("The box itself is not done yet."),
        Standing.HOLDS: _("The last copy with a key is due to go on %s.") % expected,
        Standing.LATE: _("The last copy with a key should be gone by now. Look at its backups."),
        Standing.UNSEEN: _("Last reached: %s. Plug it in, or declare it destroyed; until then it counts.") % seen,
    }[proof.standing]


def _files(proof: Proof) -> str:
    if not proof.keeps_ciphertext:
        return ""
    if proof.append_only:
        return _("Encrypted files stay there for good, for it removes nothing. Without a key they cannot be opened.")
    return _("Encrypted files are still there. Without a key they cannot be opened.")
