"""When each study's time ends: worked out for one at any moment, and kept as a list for all.

Guards: what anything is erased by is worked out anew in the transaction that
does it. The list serves paging alone; whoever reads a page of it works out each
line anew as well, so a line that is no longer due never shows as due.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from appliance.errors import NotFound
from appliance.retention import queries
from appliance.retention.barriers import Barrier, barriers_of_study
from appliance.retention.context import Retention
from appliance.retention.queries import StudyFacts
from appliance.retention.rules import End, Facts, Rule, Taken, ended_by, latest_end, taken_on_day
from appliance.store.transactions import ReadTransaction

PATIENTS_A_STEP = 500
BEGINNING = (date.min, 0)


@dataclass(frozen=True, slots=True)
class DueStudy:
    """A study whose time is over, why it was kept so long, and what keeps it all the same."""

    study_key: int
    patient_key: int
    end: End
    barriers: tuple[Barrier, ...]


@dataclass(frozen=True, slots=True)
class DuePage:
    """A page of what is due; `after` is where the next one goes on, None at the end."""

    studies: Sequence[DueStudy]
    after: tuple[date, int] | None


def end_of_study(tx: ReadTransaction, retention: Retention, study_key: int) -> End | None:
    """Say how long a study is kept as of now, and why; None when no rule ends it.

    Raises:
        NotFound: No such study.
    """
    study = queries.study(tx, study_key)
    if study is None:
        raise NotFound("no such study")
    rules = [kept.rule for kept in queries.rules(tx)]
    return _ends(retention, rules, queries.studies_of_patient(tx, study.patient_key))[study_key]


def due_page(
    tx: ReadTransaction, retention: Retention, after: tuple[date, int] = BEGINNING, count: int = 50
) -> DuePage:
    """Give the next studies whose time is over, the longest over first."""
    today = retention.today()
    places = queries.ended_before(tx, ended_by(today), after, count + 1)
    rules = [kept.rule for kept in queries.rules(tx)]
    found = [_due(tx, retention, rules, study_key) for _until, study_key in places[:count]]
    studies = [study for study in found if study is not None and study.end.is_due(today)]
    return DuePage(studies, places[count - 1] if len(places) > count else None)


def refresh_ends(
    retention: Retention, on_step: Callable[[int], None] = lambda _done: None, stopping: Callable[[], bool] = bool
) -> int:
    """Bring the list of ends up to what rules and studies say today, and give how many lines changed.

    Args:
        retention: The room.
        on_step: Hears how many studies were looked at.
        stopping: Whether to leave off; the next call begins again.
    """
    after: int | None = 0
    done = changed = 0
    while after is not None and not stopping():
        with retention.database.read() as tx:
            rules = [kept.rule for kept in queries.rules(tx)]
            studies, after = queries.studies_of_next_patients(tx, after, PATIENTS_A_STEP)
        done += len(studies)
        changed += _write(retention, rules, studies)
        on_step(done)
    return changed


def _write(retention: Retention, rules: Sequence[Rule], studies: Sequence[StudyFacts]) -> int:
    """Write the ends that differ; a study that went meanwhile takes its line along."""
    differing: dict[int, date | None] = {}
    for _patient, group in groupby(studies, key=lambda study: study.patient_key):
        own = list(group)
        ends = {key: end.kept_until if end else None for key, end in _ends(retention, rules, own).items()}
        differing |= {
            study.study_key: ends[study.study_key] for study in own if ends[study.study_key] != study.kept_until
        }
    if differing:
        with retention.database.write() as tx:
            for study_key, kept_until in differing.items():
                if queries.study(tx, study_key) is not None:
                    queries.set_end(tx, study_key, kept_until)
    return len(differing)


def _ends(retention: Retention, rules: Sequence[Rule], studies: Sequence[StudyFacts]) -> dict[int, End | None]:
    """Give the end of each study of one patient."""
    today = retention.today()
    taken = {study.study_key: _taken(retention, study) for study in studies}
    others = [max(taken.values(), key=lambda each: taken_on_day(each, today))] if taken else []
    return {
        study.study_key: latest_end(
            rules, Facts(taken[study.study_key], study.modalities, study.patient_birth_date, others), today
        )
        for study in studies
    }


def _taken(retention: Retention, study: StudyFacts) -> Taken:
    return Taken(study.study_date, retention.day_of(study.last_arrived_at))


def _due(tx: ReadTransaction, retention: Retention, rules: Sequence[Rule], study_key: int) -> DueStudy | None:
    study = queries.study(tx, study_key)
    if study is None:
        return None
    end = _ends(retention, rules, queries.studies_of_patient(tx, study.patient_key))[study_key]
    if end is None:
        return None
    return DueStudy(study_key, study.patient_key, end, barriers_of_study(tx, study_key, study.patient_key))
