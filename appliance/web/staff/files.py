"""The page on which a person's own files are opened by the browser alone, until one stores them."""

from litestar import get

from appliance.accounts.roles import Permission
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.staff.attention import waiting
from appliance.web.staff.pages import Page, PageRequest
from appliance.web.staff.signing_in import Caller, Context, Rendering


@get("/files", opt=needs(Permission.VIEW_IMAGES))
@in_thread
def files_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller) -> Page:
    """Show where files are dropped. It is no event: nothing that the box holds is looked at."""
    may_store = Permission.STORE_IMAGES in actor.permissions
    return pages.show_in_office("files.html", request, waiting(context.accounts, actor), may_store=may_store)


HANDLERS = (files_page,)
