"""DICOMweb for a laboratory: what was given to it, under its own names, and nothing else.

Guards: what a laboratory asks never reaches the scoped source's searches; results are made of what the room
`deidentify` gives, files are copies without their patient, and frames are given only of what has such a copy. UIDs in
paths and queries are the laboratory's own; any other is one that does not exist.

Source: DICOM PS3.18 10.4 and 10.6, PS3.15 E.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from appliance.archive.located import Located
from appliance.archive.matching import AnyOf, Key, Level, Search
from appliance.archive.scope import Scope
from appliance.audit.events import EventCode
from appliance.clock import Clock
from appliance.deidentify.copying import Copied
from appliance.deidentify.laboratory import Caller, Laboratory, Lent
from appliance.dicom.deidentifying.judging import may_be_given
from appliance.dicom.source import ByteSource
from appliance.errors import NotFound, Unsuitable
from appliance.sandbox.birth import Nursery
from appliance.sandbox.parser import Parser
from appliance.web.dicomweb import multipart, retrieve
from appliance.web.dicomweb.answers import Answer, Flow
from appliance.web.dicomweb.attributes import TAGS, Attribute, Dataset
from appliance.web.dicomweb.faults import NotAcceptable
from appliance.web.dicomweb.frames import parse_frame_list
from appliance.web.dicomweb.negotiation import MediaRange, Representation, choose_instance, json_type
from appliance.web.dicomweb.parameters import parse_search
from appliance.web.dicomweb.paths import Kind, Resource

_MATCHED = frozenset({
    Key.STUDY_INSTANCE_UID, Key.SERIES_INSTANCE_UID, Key.SOP_INSTANCE_UID, Key.PATIENT_ID, Key.MODALITY,
    Key.MODALITIES_IN_STUDY,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a laboratory."""

    caller: Caller
    resource: Resource
    query: str
    accept: Sequence[MediaRange]
    base_url: str


class LentStudies:
    """Answers laboratories. Threads may share it."""

    def __init__(self, laboratory: Laboratory, clock: Clock) -> None:
        self._laboratory = laboratory
        self._clock = clock
        self._nursery = Nursery("metadata")

    def caller(self, scope: Scope) -> Caller:
        """Name the laboratory that a scope is of."""
        if scope.laboratory is None:
            raise NotFound("this caller is no laboratory")
        return Caller(scope.laboratory, scope.actor, scope.caller)

    def answer(self, asked: Asked) -> Answer | Flow:
        """Answer one request; what is stored of it is read in `scope_of`'s name.

        Raises:
            NotFound: It was not given.
            Unsuitable: The query asks for what laboratories cannot search by.
            NotAcceptable: As it is stored is none of what is accepted.
        """
        by_kind: Mapping[Kind, Callable[[Asked], Answer | Flow]] = {
            Kind.SEARCH: self._search,
            Kind.METADATA: self._metadata,
            Kind.RETRIEVE: self._retrieve,
            Kind.FRAMES: self._frames,
        }
        if asked.resource.kind not in by_kind:
            raise NotFound("laboratories get no bulk data by itself")
        return by_kind[asked.resource.kind](asked)

    def scope_of(self, asked: Asked) -> Scope:
        """Give what may read the frames of a study that was given.

        Raises:
            NotFound: It was not given.
        """
        return self._laboratory.scope(asked.caller, self._lent(asked))

    def close(self) -> None:
        """End what makes the children."""
        self._nursery.close()
        self._laboratory.close()

    def _lent(self, asked: Asked) -> Lent:
        return self._laboratory.find_by_uid(asked.caller.account_key, asked.resource.study)

    def _search(self, asked: Asked) -> Answer:
        media_type = _json(asked)
        resource = asked.resource
        fixed = {Key.STUDY_INSTANCE_UID: resource.study, Key.SERIES_INSTANCE_UID: resource.series}
        search = parse_search(resource.level, asked.query, fixed)
        if not set(search.matches) <= _MATCHED or not all(isinstance(one, AnyOf) for one in search.matches.values()):
            raise Unsuitable("laboratories search by UIDs, modality and PatientID")
        found = [one for one in self._results(asked, resource.level) if _matches(one, search)]
        shown = found[search.offset : search.offset + search.limit]
        self._laboratory.record(asked.caller, None, EventCode.GIVEN_LISTED, len(shown))
        return Answer(200, media_type, [json.dumps(shown, ensure_ascii=False).encode()])

    def _results(self, asked: Asked, level: Level) -> Iterator[Dataset]:
        names = self._laboratory.names(asked.caller.account_key)
        for lent in self._laboratory.lent(asked.caller.account_key):
            study = _study(lent, names.uid(lent.given.study_instance_uid), asked.base_url)
            if level is Level.STUDY:
                yield study
                continue
            for one in self._given(asked.caller, lent):
                series = study | _series(one, names.uid(one.series_instance_uid))
                if level is Level.INSTANCE:
                    yield series | _instance(one, names.uid(one.sop_instance_uid))
                elif one.is_first:
                    yield series

    def _given(self, caller: Caller, lent: Lent) -> "Iterator[_One]":
        """Give the instances of a study that are of a kind that is given, with their series' modality."""
        modalities = self._laboratory.modalities(lent)
        seen: set[int] = set()
        for located in self._laboratory.instances(caller, lent):
            if may_be_given(located.sop_class_uid):
                is_first = located.series_key not in seen
                seen.add(located.series_key)
                yield _One(located, modalities.get(located.series_key, ""), is_first)

    def _found(self, asked: Asked, lent: Lent) -> list[Located]:
        """Find what a path names, by the laboratory's names.

        Raises:
            NotFound: Nothing of that name was given.
        """
        names, resource = self._laboratory.names(asked.caller.account_key), asked.resource
        found = [
            one
            for one in self._laboratory.instances(asked.caller, lent)
            if resource.series in ("", names.uid(one.series_instance_uid))
            and resource.sop in ("", names.uid(one.sop_instance_uid))
        ]
        if not found:
            raise NotFound("nothing of that name was given")
        return found

    def _copies(self, asked: Asked) -> list[Copied]:
        """Give the copies of what a path names, at least one; that they are taken is recorded.

        All heads are made at once: a client that reads slowly holds no child.

        Raises:
            NotFound: Nothing of it was given, or may be.
        """
        lent = self._lent(asked)
        found = self._found(asked, lent)
        copies = [one for one in self._laboratory.copies(asked.caller, lent, found) if isinstance(one, Copied)]
        if not copies:
            raise NotFound("nothing of it may be given")
        self._laboratory.note_retrieval(asked.caller, lent, copies[0].located)
        return copies

    def _retrieve(self, asked: Asked) -> Flow:
        single = asked.resource.level is Level.INSTANCE
        copies = self._copies(asked)
        chosen = choose_instance(asked.accept, copies[0].located.transfer_syntax_uid, single=single)
        if chosen is None:
            raise NotAcceptable("not as stored")
        if not chosen.multipart:
            return Flow(chosen.media_type.encode(), self._bytes(asked, copies[0]))
        boundary = multipart.new_boundary()
        return Flow(multipart.content_type(boundary, chosen.media_type), self._parts(asked, boundary, chosen, copies))

    def _parts(
        self, asked: Asked, boundary: bytes, chosen: Representation, copies: Sequence[Copied]
    ) -> Iterator[bytes]:
        for place, copied in enumerate(copies):
            part_type = multipart.part_type(chosen.media_type, copied.located.transfer_syntax_uid)
            yield multipart.part_head(boundary, part_type, first=place == 0)
            yield from self._bytes(asked, copied)
        yield multipart.closing(boundary)

    def _bytes(self, asked: Asked, copied: Copied) -> Iterator[bytes]:
        whose = self._laboratory.whose(asked.caller, self._lent(asked))
        return self._laboratory.copying.pieces(whose, copied)

    def _frames(self, asked: Asked) -> Answer:
        copied = self._copies(asked)[0]
        numbers = parse_frame_list(asked.resource.rest)
        return retrieve.frames_answer(copied.located, numbers, asked.accept, copied.blanks)

    def _metadata(self, asked: Asked) -> Answer:
        media_type = _json(asked)
        with Parser(self._clock, birth=self._nursery.birth) as parser:
            models = [_model(parser, copied) for copied in self._copies(asked)]
        return Answer(200, media_type, [json.dumps(models, ensure_ascii=False).encode("utf-8", "replace")])


@dataclass(frozen=True, slots=True)
class _One:
    """An instance among those given, and whether it is the first of its series."""

    located: Located
    modality: str
    is_first: bool

    @property
    def series_instance_uid(self) -> str:
        return self.located.series_instance_uid

    @property
    def sop_instance_uid(self) -> str:
        return self.located.sop_instance_uid


def _model(parser: Parser, copied: Copied) -> object:
    """Give the JSON model of a copy, read out of the copy itself, without links: no bulk data is given by itself."""
    source = ByteSource(copied.dataset)
    text = parser.metadata(source, 0, copied.located.transfer_syntax_uid)
    model = json.loads(text, object_hook=_unlinked)
    if not isinstance(model, dict):
        raise Unsuitable("the metadata of a copy is not what it should be")
    return model | {"00083002": {"vr": "UI", "Value": [copied.located.transfer_syntax_uid]}}


def _unlinked(attribute: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in attribute.items() if name != "BulkDataURI"}


def _study(lent: Lent, uid: str, base_url: str) -> Dataset:
    given = lent.given
    return {
        "00080005": _value("CS", "ISO_IR 192"), "00080020": _value("DA", lent.study_date),
        "00080061": _value("CS", *given.modalities), "00081190": _value("UR", f"{base_url}/studies/{uid}"),
        "00100010": _value("PN", {"Alphabetic": lent.pseudonym}), "00100020": _value("LO", lent.pseudonym),
        "0020000D": _value("UI", uid), "00200010": _value("SH", lent.reference),
        "00201206": _value("IS", given.series_count), "00201208": _value("IS", given.instance_count),
    }  # fmt: skip


def _series(one: _One, uid: str) -> Dataset:
    return {"00080060": _value("CS", one.modality), "0020000E": _value("UI", uid)}


def _instance(one: _One, uid: str) -> Dataset:
    located, image = one.located, one.located.image
    return {
        "00080016": _value("UI", located.sop_class_uid), "00080018": _value("UI", uid),
        "00200013": _value("IS", located.instance_number), "00280008": _value("IS", image.frame_count),
        "00280010": _value("US", image.rows), "00280011": _value("US", image.columns),
    }  # fmt: skip


def _value(vr: str, *values: object) -> Attribute:
    held = [one for one in values if one not in (None, "")]
    return {"vr": vr, "Value": held} if held else {"vr": vr}


def _matches(dataset: Dataset, search: Search) -> bool:
    for key, match in search.matches.items():
        attribute = dataset.get(TAGS[key], {})
        held = attribute.get("Value", [])
        wanted = match.values if isinstance(match, AnyOf) else ()
        if not isinstance(held, list) or not set(map(str, held)) & set(wanted):
            return False
    return True


def _json(asked: Asked) -> bytes:
    media_type = json_type(asked.accept)
    if media_type is None:
        raise NotAcceptable("not JSON")
    return media_type.encode()
