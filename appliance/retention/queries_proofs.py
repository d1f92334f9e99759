"""SQL of what targets still hold of erasures, and of certificates that were asked for."""

from dataclasses import dataclass

from appliance.retention.queries_erasing import Erasure
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction


@dataclass(frozen=True, slots=True)
class HeldOn:
    """One target as far as one erasure is concerned; times in microseconds.

    Attributes:
        target_key: Its row.
        name: What the clinic calls it.
        kind: folder, sftp, rest or s3.
        append_only: Its repository of files refuses deletion.
        seen_at: When it was last reached.
        removed_at: It is no longer used.
        destroyed_at: A person declared it destroyed.
        holding_id: The newest snapshot still on it that may hold a key, and `holding_at`.
        gone_id: The newest that held one and is gone, `gone_taken_at`, and `last_gone_at`, when the last was seen gone.
        files_there: Snapshots of files on it that were made before the erasure was finished.
        tombstones_at: Its tombstones lie there since.
        ended_at: When it was found that no key is left there, and how: `ended_by`.
        begun_there: Copies that may hold a key were begun on it, and it was not listed and cleared since.
        is_before: It belongs to a root of before: no longer used, and pruned all the same.
    """

    target_key: int
    name: str
    kind: str
    append_only: bool
    seen_at: int | None
    removed_at: int | None
    destroyed_at: int | None
    holding_id: str | None
    holding_at: int | None
    gone_id: str | None
    gone_taken_at: int | None
    last_gone_at: int | None
    files_there: int
    tombstones_at: int | None
    ended_at: int | None
    ended_by: str | None
    begun_there: int
    is_before: bool


_MAY_HOLD = "(:gone IS NULL OR s.audit_sequence < :gone OR s.taken_at BETWEEN :since AND :until)"
_BEGUN = f"FROM begun_copies s WHERE s.target_key = t.target_key AND {_MAY_HOLD}"
_OF_TARGET = f"FROM backup_snapshots s WHERE s.target_key = t.target_key AND {_MAY_HOLD}"
_KEYS_HERE = (
    f"{_OF_TARGET} AND s.repository = 'keys' AND s.gone_at IS NULL ORDER BY s.taken_at DESC, s.snapshot_key DESC"
)
_KEYS_GONE = (
    f"{_OF_TARGET} AND s.repository = 'keys' AND s.gone_at IS NOT NULL ORDER BY s.taken_at DESC, s.snapshot_key DESC"
)
_HELD = f"""SELECT t.target_key, t.name, t.kind, t.append_only, t.seen_at, t.removed_at, t.destroyed_at,
  (SELECT s.snapshot_id {_KEYS_HERE} LIMIT 1), (SELECT s.taken_at {_KEYS_HERE} LIMIT 1),
  (SELECT s.snapshot_id {_KEYS_GONE} LIMIT 1), (SELECT s.taken_at {_KEYS_GONE} LIMIT 1),
  (SELECT max(s.gone_at) {_OF_TARGET} AND s.repository = 'keys'),
  (SELECT count(*) {_OF_TARGET} AND s.repository = 'files' AND s.kind <> 'tombstones' AND s.gone_at IS NULL),
  p.tombstones_at, p.ended_at, p.ended_by, (SELECT count(*) {_BEGUN}), t.root_key IS NOT NULL
  FROM backup_targets t LEFT JOIN erasure_proofs p ON p.target_key = t.target_key AND p.erasure_key = :erasure
  ORDER BY t.target_key"""  # noqa: S608  constants of this file
_MARGIN = 3_600_000_000  # microseconds either way, for clocks are set: a copy is not made at one moment


def held_on(tx: ReadTransaction, erasure: Erasure) -> list[HeldOn]:
    """Give what each target, also one that is gone, may still hold of an erasure."""
    at = erasure.files_gone_at
    since, until = (None, None) if at is None else (at - _MARGIN, at + _MARGIN)
    rows = tx.rows(_HELD, erasure=erasure.erasure_key, gone=erasure.gone_sequence, since=since, until=until)
    return [_held_on(row) for row in rows]


def unproved(tx: ReadTransaction) -> list[int]:
    """Give the erasures of which some target may still hold a key, or of which that is not known."""
    rows = tx.rows(
        "SELECT e.erasure_key FROM erasures e WHERE e.scope <> 'box' AND EXISTS (SELECT 1 FROM backup_targets t "
        "LEFT JOIN erasure_proofs p ON p.target_key = t.target_key AND p.erasure_key = e.erasure_key "
        "WHERE p.ended_at IS NULL) ORDER BY e.erasure_key"
    )
    return [int(row[0]) for row in rows]


def write_proof(tx: WriteTransaction, erasure_key: int, target_key: int, **values: object) -> None:
    """Write what is known of an erasure on a target now."""
    tx.change(
        "INSERT INTO erasure_proofs (erasure_key, target_key, last_snapshot_id, last_snapshot_at, ended_at, ended_by) "
        "VALUES (:erasure, :target, :last_id, :last_at, :ended_at, :ended_by) ON CONFLICT DO UPDATE SET "
        "last_snapshot_id = coalesce(excluded.last_snapshot_id, last_snapshot_id), "
        "last_snapshot_at = coalesce(excluded.last_snapshot_at, last_snapshot_at), "
        "ended_at = excluded.ended_at, ended_by = excluded.ended_by",
        erasure=erasure_key, target=target_key, **values,
    )  # fmt: skip


def unwritten(tx: ReadTransaction) -> list[int]:
    """Give the finished erasures since which the catalogue was not written anew."""
    sql = "SELECT erasure_key FROM erasures WHERE rewritten_at IS NULL AND files_gone_at IS NOT NULL"
    return [int(row[0]) for row in tx.rows(sql)]


def note_rewritten(tx: WriteTransaction, newest: int, at: int) -> None:
    """Note that the catalogue was written anew after these erasures were finished."""
    sql = "UPDATE erasures SET rewritten_at = :at WHERE rewritten_at IS NULL AND erasure_key <= :newest"
    tx.change(f"{sql} AND files_gone_at IS NOT NULL", at=at, newest=newest)


def ask_certificate(tx: WriteTransaction, **values: object) -> int:
    """Ask for a certificate and give its key; one that waits already for the same is enough."""
    waiting = tx.rows(
        "SELECT certificate_key FROM erasure_certificates WHERE erasure_key = :erasure AND language = :language "
        "AND made_at IS NULL",
        erasure=values["erasure"], language=values["language"],
    )  # fmt: skip
    if waiting:
        return int(waiting[0][0])
    rows = tx.rows(
        "INSERT INTO erasure_certificates (erasure_key, language, asked_at, asked_by) "
        "VALUES (:erasure, :language, :at, :by) RETURNING certificate_key",
        **values,
    )
    return int(rows[0][0])


def certificates_asked(tx: ReadTransaction) -> list[tuple[int, int, str]]:
    """Give certificate_key, erasure_key and language of what was asked for and is not made."""
    sql = "SELECT certificate_key, erasure_key, language FROM erasure_certificates WHERE made_at IS NULL"
    return [(int(row[0]), int(row[1]), str(row[2])) for row in tx.rows(sql)]


def keep_certificate(tx: WriteTransaction, certificate_key: int, document: bytes, at: int) -> None:
    """Keep a certificate that was made; another one of the same erasure and language goes."""
    tx.change(
        "DELETE FROM erasure_certificates WHERE made_at IS NOT NULL AND (erasure_key, language) = "
        "(SELECT erasure_key, language FROM erasure_certificates WHERE certificate_key = :key)",
        key=certificate_key,
    )
    sql = "UPDATE erasure_certificates SET document = :document, made_at = :at WHERE certificate_key = :key"
    tx.change(sql, document=document, at=at, key=certificate_key)


def forget_certificates(tx: WriteTransaction, before: int) -> None:
    """Remove certificates that were made before then; each can be made again."""
    tx.change("DELETE FROM erasure_certificates WHERE made_at < :before", before=before)


def certificate_of(tx: ReadTransaction, erasure_key: int, language: str) -> tuple[int | None, bytes | None] | None:
    """Give when the newest certificate in a language was made, and the document; Nones while it is being made."""
    rows = tx.rows(
        "SELECT made_at, document FROM erasure_certificates WHERE erasure_key = :key AND language = :language "
        "ORDER BY made_at IS NOT NULL, certificate_key DESC LIMIT 1",
        key=erasure_key, language=language,
    )  # fmt: skip
    return (rows[0][0], rows[0][1]) if rows else None


def keep_signing_key(tx: WriteTransaction, fingerprint: str, certificate: bytes, at: int) -> None:
    """Keep the public half of the key that signs from now on, unless it is kept."""
    tx.change(
        "INSERT OR IGNORE INTO signing_keys (fingerprint, certificate, since) VALUES (:fingerprint, :certificate, :at)",
        fingerprint=fingerprint, certificate=certificate, at=at,
    )  # fmt: skip


def signing_keys(tx: ReadTransaction) -> list[tuple[str, int]]:
    """Give the fingerprints of the keys that signed certificates, and since when, the newest first."""
    rows = tx.rows("SELECT fingerprint, since FROM signing_keys ORDER BY signing_key DESC")
    return [(str(row[0]), int(row[1])) for row in rows]


def count_erasures(tx: ReadTransaction) -> int:
    """Say how often something was erased."""
    return int(tx.rows("SELECT count(*) FROM erasures")[0][0])


def box_facts(tx: ReadTransaction) -> tuple[bytes, str, int]:
    """Give the box's id, its clinic's name, and when it was made."""
    rows = tx.rows("SELECT box_id, clinic_name, created_at FROM box")
    return bytes(rows[0][0]), str(rows[0][1]), int(rows[0][2])


def _held_on(row: Row) -> HeldOn:
    middle = row[4:-1]
    return HeldOn(*row[:3], bool(row[3]), *middle, bool(row[-1]))  # type: ignore[call-arg]  # it cannot count a slice
