"""Whether this process answers and its catalogue opens; no figure that a stranger could use."""

from typing import Literal, TypedDict

from litestar import Response, get

from appliance.archive.reading.queries import change_mark
from appliance.web.http.access import Door, access
from appliance.web.http.threads import in_thread
from appliance.web.staff.signing_in import Context


class Health(TypedDict):
    """That all is well; where it is not there is no such answer."""

    status: Literal["ok"]
    keys: Literal["open"]


@get("/healthz", opt=access(Door.PUBLIC, activity=False, page=False))
@in_thread
def healthz(context: Context) -> Response[Health]:
    """Read one row, and say that it worked."""
    with context.accounts.database.read() as tx:
        change_mark(tx)
    return Response({"status": "ok", "keys": "open"})


HANDLERS = (healthz,)
