"""The certificate of an erasure: a signed PDF that anybody checks offline, and that names nobody.

Guards: it says of every place that the box knows whether it still holds a key, and lists what is not proved yet under a
heading of its own. What it tells is read in one view of the catalogue. No name, number or date of a patient is in it:
what was erased is told by its kind and by the erasure's random number.
Leaves out: when one is made (`erasure_jobs`, or an operator).
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.clock import instant
from appliance.documents.pdf import Column, Document, Words
from appliance.documents.signed import read_signed, sign_document
from appliance.errors import NotFound, Unsuitable
from appliance.keys.secret import SecretKey
from appliance.keys.signing import Signer, SigningKey, verify
from appliance.retention import queries_erasing, queries_proofs
from appliance.retention.certificate_words import WORDS, CertificateWords
from appliance.retention.proofs import Proof, proofs_of
from appliance.retention.queries_erasing import Erasure
from appliance.store.transactions import ReadTransaction


@dataclass(frozen=True, slots=True)
class Facts:
    """All that one certificate tells."""

    erasure: Erasure
    proofs: tuple[Proof, ...]
    box_id: bytes
    clinic_name: str
    made_at: datetime


def signing_key(tx: ReadTransaction, seed: SecretKey) -> SigningKey:
    """Give the key of this box; its certificate names the clinic and is valid since the box was made."""
    _, clinic_name, created_at = queries_proofs.box_facts(tx)
    return SigningKey(seed, clinic_name, instant(created_at))


def facts_of(tx: ReadTransaction, erasure_key: int, now: datetime) -> Facts:
    """Give what a certificate of an erasure tells now.

    Raises:
        NotFound: There is no such erasure.
    """
    erasure = queries_erasing.find_erasure(tx, erasure_key)
    if erasure is None:
        raise NotFound("there is no such erasure")
    box_id, clinic_name, _ = queries_proofs.box_facts(tx)
    return Facts(erasure, tuple(proofs_of(tx, erasure, now)), box_id, clinic_name, now)


def write_certificate(facts: Facts, key: SigningKey, language: str = "en") -> bytes:
    """Give the signed PDF.

    Raises:
        Unsuitable: It is not made in that language.
    """
    if language not in WORDS:
        raise Unsuitable(f"a certificate is made in one of: {', '.join(WORDS)}")
    words = WORDS[language]
    foot = Words(footer=facts.erasure.erasure_id.hex(), page=words.page, undrawn="")
    document = Document(words.title, facts.made_at, language, foot)
    _write(document, facts, words, key.fingerprint)
    return sign_document(document.finish(), key.sign, "Enamel", facts.made_at)


def check_certificate(pdf: bytes) -> Signer:
    """Say who signed a document that a box made; offline, on any machine.

    Raises:
        Unsuitable: It has no signature of a box.
        Tampered: It is not what was signed.
    """
    return verify(*read_signed(pdf))


def _write(document: Document, facts: Facts, words: CertificateWords, fingerprint: str) -> None:
    erasure = facts.erasure
    finished = words.waiting if erasure.files_gone_at is None else _day(instant(erasure.files_gone_at))
    document.facts(
        (
            (words.clinic, facts.clinic_name),
            (words.box, facts.box_id.hex()),
            (words.number, erasure.erasure_id.hex()),
            (words.what, words.scopes[erasure.scope]),
            (words.why, words.kinds[erasure.kind]),
            (words.files, str(erasure.file_count)),
            (words.erased, _day(instant(erasure.erased_at))),
            (words.finished, finished),
            (words.agreed, _deciders(erasure, words)),
        )
    )
    document.heading(words.here)
    told = words.here_waits if erasure.files_gone_at is None else words.here_done
    document.paragraph(told.format(erased=_day(instant(erasure.erased_at)), finished=finished))
    if erasure.scope != "box":
        rewritten = None if erasure.rewritten_at is None else _day(instant(erasure.rewritten_at))
        document.paragraph(words.not_rewritten if rewritten is None else words.rewritten.format(at=rewritten))
    _write_targets(document, facts, words)
    _write_open(document, facts, words)
    document.heading(words.limits)
    document.paragraph(words.limits_text)
    document.heading(words.checking)
    document.paragraph(words.checking_text.format(fingerprint=fingerprint))


def _write_targets(document: Document, facts: Facts, words: CertificateWords) -> None:
    document.heading(words.copies)
    if not facts.proofs:
        document.paragraph(words.no_copies)
        return
    columns = (Column(words.columns[0], 2), Column(words.columns[1], 2), Column(words.columns[2], 5))
    document.table(columns, [_row(proof, words) for proof in facts.proofs])


def _write_open(document: Document, facts: Facts, words: CertificateWords) -> None:
    document.heading(words.not_proved)
    left = [words.open_box] if facts.erasure.gone_sequence is None else []
    left += [words.open_target.format(name=proof.target_name) for proof in facts.proofs if not proof.is_proved]
    for line in left or [words.nothing_open]:
        document.paragraph(line, bold=bool(left))


def _row(proof: Proof, words: CertificateWords) -> tuple[str, str, str]:
    last = "-"
    if proof.last_snapshot_id is not None and proof.last_snapshot_at is not None:
        last = f"{proof.last_snapshot_id[:8]}, {_day(proof.last_snapshot_at)}"
    told = words.standings[proof.standing].format(
        ended="-" if proof.ended_at is None else _day(proof.ended_at),
        expected="-" if proof.expected_on is None else _day(proof.expected_on),
        seen=words.never_seen if proof.seen_at is None else _day(proof.seen_at),
    )
    if proof.keeps_ciphertext:
        told = f"{told} {words.ciphertext_stays if proof.append_only else words.ciphertext}"
    return proof.target_name, last, told


def _deciders(erasure: Erasure, words: CertificateWords) -> str:
    if erasure.approved_by is not None:
        return words.two_people
    return words.one_person if erasure.proposed_by is not None else words.by_itself


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
