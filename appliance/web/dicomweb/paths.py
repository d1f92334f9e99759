"""The resources of DICOMweb by their paths.

Source: DICOM PS3.18 tables 10.4.1-1 to 10.4.1-7 and 10.6.1-5.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from appliance.archive.matching import Level
from appliance.errors import NotFound, Unsuitable
from appliance.identifiers import is_uid


class Kind(Enum):
    """What a path asks for."""

    SEARCH = auto()
    RETRIEVE = auto()
    METADATA = auto()
    FRAMES = auto()
    BULK_DATA = auto()


@dataclass(frozen=True, slots=True)
class Resource:
    """What a path names. `rest` is a frame list or the place of bulk data."""

    kind: Kind
    level: Level
    study: str = ""
    series: str = ""
    sop: str = ""
    rest: str = ""


_S, _U, _R = "study uid", "series uid", "sop uid"
_ANY = "anything"
_SERIES = ("studies", _S, "series", _U)
_INSTANCE = (*_SERIES, "instances", _R)
_PATHS: Mapping[tuple[str, ...], tuple[Kind, Level]] = {
    ("studies",): (Kind.SEARCH, Level.STUDY),
    ("series",): (Kind.SEARCH, Level.SERIES),
    ("instances",): (Kind.SEARCH, Level.INSTANCE),
    ("studies", _S, "series"): (Kind.SEARCH, Level.SERIES),
    ("studies", _S, "instances"): (Kind.SEARCH, Level.INSTANCE),
    (*_SERIES, "instances"): (Kind.SEARCH, Level.INSTANCE),
    ("studies", _S): (Kind.RETRIEVE, Level.STUDY),
    _SERIES: (Kind.RETRIEVE, Level.SERIES),
    _INSTANCE: (Kind.RETRIEVE, Level.INSTANCE),
    ("studies", _S, "metadata"): (Kind.METADATA, Level.STUDY),
    (*_SERIES, "metadata"): (Kind.METADATA, Level.SERIES),
    (*_INSTANCE, "metadata"): (Kind.METADATA, Level.INSTANCE),
    (*_INSTANCE, "frames", _ANY): (Kind.FRAMES, Level.INSTANCE),
    (*_INSTANCE, "bulkdata", _ANY): (Kind.BULK_DATA, Level.INSTANCE),
}
ALL_RESOURCES = {(kind, level, _S in shape, _U in shape) for shape, (kind, level) in _PATHS.items()}
STORABLE = frozenset({(Kind.SEARCH, Level.STUDY), (Kind.RETRIEVE, Level.STUDY)})  # by POST: any study's, or one's
STREAM = "/series/{series_key}/stream"  # the viewer's own: a whole series in one answer
_VARIABLES = {1: _S, 3: _U, 5: _R, 7: _ANY}


def templates() -> dict[str, tuple[Kind, Level]]:
    """Give every resource as an address with its variables in braces."""
    named = {_S: "{study}", _U: "{series}", _R: "{instance}", _ANY: "{which}"}
    return {"/dicomweb/" + "/".join(named.get(part, part) for part in shape): found for shape, found in _PATHS.items()}


def parse_path(path: str) -> Resource:
    """Read a path below the service's root, beginning with a slash.

    Raises:
        NotFound: No such resource.
        Unsuitable: A UID that is none.
    """
    segments = path.strip("/").split("/")
    shape = tuple(_VARIABLES.get(at, segment) for at, segment in enumerate(segments))
    found = _PATHS.get(shape)
    if found is None:
        shape = (*shape[:-1], segments[-1])  # a variable's place may hold a resource's name
        found = _PATHS.get(shape)
    if found is None:
        raise NotFound("no such resource")
    named = {kind: segment for kind, segment in zip(shape, segments, strict=True) if kind in (_S, _U, _R)}
    if not all(map(is_uid, named.values())):
        raise Unsuitable("the path has a UID that is none")
    rest = segments[7] if len(segments) == 8 else ""
    return Resource(*found, named.get(_S, ""), named.get(_U, ""), named.get(_R, ""), rest)
