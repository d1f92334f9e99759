"""What a page says of a fault: what happened, and what to do now. Never what the box runs, or who there is."""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.errors import Tampered
from appliance.web.http.csrf import ForeignForm
from appliance.web.languages import later


@dataclass(frozen=True, slots=True)
class Words:
    """A title, what happened, and what helps; untranslated."""

    title: str
    happened: str
    advice: str


BY_KIND: tuple[tuple[type[Exception], Words], ...] = (
    (
        ForeignForm,
        Words(
            later("That page was too old"),
            later("It is from before you last signed in or out, so nothing that it sent was done."),
            later("Go back to the start, open the page anew and do it once more."),
        ),
    ),
    (
        Tampered,
        Words(
            later("Something stored is damaged"),
            later("What you asked for is not as it was stored, so it is not shown."),
            later("Tell whoever looks after the box. The pages Safekeeping and Quarantine say what is damaged."),
        ),
    ),
)
BY_STATUS: Mapping[int, Words] = {
    400: Words(
        later("That did not arrive whole"),
        later("The box could not read what the page sent, so nothing was changed."),
        later("Go back, load the page again and fill it in once more."),
    ),
    403: Words(
        later("Not for your account"),
        later("Your account may not open or do this. Nothing was changed."),
        later("If your work needs it, ask an administrator of the clinic, who can give you another role."),
    ),
    404: Words(
        later("Not here"),
        later("There is nothing at this address, or nothing that your account may see."),
        later("Look for it from the start. A scan that was sent just now can take some seconds to be listed."),
    ),
    405: Words(
        later("Not by its address alone"),
        later("This address takes what a button on a page sends; opened by itself it shows nothing."),
        later("Go to the start and press the button there once more."),
    ),
    409: Words(
        later("It was done already"),
        later("Somebody changed or decided it since you opened the page, so it was not done twice."),
        later("Load the page again and see how it stands now."),
    ),
    413: Words(
        later("Too large"),
        later("What was sent is larger than this page takes, so nothing of it was kept."),
        later("Shorten what you typed. Images are handed in under Open files, however large they are."),
    ),
    429: Words(
        later("A moment, please"),
        later("More came from here, or for this account, than the box takes at once."),
        later("Wait %d seconds, then try again. If you did nothing special, tell whoever looks after the box."),
    ),
    500: Words(
        later("Something went wrong"),
        later("This is the box's own fault and not yours. It is noted in its log."),
        later("Try it once more. If it happens again, tell whoever looks after the box the number below."),
    ),
    503: Words(
        later("Not right now"),
        later("The box cannot do this at the moment: it is starting, busy, or being looked after."),
        later("Wait a minute, then try again. What was stored is safe."),
    ),
    507: Words(
        later("No space left"),
        later("The box's disk is too full for this. What was stored is safe."),
        later("Tell whoever looks after the box. The page Safekeeping shows what takes the space."),
    ),
}


def words_for(fault: Exception, status: int) -> Words:
    """Give the words for a fault that is answered with this status."""
    special = next((words for kind, words in BY_KIND if isinstance(fault, kind)), None)
    return special or BY_STATUS.get(status) or BY_STATUS[400 if status < 500 else 500]
