"""Tells the clinic what the box has to say: every ten minutes, by the ways that its settings name.

Guards: the passwords of mail and webhook are sealed in the catalogue, opened
for a telling, and in no setting, log or argument.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zlib import crc32

from appliance.backup.telling import names_of_targets
from appliance.clock import Clock
from appliance.config import Settings
from appliance.errors import Unavailable, Unsuitable
from appliance.jobs import queries as jobs
from appliance.jobs.clock_marks import has_jumped
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Every
from appliance.keys.secret import SecretKey
from appliance.keys.wrapping import seal_secret, unseal_secret
from appliance.notifications import queries
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.mail import MailTeller
from appliance.notifications.notices import end_notice, find_open, raise_notice
from appliance.notifications.queries import Subject
from appliance.notifications.telling import Teller, TellingParts, tell_due
from appliance.notifications.webhook import WebhookTeller
from appliance.store.box import find_box
from appliance.store.database import Database
from appliance.store.rotating_keys import KeyKind, RotatingKeys
from appliance.store.transactions import ReadTransaction, WriteTransaction

TELL_EVERY = timedelta(minutes=10)
IN_A_ROW = 3
OLD_AFTER = timedelta(days=35)  # intake changes them after 30
_TO_CHANGE = timedelta(days=1)  # intake changes old keys within a day of being unlocked, or of a clock that was set
SERVICES = ("mail", "webhook")
_CONTEXT = b"password of a service: "
_LONGEST_SECRET = 1000


@dataclass(frozen=True)
class HealthParts:
    """What telling the clinic takes.

    Attributes:
        settings: Whom to tell and how.
        key: The key-wrapping key: what seals the services' passwords.
    """

    settings: Settings
    database: Database
    clock: Clock
    key: SecretKey = field(repr=False)


def telling_jobs(parts: HealthParts) -> tuple[Job, ...]:
    """Give the job that tells."""

    def work(run: Run) -> None:
        with parts.database.write() as tx:
            note_clock(tx, parts.clock)
            note_keys(tx, RotatingKeys(parts.key, parts.clock), parts.clock.now())
        telling = TellingParts(parts.database, parts.clock, lambda tx: tellers_of(tx, parts), names_of_targets)
        told, faults = tell_due(telling)
        run.progress(told)
        for fault in faults:
            run.failed(fault)

    return (Job("tell", Every(TELL_EVERY), work),)


def tellers_of(tx: ReadTransaction, parts: HealthParts) -> Mapping[str, Teller]:
    """Give the ways to tell that are set up."""
    found: dict[str, Teller] = {}
    settings = parts.settings
    if settings.mail.host:
        found["mail"] = MailTeller(settings.mail, settings.clinic_name, service_secret(tx, parts.key, "mail"))
    if settings.webhook.url:
        box = find_box(tx)
        secret = service_secret(tx, parts.key, "webhook")
        found["webhook"] = WebhookTeller(settings.webhook.url, "" if box is None else str(box.box_id), secret)
    return found


def keep_service_secret(tx: WriteTransaction, key: SecretKey, service: str, secret: str, now: datetime) -> None:
    """Keep a service's password, sealed; an empty one is forgotten.

    Raises:
        Unsuitable: There is no such service, or it cannot be a password.
    """
    if service not in SERVICES:
        raise Unsuitable(f"the services with a password are {' and '.join(SERVICES)}")
    if len(secret) > _LONGEST_SECRET or not secret.isprintable():
        raise Unsuitable("a password is one line of at most 1000 characters")
    sealed = seal_secret(key, _CONTEXT + service.encode(), secret.encode()) if secret else None
    queries.set_secret(tx, service, sealed, now)


def service_secret(tx: ReadTransaction, key: SecretKey, service: str) -> bytes | None:
    """Give a service's password.

    Raises:
        Tampered: The row is not what was stored.
    """
    sealed = queries.find_secret(tx, service)
    return None if sealed is None else unseal_secret(key, _CONTEXT + service.encode(), sealed)


def note_outcome(tx: WriteTransaction, now: datetime) -> None:
    """Say so of each thing the box does by itself that fails again and again, and when that is over.

    Each is told of its own: whoever knows of one does not know of the next.
    """
    streaks = {_job_subject(plan.job): jobs.failed_in_a_row(tx, plan.job) for plan in jobs.plans(tx)}
    failing = {subject: streak for subject, streak in streaks.items() if streak >= IN_A_ROW}
    for one in queries.open_notices(tx):
        if one.code is NoticeCode.JOB_FAILS and one.subject not in failing:
            end_notice(tx, NoticeCode.JOB_FAILS, now, one.subject)
    for subject, streak in failing.items():
        raise_notice(tx, NoticeCode.JOB_FAILS, Severity.WARNING, now, subject, streak)


def _job_subject(job: str) -> Subject:
    """Give a job as notices name it: it has no key of its own, and is never renamed."""
    return "job", crc32(job.encode())


def note_clock(tx: WriteTransaction, clock: Clock) -> None:
    """Say so when the clock is in doubt, and when it is not any more."""
    if has_jumped(tx, clock):
        raise_notice(tx, NoticeCode.CLOCK_JUMPED, Severity.WARNING, clock.now())
    else:
        end_notice(tx, NoticeCode.CLOCK_JUMPED, clock.now())


def note_keys(tx: WriteTransaction, keys: RotatingKeys, now: datetime) -> None:
    """Say so when the keys that change by themselves were not changed: a day on the page first, then to everybody."""
    try:
        age = max(now - keys.made_at(tx, kind) for kind in (KeyKind.WRAPPING, KeyKind.INBOX))
    except Unavailable:  # none was made yet: the box is being made
        return
    if age < OLD_AFTER:
        end_notice(tx, NoticeCode.KEYS_OLD, now)
        return
    found = find_open(tx, NoticeCode.KEYS_OLD)
    is_late = found is not None and now - found.first_at >= _TO_CHANGE
    raise_notice(tx, NoticeCode.KEYS_OLD, Severity.WARNING if is_late else Severity.ADVICE, now, number=age.days)
