"""What the clinic chose: a jurisdiction's rules, its own changes to them, and the month in which nothing is purged.

Guards: every change of a rule is kept with who made it and when, and is an
event; no rule is overwritten. Choosing a jurisdiction, and any change of a
rule, begins a month in which what is due is listed and nothing is purged
because it is due, so that a wrong number is seen before it erases anything.
"""

from datetime import timedelta

from appliance.accounts.trail import account_key_of
from appliance.audit.events import Actor, Event, EventCode, Subject, SubjectKind
from appliance.errors import NotFound, Unsuitable
from appliance.retention import queries
from appliance.retention.context import Retention
from appliance.retention.presets import Confidence, get_preset
from appliance.retention.queries import KeptRule, Policy
from appliance.retention.rules import Rule
from appliance.store.transactions import WriteTransaction

DRY_RUN = timedelta(days=31)
OWN = "own"  # the jurisdiction of a clinic that wrote its own rules first
MOST_RULES = 50


def choose_jurisdiction(retention: Retention, code: str, by: Actor) -> None:
    """Put a preset's rules in force instead of those of the jurisdiction before; the clinic's own rules stay.

    Raises:
        NotFound: There is no such preset.
    """
    preset = get_preset(code)
    with retention.database.write() as tx:
        for kept in queries.rules(tx):
            if kept.preset:
                queries.end_rule(tx, kept.rule_key, retention.clock.now(), account_key_of(by))
        for rule in preset.rules:
            new = KeptRule(0, rule, code, preset.source, preset.confidence, preset.checked_on)
            queries.insert_rule(tx, new, retention.clock.now(), account_key_of(by))
        _changed(tx, retention, code, by)


def add_rule(retention: Retention, rule: Rule, source: str, by: Actor) -> int:
    """Put a rule of the clinic's own in force, and give its key.

    Raises:
        Unsuitable: There are too many, or its name or source is too long.
    """
    _check(rule, source)
    with retention.database.write() as tx:
        if len(queries.rules(tx)) >= MOST_RULES:
            raise Unsuitable(f"more than {MOST_RULES} rules are no rule any more")
        rule_key = _add_own(tx, retention, rule, source, by)
        _changed(tx, retention, None, by, rule_key)
    return rule_key


def change_rule(retention: Retention, rule_key: int, rule: Rule, source: str, by: Actor) -> int:
    """Put another rule in force in place of one, and give its key; the changed one is the clinic's own.

    Raises:
        NotFound: No such rule is in force.
        Unsuitable: Its name or source is too long.
    """
    _check(rule, source)
    with retention.database.write() as tx:
        _end(tx, retention, rule_key, by)
        new_key = _add_own(tx, retention, rule, source, by)
        _changed(tx, retention, None, by, new_key)
    return new_key


def end_rule(retention: Retention, rule_key: int, by: Actor) -> None:
    """Take a rule out of force. What no rule matches is kept without end.

    Raises:
        NotFound: No such rule is in force.
    """
    with retention.database.write() as tx:
        _end(tx, retention, rule_key, by)
        _changed(tx, retention, None, by, rule_key)


def end_dry_run(retention: Retention, by: Actor) -> None:
    """Let what is due, proposed and approved be purged from now on.

    Raises:
        NotFound: The clinic has chosen no rules yet.
    """
    now = retention.clock.now()
    with retention.database.write() as tx:
        policy = queries.policy(tx)
        if policy is None:
            raise NotFound("no rules are chosen yet")
        if policy.dry_run_until > now:
            queries.set_policy(tx, Policy(policy.jurisdiction, now, now), account_key_of(by))
            retention.audit.record(tx, Event(EventCode.DRY_RUN_ENDED, by))


def _check(rule: Rule, source: str) -> None:
    if len(rule.name) > 100 or len(source) > 300:
        raise Unsuitable("a rule's name has at most 100 characters, its source 300")
    if len(rule.modalities) > 20 or any(not kind.isalnum() or len(kind) > 16 for kind in rule.modalities):
        raise Unsuitable("a modality is a DICOM code, as CT or PX")


def _add_own(tx: WriteTransaction, retention: Retention, rule: Rule, source: str, by: Actor) -> int:
    kept = KeptRule(0, rule, "", source, Confidence.OWN, "")
    return queries.insert_rule(tx, kept, retention.clock.now(), account_key_of(by))


def _end(tx: WriteTransaction, retention: Retention, rule_key: int, by: Actor) -> None:
    if not queries.end_rule(tx, rule_key, retention.clock.now(), account_key_of(by)):
        raise NotFound("no such rule is in force")


def _changed(
    tx: WriteTransaction, retention: Retention, code: str | None, by: Actor, rule_key: int | None = None
) -> None:
    now, before = retention.clock.now(), queries.policy(tx)
    jurisdiction = code or (before.jurisdiction if before else OWN)
    queries.set_policy(tx, Policy(jurisdiction, now + DRY_RUN, now), account_key_of(by))
    subject = None if rule_key is None else Subject(SubjectKind.RULE, rule_key)
    retention.audit.record(tx, Event(EventCode.RETENTION_RULES_CHANGED, by, subject=subject))
