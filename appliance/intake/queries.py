"""SQL of intake: associations, the receiver's spool, and what arrived by whom."""

from collections.abc import Sequence

from appliance.identifiers import AssociationId
from appliance.store.transactions import ReadTransaction, Row, WriteTransaction


def add_association(tx: WriteTransaction, **values: object) -> None:
    """Add an association that is open."""
    tx.change(
        "INSERT INTO associations (association_id, peer_key, calling_ae_title, called_ae_title, address, transport, "
        "certificate_sha256, implementation_class_uid, implementation_version_name, started_at, outcome) VALUES "
        "(:association_id, :peer_key, :calling_ae_title, :called_ae_title, :address, :transport, :certificate_sha256, "
        ":implementation_class_uid, :implementation_version_name, :started_at, 'open')",
        **values,
    )


def add_web_sender(tx: WriteTransaction, **values: object) -> None:
    """Add who hands an association's objects in over DICOMweb."""
    tx.change(
        "INSERT INTO web_senders (association_id, actor_kind, actor_key, record_sha256) "
        "VALUES (:association_id, :actor_kind, :actor_key, :record_sha256)",
        **values,
    )


def web_sender(tx: ReadTransaction, association_id: bytes) -> Row | None:
    """Give actor_kind, actor_key and record_sha256 of whoever handed in over DICOMweb."""
    rows = tx.rows(
        "SELECT actor_kind, actor_key, record_sha256 FROM web_senders WHERE association_id = :id", id=association_id
    )
    return rows[0] if rows else None


def has_unsettled_of(tx: ReadTransaction, actor_kind: str, actor_key: int, since: int) -> bool:
    """Say whether something waits that this account or token began to hand in since then."""
    return bool(
        tx.rows(
            "SELECT 1 FROM web_senders JOIN associations USING (association_id) WHERE actor_kind = :kind "
            "AND actor_key = :key AND settled_at IS NULL AND started_at >= :since LIMIT 1",
            kind=actor_kind, key=actor_key, since=since,
        )
    )  # fmt: skip


def peers_at(tx: ReadTransaction, at: int) -> list[Row]:
    """Give peer_key, name, calling_ae_title, address and certificate_sha256 of who was not removed by then."""
    return tx.rows(
        "SELECT peer_key, name, calling_ae_title, address, certificate_sha256 FROM peers "
        "WHERE removed_at IS NULL OR removed_at > :at ORDER BY peer_key",
        at=at,
    )


def association(tx: ReadTransaction, association_id: bytes) -> Row | None:
    """Give peer_key, outcome, declared_count and settled_at."""
    rows = tx.rows(
        "SELECT peer_key, outcome, declared_count, settled_at FROM associations WHERE association_id = :id",
        id=association_id,
    )
    return rows[0] if rows else None


def end_association(tx: WriteTransaction, **values: object) -> bool:
    """Write how an association ended, once."""
    changed = tx.change(
        "UPDATE associations SET ended_at = :ended_at, outcome = :outcome, declared_count = :declared_count "
        "WHERE association_id = :association_id AND outcome IN ('open', 'cut off') AND outcome <> :outcome",
        **values,
    )
    return changed > 0


def settle_association(tx: WriteTransaction, association_id: bytes, at: int) -> None:
    """Note that every file of an association has its row."""
    tx.change(
        "UPDATE associations SET settled_at = :at WHERE association_id = :id AND settled_at IS NULL",
        at=at, id=association_id,
    )  # fmt: skip


def has_unmoved(tx: ReadTransaction, association_id: bytes) -> bool:
    """Say whether a catalogued file of an association still lies in the inbox."""
    return bool(
        tx.rows("SELECT 1 FROM files WHERE association_id = :id AND place = 'inbox' LIMIT 1", id=association_id)
    )


def studies_of_association(tx: ReadTransaction, association_id: bytes) -> list[Row]:
    """Give patient_key, study_key and the number of instances that an association brought of each."""
    return tx.rows(
        "SELECT t.patient_key, t.study_key, count(*) FROM arrivals a JOIN instances i USING (instance_key) "
        "JOIN series s USING (series_key) JOIN studies t USING (study_key) "
        "WHERE a.association_id = :id GROUP BY t.study_key ORDER BY t.study_key",
        id=association_id,
    )


def has_unopened(tx: ReadTransaction, association_id: bytes) -> bool:
    """Say whether an association that could not be opened is in quarantine already."""
    return bool(
        tx.rows("SELECT 1 FROM quarantine WHERE association_id = :id AND file_id IS NULL LIMIT 1", id=association_id)
    )


def last_imported(tx: ReadTransaction, spool: str) -> int:
    """Give the number of the last event taken from a spool, 0 before the first."""
    rows = tx.rows("SELECT last_sequence FROM spools WHERE spool = :spool", spool=spool)
    return int(rows[0][0]) if rows else 0


def note_imported(tx: WriteTransaction, spool: str, number: int) -> None:
    """Note the last event taken from a spool."""
    tx.change(
        "INSERT INTO spools (spool, last_sequence) VALUES (:spool, :number) "
        "ON CONFLICT (spool) DO UPDATE SET last_sequence = max(last_sequence, excluded.last_sequence)",
        spool=spool, number=number,
    )  # fmt: skip


def begin_spool_again(tx: WriteTransaction, spool: str) -> None:
    """Note that a spool's numbers began again: whatever is there is to be looked at."""
    tx.change("UPDATE spools SET last_sequence = 0 WHERE spool = :spool", spool=spool)


def taken_events(tx: ReadTransaction, spool: str) -> set[bytes]:
    """Give the digests of the events last taken from a spool."""
    return {row[0] for row in tx.rows("SELECT digest FROM taken_events WHERE spool = :spool", spool=spool)}


def note_taken(tx: WriteTransaction, spool: str, digests: Sequence[bytes], kept: int) -> None:
    """Note which events were taken from a spool, and forget all but the last `kept`."""
    for digest in digests:
        tx.change(
            "INSERT OR IGNORE INTO taken_events (spool, digest) VALUES (:spool, :digest)", spool=spool, digest=digest
        )
    tx.change(
        "DELETE FROM taken_events WHERE spool = :spool AND taken_key <= (SELECT taken_key FROM taken_events "
        "WHERE spool = :spool ORDER BY taken_key DESC LIMIT 1 OFFSET :kept)",
        spool=spool, kept=kept,
    )  # fmt: skip


def forget_senders(tx: WriteTransaction, address: str, limits: tuple[int, int], before: int) -> None:
    """Drop the cards that strangers' repetition made too many, those seen longest ago first.

    Args:
        tx: The transaction.
        address: Whose card was just written.
        limits: How many cards one address keeps, and how many all keep.
        before: Cards last seen before this, in microseconds, go too.
    """
    tx.change("DELETE FROM unknown_senders WHERE state <> 'approved' AND last_seen_at < :before", before=before)
    newest = (
        "DELETE FROM unknown_senders WHERE state <> 'approved' AND (:address IS NULL OR address = :address) "
        "AND sender_key NOT IN (SELECT sender_key FROM unknown_senders WHERE state <> 'approved' "
        "AND (:address IS NULL OR address = :address) ORDER BY last_seen_at DESC, sender_key DESC LIMIT :kept)"
    )
    tx.change(newest, address=address, kept=limits[0])
    tx.change(newest, address=None, kept=limits[1])


def note_unknown_sender(tx: WriteTransaction, **values: object) -> tuple[int, bool]:
    """Count a refused sender; give its key, and whether it is a new one. One approved before waits again."""
    rows = tx.rows(
        "INSERT INTO unknown_senders (calling_ae_title, called_ae_title, address, certificate_sha256, "
        "implementation_class_uid, implementation_version_name, reason, attempts, first_seen_at, last_seen_at, state) "
        "VALUES (:calling_ae_title, :called_ae_title, :address, :certificate_sha256, :implementation_class_uid, "
        ":implementation_version_name, :reason, :attempts, :at, :at, 'waiting') "
        "ON CONFLICT (calling_ae_title, called_ae_title, address) DO UPDATE SET attempts = attempts + :attempts, "
        "last_seen_at = max(last_seen_at, :at), reason = :reason, certificate_sha256 = :certificate_sha256, "
        "state = CASE state WHEN 'approved' THEN 'waiting' ELSE state END RETURNING sender_key, attempts",
        **values,
    )
    return int(rows[0][0]), rows[0][1] == values["attempts"]


def has_unmarked(tx: ReadTransaction) -> bool:
    """Say whether any association is settled of which it is not known where the trail stood then."""
    sql = "SELECT 1 FROM associations WHERE settled_at IS NOT NULL AND settled_sequence IS NULL LIMIT 1"
    return bool(tx.rows(sql))


def mark_settled(tx: WriteTransaction, sequence: int, limit: int) -> int:
    """Note of settled associations that the trail stands there now: whoever has a later event has their rows."""
    return tx.change(
        "UPDATE associations SET settled_sequence = :sequence WHERE association_id IN (SELECT association_id "
        "FROM associations WHERE settled_at IS NOT NULL AND settled_sequence IS NULL LIMIT :limit)",
        sequence=sequence, limit=limit,
    )  # fmt: skip


def backed_up_through(tx: ReadTransaction) -> int:
    """Give the last event of this very trail that lies in a catalogue on a target that is used; 0 for none."""
    rows = tx.rows(
        "SELECT max(s.audit_sequence) FROM backup_snapshots s JOIN backup_targets t ON t.target_key = s.target_key "
        "JOIN audit_events e ON e.sequence = s.audit_sequence AND e.chain = s.audit_chain "
        "WHERE s.repository = 'keys' AND s.kind IN ('night', 'arrivals') AND s.gone_at IS NULL "
        "AND t.removed_at IS NULL AND t.destroyed_at IS NULL"
    )
    return int(rows[0][0] or 0)


def settled_before(
    tx: ReadTransaction, sequence: int, after: tuple[int, bytes], limit: int
) -> list[tuple[int, AssociationId]]:
    """Give associations whose rows a catalogue with that event has and whose record still lies here, in order."""
    rows = tx.rows(
        "SELECT a.settled_sequence, a.association_id FROM associations a WHERE a.released_at IS NULL "
        "AND a.settled_sequence < :sequence AND (a.settled_sequence, a.association_id) > (:after, :after_id) "
        "AND NOT EXISTS (SELECT 1 FROM files f WHERE f.place = 'inbox' AND f.association_id = a.association_id) "
        "ORDER BY a.settled_sequence, a.association_id LIMIT :limit",
        sequence=sequence, after=after[0], after_id=after[1], limit=limit,
    )  # fmt: skip
    return [(int(row[0]), AssociationId(row[1])) for row in rows]


def note_released(tx: WriteTransaction, association_id: AssociationId, at: int) -> None:
    """Note that an association's record went."""
    tx.change("UPDATE associations SET released_at = :at WHERE association_id = :id", id=association_id.value, at=at)
