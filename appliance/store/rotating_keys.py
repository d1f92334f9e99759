"""Random, numbered keys under the root: wrapping keys, inbox pairs, authorities.

Guards: the newest not retired key of a kind is the current one; an old one
opens what it sealed until it is destroyed, and then nothing brings it back.
Leaves out: when to rotate, and whether anything still needs an old key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from appliance.clock import Clock, instant, microseconds
from appliance.errors import NotFound, Unavailable
from appliance.identifiers import BoxId
from appliance.keys.authority import Issued
from appliance.keys.inbox_seal import encode_key_file, new_inbox_key_pair
from appliance.keys.secret import SecretKey
from appliance.keys.wrapping import seal_secret, unseal_secret
from appliance.store.files import FileLayer, clear_drafts, replace_durably, storage_faults
from appliance.store.transactions import ReadTransaction, WriteTransaction

INBOX_KEY_MODE = 0o640  # not secret; the receiver's user reads it by its group


class KeyKind(StrEnum):
    """What a rotating key is for."""

    WRAPPING = "wrapping"
    INBOX = "inbox"
    WEB_AUTHORITY = "web authority"
    DEVICE_AUTHORITY = "device authority"


@dataclass(frozen=True)
class NumberedKey:
    """A rotating key and the number that rows keep of it."""

    number: int
    key: SecretKey


@dataclass(frozen=True)
class InboxPublicKey:
    """The public half of an inbox pair."""

    number: int
    public_key: bytes


class RotatingKeys:
    """Makes, gives and destroys rotating keys, with the key-wrapping key that wraps them."""

    def __init__(self, key_wrapping_key: SecretKey, clock: Clock) -> None:
        self._key_wrapping_key = key_wrapping_key
        self._clock = clock

    def rotate_wrapping_key(self, tx: WriteTransaction) -> int:
        """Make the next wrapping key, retire the one before, and give its number (the first is 1)."""
        return self._add(tx, KeyKind.WRAPPING, SecretKey.new().reveal(), None)

    def rotate_inbox_key(self, tx: WriteTransaction, above: int = 0) -> InboxPublicKey:
        """Make the next inbox pair, retire the one before, and give its public half for the receiver.

        Args:
            tx: The transaction.
            above: The highest number that was seen outside: an older copy of the catalogue does not know of all.
        """
        pair = new_inbox_key_pair()
        number = self._add(tx, KeyKind.INBOX, pair.private_key.reveal(), pair.public_key, above)
        return InboxPublicKey(number, pair.public_key)

    def current_wrapping_key(self, tx: ReadTransaction) -> NumberedKey:
        """Give the key that wraps new data keys.

        Raises:
            Unavailable: None was made yet.
        """
        number = _current_number(tx, KeyKind.WRAPPING)
        return NumberedKey(number, self.wrapping_key(tx, number))

    def keep_authority(self, tx: WriteTransaction, kind: KeyKind, root: Issued) -> int:
        """Keep a certificate authority's root, the only copy of its key, and retire the one before."""
        return self._add(tx, kind, root.private_key, root.certificate)

    def current_authority(self, tx: ReadTransaction, kind: KeyKind) -> Issued:
        """Give an authority's root, to issue with.

        Raises:
            Unavailable: None was made yet.
            WrongKey: It does not open with this root secret's key.
        """
        number = _current_number(tx, kind)
        key = self._unwrap(kind, number, _wrapped(tx, kind, number)[number])
        return Issued(_public(tx, kind, number), key)

    def wrapping_key(self, tx: ReadTransaction, number: int) -> SecretKey:
        """Give the wrapping key of that number.

        Raises:
            NotFound: None of that number, or it was destroyed.
            WrongKey: It does not open with this root's key.
        """
        found = _wrapped(tx, KeyKind.WRAPPING, number)
        if number not in found:
            raise NotFound(f"there is no wrapping key {number}, or it was destroyed")
        return SecretKey(self._unwrap(KeyKind.WRAPPING, number, found[number]))

    def inbox_private_keys(self, tx: ReadTransaction) -> Mapping[int, SecretKey]:
        """Give every inbox private key that was not destroyed, by number.

        Raises:
            WrongKey: One does not open with this root's key.
        """
        found = _wrapped(tx, KeyKind.INBOX, None)
        return {number: SecretKey(self._unwrap(KeyKind.INBOX, number, wrapped)) for number, wrapped in found.items()}

    def made_at(self, tx: ReadTransaction, kind: KeyKind) -> datetime:
        """Say when the current key of a kind was made.

        Raises:
            Unavailable: None was made yet.
        """
        rows = tx.rows(
            "SELECT created_at FROM rotating_keys WHERE kind = :kind AND number = :number",
            kind=kind.value, number=_current_number(tx, kind),
        )  # fmt: skip
        return instant(int(rows[0][0]))

    def bring_back(self, tx: WriteTransaction, now: datetime) -> None:
        """Let what was made or retired ahead of the clock count from now: the clock was set back since."""
        tx.change(
            "UPDATE rotating_keys SET created_at = min(created_at, :now), retired_at = min(retired_at, :now) "
            "WHERE created_at > :now OR retired_at > :now",
            now=microseconds(now),
        )  # fmt: skip

    def retired(self, tx: ReadTransaction, kind: KeyKind, before: datetime) -> list[int]:
        """Give the keys of a kind that were retired until then and still lie here, by number."""
        rows = tx.rows(
            "SELECT number FROM rotating_keys WHERE kind = :kind AND retired_at <= :before AND destroyed_at IS NULL "
            "ORDER BY number",
            kind=kind.value, before=microseconds(before),
        )  # fmt: skip
        return [int(row[0]) for row in rows]

    def mark_compromised(self, tx: WriteTransaction, kind: KeyKind, number: int) -> None:
        """Note that somebody may know a key; the caller rotates at once.

        Raises:
            NotFound: There is none of that number, or that was noted before.
        """
        changed = tx.change(
            "UPDATE rotating_keys SET compromised_at = :at WHERE kind = :kind AND number = :number "
            "AND compromised_at IS NULL",
            at=microseconds(self._clock.now()), kind=kind.value, number=number,
        )  # fmt: skip
        if not changed:
            raise NotFound(f"there is no {kind} key {number}, or it is known to be compromised")

    def destroy(self, tx: WriteTransaction, kind: KeyKind, number: int) -> None:
        """Destroy a retired key: its row stays, its wrapped bytes go.

        Raises:
            NotFound: No retired key of that number is left to destroy.
        """
        changed = tx.change(
            "UPDATE rotating_keys SET wrapped_key = NULL, destroyed_at = :at WHERE kind = :kind AND number = :number "
            "AND retired_at IS NOT NULL AND destroyed_at IS NULL",
            at=microseconds(self._clock.now()), kind=kind.value, number=number,
        )  # fmt: skip
        if not changed:
            raise NotFound(f"there is no retired {kind} key {number} to destroy")

    def open_all(self, tx: ReadTransaction) -> int:
        """Open every key that still lies here, and give how many that are.

        Raises:
            WrongKey: One does not open with this root's key.
        """
        rows = tx.rows("SELECT kind, number, wrapped_key FROM rotating_keys WHERE wrapped_key IS NOT NULL")
        for kind, number, wrapped in rows:
            self._unwrap(KeyKind(kind), number, wrapped)
        return len(rows)

    def hand_over(self, tx: WriteTransaction, key_wrapping_key: SecretKey) -> "RotatingKeys":
        """Wrap every key that still lies here by another key-wrapping key, and give what opens them from then on.

        Raises:
            WrongKey: One does not open with this root's key; then nothing of the transaction must stay.
        """
        rows = tx.rows("SELECT kind, number, wrapped_key FROM rotating_keys WHERE wrapped_key IS NOT NULL")
        for kind, number, wrapped in rows:
            context = _context(KeyKind(kind), number)
            tx.change(
                "UPDATE rotating_keys SET wrapped_key = :wrapped_key WHERE kind = :kind AND number = :number",
                kind=kind, number=number,
                wrapped_key=seal_secret(key_wrapping_key, context, self._unwrap(KeyKind(kind), number, wrapped)),
            )  # fmt: skip
        return RotatingKeys(key_wrapping_key, self._clock)

    def _add(self, tx: WriteTransaction, kind: KeyKind, secret: bytes, public_key: bytes | None, above: int = 0) -> int:
        now = microseconds(self._clock.now())
        rows = tx.rows(
            "SELECT max(coalesce(max(number), 0), :above) + 1 FROM rotating_keys WHERE kind = :kind",
            kind=kind.value, above=above,
        )  # fmt: skip
        number = int(rows[0][0])
        tx.change(
            "UPDATE rotating_keys SET retired_at = :at WHERE kind = :kind AND retired_at IS NULL",
            at=now, kind=kind.value,
        )  # fmt: skip
        tx.change(
            "INSERT INTO rotating_keys (kind, number, wrapped_key, public_key, created_at) "
            "VALUES (:kind, :number, :wrapped_key, :public_key, :at)",
            kind=kind.value, number=number, public_key=public_key, at=now,
            wrapped_key=seal_secret(self._key_wrapping_key, _context(kind, number), secret),
        )  # fmt: skip
        return number

    def _unwrap(self, kind: KeyKind, number: int, wrapped: bytes) -> bytes:
        return unseal_secret(self._key_wrapping_key, _context(kind, number), wrapped)


def current_inbox_public_key(tx: ReadTransaction) -> InboxPublicKey:
    """Give what the receiver seals to now.

    Raises:
        Unavailable: None was made yet.
    """
    number = _current_number(tx, KeyKind.INBOX)
    return InboxPublicKey(number, _public(tx, KeyKind.INBOX, number))


def knows_inbox_key(tx: ReadTransaction, number: int, public_key: bytes) -> bool:
    """Say whether that pair was made here, whatever became of it."""
    rows = tx.rows(
        "SELECT 1 FROM rotating_keys WHERE kind = :kind AND number = :number AND public_key = :public_key",
        kind=KeyKind.INBOX.value, number=number, public_key=public_key,
    )  # fmt: skip
    return bool(rows)


def write_inbox_public_key(files: FileLayer, path: Path, box_id: BoxId, public: InboxPublicKey) -> None:
    """Write `exchange/inbox-key.json` for the receiver, in one durable step.

    Raises:
        Unavailable: The disk refused.
    """
    with storage_faults():
        clear_drafts(path.parent, path.name)  # of a rotation that was cut off
        replace_durably(files, path, encode_key_file(box_id, public.number, public.public_key), INBOX_KEY_MODE)


def _context(kind: KeyKind, number: int) -> bytes:
    return f"{kind} key {number}".encode()


def _current_number(tx: ReadTransaction, kind: KeyKind) -> int:
    rows = tx.rows(
        "SELECT max(number) FROM rotating_keys WHERE kind = :kind AND retired_at IS NULL AND destroyed_at IS NULL",
        kind=kind.value,
    )
    if rows[0][0] is None:
        raise Unavailable(f"no {kind} key was made yet")
    return int(rows[0][0])


def _public(tx: ReadTransaction, kind: KeyKind, number: int) -> bytes:
    rows = tx.rows(
        "SELECT public_key FROM rotating_keys WHERE kind = :kind AND number = :number", kind=kind.value, number=number
    )
    return bytes(rows[0][0])


def _wrapped(tx: ReadTransaction, kind: KeyKind, number: int | None) -> dict[int, bytes]:
    rows = tx.rows(
        "SELECT number, wrapped_key FROM rotating_keys "
        "WHERE kind = :kind AND wrapped_key IS NOT NULL AND (:number IS NULL OR number = :number) ORDER BY number",
        kind=kind.value, number=number,
    )  # fmt: skip
    return dict(rows)
