"""SQL of printed recovery codes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from appliance.accounts.queries import blob, number
from appliance.clock import microseconds
from appliance.keys.passphrases import PassphraseCost
from appliance.store.transactions import ReadTransaction, WriteTransaction


@dataclass(frozen=True, slots=True)
class Salted:
    """What codes of one drawing were hashed with."""

    salt: bytes
    cost: PassphraseCost


def drop_codes(tx: WriteTransaction, account_key: int) -> None:
    """Let no code of this account open anything any more."""
    tx.change("DELETE FROM recovery_codes WHERE account_key = :key", key=account_key)


def insert_codes(tx: WriteTransaction, account_key: int, salted: Salted, hashes: Sequence[bytes]) -> None:
    """Keep codes of one drawing."""
    for code_hash in hashes:
        tx.change(
            """INSERT INTO recovery_codes (account_key, code_hash, salt, memory_kib, passes, lanes)
               VALUES (:key, :hash, :salt, :memory, :passes, :lanes)""",
            key=account_key, hash=code_hash, **_columns(salted),
        )  # fmt: skip


def salts_of(tx: ReadTransaction, account_key: int) -> list[Salted]:
    """Give what this account's unused codes were hashed with."""
    sql = """SELECT DISTINCT salt, memory_kib, passes, lanes FROM recovery_codes
             WHERE account_key = :key AND used_at IS NULL AND salt IS NOT NULL"""
    return [
        Salted(blob(salt), PassphraseCost(number(memory), number(passes), number(lanes)))
        for salt, memory, passes, lanes in tx.rows(sql, key=account_key)
    ]


def use_code(tx: WriteTransaction, account_key: int, hashes: Sequence[bytes], at: datetime) -> bool:
    """Spend the unused code that has one of these hashes; False when there is none."""
    sql = """UPDATE recovery_codes SET used_at = :at
             WHERE account_key = :key AND code_hash = :hash AND used_at IS NULL"""
    return any(tx.change(sql, at=microseconds(at), key=account_key, hash=each) == 1 for each in hashes)


def unused_codes(tx: ReadTransaction, account_key: int) -> int:
    """How many printed codes are left."""
    sql = "SELECT count(*) FROM recovery_codes WHERE account_key = :key AND used_at IS NULL"
    return number(tx.rows(sql, key=account_key)[0][0])


def unsalted_codes(tx: ReadTransaction) -> dict[int, list[bytes]]:
    """Give what is kept of codes of before, by account."""
    found: dict[int, list[bytes]] = defaultdict(list)
    for account_key, code_hash in tx.rows("SELECT account_key, code_hash FROM recovery_codes WHERE salt IS NULL"):
        found[number(account_key)].append(blob(code_hash))
    return dict(found)


def salt_code(tx: WriteTransaction, account_key: int, quick: bytes, slow: bytes, salted: Salted) -> None:
    """Keep another hash of a code of before, used or not."""
    tx.change(
        """UPDATE recovery_codes SET code_hash = :slow, salt = :salt, memory_kib = :memory, passes = :passes,
           lanes = :lanes WHERE account_key = :key AND code_hash = :quick AND salt IS NULL""",
        key=account_key, quick=quick, slow=slow, **_columns(salted),
    )  # fmt: skip


def _columns(salted: Salted) -> dict[str, object]:
    cost = salted.cost
    return {"salt": salted.salt, "memory": cost.memory_kib, "passes": cost.passes, "lanes": cost.lanes}
