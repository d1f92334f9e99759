"""Why a dataset cannot be read, by code: the message never quotes the data."""

from enum import StrEnum

from appliance.errors import Unsuitable


class Fault(StrEnum):
    """What stops the reading of a dataset. A closed list; the web has words for each."""

    BAD_ELEMENT = "bad element"
    TOO_DEEP = "too deeply nested"
    TOO_MANY_ELEMENTS = "too many elements"
    TRUNCATED = "truncated"
    INFLATES_TOO_FAR = "inflates too far"
    BAD_DEFLATE = "deflated data damaged"
    TOO_LARGE = "metadata too large"
    CRASHED = "parser crashed"
    STALLED = "parser took too long"
    NONSENSE = "parser answered nonsense"


class Unparsable(Unsuitable):
    """A dataset breaks a bound or its own structure."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault
