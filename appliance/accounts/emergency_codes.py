"""The sealed emergency code: for the night when nobody who may look is there.

An administrator has it drawn and puts it, printed, into an envelope. Whoever opens that types it at the sign-in page,
with their name and a reason, and may look at images for the same box of time as everybody who breaks the glass.

Guards: only a hash of it is kept, and one code alone can be opened, once, while whoever drew it, and so saw it, may
draw one; a wrong, a used, a replaced and a void one are answered alike. Each code that is judged costs one password's
hash, the right one and every other, so the time tells nothing of them apart. Wrong ones alone are slowed, and not
hashed while they have to wait, as those of strangers everywhere: 100 random bits are not guessed, so nobody's guesses
keep the next person from the envelope. What is opened has an account of its own, which is closed when it is over and
which no password, passkey or invitation enters; the code unlocks that one session's screen, and opens nothing else.
Leaves out: whether the name that is typed is true. Reviewing tells.
"""

from dataclasses import dataclass

from appliance.accounts import queries_emergencies as kept
from appliance.accounts import service, throttle
from appliance.accounts.account import NewAccount
from appliance.accounts.context import Accounts
from appliance.accounts.emergencies import Borrower, Why, begin_for, tell
from appliance.accounts.emergency_letters import code_hash, is_whole, new_code, packed
from appliance.accounts.errors import SignInRefused
from appliance.accounts.roles import Permission, Role
from appliance.accounts.second_factor import Confirmed
from appliance.accounts.sessions import Stage, hash_token, start_session
from appliance.accounts.trail import nobody, person, record_failure, record_own_event
from appliance.audit.events import Event, EventCode, Subject, SubjectKind
from appliance.errors import NotPermitted, Unsuitable
from appliance.keys.passphrases import hash_password
from appliance.notifications.codes import NoticeCode
from appliance.notifications.notices import end_notice
from appliance.store.transactions import ReadTransaction, WriteTransaction

LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Opening:
    """What whoever opened the envelope types: the code, who they are, and why."""

    code: str
    name: str
    why: Why


@dataclass(frozen=True, slots=True)
class Envelope:
    """How it stands with the sealed code.

    Attributes:
        is_sealed: One can be opened.
        is_used: The last one was.
        is_void: The last one can be no more, for whoever drew it has left or manages accounts no more.
    """

    is_sealed: bool
    is_used: bool
    is_void: bool = False

    @property
    def is_wanted(self) -> bool:
        """Whether another has to be drawn in place of one that there was."""
        return self.is_used or self.is_void


def envelope(tx: ReadTransaction) -> Envelope:
    """Say whether there is a code that can be opened, or why the last one cannot be and none was drawn since."""
    latest = kept.latest_code(tx)
    if latest is None:
        return Envelope(is_sealed=False, is_used=False)
    _drawn_at, _drawn_by, is_sealed, is_used = latest
    return Envelope(is_sealed, is_used, is_void=not is_sealed and not is_used)


def draw(accounts: Accounts, by: Confirmed) -> str:
    """Give a new code, to be printed: it is told this once, and the one before opens nothing any more.

    Raises:
        NotPermitted: It is not for this person.
    """
    if Permission.MANAGE_ACCOUNTS not in by.account.permissions:
        raise NotPermitted("who may come in is for an administrator to say")
    code, now = new_code(), accounts.clock.now()
    with accounts.database.write() as tx:
        kept.end_codes(tx, now)
        kept.insert_code(tx, code_hash(code), by.account.account_key, now)
        end_notice(tx, NoticeCode.EMERGENCY_CODE_ENDED, now)
        accounts.audit.record(tx, Event(EventCode.EMERGENCY_CODE_DRAWN, by.actor))
    return code


def open_envelope(accounts: Accounts, given: Opening, address: str) -> str:
    """Let whoever has the code look at images for a box of time; give the token of their session.

    Raises:
        Unsuitable: The code has a slip in it, or there is no name: nothing was judged.
        SignInRefused: No such code, or it was opened or replaced.
        TooManyAttempts: The same, and too soon after failures.
    """
    if not is_whole(given.code) or not _named(given.name):
        raise Unsuitable("a code of an envelope has six groups of four letters, and who opens it has a name")
    with accounts.database.read() as tx:
        is_sealed = kept.is_sealed(tx, code_hash(given.code))
    attempt = None if is_sealed else throttle.begin_attempt(accounts, throttle.at_envelope(accounts, address))
    password_hash = hash_password(packed(given.code), accounts.password_cost)  # of a right one: it unlocks the screen
    with accounts.database.write() as tx:
        code_key = kept.use_code(tx, code_hash(given.code), accounts.clock.now()) if is_sealed else None
        if code_key is not None:
            return _opened(tx, accounts, given, (code_key, password_hash), address)
    if attempt is None:  # somebody else opened it meanwhile
        throttle.begin_attempt(accounts, throttle.at_envelope(accounts, address))
    with accounts.database.write() as tx:
        record_failure(tx, accounts, EventCode.LOGIN_FAILED, None, address)
    raise SignInRefused("no such sealed code")


def _opened(tx: WriteTransaction, accounts: Accounts, given: Opening, proved: tuple[int, str], address: str) -> str:
    """Make the account and the session of a code that was just spent."""
    code_key, password_hash = proved
    new = NewAccount(f"envelope {code_key}", _named(given.name), Role.EMERGENCY, "", must_change_password=False)
    account = service.insert_built_in(tx, accounts, new, password_hash, nobody(address))
    token = start_session(tx, account.account_key, Stage.FULL, address, accounts.clock.now())
    record_own_event(tx, accounts, EventCode.LOGGED_IN, account, address)
    to = Borrower(account, hash_token(token), person(account, address), code_key)
    emergency_key = begin_for(tx, accounts, to, given.why)
    subject = Subject(SubjectKind.EMERGENCY, emergency_key)
    accounts.audit.record(tx, Event(EventCode.EMERGENCY_CODE_USED, to.actor, subject=subject))
    tell(tx, accounts, NoticeCode.EMERGENCY_CODE_USED, emergency_key)
    return token


def _named(text: str) -> str:
    name = text.strip()[:LONGEST_NAME]
    return name if name.isprintable() else ""
