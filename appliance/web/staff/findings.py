"""Words for what intake finds: why a file is in quarantine, what is odd about a series.

The codes are closed lists of other rooms; a test holds the two together.
"""

import json
from collections.abc import Sequence

from appliance.web.languages import gettext as _
from appliance.web.languages import later, pgettext

_AGAIN = later("Send it again; if it comes here again, ask the scanner's service.")
_ASK = later("Ask the scanner's service: a correct file always says this.")
_CAREFUL = later("Do not send it again unless you know what it is.")
_HARMLESS = later("It was read apart from everything else, so nothing was harmed.")
_TELL = later("Tell whoever looks after this box.")

# What happened, and what to do.
REASONS: dict[str, tuple[str, str]] = {
    "no sop instance uid": (later("It does not say which image it is"), _ASK),
    "no study instance uid": (later("It does not say which study it belongs to"), _ASK),
    "no series instance uid": (later("It does not say which series it belongs to"), _ASK),
    "no sop class uid": (later("It does not say what kind of image it is"), _ASK),
    "bad uid": (later("An identifier in it is not one"), _ASK),
    "sop class differs from command": (later("It was announced as another kind of image"), _AGAIN),
    "bad element": (later("It contradicts itself inside"), _AGAIN),
    "too deeply nested": (later("It is nested deeper than any scanner does"), _CAREFUL),
    "too many elements": (later("It has more entries than any scan has"), _CAREFUL),
    "truncated": (later("It ends in the middle"), _AGAIN),
    "inflates too far": (later("It unpacks to far more than it may"), _CAREFUL),
    "deflated data damaged": (later("Its packed part is damaged"), _AGAIN),
    "metadata too large": (later("What describes the image is larger than it may be"), _AGAIN),
    "parser crashed": (later("Reading it failed"), _HARMLESS),
    "parser took too long": (later("Reading it took too long"), _HARMLESS),
    "parser answered nonsense": (later("Reading it failed"), _HARMLESS),
    "not a part 10 file of ours": (later("It is not a file that this box received"), _TELL),
    "damaged": (later("It was damaged on this box's disk"), _TELL),
    "forged": (later("It was not written by this box's receiver"), _TELL),
    "replayed": (later("It is a copy of a file that arrived before"), _TELL),
    "not catalogued": (later("It could not be listed"), _TELL),
}

# One number, two numbers or none go in, in the order that intake gives them.
FINDINGS: dict[str, str] = {
    "instance numbers missing": later("Image numbers that did not come: {0}"),
    "instance numbers repeated": later("Image numbers that came more than once: {0}"),
    "starts late": later("The first image is number {0}"),
    "slices missing between positions": later("Slices missing in between: {0}"),
    "slices at the same position": later("Slices at the same place: {0}"),
    "instances without position": later("Images that do not say where they lie: {0}"),
    "uneven spacing": later("Distance between slices: {0} to {1} mm"),
    "spacing contradicts positions": later("Distance between slices: {0} mm as told, {1} mm as measured"),
    "orientation varies": later("Slices lie in {0} directions"),
    "slices tilted": later("Slices are tilted by {0}°"),
    "image size varies": later("Images have {0} different sizes"),
    "could not be judged": later("Whether it is complete could not be judged"),
    "character set unknown": later("Text in an unknown script: {0}"),
    "text outside its character set": later("Text that cannot be read for certain: {0}"),
    "control characters in text": later("Text with characters that do not belong there: {0}"),
    "text too long": later("Text longer than the standard allows: {0}"),
    "ends too early": later("Images that end too early: {0}"),
    "value representation contradicts transfer syntax": later("Images with contradicting entries: {0}"),
    "fewer pixels than it says": later("Images with fewer pixels than they say: {0}"),
    "frame count impossible": later("Images with an impossible number of frames: {0}"),
    "frames cannot be told apart": later("Images whose frames cannot be told apart: {0}"),
    "frames without positions": later("Images whose frames do not say where they lie: {0}"),
    "uid not by the standard": later("Images with unusual identifiers: {0}"),
    "announced under another uid": later("Images announced under another identifier: {0}"),
    "transfer syntax not viewable": later("Images packed in a way that cannot be shown: {0}"),
    "class not known": later("Files of a kind that this box stores but does not show: {0}"),
}


def reason_words(code: str) -> tuple[str, str]:
    """Say why a file is in quarantine, and what to do."""
    reason, advice = REASONS.get(code, (later("It could not be listed"), _TELL))
    return _(reason), _(advice)


def finding_words(findings: str) -> list[str]:
    """Put a JSON array of `{code, numbers}` into sentences; a code without words is left out."""
    lines = [_finding(str(each.get("code", "")), each.get("numbers", ())) for each in json.loads(findings)]
    return [line for line in lines if line]


def _finding(code: str, numbers: Sequence[float]) -> str:
    words = FINDINGS.get(code, "")
    shown = [_number(number) for number in numbers]
    needed = words.count("{")
    return _(words).format(*shown) if words and len(shown) >= needed else ""


def _number(number: float) -> str:
    return f"{number:.3g}".replace(".", pgettext("decimal sign", ".")) if isinstance(number, float) else str(number)
