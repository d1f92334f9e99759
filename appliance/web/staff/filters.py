"""The study list's filters and order: from the address, into the archive's words, and as the form that a page shows.

An address carries codes and row keys alone, never a text of the catalogue.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from urllib.parse import urlencode

from appliance.archive import studies as archive
from appliance.archive.reading.wanted import Device, Order, Standing, Wanted
from appliance.clock import microseconds
from appliance.errors import NotFound
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import LARGEST_KEY
from appliance.web.languages import gettext as _
from appliance.web.staff import words
from appliance.web.staff.study_views import midnight

_DAYS = {"today": 1, "week": 7}
LONGEST_MODALITY = 16  # DICOM PS3.5 6.2 (CS)


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; '' is everything, and the latest arrival first."""

    when: str = ""
    modality: str = ""
    device: str = ""
    state: str = ""
    sort: str = ""

    def query(self, **more: str) -> str:
        """Write it as an address does."""
        own = {each.name: str(getattr(self, each.name)) for each in fields(self)}
        return urlencode({name: value for name, value in {**own, **more}.items() if value})

    def address(self, path: str = "/studies", **more: str) -> str:
        """Give the address that asks for this."""
        query = self.query(**more)
        return f"{path}?{query}" if query else path


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that may be chosen."""

    value: str
    name: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One field of the form."""

    name: str
    label: str
    chosen: str
    options: tuple[Option, ...]


def asked_of(query: Mapping[str, str]) -> Asked:
    """Read what an address asks for.

    Raises:
        NotFound: It asks for something that there is not.
    """
    asked = Asked(**{each.name: query.get(each.name, "") for each in fields(Asked)})
    known = asked.when in ("", *_DAYS) and asked.state in list(Standing) and asked.sort in ("", *Order)
    device = asked.device == "" or (asked.device.isascii() and asked.device.isdigit() and len(asked.device) < 20)
    if not (known and device and len(asked.modality) <= LONGEST_MODALITY):
        raise NotFound("no such list")
    return asked


def wanted_of(tx: ReadTransaction, asked: Asked, typed: str, now: datetime) -> Wanted:
    """Put what is asked for into the archive's words.

    Raises:
        NotFound: No such device.
    """
    since = midnight(now) - timedelta(days=_DAYS[asked.when] - 1) if asked.when else None
    return Wanted(
        words=tuple(archive.search_words(typed)),
        arrived_since=None if since is None else microseconds(since),
        modality=asked.modality,
        device=archive.get_device(tx, min(int(asked.device), LARGEST_KEY)) if asked.device else None,
        standing=Standing(asked.state),
        order=Order(asked.sort or Order.ARRIVED),
    )


def choices(tx: ReadTransaction, asked: Asked) -> list[Choice]:
    """Give the fields of the form, each with what there is to choose."""
    kinds = _kinds(_with(archive.modalities(tx), asked.modality))
    found = list(archive.devices(tx))
    if asked.device and asked.device not in (str(one.series_key) for one in found):
        found.append(archive.get_device(tx, min(int(asked.device), LARGEST_KEY)))
    devices = [Option(str(one.series_key), _device(one)) for one in found]
    return [
        _choice("when", _("Arrived"), asked.when, _("Any time"), _times()),
        _choice("modality", _("Kind"), asked.modality, _("All kinds"), kinds),
        _choice("device", _("Scanner"), asked.device, _("All scanners"), devices),
        _choice("state", _("State"), asked.state, _("Any state"), _states()),
        _choice("sort", _("Order"), asked.sort, _("Latest arrival first"), _orders()),
    ]


def _kinds(codes: Sequence[str]) -> list[Option]:
    """Name each kind by its words, in their order; where two kinds have the same, the code tells them apart."""
    named = [(words.modality_words(code), code) for code in codes]
    often = Counter(name for name, _code in named)
    return [Option(code, f"{name} ({code})" if often[name] > 1 else name) for name, code in sorted(named)]


def _with(codes: Sequence[str], chosen: str) -> Sequence[str]:
    """Add what was chosen if it is not stored any more, so that the form says what it asks for."""
    return codes if chosen in ("", *codes) else (*codes, chosen)


def _choice(name: str, label: str, chosen: str, all_of_it: str, options: list[Option]) -> Choice:
    return Choice(name, label, chosen, (Option("", all_of_it), *options))


def _times() -> list[Option]:
    return [Option("today", _("Today")), Option("week", _("Last seven days"))]


def _states() -> list[Option]:
    return [
        Option(Standing.CHECK, _("Needs a look")),
        Option(Standing.UNCHECKED, _("Arriving, or not checked")),
        Option(Standing.WHOLE, _("Nothing missing")),
    ]


def _orders() -> list[Option]:
    return [Option(Order.TAKEN, _("Latest taken first")), Option(Order.NAME, _("By name"))]


def _device(device: Device) -> str:
    return " ".join(part for part in (device.manufacturer, device.manufacturer_model_name) if part)
