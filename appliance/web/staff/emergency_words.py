"""Words for emergencies: why the glass was broken, how each stands, what a reviewer may say."""

from datetime import datetime

from appliance.accounts.emergencies import Reason, is_late
from appliance.accounts.emergency_reviews import Verdict
from appliance.accounts.queries_emergencies import Emergency
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext
from appliance.web.staff.words import State, day_and_time

REASONS = {
    Reason.TREATMENT: later("A patient is being treated and it cannot wait"),
    Reason.NOBODY_THERE: later("Nobody who may look at images is there"),
    Reason.ASKED_FOR: later("A hospital or another practice treats the patient and asks"),
    Reason.ACCOUNT: later("My own account or its rights do not work"),
    Reason.OTHER: later("Something else"),
}
_VERDICTS = {
    Verdict.RIGHT: ("good", later("It was right")),
    Verdict.NOT_RIGHT: ("bad", later("It was not right")),
    Verdict.FOLLOW_UP: ("warn", later("It has to be followed up")),
}


def reason_words(reason: str) -> str:
    """Name a reason."""
    return _(REASONS[Reason(reason)])


def reason_choices(chosen: str) -> list[dict[str, object]]:
    """Give the reasons to choose from."""
    return [{"value": each.value, "words": _(words), "chosen": each.value == chosen} for each, words in REASONS.items()]


def verdict_state(verdict: str) -> State:
    """Name a verdict."""
    tone, words = _VERDICTS[Verdict(verdict)]
    return State(tone, _(words))


def verdict_choices() -> list[dict[str, str]]:
    """Give the verdicts to choose from."""
    return [{"value": each.value, "words": _(words)} for each, (_tone, words) in _VERDICTS.items()]


def standing(emergency: Emergency, verdict: str, now: datetime) -> State:
    """Say how an emergency stands; `verdict` is of its first review."""
    if verdict:
        return verdict_state(verdict)
    if emergency.ended_at is None:
        return State("bad", _("Goes on"))
    return State("bad", _("Review is late")) if is_late(emergency, now) else State("warn", _("Waits for review"))


def emergency_view(emergency: Emergency, verdict: str, now: datetime) -> dict[str, object]:
    """Put one into words, without what was seen."""
    end = emergency.ended_at or emergency.ends_at
    minutes = max(1, round((end - emergency.began_at).total_seconds() / 60))
    return {
        "key": emergency.emergency_key,
        "name": emergency.name,
        "by_envelope": emergency.drawn_by is not None,
        "reason": reason_words(emergency.reason),
        "words": emergency.words,
        "began": day_and_time(emergency.began_at),
        "until": day_and_time(end),
        "minutes": ngettext("%(num)d minute", "%(num)d minutes", minutes) % {"num": minutes},
        "state": standing(emergency, verdict, now),
        "goes_on": emergency.ended_at is None,
    }
