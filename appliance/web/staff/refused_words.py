"""Why pictures are not given to a laboratory, in words."""

from appliance.dicom.deidentifying.judging import Refusal
from appliance.web.languages import gettext as _


def refused_words(why: Refusal) -> str:
    """Say why a picture is not given."""
    return {
        Refusal.KIND: _("Not given: only pictures that a scanner takes are."),
        Refusal.WORDS: _("Not given: its pictures may show words, such as a name."),
        Refusal.FACE: _("Not given: its pictures show a face."),
        Refusal.UNREADABLE: _("Not given: it cannot be read."),
        Refusal.FORM: _("Not given: it is written in a form that is not handled."),
        Refusal.REMAINS: _("Not given: something in it might say whose it is."),
    }[why]
