"""What the staff app is given once, when its process starts."""

from dataclasses import dataclass, field
from pathlib import Path

from appliance.accounts.context import Accounts
from appliance.accounts.peers.publishing import Publication
from appliance.config import ReceiverSettings
from appliance.intake.quarantine import Quarantine
from appliance.keys.secret import SecretKey


@dataclass(frozen=True, slots=True)
class StaffContext:
    """Everything that pages need.

    `viewer_folder` is where the built viewer lies; None takes the one that ships.
    `search_key` seals what a person searched for into the page's address; a new
    one for each start is right, for no such address outlives its session anyway.
    `receiver` is what a scanner has to be told: ports and title.
    """

    accounts: Accounts
    publication: Publication
    quarantine: Quarantine
    search_key: SecretKey
    viewer_folder: Path | None = None
    receiver: ReceiverSettings = field(default_factory=ReceiverSettings)

    @property
    def clinic_name(self) -> str:
        return self.accounts.clinic_name
