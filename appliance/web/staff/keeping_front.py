"""What the front page of Safekeeping says: one card a subject, the worst first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.accounts.emergencies import REVIEW_WITHIN
from appliance.accounts.emergency_codes import envelope
from appliance.accounts.queries_emergencies import count_unreviewed
from appliance.backup.telling import names_of_targets
from appliance.health.disk import DiskState, disk_state
from appliance.health.forecast import DAYS_LEFT, FREE_PERCENT, stage_of
from appliance.health.queries_keeping import EndsNow, TargetNow, count_open_faults, ends_now, targets_now
from appliance.health.standing import Standing, copy_of, proof_of, worst
from appliance.jobs import queries as jobs
from appliance.notifications import queries
from appliance.notifications.codes import Severity
from appliance.notifications.words import notice_words, severity_words
from appliance.retention.rules import ended_by
from appliance.store.runs import RunOutcome
from appliance.store.transactions import ReadTransaction
from appliance.web.languages import gettext as _
from appliance.web.languages import later, ngettext, spoken
from appliance.web.staff.disk_words import days_words
from appliance.web.staff.restored_words import URL as RESTORED_URL
from appliance.web.staff.restored_words import standing
from appliance.web.staff.words import State, day_and_time, size

TOLD = {
    "known": later("Noted: it is mailed no more unless it gets worse."),
    "test": later("A test is on its way by every way that is set up."),
}
_TONES = {Severity.ALARM: "bad", Severity.WARNING: "warn", Severity.ADVICE: "calm"}
SILENT_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Card:
    """One subject: how it stands, what to know, and where there is more."""

    title: str
    state: State
    words: str
    url: str


def front_cards(tx: ReadTransaction, reserve_bytes: int, now: datetime) -> list[Card]:
    """Give all cards in their order."""
    targets, faults = targets_now(tx), count_open_faults(tx)
    ends = ends_now(tx, ended_by(now.astimezone().date()))
    return [
        *restored_cards(tx, now),
        proof_card(targets, now),
        copies_card(targets, now),
        *([faults_card(faults)] if faults else []),
        disk_card(disk_state(tx, reserve_bytes, now)),
        ends_card(ends),
        jobs_card(tx, now),
        emergencies_card(tx, now),
    ]


def front_line(tx: ReadTransaction, now: datetime) -> State:
    """Say in one line, for the study list, whether what is kept is safe: the gravest of copies, proof and damage."""
    targets, faults = targets_now(tx), count_open_faults(tx)
    cards = [copies_card(targets, now), proof_card(targets, now)]
    bad = [card for card in [*([faults_card(faults)] if faults else []), *cards] if card.state.tone == "bad"]
    first = next(iter(bad), None) or next((card for card in cards if card.state.tone == "warn"), cards[1])
    return State(first.state.tone, first.words)


def restored_cards(tx: ReadTransaction, now: datetime) -> list[Card]:
    """Say that the box came back from a copy, where it did."""
    told = standing(tx, now)
    return [] if told is None else [Card(_("Brought back from a copy"), *told, RESTORED_URL)]


def proof_card(targets: Sequence[TargetNow], now: datetime) -> Card:
    """Say what the last restore tests proved."""
    title, url = _("Proof that copies restore"), "/keeping/proofs"
    judged = {target: proof_of(target, now) for target in targets}
    standing = worst(list(judged.values()))
    meant = [target for target in targets if judged[target] is standing]
    if standing is Standing.NOWHERE:
        return Card(title, State("bad", _("No copies")), _("There is nothing to prove: scans are not copied yet."), url)
    name = meant[0].name
    if standing is Standing.FAILED:
        words = _("The restore test of “%(name)s” failed: what is there does not restore whole.") % {"name": name}
        return Card(title, State("bad", _("Failed")), words, url)
    if standing is Standing.UNPROVED:
        words = _("It is not proved yet that the copy on “%(name)s” restores.") % {"name": name}
        return Card(title, State("warn", _("Not proved yet")), words, url)
    when = day_and_time(min(target.last_proved_at for target in meant if target.last_proved_at is not None))
    if standing is Standing.AGED:
        words = _("The copy on “%(name)s” was last proved on %(when)s.") % {"name": name, "when": when}
        return Card(title, State("warn", _("Not proved lately")), words, url)
    files = sum(target.last.file_count for target in targets if target.last is not None)
    amount = size(sum(target.last.bytes for target in targets if target.last is not None))
    words = ngettext(
        "The last backup was proved on %(when)s: %(num)d file, %(size)s, was restored, decrypted and compared.",
        "The last backup was proved on %(when)s: %(num)d files, %(size)s, were restored, decrypted and compared.",
        files,
    ) % {"when": when, "num": files, "size": amount}
    return Card(title, State("good", _("Proved")), words, url)


def copies_card(targets: Sequence[TargetNow], now: datetime) -> Card:
    """Say where scans are copied to, and how old the oldest copy is."""
    title, url = _("Copies"), "/keeping/backups"
    judged = {target: copy_of(target, now) for target in targets}
    standing = worst(list(judged.values()))
    if standing is Standing.NOWHERE:
        words = _("Scans are not copied anywhere. If this box is lost, they are lost.")
        return Card(title, State("bad", _("No copies")), words, url)
    meant = next(target for target in targets if judged[target] is standing)
    if standing is Standing.FAULTY:
        if meant.place.covered_at is None:
            words = _("The first copy to “%(name)s” is still to come.") % {"name": meant.name}
        else:
            words = _("The last copy to “%(name)s” failed. It is tried again.") % {"name": meant.name}
        return Card(title, State("warn", _("Look at it")), words, url)
    since = day_and_time(
        min(one.place.covered_at or one.place.created_at for one in targets if judged[one] is standing)
    )
    if standing is Standing.WELL:
        words = ngettext(
            "All that came until %(when)s is in %(num)d further place.",
            "All that came until %(when)s is in %(num)d further places.",
            len(targets),
        ) % {"when": since, "num": len(targets)}
        return Card(title, State("good", _("Up to date")), words, url)
    words = _("“%(name)s” has had no complete copy since %(when)s. Connect its disk, or look at its connection.") % {
        "name": meant.name, "when": since,
    }  # fmt: skip
    state = State("bad", _("Missing")) if standing is Standing.MISSING else State("warn", _("Late"))
    return Card(title, state, words, url)


def faults_card(count: int) -> Card:
    """Say that something that is kept here is not what was stored."""
    words = ngettext(
        "%(num)d thing that is stored here is not what was stored.",
        "%(num)d things that are stored here are not what was stored.",
        count,
    ) % {"num": count}
    return Card(_("Stored scans"), State("bad", _("Damaged")), words, "/keeping/proofs")


def disk_card(state: DiskState | None) -> Card:
    """Say for how long the disk lasts."""
    title, url = _("Disk"), "/keeping/disk"
    if state is None:
        return Card(title, State("calm", _("Not read yet")), days_words(None), url)
    days = None if state.forecast is None else state.forecast.days
    found = [stage_of(days, DAYS_LEFT, None), stage_of(state.free_percent, FREE_PERCENT, None)]
    grave = max((one for one in found if one is not None), key=lambda one: one.rank, default=None)
    free = _("%s free") % size(max(state.room_bytes, 0))
    return Card(title, State("good" if grave is None else _TONES[grave], free), days_words(state.forecast), url)


def ends_card(ends: EndsNow) -> Card:
    """Say what is past its time, and what waits for somebody."""
    title, url = _("What is to end"), "/keeping/retention"
    past = ngettext(
        "%(num)d study is past the time that it has to be kept.",
        "%(num)d studies are past the time that they have to be kept.",
        ends.past_time,
    ) % {"num": ends.past_time}
    if ends.waiting:
        words = ngettext(
            "%(num)d proposal to erase waits for a second person.",
            "%(num)d proposals to erase wait for a second person.",
            ends.waiting,
        ) % {"num": ends.waiting}
        return Card(title, State("warn", _("Waits for you")), f"{words} {past}" if ends.past_time else words, url)
    if ends.unproved:
        words = ngettext(
            "%(num)d erasure is not yet proved in every place for copies.",
            "%(num)d erasures are not yet proved in every place for copies.",
            ends.unproved,
        ) % {"num": ends.unproved}
        return Card(title, State("calm", _("Under way")), words, url)
    if ends.past_time:
        return Card(title, State("calm", _("To decide")), past, url)
    return Card(title, State("good", _("Nothing due")), _("Nothing is past the time that it has to be kept."), url)


def shown_notices(tx: ReadTransaction) -> list[dict[str, object]]:
    """Give what the box has to tell now, the gravest first."""
    language, names = spoken().code, names_of_targets(tx)
    return [
        {
            "key": one.notice_key,
            "state": State(_TONES[one.severity], severity_words(one.severity, language)),
            "words": notice_words(one, language, names),
            "since": day_and_time(one.first_at),
            "is_known": one.acknowledged_at is not None,
        }
        for one in queries.open_notices(tx)
    ]


def jobs_card(tx: ReadTransaction, now: datetime) -> Card:
    """Say whether the box does by itself what it should."""
    plans = jobs.plans(tx)
    last = [run for plan in plans for run in jobs.runs_of(tx, plan.job, 1)]
    failed = sum(run.outcome is RunOutcome.FAILED for run in last)
    mark = jobs.clock_mark(tx)  # the process notes each minute what its clock says
    silent = mark is None or now - mark.at > SILENT_AFTER
    title, url = _("What the box does by itself"), "/keeping/jobs"
    if not plans or silent:
        words = _("Nothing is being done by itself at the moment. Tell whoever looks after this box.")
        return Card(title, State("bad", _("Not running")), words, url)
    if failed:
        words = ngettext("The last run of one job failed.", "The last runs of %(num)d jobs failed.", failed)
        return Card(title, State("warn", _("Look at it")), words % {"num": failed}, url)
    words = ngettext("%(num)d job, all on time.", "%(num)d jobs, all on time.", len(plans)) % {"num": len(plans)}
    return Card(title, State("good", _("On time")), words, url)


def emergencies_card(tx: ReadTransaction, now: datetime) -> Card:
    """Say whether access in an emergency waits for its review, and whether a sealed code lies ready."""
    title, url = _("Emergency access"), "/trail/emergencies"
    late, count = count_unreviewed(tx, now - REVIEW_WITHIN), count_unreviewed(tx)
    if late:
        words = ngettext(
            "%(num)d time has waited for its review for more than a week.",
            "%(num)d times have waited for their review for more than a week.",
            late,
        ) % {"num": late}
        return Card(title, State("bad", _("Review is late")), words, url)
    if count:
        words = ngettext(
            "%(num)d time waits for somebody else's review.", "%(num)d times wait for somebody else's review.", count
        ) % {"num": count}
        return Card(title, State("warn", _("Waits for review")), words, url)
    left = envelope(tx)
    if left.is_void:
        words = _("Whoever drew the sealed emergency code has left or manages people no more, so it opens nothing.")
        return Card(title, State("warn", _("Code ended")), words, url)
    if not left.is_sealed:
        words = _("No emergency code lies in a sealed envelope, for the night when nobody who may look is there.")
        return Card(title, State("calm", _("No sealed code")), words, url)
    return Card(title, State("good", _("Ready")), _("Everything is reviewed, and a sealed code lies ready."), url)
