"""The job `prove erasures`: finishes what was cut off, writes down what is proved and tells what is not, certifies.

Guards: every step can be cut off and is done again by the next run. The catalogue is written anew once after erasures:
rows that were moved between pages leave copies in unused places (measured: 1 to 6 of 3,000 erased names among 40,000),
under the catalogue's key alone. That is begun only where memory and disk have room for it, for all that write wait
meanwhile (decision 0179). Leaves out: carrying tombstones to targets, and pruning, which backup does by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import time, timedelta

from appliance.clock import microseconds
from appliance.errors import Unavailable
from appliance.jobs.job import Job, Run
from appliance.jobs.schedule import Daily
from appliance.keys.secret import SecretKey
from appliance.retention import queries_erasing, queries_proofs
from appliance.retention.certificate import facts_of, signing_key, write_certificate
from appliance.retention.erasing import ErasingParts, finish_all
from appliance.retention.proofs import update_all
from appliance.retention.telling import end_found, note_aside, note_unfinished, note_unproved

PROVE_ERASURES = "prove erasures"
CERTIFICATES_KEPT = timedelta(days=30)
_AT = time(5, 30)  # after the night's copies and their pruning
_MEMORY_FOR_BYTE = 1.1  # of the catalogue, while it is written anew; measured, decision 0179


@dataclass(frozen=True)
class ProvingParts:
    """What the job works with.

    Attributes:
        erasing: The box.
        seed: The signing seed.
        catalogue_bytes: Says how large the catalogue is.
        memory_bytes: Says how much memory may be taken.
        disk_bytes: Says how much of the disk may be, beside what the receiver leaves free.
    """

    erasing: ErasingParts
    seed: SecretKey
    catalogue_bytes: Callable[[], int]
    memory_bytes: Callable[[], int]
    disk_bytes: Callable[[], int]

    def has_room(self) -> bool:
        """Say whether the catalogue can be written anew: in memory, and in a log beside it."""
        size = self.catalogue_bytes()
        return size * _MEMORY_FOR_BYTE <= self.memory_bytes() and size <= self.disk_bytes()


def erasure_jobs(parts: ProvingParts) -> tuple[Job, ...]:
    """Give the job."""
    return (Job(PROVE_ERASURES, Daily(_AT), lambda run: prove_erasures(parts, run)),)


def prove_erasures(parts: ProvingParts, run: Run) -> None:
    """Do one run of the job."""
    erasing = parts.erasing
    try:
        finish_all(erasing)
    except Unavailable:
        run.failed("an erasure is not finished")
    run.check()
    _rewrite(parts, run)
    run.check()
    with erasing.database.write() as tx:
        run_count = update_all(tx, erasing.audit, erasing.clock.now())
        old = erasing.clock.now() - CERTIFICATES_KEPT
        queries_proofs.forget_certificates(tx, microseconds(old))
        note_unfinished(tx, erasing.clock.now())
        note_unproved(tx, erasing.clock.now())
        end_found(tx, erasing.clock.now())
        note_aside(tx, erasing.clock.now(), is_there=erasing.has_asides)
    run.progress(run_count + make_certificates(parts))


def make_certificates(parts: ProvingParts) -> int:
    """Make the certificates that were asked for, and note the key that signs; give how many."""
    erasing = parts.erasing
    with erasing.database.read() as tx:
        asked = queries_proofs.certificates_asked(tx)
        key = signing_key(tx, parts.seed)
        facts = [(one[0], one[2], facts_of(tx, one[1], erasing.clock.now())) for one in asked]
    with erasing.database.write() as tx:
        queries_proofs.keep_signing_key(tx, key.fingerprint, key.certificate, erasing.now())
    for certificate_key, language, told in facts:
        document = write_certificate(told, key, language)
        with erasing.database.write() as tx:
            queries_proofs.keep_certificate(tx, certificate_key, document, erasing.now())
    return len(facts)


def _rewrite(parts: ProvingParts, run: Run) -> None:
    database = parts.erasing.database
    with database.read() as tx:
        waiting = queries_proofs.unwritten(tx)
    if not waiting:
        return
    if not parts.has_room():
        run.failed("the catalogue is too large to write anew")
        return
    try:
        database.rewrite(run.stopping)
        database.cut_log()
    except Unavailable:
        run.check()
        run.failed("the catalogue was not written anew")
        return
    with database.write() as tx:
        queries_proofs.note_rewritten(tx, max(waiting), parts.erasing.now())


def unfinished_count(parts: ErasingParts) -> int:
    """Say of how many erasures something is left to do on the box itself."""
    with parts.database.read() as tx:
        return len(queries_erasing.unfinished(tx))
