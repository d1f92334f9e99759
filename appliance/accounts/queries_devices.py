"""SQL of browsers where people came in whole, and of the PINs that hold there."""

from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.queries import number
from appliance.clock import instant, microseconds
from appliance.store.transactions import ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class DevicePerson:
    """Somebody who came in whole from this browser."""

    account_key: int
    display_name: str
    last_at: datetime
    pin_hash: str | None


def note_device(tx: WriteTransaction, device_hash: bytes, account_key: int, at: datetime) -> None:
    """Note that a person came in whole from this browser now."""
    tx.change(
        """INSERT INTO known_devices (device_hash, account_key, first_at, last_at) VALUES (:device, :account, :at, :at)
           ON CONFLICT (device_hash, account_key) DO UPDATE SET last_at = :at""",
        device=device_hash,
        account=account_key,
        at=microseconds(at),
    )


def is_device(tx: ReadTransaction, device_hash: bytes) -> bool:
    """Whether anybody came in whole from this browser."""
    return bool(tx.rows("SELECT 1 FROM known_devices WHERE device_hash = :device LIMIT 1", device=device_hash))


def came_in_from(tx: ReadTransaction, user_name: str, device_hash: bytes) -> bool:
    """Whether the person of this folded name came in whole from this browser."""
    sql = """SELECT 1 FROM accounts a JOIN known_devices d USING (account_key)
             WHERE a.user_name = :user AND d.device_hash = :device"""
    return bool(tx.rows(sql, user=user_name, device=device_hash))


def forget_devices_of(tx: WriteTransaction, account_key: int) -> None:
    """Let no browser be known to this person any more."""
    tx.change("DELETE FROM known_devices WHERE account_key = :account", account=account_key)


def people_of(tx: ReadTransaction, device_hash: bytes) -> list[DevicePerson]:
    """Who came in from this browser and has an open account, by name."""
    rows = tx.rows(
        """SELECT a.account_key, a.display_name, d.last_at, d.pin_hash FROM known_devices d
           JOIN accounts a USING (account_key)
           WHERE d.device_hash = :device AND a.disabled_at IS NULL ORDER BY a.display_name, a.account_key""",
        device=device_hash,
    )
    return [
        DevicePerson(number(key), str(name), instant(number(at)), None if pin is None else str(pin))
        for key, name, at, pin in rows
    ]


def devices_of(tx: ReadTransaction, account_key: int) -> list[tuple[datetime, datetime, bool]]:
    """When a person first and last came in whole in each browser, and whether a PIN holds there, the oldest first."""
    rows = tx.rows(
        "SELECT first_at, last_at, pin_hash IS NOT NULL FROM known_devices WHERE account_key = :account "
        "ORDER BY first_at, device_hash",
        account=account_key,
    )
    return [(instant(number(first)), instant(number(last)), bool(has_pin)) for first, last, has_pin in rows]


def set_pin(tx: WriteTransaction, device_hash: bytes, account_key: int, pin_hash: str | None) -> bool:
    """Set or drop a person's PIN on this browser; False where they never came in."""
    sql = """UPDATE known_devices SET pin_hash = :pin, pin_failures = 0
             WHERE device_hash = :device AND account_key = :account"""
    return tx.change(sql, pin=pin_hash, device=device_hash, account=account_key) == 1


def drop_pins_of(tx: WriteTransaction, account_key: int, keep: bytes = b"") -> int:
    """Forget a person's PINs in every browser but the one to keep; gives how many."""
    sql = """UPDATE known_devices SET pin_hash = NULL, pin_failures = 0
             WHERE account_key = :account AND pin_hash IS NOT NULL AND device_hash <> :keep"""
    return tx.change(sql, account=account_key, keep=keep)


def count_pin_failure(tx: WriteTransaction, device_hash: bytes, account_key: int) -> int:
    """Count one wrong PIN before it is looked at; gives how many there are now."""
    rows = tx.rows(
        """UPDATE known_devices SET pin_failures = pin_failures + 1
           WHERE device_hash = :device AND account_key = :account RETURNING pin_failures""",
        device=device_hash,
        account=account_key,
    )
    return number(rows[0][0]) if rows else 0


def clear_pin_failures(tx: WriteTransaction, device_hash: bytes, account_key: int) -> None:
    """Begin to count anew after a right PIN."""
    sql = "UPDATE known_devices SET pin_failures = 0 WHERE device_hash = :device AND account_key = :account"
    tx.change(sql, device=device_hash, account=account_key)
