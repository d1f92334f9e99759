"""Whether this process answers and its catalogue opens; no figure that a stranger could use."""

from litestar import Response, get

from appliance.archive.reading.queries import change_mark
from appliance.web.http.access import Door, access
from appliance.web.http.threads import in_thread
from appliance.web.staff.signing_in import Context


@get("/healthz", opt=access(Door.PUBLIC, activity=False, page=False))
@in_thread
def healthz(context: Context) -> Response[dict[str, str]]:
    """Read one row, and say that it worked."""
    with context.accounts.database.read() as tx:
        change_mark(tx)
    return Response({"status": "ok", "keys": "open"})


HANDLERS = (healthz,)
