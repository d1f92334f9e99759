"""Finds instances one by one, and a whole series at once when one of them after the other is asked for.

Guards: what was found is given again only while nothing at all has been
committed to the catalogue since. While scans arrive that is seldom, and then
each instance is looked up by itself, as the first of a series always is.
"""

from collections import OrderedDict

from appliance.archive import queries_retrieve
from appliance.archive.located import Located
from appliance.store.database import Database

REMEMBERED_SERIES = 4
Series = tuple[str, str]  # Study and Series Instance UID


class Lookups:
    """What one thread has found: the catalogue tells its version by thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = -1
        self._asked: Series | None = None
        self._found: OrderedDict[Series, dict[str, Located]] = OrderedDict()

    def instance(self, study: str, series: str, sop: str) -> Located | None:
        """Find an instance by its three UIDs."""
        version = self._database.version()
        if version != self._version:
            self._version, self._asked = version, None
            self._found.clear()
        here = (study, series)
        if here not in self._found and here == self._asked:
            self._load(here)
        self._asked = here
        if here in self._found:
            return self._found[here].get(sop)
        with self._database.read() as tx:
            return queries_retrieve.one_instance(tx, study, series, sop)

    def _load(self, here: Series) -> None:
        with self._database.read() as tx:
            instances = queries_retrieve.series_instances(tx, *here)
        known: dict[str, Located] = {}
        for one in sorted(instances, key=lambda one: one.instance_key):
            known.setdefault(one.sop_instance_uid, one)  # as `one_instance` chooses among equal UIDs
        while len(self._found) >= REMEMBERED_SERIES:
            self._found.popitem(last=False)
        self._found[here] = known
