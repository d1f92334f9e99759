"""How long things are kept: the jurisdiction and its rules, what is proposed to be erased, and legal holds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime

from litestar import get, post
from litestar.params import FromPath, FromQuery, URLEncodedBody

from appliance.accounts import service
from appliance.accounts.roles import Permission
from appliance.archive.reading import queries as archive
from appliance.errors import NotFound, NotPermitted, Unsuitable
from appliance.retention import policy, queries
from appliance.retention import queries_decisions as decisions
from appliance.retention.holds import lift_hold
from appliance.retention.presets import PRESETS, get_preset
from appliance.retention.proposals import approve, cancel
from appliance.retention.queries_decisions import Hold, Proposal, Scope
from appliance.retention.rules import Beginning, Rule, ended_by
from appliance.retention.standing import barrier_of, waits_for
from appliance.store.transactions import ReadTransaction
from appliance.web.http.access import needs
from appliance.web.http.actor import Actor
from appliance.web.http.refusals import note_refused
from appliance.web.http.threads import in_thread
from appliance.web.languages import gettext as _
from appliance.web.languages import later
from appliance.web.staff import retention_words as told_in
from appliance.web.staff.confirming import CodeForm, Refusal, confirmed_by
from appliance.web.staff.context import StaffContext
from appliance.web.staff.keeping import show_keeping
from appliance.web.staff.pages import Page, PageRequest, Pages
from appliance.web.staff.signing_in import Answer, Caller, Context, Rendering, moved_on, session_of
from appliance.web.staff.words import day

HERE = "/keeping/retention"
_TOLD = {
    "chosen": later("These rules are in force now. For a month what is due is only listed."),
    "saved": later("The rule is in force now. For a month what is due is only listed."),
    "ended": later("The rule is no longer in force. For a month what is due is only listed."),
    "erasing": later("From now on what is due, proposed and approved is erased at night."),
    "approved": later("Approved. The list below says when it goes; until then it can be cancelled."),
    "refused": later("Some of it was refused: the list below says why. Nothing of that is erased."),
    "cancelled": later("The proposal is cancelled, and everything stays."),
    "lifted": later("The hold is lifted."),
    "proposed": later("Proposed. Somebody else has to approve it; whoever is alone waits seven days."),
    "held": later("The hold is set. Nothing of it is erased before somebody lifts it."),
}


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A rule as a person fills it in; an empty number means that there is none."""

    name: str
    adult_years: str
    source: str
    begins_with: str = Beginning.LAST_STUDY.value
    modalities: str = ""
    age_of_majority: str = "18"
    minor_until_age: str = ""
    minor_years_after_majority: str = ""
    from_age: str = ""
    below_age: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalForm:
    """The proposals that somebody agrees to, with a code."""

    code: str
    proposals: str | list[str]


@get(HERE, opt=needs(Permission.READ_KEEPING))
@in_thread
def retention_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, told: FromQuery[str] = ""
) -> Page:
    """Show what is kept how long, what is proposed, and what is held. No patient by name."""
    return _page(request, context, pages, actor, told=_(_TOLD[told]) if told in _TOLD else "")


def _page(request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, **more: object) -> Page:
    room = context.retention
    names = names_of(context)
    now = context.accounts.clock.now()
    with context.accounts.database.read() as tx:
        chosen = queries.policy(tx)
        dry_run_until = None if chosen is None else chosen.dry_run_until
        own: dict[str, object] = {
            "place": "" if chosen is None else told_in.place_words(chosen.jurisdiction),
            "dry_until": "" if chosen is None or now >= chosen.dry_run_until else _day(chosen.dry_run_until),
            "doubted": room.is_clock_in_doubt(tx),
            "rules": [told_in.rule_view(kept) for kept in queries.rules(tx)],
            "due_count": queries.count_ended(tx, ended_by(room.today())),
            "proposals": [
                _proposal(tx, context, each, actor, (names, dry_run_until)) for each in decisions.open_proposals(tx)
            ],
            "refused": [_refused(tx, each) for each in decisions.refused_proposals(tx, now - policy.DRY_RUN)],
            "holds": [_hold(hold, names) for hold in decisions.holds_in_force(tx)],
        }
    places = sorted(((code, told_in.place_words(code)) for code in PRESETS), key=lambda place: place[1])
    may = {
        "may_propose": Permission.PROPOSE_ERASURE in actor.permissions,
        "may_approve": Permission.APPROVE_ERASURE in actor.permissions,
        "may_open": Permission.READ_STUDY in actor.permissions,
    }
    return show_keeping(
        "keeping_retention.html", request, context, pages, actor, **(own | may | {"jurisdictions": places} | more)
    )


def _proposal(
    tx: ReadTransaction, context: StaffContext, proposal: Proposal, actor: Actor,
    known: tuple[Mapping[int, str], datetime | None],
) -> dict[str, object]:  # fmt: skip
    names, dry_run_until = known
    barrier = barrier_of(tx, context.retention, proposal)
    wait = waits_for(tx, context.retention, proposal)
    subject, url = _subject(tx, proposal)
    own = session_of(actor).account.account_key == proposal.proposed_by
    by_whom = told_in.name_of(names, proposal.proposed_by)
    return {
        "proposal_key": proposal.proposal_key,
        "subject": subject,
        "url": url,
        "kind": told_in.kind_words(proposal.kind),
        "files": proposal.file_count,
        "by": _("%(name)s, %(day)s") % {"name": by_whom, "day": _day(proposal.proposed_at)},
        "approved": "" if proposal.approved_by is None else told_in.name_of(names, proposal.approved_by),
        "state": told_in.standing(wait, barrier, proposal, dry_run_until),
        "to_approve": proposal.approved_by is None and not own,
    }


def _subject(tx: ReadTransaction, proposal: Proposal) -> tuple[str, str]:
    """Name what is proposed, and give where it is shown."""
    series = archive.series(tx, proposal.subject_key) if proposal.scope is Scope.SERIES else None
    if series is not None:
        return told_in.series_words(series), f"/studies/{series.study_key}"
    return told_in.subject_words(proposal.scope, proposal.subject_key)


def _refused(tx: ReadTransaction, proposal: Proposal) -> dict[str, str]:
    subject, _url = _subject(tx, proposal)
    ended = "" if proposal.cancelled_at is None else _day(proposal.cancelled_at)
    return {"subject": subject, "why": told_in.barrier_words(proposal.refused), "on": ended}


def _hold(hold: Hold, names: Mapping[int, str]) -> dict[str, object]:
    scope, key = (Scope.PATIENT, hold.patient_key) if hold.study_key is None else (Scope.STUDY, hold.study_key)
    subject, url = told_in.subject_words(scope, key or 0)
    return {
        "hold_key": hold.hold_key,
        "subject": subject,
        "url": url,
        "reason": told_in.hold_reason_words(hold.reason),
        "reference": hold.reference,
        "since": _("%(day)s by %(name)s") % {"day": _day(hold.set_at), "name": told_in.name_of(names, hold.set_by)},
    }


@get(f"{HERE}/jurisdictions", opt=needs(Permission.READ_KEEPING))
@in_thread
def jurisdiction_page(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, code: FromQuery[str] = ""
) -> Answer:
    """Show a jurisdiction's rules with their source, before anybody chooses them."""
    if not code:
        return moved_on(HERE)
    preset = told_in.preset_view(get_preset(code))
    return show_keeping("keeping_jurisdiction.html", request, context, pages, actor, preset=preset)


@post(f"{HERE}/jurisdictions/{{code:str}}", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def choose_jurisdiction(context: Context, actor: Caller, code: FromPath[str]) -> Answer:
    """Put a jurisdiction's rules in force."""
    policy.choose_jurisdiction(context.retention, code, actor.audited)
    return moved_on(f"{HERE}?told=chosen")


@get(f"{HERE}/rules/{{rule_key:int}}", opt=needs(Permission.MANAGE_KEEPING))
@in_thread
def rule_page(request: PageRequest, context: Context, pages: Rendering, actor: Caller, rule_key: FromPath[int]) -> Page:
    """Show a rule to be changed; 0 is a new one."""
    if rule_key == 0:
        return _rule_form(request, context, pages, actor, 0, RuleForm("", "", ""))
    with context.accounts.database.read() as tx:
        kept = queries.find_rule(tx, rule_key)
    if kept is None:
        raise NotFound("no such rule is in force")
    rule = kept.rule
    numbers = {
        name: "" if (value := getattr(rule, name)) is None else str(value)
        for name in ("minor_until_age", "minor_years_after_majority", "age_of_majority", "from_age", "below_age")
    }
    form = RuleForm(
        rule.name, str(rule.adult_years), kept.source, rule.begins_with.value, ", ".join(sorted(rule.modalities)),
        **numbers,
    )  # fmt: skip
    return _rule_form(request, context, pages, actor, rule_key, form)


@post(f"{HERE}/rules/{{rule_key:int}}", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def save_rule(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, rule_key: FromPath[int],
    data: URLEncodedBody[RuleForm],
) -> Answer:  # fmt: skip
    """Put a rule in force, in place of the one that was changed."""
    try:
        rule = _rule(data)
        if rule_key == 0:
            policy.add_rule(context.retention, rule, data.source.strip(), actor.audited)
        else:
            policy.change_rule(context.retention, rule_key, rule, data.source.strip(), actor.audited)
    except (Unsuitable, ValueError):
        trouble = _(
            "A rule has a name, a source, and whole numbers of years and ages; a modality is a code as CT or PX."
        )
        page = _rule_form(request, context, pages, actor, rule_key, data, trouble=trouble)
        page.status_code = 422
        return page
    return moved_on(f"{HERE}?told=saved")


def _rule_form(
    request: PageRequest, context: StaffContext, pages: Pages, actor: Actor, rule_key: int, form: RuleForm, **more: str
) -> Page:  # what the framework hands over, and what was typed
    given = {field.name: getattr(form, field.name) for field in fields(form)}
    return show_keeping(
        "keeping_rule.html", request, context, pages, actor, rule_key=rule_key, given=given, **more,
    )  # fmt: skip


def _rule(form: RuleForm) -> Rule:
    """Read a rule as it was typed.

    Raises:
        Unsuitable, ValueError: It is none.
    """
    years = _number(form.adult_years)
    if years is None or not form.source.strip():
        raise Unsuitable("a rule says for how many years, and where it comes from")
    return Rule(
        name=form.name.strip(),
        adult_years=years,
        begins_with=Beginning(form.begins_with),
        modalities=frozenset(form.modalities.upper().replace(",", " ").split()),
        age_of_majority=_number(form.age_of_majority) or 18,
        minor_until_age=_number(form.minor_until_age),
        minor_years_after_majority=_number(form.minor_years_after_majority),
        from_age=_number(form.from_age) or 0,
        below_age=_number(form.below_age),
    )


def _number(typed: str) -> int | None:
    text = typed.strip()
    if text and not (text.isascii() and text.isdigit() and len(text) < 4):
        raise Unsuitable("this is no whole number")
    return int(text) if text else None


@post(f"{HERE}/rules/{{rule_key:int}}/end", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def end_rule(context: Context, actor: Caller, rule_key: FromPath[int]) -> Answer:
    """Take a rule out of force."""
    policy.end_rule(context.retention, rule_key, actor.audited)
    return moved_on(f"{HERE}?told=ended")


@post(f"{HERE}/dry-run/end", opt=needs(Permission.MANAGE_KEEPING), status_code=303)
@in_thread
def end_dry_run(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[CodeForm]
) -> Answer:
    """Let what is due be erased from now on."""
    confirmed = confirmed_by(request, context, actor, data.code)
    if isinstance(confirmed, Refusal):
        return _told(_page(request, context, pages, actor, trouble=confirmed.words), confirmed.status)
    policy.end_dry_run(context.retention, confirmed.actor)
    return moved_on(f"{HERE}?told=erasing")


@post(f"{HERE}/proposals/approve", opt=needs(Permission.APPROVE_ERASURE), status_code=303)
@in_thread
def approve_proposals(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, data: URLEncodedBody[ApprovalForm]
) -> Answer:
    """Agree to proposals of somebody else."""
    confirmed = confirmed_by(request, context, actor, data.code)
    if isinstance(confirmed, Refusal):
        return _told(_page(request, context, pages, actor, trouble=confirmed.words), confirmed.status)
    try:
        refused = approve(context.retention, keys_of(data.proposals), confirmed)
    except (NotPermitted, NotFound) as fault:
        if isinstance(fault, NotPermitted):
            note_refused(context.accounts, actor.audited)
        trouble = _("That was not approved: it is your own proposal, or somebody has just decided it.")
        return _told(_page(request, context, pages, actor, trouble=trouble), 422)
    return moved_on(f"{HERE}?told={'refused' if refused else 'approved'}")


@post(f"{HERE}/proposals/{{proposal_key:int}}/cancel", opt=needs(Permission.APPROVE_ERASURE), status_code=303)
@in_thread
def cancel_proposal(context: Context, actor: Caller, proposal_key: FromPath[int]) -> Answer:
    """End a proposal: everything stays."""
    cancel(context.retention, proposal_key, actor.audited)
    return moved_on(f"{HERE}?told=cancelled")


@post(f"{HERE}/holds/{{hold_key:int}}/lift", opt=needs(Permission.APPROVE_ERASURE), status_code=303)
@in_thread
def lift(
    request: PageRequest, context: Context, pages: Rendering, actor: Caller, hold_key: FromPath[int],
    data: URLEncodedBody[CodeForm],
) -> Answer:  # fmt: skip
    """End a hold."""
    confirmed = confirmed_by(request, context, actor, data.code)
    if isinstance(confirmed, Refusal):
        return _told(_page(request, context, pages, actor, trouble=confirmed.words), confirmed.status)
    lift_hold(context.retention, hold_key, confirmed.actor)
    return moved_on(f"{HERE}?told=lifted")


def keys_of(chosen: str | list[str]) -> list[int]:
    """Read the row keys that were ticked.

    Raises:
        NotFound: One is no key.
    """
    texts = [chosen] if isinstance(chosen, str) else chosen
    if not all(text.isascii() and text.isdigit() and len(text) < 19 for text in texts):
        raise NotFound("no row has this key")
    return [int(text) for text in texts]


def names_of(context: StaffContext) -> dict[int, str]:
    """Give everybody's name by account."""
    return {each.account_key: each.display_name for each in service.all_accounts(context.accounts)}


def _told(page: Page, status: int) -> Page:
    page.status_code = status
    return page


def _day(at: datetime) -> str:
    return day(at.astimezone().date())


HANDLERS = (
    retention_page,
    jurisdiction_page,
    choose_jurisdiction,
    rule_page,
    save_rule,
    end_rule,
    end_dry_run,
    approve_proposals,
    cancel_proposal,
    lift,
)
