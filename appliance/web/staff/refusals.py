"""Records whoever asked for what they may not have, be it refused by the route's guard or by what stands behind it."""

from functools import partial

from anyio import to_thread
from litestar.types import Scope

from appliance.accounts.errors import SignInRefused, TooManyAttempts
from appliance.errors import NotPermitted
from appliance.web.http.access import NotSignedIn, PasswordChangeDue, ScreenLocked
from appliance.web.http.behind import behind_of
from appliance.web.http.refusals import note_refused, thing_in

# What is due first, and what the room of accounts records itself.
_NO_REFUSALS = (NotSignedIn, ScreenLocked, PasswordChangeDue, SignInRefused, TooManyAttempts)


async def record_refusal(fault: Exception, scope: Scope) -> None:
    """Record a fault that is about to be answered, if it says that the caller may not."""
    if not isinstance(fault, NotPermitted) or isinstance(fault, _NO_REFUSALS):
        return
    actor, thing = scope["user"].audited, thing_in(scope["path_params"])
    await to_thread.run_sync(partial(note_refused, behind_of(scope).accounts, actor, thing))
