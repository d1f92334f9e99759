"""A patient's package: what it holds, its files in order, and that it was made.

Guards: who took whose data is recorded before the first byte leaves; whether the last one did, afterwards. What was
stored leaves as it was stored, byte for byte, and nothing of it is written to a disk of the box on its way.
Leaves out: whom it may be given to (a door asks), and the form it takes (`zipping`, `sealed_zip`, `folder`).
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo
from functools import cached_property, partial
from pathlib import Path

from appliance.archive.damage import Damage
from appliance.audit.events import Actor, ActorKind, AuditLog, Event, EventCode, Outcome, Subject, SubjectKind
from appliance.clock import Clock, microseconds
from appliance.errors import Tampered
from appliance.export import queries
from appliance.export.contents import Contents, ExportedInstance, contents_of_patient, contents_of_study
from appliance.export.directory import directory_of
from appliance.export.entries import Entry, Shelf, Sums
from appliance.export.papers import VIEWER_FOLDER, Papers
from appliance.export.words import ENGLISH, PackageWords

_VIEWER = Path(__file__).parent / "viewer"  # what `build.mjs` of the viewer makes for packages


@dataclass(frozen=True)
class Exporter:
    """Makes packages. Threads may share it."""

    shelf: Shelf
    audit: AuditLog
    clock: Clock
    clinic_name: str
    zone: tzinfo = UTC  # the clinic's: a package bears the day that the clinic has

    def study(self, study_key: int, words: PackageWords = ENGLISH) -> "Package":
        """Look up what the package of a study holds.

        Raises:
            NotFound: There is nothing.
        """
        with self.shelf.database.read() as tx:
            contents = contents_of_study(tx, study_key)
        return Package(self, contents, words)

    def patient(self, patient_key: int, words: PackageWords = ENGLISH) -> "Package":
        """Look up what the package of all of a patient's studies holds.

        Raises:
            NotFound: There is nothing.
        """
        with self.shelf.database.read() as tx:
            contents = contents_of_patient(tx, patient_key)
        return Package(self, contents, words)


class Package:
    """The files of one package, as of one moment."""

    def __init__(self, exporter: Exporter, contents: Contents, words: PackageWords) -> None:
        self.contents = contents
        self.made_at = exporter.clock.now().astimezone(exporter.zone)
        self._exporter = exporter
        self._words = words

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """Every file, in order: what may turn out unreadable early, so that a door can still say so in words."""
        contents, sums = self.contents, Sums()
        papers = Papers(contents, self._exporter.clinic_name, self.made_at, self._words)
        directory = directory_of(contents, f"2.25.{uuid.uuid4().int}")  # PS3.5 B.2
        entries = [
            _of_bytes("README.TXT", papers.readme()), *map(self._stored, contents.instances()),
            _of_bytes("DICOMDIR", directory), _of_bytes("INDEX.HTM", papers.page()),
            _of_bytes("INDEX.PDF", papers.pdf()), *_viewer_files(),
        ]  # fmt: skip
        listed = [sums.watched(one) for one in entries]
        return (*listed, sums.entry([entry.name for entry in listed]))

    @property
    def total_bytes(self) -> int:
        """How long all its files are together."""
        return sum(entry.size for entry in self.entries)

    @property
    def identity(self) -> bytes:
        """What is the same whenever this package is made again: which stored files it holds, under which names."""
        return b"".join(one.file_id.value + one.name.encode() for one in self.contents.instances())

    @property
    def file_name(self) -> str:
        """A name for the archive that names nobody."""
        return f"package-{self.made_at:%Y%m%d-%H%M%S}.zip"

    @contextmanager
    def giving(self, actor: Actor, form: str) -> Iterator[None]:
        """Record that it is given to somebody; after the block, that it was, or that it was cut off.

        Args:
            actor: Who takes it.
            form: 'zip', 'encrypted zip' or 'folder'.
        """
        exporter, contents = self._exporter, self.contents
        count = sum(1 for _one in contents.instances())
        event = Event(
            EventCode.STUDIES_EXPORTED, actor, patient_key=contents.person.patient_key, study_key=contents.study_key,
            number=count,
        )  # fmt: skip
        with exporter.shelf.database.write() as tx:
            export_key = queries.begin(
                tx, scope="patient" if contents.study_key is None else "study",
                subject_key=contents.person.patient_key if contents.study_key is None else contents.study_key,
                form=form, made_at=microseconds(self.made_at), made_by=_account(actor), file_count=count,
                bytes=self.total_bytes,
            )  # fmt: skip
            event = replace(event, subject=Subject(SubjectKind.EXPORT, export_key))
            exporter.audit.record(tx, event)
        try:
            yield
        except BaseException:
            with exporter.shelf.database.write() as tx:
                exporter.audit.record(tx, replace(event, code=EventCode.EXPORT_CUT_OFF, outcome=Outcome.FAILURE))
            raise
        with exporter.shelf.database.write() as tx:
            queries.finish(tx, export_key, microseconds(exporter.clock.now()))

    def _stored(self, instance: ExportedInstance) -> Entry:
        return Entry(instance.name, instance.plaintext_bytes, partial(self._pieces, instance))

    def _pieces(self, instance: ExportedInstance) -> Iterator[bytes]:
        """Read an instance; one that is damaged is marked, so that the next package leaves it out and says so."""
        exporter = self._exporter
        try:
            yield from exporter.shelf.pieces(instance.file_id, instance.plaintext_bytes)
        except Tampered:
            damage = Damage(exporter.shelf.database, exporter.audit, exporter.clock)
            damage.found_damaged(instance.file_id, Actor(ActorKind.PROCESS))
            raise


def _of_bytes(name: str, content: bytes) -> Entry:
    return Entry(name, len(content), lambda: iter((content,)))


def _viewer_files() -> list[Entry]:
    names = sorted(path.name for path in _VIEWER.iterdir() if path.suffix.upper() in {".JS", ".CSS", ".TXT"})
    return [_of_bytes(f"{VIEWER_FOLDER}/{name}", (_VIEWER / name).read_bytes()) for name in names]


def _account(actor: Actor) -> int | None:
    return actor.key if actor.kind is ActorKind.ACCOUNT else None
