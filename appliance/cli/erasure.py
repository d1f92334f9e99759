"""`enamel erasures`: what was erased for good, what is proved of it, and certificates."""

import os
from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path

from appliance.assembly.erasing import proving_of
from appliance.cli.answers import FOUND_WRONG, Answer, listed
from appliance.cli.line import Command, Invocation
from appliance.clock import instant, microseconds
from appliance.errors import Refused, Tampered, Unavailable
from appliance.retention import queries_erasing, queries_proofs
from appliance.retention.certificate import check_certificate, facts_of, signing_key, write_certificate
from appliance.retention.certificate_words import WORDS
from appliance.retention.proofs import Proof, proofs_of
from appliance.retention.queries_erasing import Erasure
from appliance.store.transactions import ReadTransaction

_MOST_BYTES = 16 * 1024 * 1024


def _list(call: Invocation) -> Answer:
    now = call.clock.now()
    with call.rooms() as rooms, rooms.database.read() as tx:
        rows = [_row(tx, erasure, now) for erasure in queries_erasing.erasures(tx, limit=call.given.limit)]
    columns = ("erasure_key", "scope", "kind", "file_count", "erased_at", "finished_at", "not_proved")
    return listed(rows, columns, "Nothing was ever erased.")


def _row(tx: ReadTransaction, erasure: Erasure, now: datetime) -> dict[str, object]:
    open_targets = sum(not proof.is_proved for proof in proofs_of(tx, erasure, now))
    return _facts(erasure) | {"not_proved": open_targets}


def _facts(erasure: Erasure) -> dict[str, object]:
    return {
        "erasure_key": erasure.erasure_key,
        "erasure_id": erasure.erasure_id.hex(),
        "scope": erasure.scope,
        "kind": erasure.kind,
        "file_count": erasure.file_count,
        "bytes": erasure.bytes,
        "erased_at": instant(erasure.erased_at).isoformat(timespec="seconds"),
        "finished_at": _time(None if erasure.files_gone_at is None else instant(erasure.files_gone_at)),
        "rewritten_at": _time(None if erasure.rewritten_at is None else instant(erasure.rewritten_at)),
    }


def _key_argument(parser: ArgumentParser) -> None:
    parser.add_argument("erasure", metavar="KEY", type=int, help="its number, as `erasures list` shows it")


def _show(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        facts = facts_of(tx, call.given.erasure, call.clock.now())
    targets = [_target(proof) for proof in facts.proofs]
    columns = ("target", "standing", "last_snapshot_at", "ended_at", "expected_on", "seen_at", "keeps_ciphertext")
    about = "\n".join(f"{name}: {value}" for name, value in _facts(facts.erasure).items())
    table = listed(targets, columns, "The box has never had a backup target.").text
    return Answer(_facts(facts.erasure) | {"targets": targets}, f"{about}\n\n{table}")


def _target(proof: Proof) -> dict[str, object]:
    return {
        "target": proof.target_name,
        "target_key": proof.target_key,
        "standing": proof.standing.value,
        "proved": proof.is_proved,
        "last_snapshot_id": proof.last_snapshot_id,
        "last_snapshot_at": _time(proof.last_snapshot_at),
        "ended_at": _time(proof.ended_at),
        "expected_on": _time(proof.expected_on),
        "seen_at": _time(proof.seen_at),
        "tombstones_at": _time(proof.tombstones_at),
        "keeps_ciphertext": proof.keeps_ciphertext,
        "append_only": proof.append_only,
    }


def _certificate_arguments(parser: ArgumentParser) -> None:
    _key_argument(parser)
    parser.add_argument("file", metavar="FILE", type=Path, help="where to write it; nothing may be there yet")
    parser.add_argument("--language", choices=sorted(WORDS), default="en", help="its language (default: en)")


def _certificate(call: Invocation) -> Answer:
    with call.rooms("jobs") as rooms:
        proving = proving_of(rooms)
        with rooms.database.read() as tx:
            facts = facts_of(tx, call.given.erasure, call.clock.now())
            key = signing_key(tx, proving.seed)
        with rooms.database.write() as tx:  # whoever checks it compares with what the pages show
            queries_proofs.keep_signing_key(tx, key.fingerprint, key.certificate, microseconds(call.clock.now()))
    _write_new(call.given.file, write_certificate(facts, key, call.given.language))
    open_targets = [proof.target_name for proof in facts.proofs if not proof.is_proved]
    data = {"file": str(call.given.file), "fingerprint": key.fingerprint, "not_proved": open_targets}
    told = "Everything in it is proved." if not open_targets else f"Not proved yet: {', '.join(open_targets)}."
    return Answer(data, f"The certificate is written. {told}\nSigned by the key {key.fingerprint}")


def _verify_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", type=Path, help="the certificate")
    parser.add_argument("--fingerprint", metavar="HEX", help="of the key that the clinic names; another one is refused")


def _verify(call: Invocation) -> Answer:
    path, expected = call.given.file, call.given.fingerprint
    try:
        with path.open("rb") as file:
            document = file.read(_MOST_BYTES)
    except OSError as error:
        raise Unavailable(f"the certificate cannot be read: {error.strerror}") from error
    try:
        signer = check_certificate(document)
    except Tampered as error:
        return Answer({"verified": False, "why": str(error)}, f"NOT GENUINE: {error}.", FOUND_WRONG)
    data = {"verified": True, "fingerprint": signer.fingerprint, "signer": signer.name}
    if expected is not None and expected.replace(":", "").lower() != signer.fingerprint:
        return Answer(
            data | {"verified": False}, "NOT GENUINE: it was signed by another key than this one.", FOUND_WRONG
        )
    told = "" if expected else "\nCompare that key with the one that the clinic shows under Safekeeping, Erasures."
    return Answer(data, f"Unchanged since it was signed by {signer.name}, key {signer.fingerprint}{told}")


def _write_new(path: Path, content: bytes) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    except FileExistsError:
        raise Refused("there is a file of that name already; nothing was written over it") from None
    except OSError as error:
        raise Unavailable(f"the certificate cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")


def _list_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="at most so many (default: 100)")


COMMANDS = (
    Command("erasures list", _list, _list_arguments),
    Command("erasures show", _show, _key_argument),
    Command("erasures certificate", _certificate, _certificate_arguments),
    Command("erasures verify", _verify, _verify_arguments),
)
