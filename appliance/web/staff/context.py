"""What the staff app is given once, when its process starts."""

from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from pathlib import Path

from appliance.accounts.context import Accounts
from appliance.accounts.peers.publishing import Publication
from appliance.config import ReceiverSettings
from appliance.deidentify.laboratory import Laboratory
from appliance.export.package import Exporter
from appliance.intake.quarantine import Quarantine
from appliance.jobs.clock_marks import has_jumped
from appliance.keys.secret import SecretKey
from appliance.retention.context import Retention
from appliance.web.http.pace import FewThreads, Gate
from appliance.web.staff.standing_lists import StandingLists


@dataclass(frozen=True, slots=True)
class StaffContext:
    """Everything that pages need.

    `search_key` seals what a person searched for into the page's address; a new
    one for each start is right, for no such address outlives its session anyway.
    `inbox_key_file` is what the receiver reads; None where there is no receiver.
    `receiver` is what a scanner has to be told: ports and title.
    `zone` is the clinic's, by which days end.
    `security_contact` is the address of `security.txt`; empty, there is none.
    `gate` counts requests, `few` runs what costs much for whoever is not known yet;
    `lists` knows which lists of studies stand open.
    """

    accounts: Accounts
    publication: Publication
    quarantine: Quarantine
    search_key: SecretKey
    exporter: Exporter
    laboratory: Laboratory
    inbox_key_file: Path | None = None
    receiver: ReceiverSettings = field(default_factory=ReceiverSettings)
    zone: tzinfo = UTC
    security_contact: str = ""
    gate: Gate = field(default_factory=Gate)
    few: FewThreads = field(default_factory=FewThreads)
    lists: StandingLists = field(default_factory=StandingLists)

    @property
    def clinic_name(self) -> str:
        return self.accounts.clinic_name

    @property
    def retention(self) -> Retention:
        """The room that decides how long things are kept."""
        own = self.accounts
        return Retention(own.database, own.audit, own.clock, self.zone, lambda tx: has_jumped(tx, own.clock))
