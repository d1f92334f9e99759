"""A clinic whose record somebody reads, for tests of the record's pages."""

from pathlib import Path

from appliance.accounts.account import Account
from appliance.audit.events import Actor, ActorKind, Event
from tests.web.a_clinic import AClinic
from tests.web.invented import PEOPLE, put_all


def a_recorded_clinic(folder: Path) -> AClinic:
    """Make a clinic with two patients."""
    clinic = AClinic(folder)
    with clinic.database.write() as tx:
        put_all(tx, clinic.clock.now(), PEOPLE[:2])
    return clinic


def record(clinic: AClinic, *events: Event) -> None:
    """Write into the record."""
    with clinic.database.write() as tx:
        for event in events:
            clinic.accounts.audit.record(tx, event)


def by(account: Account) -> Actor:
    """Name who did it."""
    return Actor(ActorKind.ACCOUNT, account.account_key)
