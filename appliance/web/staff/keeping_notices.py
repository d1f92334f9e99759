"""Notices on the front page of Safekeeping: saying that one knows, and trying that they reach somebody."""

from litestar import post
from litestar.params import FromPath
from litestar.response import Redirect

from appliance.accounts.roles import Permission
from appliance.audit.events import Event, EventCode
from appliance.jobs.asking import ask_run
from appliance.notifications import notices
from appliance.web.http.access import needs
from appliance.web.http.threads import in_thread
from appliance.web.staff.signing_in import Caller, Context, moved_on, session_of


@post("/keeping/notices/{notice_key:int}/acknowledge", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def acknowledge(context: Context, actor: Caller, notice_key: FromPath[int]) -> Redirect:
    """Note that a person knows; one that somebody else noted before stays theirs."""
    accounts, by = context.accounts, session_of(actor).account.account_key
    with accounts.database.write() as tx:
        if notices.acknowledge(tx, notice_key, accounts.clock.now(), by):
            accounts.audit.record(tx, Event(EventCode.NOTICE_ACKNOWLEDGED, actor.audited, number=notice_key))
    return moved_on("/keeping?told=known")


@post("/keeping/notices/test", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def send_test(context: Context, actor: Caller) -> Redirect:
    """Have a test told by every way that is set up."""
    accounts = context.accounts
    with accounts.database.write() as tx:
        notices.raise_test(tx, accounts.clock.now())
        ask_run(tx, "tell", accounts.clock.now(), session_of(actor).account.account_key)
    return moved_on("/keeping?told=test")


HANDLERS = (acknowledge, send_test)
