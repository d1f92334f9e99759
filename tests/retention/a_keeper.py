"""A clinic whose studies come to the end of their time: invented people, a clock that is set, people with codes."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from pathlib import Path

from appliance.accounts import totp
from appliance.accounts.account import Account
from appliance.accounts.roles import Role
from appliance.accounts.second_factor import Confirmed, confirm
from appliance.accounts.trail import person
from appliance.audit.events import Actor
from appliance.retention.context import Retention
from appliance.retention.policy import choose_jurisdiction
from appliance.retention.queries_decisions import Proposal, Scope, find_proposal
from appliance.store.transactions import WriteTransaction
from tests.web.a_clinic import AClinic
from tests.web.invented import PEOPLE, Invented, put

SECRET = b"12345678901234567890"
ADDRESS = "192.0.2.10"
ADULT = replace(PEOPLE[0], ago=timedelta())
CHILD = replace(PEOPLE[9], ago=timedelta())


class AKeeper:
    """The room of retention on a clinic's catalogue; `doubted` sets the clock in doubt."""

    def __init__(self, folder: Path, zone: tzinfo = timezone(timedelta(hours=-3))) -> None:
        self.clinic = AClinic(folder)
        self.clock = self.clinic.clock
        self.database = self.clinic.database
        self.doubted = False
        self.room = Retention(self.database, self.clinic.accounts.audit, self.clock, zone, lambda _tx: self.doubted)
        self._put = 0

    def study(self, who: Invented = ADULT, taken: str = "20200601", arrived_on: date | None = None) -> int:
        """Add a patient with one study, taken and arrived in the past; give the study's key."""
        self._put += 1
        arrived = datetime.combine(arrived_on or date(2020, 6, 1), datetime.min.time(), UTC) + timedelta(hours=12)
        with self.database.write() as tx:
            if self._put == 1:
                _association(tx)
            study_key = put(tx, who, arrived, self._put)
            tx.change("UPDATE studies SET study_date = :taken WHERE study_key = :key", taken=taken, key=study_key)
        return study_key

    def one_more_study(self, study_key: int, taken: str, arrived_on: date | None = None) -> int:
        """Add a study of the same patient."""
        other = self.study(taken=taken, arrived_on=arrived_on)
        with self.database.write() as tx:
            tx.change(
                "UPDATE studies SET patient_key = (SELECT patient_key FROM studies WHERE study_key = :key) "
                "WHERE study_key = :other",
                key=study_key, other=other,
            )  # fmt: skip
        return other

    def patient(self, study_key: int) -> int:
        with self.database.read() as tx:
            rows = tx.rows("SELECT patient_key FROM studies WHERE study_key = :key", key=study_key)
        return int(rows[0][0])

    def studies(self) -> list[int]:
        with self.database.read() as tx:
            return [int(row[0]) for row in tx.rows("SELECT study_key FROM studies ORDER BY study_key")]

    def somebody(self, name: str, role: Role = Role.DENTIST) -> Account:
        """Add a person with a second factor."""
        return self.clinic.person(role, user_name=name, totp_secret=SECRET)

    def confirmed(self, account: Account) -> Confirmed:
        """Let a person type the next code of their app."""
        self.clock.pass_time(seconds=31)
        code = totp.current_code(SECRET, self.clock.now())
        return confirm(self.clinic.accounts, account, code, ADDRESS)

    def proposal(self, proposal_key: int) -> Proposal:
        with self.database.read() as tx:
            found = find_proposal(tx, proposal_key)
        assert found is not None
        return found

    def choose(self, code: str, by: Account) -> None:
        """Choose a jurisdiction and let the first month pass."""
        choose_jurisdiction(self.room, code, actor_of(by))
        self.clock.pass_time(days=32)

    def events(self) -> list[str]:
        return [code for code, _outcome in self.clinic.events()]


def take_away(tx: WriteTransaction, proposal: Proposal) -> None:
    """Delete a study's rows: the least of what erasing does, where only when it happens is asked."""
    assert proposal.scope is Scope.STUDY
    for statement in (
        "DELETE FROM versions WHERE instance_key IN (SELECT i.instance_key FROM instances i "
        "JOIN series e ON e.series_key = i.series_key WHERE e.study_key = :key)",
        "DELETE FROM instances WHERE series_key IN (SELECT series_key FROM series WHERE study_key = :key)",
        "DELETE FROM series WHERE study_key = :key",
        "DELETE FROM studies WHERE study_key = :key",
    ):
        tx.change(statement, key=proposal.subject_key)


def actor_of(account: Account) -> Actor:
    return person(account, ADDRESS)


def _association(tx: WriteTransaction) -> None:
    tx.change(
        "INSERT INTO associations (association_id, calling_ae_title, called_ae_title, address, transport, "
        "implementation_class_uid, implementation_version_name, started_at, outcome) "
        "VALUES (zeroblob(16), 'ORTHOPHOS', 'ENAMEL', '192.0.2.31', 'plain', '1.2.3', 'SIDEXIS', 0, 'released')"
    )
