"""Everything that the box tells by itself, a closed list: a part adds its codes here, and what they say in `words`."""

from enum import StrEnum


class Severity(StrEnum):
    """How much it matters: advice stays on the page, a warning is mailed and repeated weekly, an alarm daily."""

    ADVICE = "advice"
    WARNING = "warning"
    ALARM = "alarm"

    @property
    def rank(self) -> int:
        """Give a number to compare by."""
        return list(Severity).index(self)


class NoticeCode(StrEnum):
    """What can be told."""

    TEST = "test"
    MAIL_FAILS = "mail fails"
    WEBHOOK_FAILS = "webhook fails"
    JOB_FAILS = "job fails"
    CLOCK_JUMPED = "clock jumped"

    DISK_FILLS = "disk fills"
    DISK_LOW = "disk low"

    BACKUP_LATE = "backup late"
    BACKUP_MISSING = "backup missing"
    BACKUP_FAILS = "backup fails"
    RESTORE_TEST_FAILED = "restore test failed"
    INTEGRITY_FAULTS = "integrity faults"
    READING_LATE = "reading late"
    DRILL_DUE = "drill due"
    ERASURE_PROPOSED = "erasure proposed"
    ERASURE_DONE = "erasure done"
    ERASURE_FOUND = "erasure found"
    ERASURE_UNDECIDED = "erasure undecided"
    ERASURE_ASIDE = "erasure aside"
    ERASURE_UNFINISHED = "erasure unfinished"
    ERASURE_UNPROVED = "erasure unproved"
    KEYS_OLD = "keys old"
    UNUSUAL_ACTIVITY = "unusual activity"
    ACCOUNTS_UNUSED = "accounts unused"
    EMERGENCY_BEGUN = "emergency begun"
    EMERGENCY_REPEATED = "emergency repeated"
    EMERGENCY_CODE_USED = "emergency code used"
    EMERGENCY_CODE_ENDED = "emergency code ended"
    EMERGENCY_UNREVIEWED = "emergency unreviewed"


COUNTING = frozenset(
    {
        NoticeCode.RESTORE_TEST_FAILED,
        NoticeCode.INTEGRITY_FAULTS,
        NoticeCode.UNUSUAL_ACTIVITY,
        NoticeCode.ACCOUNTS_UNUSED,
        NoticeCode.EMERGENCY_UNREVIEWED,
    }
)
"""Whose number counts what is wrong: whoever knew of fewer does not know."""
