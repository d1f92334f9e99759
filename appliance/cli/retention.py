"""`enamel retention`: rules and where they come from, what is due, legal holds, proposals and their approval."""

from argparse import ArgumentParser

from appliance.assembly.rooms import retention_of
from appliance.audit.events import OPERATOR
from appliance.cli.answers import Answer, listed
from appliance.cli.line import Command, Invocation
from appliance.cli.people_asked import confirmed
from appliance.retention import policy, queries
from appliance.retention import queries_decisions as decisions
from appliance.retention.ends import BEGINNING, DueStudy, due_page, end_of_study
from appliance.retention.holds import lift_hold, set_hold
from appliance.retention.presets import PRESETS
from appliance.retention.proposals import approve, cancel, propose
from appliance.retention.queries_decisions import Hold, HoldReason, Kind, Proposal, Scope
from appliance.retention.rules import End, Rule
from appliance.retention.standing import barrier_of, waits_for

_MOST = 1000
_NOTE = "Suggestions, not legal advice: have them checked by a professional of the place."


def _rules(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        kept, chosen = queries.rules(tx), queries.policy(tx)
    rows = [
        _rule(each.rule) | {
            "rule_key": each.rule_key, "preset": each.preset, "source": each.source,
            "confidence": each.confidence.value, "checked_on": each.checked_on,
        }
        for each in kept
    ]  # fmt: skip
    answer = listed(rows, ("rule_key", "name", "kept", "source", "confidence"), "No rules are chosen: nothing is due.")
    if chosen is None:
        return Answer({"rules": rows, "jurisdiction": None, "dry_run_until": None}, answer.text)
    data = {"rules": rows, "jurisdiction": chosen.jurisdiction, "dry_run_until": chosen.dry_run_until.isoformat()}
    return Answer(data, f"{answer.text}\nonly listed until {chosen.dry_run_until:%Y-%m-%d %H:%M} UTC\n{_NOTE}")


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "name": rule.name,
        "kept": f"{rule.adult_years} y from the {rule.begins_with.value}" + _minors(rule),
        "adult_years": rule.adult_years,
        "begins_with": rule.begins_with.value,
        "minor_until_age": rule.minor_until_age,
        "minor_years_after_majority": rule.minor_years_after_majority,
        "age_of_majority": rule.age_of_majority,
        "modalities": sorted(rule.modalities),
        "from_age": rule.from_age,
        "below_age": rule.below_age,
    }


def _minors(rule: Rule) -> str:
    ages = [rule.minor_until_age]
    if rule.minor_years_after_majority is not None:
        ages.append(rule.age_of_majority + rule.minor_years_after_majority)
    known = [age for age in ages if age is not None]
    return f", minors until {max(known)}" if known else ""


def _places(_call: Invocation) -> Answer:
    rows = [
        {
            "place": preset.code, "name": preset.name, "rules": [_rule(rule) for rule in preset.rules],
            "kept": "; ".join(str(_rule(rule)["kept"]) for rule in preset.rules), "source": preset.source,
            "confidence": preset.confidence.value, "checked_on": preset.checked_on, "read_at": preset.read_at,
            "cautions": [caution.value for caution in preset.cautions],
        }
        for preset in PRESETS.values()
    ]  # fmt: skip
    answer = listed(rows, ("place", "name", "kept", "confidence", "checked_on", "source"), "")
    return Answer(rows, f"{answer.text}\n{_NOTE}")


def _choose(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        policy.choose_jurisdiction(retention_of(rooms), call.given.place, OPERATOR)
    text = "These rules are in force. For a month what is due is only listed."
    return Answer({"jurisdiction": call.given.place}, f"{text}\n{_NOTE}")


def _due(call: Invocation) -> Answer:
    rows: list[dict[str, object]] = []
    with call.rooms() as rooms, rooms.database.read() as tx:
        room, after = retention_of(rooms), BEGINNING
        while len(rows) < call.given.limit:
            page = due_page(tx, room, after, min(100, call.given.limit))
            rows += [_due_row(study) for study in page.studies]
            if page.after is None:
                break
            after = page.after
    rows = rows[: call.given.limit]
    return listed(rows, ("study_key", "patient_key", "kept_until", "reason", "rule", "barriers"), "Nothing is due.")


def _due_row(study: DueStudy) -> dict[str, object]:
    barriers = [barrier.value for barrier in study.barriers]
    return {"study_key": study.study_key, "patient_key": study.patient_key, "barriers": barriers} | _end(study.end)


def _end(end: End) -> dict[str, object]:
    return {
        "kept_until": end.kept_until.isoformat(),
        "rule": None if end.rule is None else end.rule.name,
        "reason": end.reason.value,
        "counted_from": end.begun_on.isoformat(),
        "birth_known": end.birth_known,
        "dated": end.dated,
    }


def _until(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        end = end_of_study(tx, retention_of(rooms), call.given.study_key)
    if end is None:
        return Answer({"kept_until": None}, "kept without end: no rule applies")
    data = _end(end)
    return Answer(data, f"kept until {data['kept_until']}: {end.reason.value}, counted from {data['counted_from']}")


def _holds(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        rows = [_hold_row(hold) for hold in decisions.holds_in_force(tx)]
    columns = ("hold_key", "study_key", "patient_key", "reason", "reference", "set_at")
    return listed(rows, columns, "Nothing is under a hold.")


def _hold_row(hold: Hold) -> dict[str, object]:
    return {
        "hold_key": hold.hold_key,
        "study_key": hold.study_key,
        "patient_key": hold.patient_key,
        "reason": hold.reason.value,
        "reference": hold.reference,
        "set_at": hold.set_at.isoformat(),
        "set_by": hold.set_by,
    }


def _hold(call: Invocation) -> Answer:
    scope = Scope.PATIENT if call.given.patient else Scope.STUDY
    why = (HoldReason(call.given.reason), call.given.reference)
    with call.rooms() as rooms:
        hold_key = set_hold(retention_of(rooms), scope, call.given.key, why, OPERATOR)
    return Answer({"hold_key": hold_key}, f"hold {hold_key} is set")


def _lift(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        lift_hold(retention_of(rooms), call.given.hold_key, confirmed(rooms, call.given.user).actor)
    return Answer({"hold_key": call.given.hold_key, "lifted": True}, f"hold {call.given.hold_key} is lifted")


def _proposals(call: Invocation) -> Answer:
    with call.rooms() as rooms, rooms.database.read() as tx:
        room = retention_of(rooms)
        rows = []
        for proposal in decisions.open_proposals(tx):
            barrier = barrier_of(tx, room, proposal)
            state = {"waits_for": waits_for(tx, room, proposal).value, "barrier": barrier and barrier.value}
            rows.append(_proposal_row(proposal) | state)
    columns = ("proposal_key", "scope", "subject_key", "kind", "proposed_by", "approved_by", "waits_for", "barrier")
    return listed(rows, columns, "Nothing is proposed.")


def _proposal_row(proposal: Proposal) -> dict[str, object]:
    return {
        "proposal_key": proposal.proposal_key,
        "kind": proposal.kind.value,
        "scope": proposal.scope.value,
        "subject_key": proposal.subject_key,
        "file_count": proposal.file_count,
        "proposed_by": proposal.proposed_by,
        "approved_by": proposal.approved_by,
        "not_before": proposal.not_before.isoformat(),
        "refused": proposal.refused,
    }


def _propose(call: Invocation) -> Answer:
    given = call.given
    with call.rooms() as rooms:
        keys = propose(
            retention_of(rooms), Scope(given.scope), given.key, Kind(given.kind), confirmed(rooms, call.given.user)
        )
    numbers = " ".join(map(str, keys))
    text = (
        f"proposed: {numbers}. Another person agrees by `enamel retention approve {numbers} --user NAME`; where there "
        "is nobody else it waits seven days."
    )
    return Answer({"proposals": keys}, text)


def _approve(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        refused = approve(retention_of(rooms), call.given.proposal_key, confirmed(rooms, call.given.user))
    gone = [f"{each.proposal_key} ({each.refused})" for each in refused]
    approved = "approved: `enamel retention proposals` says when it goes; until then it can be cancelled"
    text = "refused: " + ", ".join(gone) if gone else approved
    return Answer({"refused": [_proposal_row(each) for each in refused]}, text)


def _cancel(call: Invocation) -> Answer:
    with call.rooms() as rooms:
        cancel(retention_of(rooms), call.given.proposal_key, OPERATOR)
    return Answer({"proposal_key": call.given.proposal_key, "cancelled": True}, "cancelled: everything stays")


def _user(parser: ArgumentParser) -> None:
    parser.add_argument("--user", required=True, help="who decides; asked for a code of their app")


def _choose_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("place", choices=sorted(PRESETS))


def _due_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=_MOST)


def _study_argument(parser: ArgumentParser) -> None:
    parser.add_argument("study_key", type=int)


def _hold_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("key", type=int, help="of a study, or of a patient with --patient")
    parser.add_argument("--patient", action="store_true", help="all of a patient's studies, later ones too")
    parser.add_argument("--reason", required=True, choices=[reason.value for reason in HoldReason])
    parser.add_argument("--reference", required=True, help="the clinic's own file number, without a name")


def _lift_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("hold_key", type=int)
    _user(parser)


def _propose_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("key", type=int, nargs="+", help="of studies, or what --scope says")
    parser.add_argument("--scope", default="study", choices=["instance", "series", "study", "patient"])
    parser.add_argument("--kind", default="due", choices=["due", "request", "error"])
    _user(parser)


def _approve_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("proposal_key", type=int, nargs="+")
    _user(parser)


def _cancel_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("proposal_key", type=int)


COMMANDS = (
    Command("retention rules", _rules),
    Command("retention places", _places),
    Command("retention choose", _choose, _choose_arguments),
    Command("retention due", _due, _due_arguments),
    Command("retention until", _until, _study_argument),
    Command("retention holds", _holds),
    Command("retention hold", _hold, _hold_arguments),
    Command("retention lift", _lift, _lift_arguments),
    Command("retention proposals", _proposals),
    Command("retention propose", _propose, _propose_arguments),
    Command("retention approve", _approve, _approve_arguments),
    Command("retention cancel", _cancel, _cancel_arguments),
)
