"""SQL of names: who an actor of the trail is, closed accounts and removed peers among them."""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.store.transactions import ReadTransaction


@dataclass(frozen=True, slots=True)
class Names:
    """Names by row key."""

    accounts: Mapping[int, str]
    tokens: Mapping[int, str]
    peers: Mapping[int, str]
    certificates: Mapping[int, str]


def names(tx: ReadTransaction) -> Names:
    """Give the name of every account, token and peer that there is or was, and for which device each certificate is."""
    return Names(
        _by_key(tx, "SELECT account_key, display_name FROM accounts ORDER BY display_name, account_key"),
        _by_key(tx, "SELECT token_key, name FROM machine_tokens ORDER BY name, token_key"),
        _by_key(tx, "SELECT peer_key, name FROM peers ORDER BY name, peer_key"),
        _by_key(tx, "SELECT certificate_key, device_name FROM device_certificates ORDER BY certificate_key"),
    )


def _by_key(tx: ReadTransaction, sql: str) -> Mapping[int, str]:
    return {int(key): str(name) for key, name in tx.rows(sql)}
