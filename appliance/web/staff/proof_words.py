"""Words for what restore tests and readings find."""

from appliance.web.languages import later

PLACES = {
    "vault": later("Stored scans"),
    "catalogue": later("Catalogue"),
    "audit": later("Record of events"),
    "files repository": later("Copies of the scans"),
    "keys repository": later("Copies of the catalogue"),
    "snapshot": later("What a copy holds"),
}
FAULTS = {
    "missing": later("It is not there any more."),
    "shortened": later("Its end is missing."),
    "lengthened": later("Something was added to it."),
    "exchanged": later("Something else lies in its place."),
    "altered": later("Its content has changed."),
    "other dataset": later("It is not what the scanner sent."),
    "key missing": later("The key that opens it is not there."),
    "no row": later("The catalogue does not know it."),
    "older": later("It is of an earlier day."),
    "unreadable": later("The disk did not give it."),
}
CANNOT_RUN = {
    "unplugged": later("It was not plugged in."),
    "unreachable": later("It could not be reached."),
    "denied": later("It refused: user name or password are not what it expects."),
    "busy": later("Something else was at work on it."),
    "incomplete": later("There is no whole copy on it yet."),
    "full": later("This box's disk has too little space for the test."),
    "stopped": later("It was cut off."),
}
