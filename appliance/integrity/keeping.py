"""Keeps what was found: marks on studies, rows of faults, and their end once a thing is sound again.

Guards: one open row for each thing that is wrong, however often it is read,
and nothing is written into a catalogue that is damaged itself. A mark is set
only for what is not what was stored, and goes only when all of a file
verified: a disk that refuses says nothing of the bytes.
"""

from collections.abc import Iterable

from appliance.archive.damage import Damage
from appliance.archive.packs import Packs
from appliance.audit.events import Actor
from appliance.clock import microseconds
from appliance.errors import ApplianceError
from appliance.integrity import queries
from appliance.integrity.findings import FaultCode, Finding, FoundBy
from appliance.integrity.parts import IntegrityParts
from appliance.integrity.reading import Expected, ReadBack


class Keeper:
    """Keeps what one reading of the box finds.

    Attributes:
        found: What was found of files.
        newly_damaged: Files of studies that were marked now.
        sound_again: Files that were marked and are whole.
        not_marked: Marks and rows that could not be written, told for the operator.
    """

    def __init__(
        self, parts: IntegrityParts, found_by: FoundBy, actor: Actor, run_key: int | None = None, *,
        may_write: bool = True,
    ) -> None:  # fmt: skip
        self._parts = parts
        self._found_by = found_by
        self._actor = actor
        self._run_key = run_key
        self._may_write = may_write
        self._damage = Damage(parts.database, parts.audit, parts.clock)
        self._packs = Packs(parts.database, parts.audit, parts.clock)
        self._marked = self._damage.marks()
        with parts.database.read() as tx:
            self._open = queries.files_with_open_faults(tx)
        self.found: list[Finding] = []
        self.newly_damaged = self.sound_again = 0
        self.not_marked: list[str] = []

    def note(self, expected: Expected, read: ReadBack) -> None:
        """Keep what reading one stored file said."""
        if read.fault is not None:
            self._note_fault(expected, read.fault)
        elif read.bytes_read is not None:
            self._note_sound(expected)

    def keep(self, findings: Iterable[Finding]) -> None:
        """Keep findings in their rows, each once."""
        for finding in findings:
            try:
                self._keep(finding)
            except ApplianceError as fault:
                self.not_marked.append(f"{finding.told()}; it could not be kept: {fault}")

    def end_all_but(self, standing: Iterable[Finding]) -> None:
        """Note that what was wrong on this box is over, but for what a reading of all of it found."""
        if self._may_write:
            try:
                with self._parts.database.write() as tx:
                    queries.end_faults_but(tx, standing, microseconds(self._parts.clock.now()))
            except ApplianceError as refused:
                self.not_marked.append(f"what is over could not be noted: {refused}")

    def _note_fault(self, expected: Expected, fault: Finding) -> None:
        self.found.append(fault)
        if fault.code is not FaultCode.UNREADABLE and self._may_write:
            try:
                self.newly_damaged += self._damage.found_damaged(expected.file_id, self._actor)
            except ApplianceError as refused:
                self.not_marked.append(f"file {expected.file_id}: its mark could not be changed: {refused}")
                return
            self._packs.drop_bad_file(expected.file_id)
        self.keep([fault])

    def _note_sound(self, expected: Expected) -> None:
        since = self._marked.get(expected.file_id.value) if expected.dataset_sha256 is not None else None
        if not self._may_write or (since is None and expected.file_id.value not in self._open):
            return
        try:
            if since is not None:
                self.sound_again += self._damage.found_sound(expected.file_id, since, self._actor)
            with self._parts.database.write() as tx:
                queries.end_faults_of_file(tx, expected.file_id, microseconds(self._parts.clock.now()))
        except ApplianceError as refused:
            self.not_marked.append(f"file {expected.file_id}: its mark could not be changed: {refused}")

    def _keep(self, finding: Finding) -> None:
        if not self._may_write:
            return
        with self._parts.database.write() as tx:
            queries.add_fault(tx, finding, self._found_by, self._run_key, microseconds(self._parts.clock.now()))
