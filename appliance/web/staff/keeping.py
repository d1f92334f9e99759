"""The place "Safekeeping": its frame, its row of tabs, and the front page that puts together how the box keeps.

A part adds its line to `TABS`, its own module `keeping_<part>.py` and its template, which extends `keeping.html`.
"""

from litestar import get
from litestar.params import FromQuery

from appliance.accounts.roles import Permission
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff.attention import waiting
from appliance.web.staff.context import StaffContext
from appliance.web.staff.keeping_front import TOLD, front_cards, shown_notices
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Caller, Context, Rendering
from appliance.web.staff.tabs import Tab, tabs_in_words

REVIEWS = "/trail/emergencies"
TABS = (
    Tab("/keeping", later("Overview")),
    Tab("/keeping/backups", later("Backups")),
    Tab("/keeping/proofs", later("Proofs")),
    Tab("/keeping/retention", later("Keeping times")),
    Tab("/keeping/erasures", later("Erasures")),
    Tab("/keeping/jobs", later("Jobs")),
    Tab("/keeping/disk", later("Disk")),
    Tab("/keeping/recovery", later("Recovery")),
    Tab("/keeping/keys", later("Keys")),
)


@get("/keeping", opt=needs(Permission.READ_KEEPING))
@in_thread
def keeping_front(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Say in a few words how the box keeps what it was given."""
    with context.accounts.database.read() as tx:
        cards, notices = (
            front_cards(tx, context.receiver.reserve_bytes, context.accounts.clock.now()),
            shown_notices(tx),
        )
    words = _(TOLD[told]) if told in TOLD else ""
    here = {tab.url for tab in TABS} | ({REVIEWS} if Permission.REVIEW_EMERGENCIES in actor.permissions else set())
    own = {"cards": cards, "notices": notices, "told": words, "pages_here": here}
    return show_keeping("keeping_front.html", request, context, pages, actor, **own)


def show_keeping(
    template: str, request: PageRequest, context: StaffContext, pages: Pages, actor: Caller, **own: object
) -> Page:
    """Render one page of this place under the bar and its tabs."""
    here = "/".join(request.url.path.split("/")[:3])
    tabs = tabs_in_words(TABS, here)
    may_manage = Permission.MANAGE_KEEPING in actor.permissions
    bar = waiting(context.accounts, actor)
    return pages.show_in_office(template, request, bar, **({"tabs": tabs, "may_manage": may_manage} | own))


HANDLERS = (keeping_front,)
