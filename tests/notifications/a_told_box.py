"""A box that tells, to a listener that keeps what it hears."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from appliance.notifications import queries
from appliance.notifications.codes import NoticeCode, Severity
from appliance.notifications.notices import end_notice, raise_notice
from appliance.notifications.queries import Notice
from appliance.notifications.telling import NotTold, Telling, TellingParts, tell_due
from tests.jobs.a_timetable import Works

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ALARM, WARNING, ADVICE = Severity.ALARM, Severity.WARNING, Severity.ADVICE


@dataclass
class Listener:
    """A way to tell that keeps what it hears, and may be out of order."""

    heard: list[Telling] = field(default_factory=list)
    fault: str = ""

    def tell(self, telling: Telling) -> None:
        if self.fault:
            raise NotTold(self.fault)
        self.heard.append(telling)


class Told(Works):
    """A box that tells a listener."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, [])
        self.mail = Listener()
        self.parts = TellingParts(self.box.database, self.clock, lambda _: {"mail": self.mail})

    def raised(self, code: NoticeCode, severity: Severity = ALARM, **more: object) -> int:
        with self.box.database.write() as tx:
            return raise_notice(tx, code, severity, self.clock.now(), **more)  # type: ignore[arg-type]  # its own named arguments

    def ended(self, code: NoticeCode, **more: object) -> bool:
        with self.box.database.write() as tx:
            return end_notice(tx, code, self.clock.now(), **more)  # type: ignore[arg-type]  # its own named argument

    def told(self, after: timedelta = timedelta()) -> list[str]:
        """Let time pass, tell what is due, and give the codes."""
        self.clock.let_pass(after)
        before = len(self.mail.heard)
        tell_due(self.parts)
        return [one.code.value for telling in self.mail.heard[before:] for one in telling.notices]

    def over(self) -> list[str]:
        return [one.code.value for telling in self.mail.heard for one in telling.over]

    def open(self) -> list[Notice]:
        with self.box.database.read() as tx:
            return queries.open_notices(tx)
