"""What a laboratory may know of, under its own names: the one way to it, for pages and for DICOMweb.

Guards: nothing is found but through a grant that is good at this moment, and by the names that the laboratory has for
it. What leaves this class as a value for a door is free of the patient, but for row keys and the original's UIDs, which
doors never show.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from appliance.archive.located import Located
from appliance.archive.scope import Scope
from appliance.audit.events import Actor, AuditLog, Event, EventCode
from appliance.clock import Clock
from appliance.deidentify import queries
from appliance.deidentify.copying import Copied, Copying, LeftOut, Whose
from appliance.deidentify.grants import Given, given_to
from appliance.deidentify.pseudonyms import Pseudonyms
from appliance.dicom.deidentifying.judging import Refusal
from appliance.dicom.deidentifying.values import shifted
from appliance.dicom.deidentifying.vocabulary import cleaned
from appliance.errors import NotFound
from appliance.keys.secret import SecretKey
from appliance.store.database import Database


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the laboratory's account, as the trail names who came, and the session or token it came with."""

    account_key: int
    actor: Actor
    session: str


@dataclass(frozen=True, slots=True)
class Lent:
    """A study as a laboratory knows it."""

    given: Given
    reference: str
    pseudonym: str
    study_date: str  # moved, as in the copies; empty where there is none

    @property
    def year(self) -> str:
        return self.study_date[:4]


@dataclass(frozen=True, slots=True)
class LentSeries:
    """A series as a laboratory knows it; `refusal` says why it gets none of it, judged by its middle picture."""

    number: int
    modality: str
    description: str
    device: str
    instances: tuple[Located, ...]
    refusal: Refusal | None


class Laboratory:
    """Finds what was given, and makes copies of it. Threads may share it."""

    def __init__(self, database: Database, audit: AuditLog, clock: Clock, key: SecretKey, copying: Copying) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock
        self._key = key
        self.copying = copying

    def names(self, account_key: int) -> Pseudonyms:
        """Give a laboratory's names."""
        return Pseudonyms(self._key, account_key)

    def lent(self, account_key: int) -> Sequence[Lent]:
        """Give every study that a laboratory has now, the latest given first."""
        names = self.names(account_key)
        with self._database.read() as tx:
            found = given_to(tx, account_key, self._clock.now())
        return [_lent(names, one) for one in found]

    def find(self, account_key: int, reference: str) -> Lent:
        """Find one by its reference number.

        Raises:
            NotFound: This laboratory has no such study now.
        """
        for one in self.lent(account_key):
            if one.reference == reference:
                return one
        raise NotFound("no such study was given")

    def find_by_uid(self, account_key: int, study_instance_uid: str) -> Lent:
        """Find one by the UID that the laboratory has for it.

        Raises:
            NotFound: This laboratory has no such study now.
        """
        names = self.names(account_key)
        for one in self.lent(account_key):
            if names.uid(one.given.study_instance_uid) == study_instance_uid:
                return one
        raise NotFound("no such study was given")

    def scope(self, caller: Caller, lent: Lent) -> Scope:
        """Give what may read a study that was given, and nothing else."""
        return _scope(caller, lent)

    def modalities(self, lent: Lent) -> dict[int, str]:
        """Give the modality of each series of a study, by its row key."""
        with self._database.read() as tx:
            return {int(row[0]): str(row[1]) for row in queries.series_of(tx, lent.given.study_key)}

    def whose(self, caller: Caller, lent: Lent) -> Whose:
        """Give what copies of a study are made with."""
        return self.copying.whose(_scope(caller, lent), self.names(caller.account_key), lent.given.study_key)

    def instances(self, caller: Caller, lent: Lent) -> list[Located]:
        """Give the instances of a study, series by series.

        Raises:
            NotFound: Nothing of it is there any more.
        """
        found = self.copying.source.instances(_scope(caller, lent), lent.given.study_instance_uid)
        return [one for one in found if one.study_key == lent.given.study_key]

    def series(self, caller: Caller, lent: Lent) -> Sequence[LentSeries]:
        """Give the series of a study, each judged by its middle picture."""
        whose = self.whose(caller, lent)
        groups = [list(group) for _, group in groupby(self.instances(caller, lent), key=lambda one: one.series_key)]
        with self._database.read() as tx:
            facts = {row[0]: row[1:] for row in queries.series_of(tx, lent.given.study_key)}
        judged = self.copying.copies(whose, [group[len(group) // 2] for group in groups])
        return [
            _series(number, group, facts.get(group[0].series_key, ("", "", "", "")), made)
            for number, (group, made) in enumerate(zip(groups, judged, strict=True), 1)
        ]

    def copies(self, caller: Caller, lent: Lent, found: Sequence[Located]) -> Iterator[Copied | LeftOut]:
        """Give a copy of each of these instances, or say why there is none; nothing is recorded."""
        return self.copying.copies(self.whose(caller, lent), found)

    def record(self, caller: Caller, lent: Lent | None, code: EventCode, number: int) -> None:
        """Record what a laboratory did, before it has anything of it."""
        patient_key, study_key = (None, None) if lent is None else (lent.given.patient_key, lent.given.study_key)
        event = Event(code, caller.actor, patient_key=patient_key, study_key=study_key, number=number)
        with self._database.write() as tx:
            self._audit.record(tx, event)

    def note_retrieval(self, caller: Caller, lent: Lent, located: Located) -> None:
        """Record that copies of a study are taken over DICOMweb, unless that was done within the hour."""
        self.copying.source.record_view(_scope(caller, lent), located)

    def close(self) -> None:
        """Close what is kept open between requests."""
        self.copying.close()


def _lent(names: Pseudonyms, given: Given) -> Lent:
    moved = shifted("DA", given.study_date, names.shift_days(given.patient_key))
    return Lent(given, names.study(given.study_key), names.patient(given.patient_key), moved)


def _scope(caller: Caller, lent: Lent) -> Scope:
    studies = frozenset({lent.given.study_instance_uid})
    return Scope(caller.actor, caller.session, may_list=False, may_read=False, may_view=True, studies=studies)


def _series(number: int, group: list[Located], facts: tuple[str, ...], made: Copied | LeftOut) -> LentSeries:
    modality, description, manufacturer, model = facts
    device = " ".join(part for part in (manufacturer, model) if part)
    refusal = made.why if isinstance(made, LeftOut) else None
    return LentSeries(number, modality, cleaned(description), device, tuple(group), refusal)
