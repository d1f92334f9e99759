"""Who answers for a machine's token or a device's certificate, which ends when they leave."""

from appliance.accounts import queries
from appliance.accounts.roles import ASSIGNABLE
from appliance.errors import NotFound
from appliance.store.transactions import ReadTransaction


def check_answerable(tx: ReadTransaction, account_key: int | None) -> None:
    """Make sure that whoever is to answer for something works here; None, for nobody, passes.

    Raises:
        NotFound: There is no such open account of a person.
    """
    if account_key is None:
        return
    found = queries.credentials_by_key(tx, account_key)
    if found is None or found.account.disabled_at is not None or found.account.role not in ASSIGNABLE:
        raise NotFound("nobody with an open account answers for this")
