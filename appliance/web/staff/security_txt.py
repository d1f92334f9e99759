"""Where to report a weakness, for whoever finds one.

It names whom the settings name: the clinic, or the firm that looks after its box. Without that there is no such file.

Source: RFC 9116.
"""

from datetime import UTC, datetime, timedelta

from litestar import MediaType, Response, get

from appliance.errors import NotFound
from appliance.web.http.access import Door, access
from appliance.web.staff.signing_in import Context

GOOD_FOR = timedelta(days=180)  # RFC 9116 2.5.5: less than a year


@get("/.well-known/security.txt", opt=access(Door.PUBLIC, activity=False, page=False), sync_to_thread=False)
def security_txt(context: Context) -> Response[str]:
    """Say where to report a weakness.

    Raises:
        NotFound: The settings name no contact.
    """
    if not context.security_contact:
        raise NotFound("the settings name no contact")
    return Response(text_of(context.security_contact, context.accounts.clock.now()), media_type=MediaType.TEXT)


def text_of(contact: str, now: datetime) -> str:
    """Write the file, good for half a year from the first of this month on."""
    since = datetime(now.year, now.month, 1, tzinfo=UTC)
    return f"Contact: {contact}\nExpires: {since + GOOD_FOR:%Y-%m-%dT%H:%M:%SZ}\nPreferred-Languages: en, es, pt\n"


HANDLERS = (security_txt,)
