"""What somebody else has in a clinic, of every kind that an address or a form can name, for sweeps.

Guards: each key is of a row that is there. What is used up when somebody may have it is made anew each time.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import timedelta
from io import BytesIO

from pydicom import dcmread

from appliance.accounts import emergencies, queries_passkeys
from appliance.accounts.account import Account
from appliance.accounts.peers.queries import Peer, insert_peer
from appliance.accounts.peers.queries_certificates import Certificate, insert_certificate
from appliance.accounts.roles import Role
from appliance.accounts.sessions import Stage, hash_token, start_session
from appliance.audit.events import OPERATOR
from appliance.audit.queries import head
from appliance.backup.target import location_of
from appliance.backup.targets import NewTarget, register_target, remove_target
from appliance.clock import microseconds
from appliance.jobs import queries as jobs
from appliance.jobs.clock_marks import believe_clock
from appliance.notifications.notices import raise_test
from appliance.recovery.restorations import Restored, record_restored
from appliance.retention import policy
from appliance.retention import queries as rules
from appliance.retention.erasure_jobs import PROVE_ERASURES
from appliance.retention.holds import set_hold
from appliance.retention.queries_decisions import HoldReason, Kind, Proposal, Scope, insert_proposal
from appliance.retention.rules import Rule
from appliance.trail import queries as days
from tests.web.a_clinic import PASSWORD
from tests.web.a_laboratory import ACanarysClinic
from tests.web.a_proof import SECRET, code_now
from tests.web.an_emergency import ADDRESS, broken, session_of, with_app
from tests.web.invented import PEOPLE, put, put_quarantined, put_sender

NEW_PASSWORD = "violet lantern harbour 97"  # noqa: S105  # of people who were invented
PIN = "4719"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Of the path where it matters, of every other path where not.
_FORMS: Mapping[str, Mapping[str, str]] = {
    "/emergency": {"reason": "treatment"},
    "/keeping/backups": {"name": "Blue disk", "at": "22:15"},
    "/keeping/recovery/drills": {"done_on": "2026-11-20", "outcome": "restored", "target": "", "minutes": "60"},
    "/login/emergency": {"reason": "treatment", "name": "Nora Nocturna"},
    "/studies/{study_key}/hold": {"reason": "litigation"},
    "/trail/anchors": {"sequence": "", "code": ""},
    "/trail/export": {"form": "csv", "outcome": ""},
}
_FIELDS = {
    "password": PASSWORD, "old": PASSWORD, "new": NEW_PASSWORD, "again": NEW_PASSWORD, "pin": PIN, "back": "/",
    "display_name": "Ana Prueba", "role": "dentist", "image_right": "", "name": "mine", "answer": "{}",
    "words": "Fell off a bicycle", "scope": "study", "kind": "request", "reference": "2026-17", "days": "30",
    "adult_years": "7", "source": "The clinic's lawyer", "begins_with": "last study", "modalities": "CT",
    "age_of_majority": "18", "minor_until_age": "", "minor_years_after_majority": "", "from_age": "", "below_age": "",
    "language": "es", "verdict": "right", "form": "zip", "sealed": "", "q": "", "kept": "", "reason": "Sent twice",
    "since": "", "until": "", "who": "", "what": "", "patient": "", "page": "/studies",
}  # fmt: skip


class OtherPeoples:
    """Makes and names what somebody else has."""

    def __init__(self, clinic: ACanarysClinic, laboratory: Account, reference: str) -> None:
        self.clinic, self.laboratory = clinic, laboratory
        self._put = 100
        self.owner = clinic.person(Role.DENTIST, user_name=f"owner.{secrets.token_hex(4)}", totp_secret=SECRET)
        shown = dcmread(BytesIO(next(iter(clinic.originals.values()))), stop_before_pixels=True)
        self._standing = {
            "study_key": str(clinic.study_key), "patient_key": str(clinic.study_key), "series_key": "1",
            "study_instance_uid": clinic.study_uid, "study": clinic.study_uid, "series": str(shown.SeriesInstanceUID),
            "instance": str(shown.SOPInstanceUID), "which": "1", "reference": reference,
            "job": PROVE_ERASURES.replace(" ", "-"), "code": "es",
        }  # fmt: skip
        self._session = self._begun_session()
        if not self._has_rules():
            self._set_up()
        self._makers = self._make_each()
        self._standing |= {kind: str(make()) for kind, make in self._makers.items()}

    def url_of(self, path: str, *, fresh: bool) -> str:
        """Give an address of an operation; `fresh` where what it names will be used up."""
        return _PLACEHOLDER.sub(lambda found: self._key(path, found[1], fresh=fresh), path)

    def _key(self, path: str, name: str, *, fresh: bool) -> str:
        if name == "which" and "/bulkdata/" in path:
            return "7FE00010"  # Pixel Data (PS3.6)
        kind = f"{path} {name}" if f"{path} {name}" in self._makers else name
        if fresh and kind in self._makers:
            return str(self._makers[kind]())
        return self._standing[kind if name != "study_key" else name]

    def form_of(self, path: str, fields: tuple[str, ...], *, fresh: bool) -> dict[str, str]:
        """Fill in a form whole; `fresh` where it may be taken, so that its code is the app's next one."""
        return {name: self._field(path, name, fresh=fresh) for name in fields if name != "form_token"}

    def _field(self, path: str, name: str, *, fresh: bool) -> str:
        given = _FORMS.get(path, {}).get(name)
        if given is None and fresh and name in self._fresh():
            given = str(self._fresh()[name]())
        return given if given is not None else _FIELDS.get(name) or self._of_owner(name)

    def _fresh(self) -> Mapping[str, Callable[[], object]]:
        return {
            "code": lambda: code_now(self.clinic), "studies": self._due_study, "proposals": self._proposal,
            "user_name": lambda: f"new.{secrets.token_hex(4)}", "place": lambda: f"/media/{secrets.token_hex(4)}",
        }  # fmt: skip

    def _of_owner(self, name: str) -> str:
        """Give what names the other person, or what is theirs."""
        own = {
            "session": self._session, "account": str(self.owner.account_key),
            "laboratory": str(self.laboratory.account_key), "user_name": self.owner.user_name, "code": "000000",
            "studies": self._standing["study_key"], "proposals": "1", "place": "/media/copies",
        }  # fmt: skip
        return own.get(name, "")

    def an_object(self) -> bytes:
        """Give an object that may be handed in."""
        return next(iter(self.clinic.originals.values()))

    def _make_each(self) -> Mapping[str, Callable[[], int]]:
        return {
            "account_key": self._person, "passkey_key": self._passkey, "grant_key": self._grant,
            "target_key": self._target, "/keeping/backups/{target_key}/destroyed target_key": self._removed_target,
            "erasure_key": self._erasure, "hold_key": self._hold, "proposal_key": self._proposal,
            "rule_key": self._rule, "notice_key": self._notice, "sequence": self._restoration,
            "quarantine_key": self._quarantined,
            "/quarantine/{quarantine_key}/reopen quarantine_key": self._dismissed,
            "sender_key": self._sender, "peer_key": self._peer, "day_key": self._day,
            "certificate_key": self._certificate,
            "/certificates/{certificate_key}/confirm certificate_key": self._held_certificate,
            "emergency_key": lambda: self._emergency(is_over=False),
            "/trail/emergencies/{emergency_key}/review emergency_key": lambda: self._emergency(is_over=True),
            "/studies/{study_key}/erase study_key": self._study, "/studies/{study_key}/hold study_key": self._study,
        }  # fmt: skip

    def _person(self) -> int:
        return self.clinic.person(Role.ASSISTANT, user_name=f"person.{secrets.token_hex(4)}").account_key

    def _begun_session(self) -> str:
        with self.clinic.database.write() as tx:
            now = self.clinic.clock.now()
            return hash_token(start_session(tx, self.owner.account_key, Stage.FULL, ADDRESS, now)).hex()

    def _passkey(self) -> int:
        with self.clinic.database.write() as tx:
            return queries_passkeys.insert_passkey(
                tx, self.clinic.clock.now(), account_key=self.owner.account_key,
                credential_id=secrets.token_bytes(32), public_key=b"", sign_count=0, host="enamel.test", name="theirs",
            )  # fmt: skip

    def _grant(self) -> int:
        return self.clinic.give(self.laboratory)

    def _target(self) -> int:
        new = NewTarget("Blue disk", location_of("folder", {"path": f"/media/{secrets.token_hex(4)}"}))
        return register_target(self.clinic.accounts, new, OPERATOR)

    def _removed_target(self) -> int:
        key = self._target()
        remove_target(self.clinic.accounts, key, OPERATOR)
        return key

    def _erasure(self) -> int:
        with self.clinic.database.write() as tx:
            rows = tx.rows(
                """INSERT INTO erasures (erasure_id, scope, kind, file_count, bytes, erased_at, audit_sequence,
                     files_gone_at, gone_sequence)
                   VALUES (randomblob(16), 'study', 'due', 401, 210000000, :at, 2, :at, 2) RETURNING erasure_key""",
                at=microseconds(self.clinic.clock.now()),
            )
        return int(rows[0][0])

    def _hold(self) -> int:
        why = (HoldReason.LITIGATION, "2026-17")
        return set_hold(self.clinic.context.retention, Scope.STUDY, self._study(), why, OPERATOR)

    def _proposal(self) -> int:
        now, study_key = self.clinic.clock.now(), self._study()
        proposal = Proposal(
            0, Kind.REQUEST, Scope.STUDY, study_key, 3, now, self.owner.account_key, None, None, False, now, None,
            None, "",
        )  # fmt: skip
        with self.clinic.database.write() as tx:
            return insert_proposal(tx, proposal)

    def _rule(self) -> int:
        rule = Rule(name=f"Rule {secrets.token_hex(4)}", adult_years=9)
        return policy.add_rule(self.clinic.context.retention, rule, "The clinic's lawyer", OPERATOR)

    def _notice(self) -> int:
        with self.clinic.database.write() as tx:
            tx.change("UPDATE notices SET ended_at = coalesce(ended_at, last_at) WHERE code = 'test'")
            return raise_test(tx, self.clinic.clock.now())

    def _restoration(self) -> int:
        what = Restored(secrets.token_bytes(16), self.clinic.clock.now() - timedelta(hours=31), 569, is_drill=False)
        with self.clinic.database.write() as tx:
            return record_restored(tx, self.clinic.accounts.audit, what, self.clinic.clock.now())

    def _quarantined(self) -> int:
        with self.clinic.database.write() as tx:
            return put_quarantined(tx, self.clinic.clock.now(), "truncated")

    def _dismissed(self) -> int:
        key = self._quarantined()
        self.clinic.quarantine.dismiss(key, "Sent twice", OPERATOR)
        return key

    def _sender(self) -> int:
        with self.clinic.database.write() as tx:
            return put_sender(tx, self.clinic.clock.now(), f"S{secrets.token_hex(6)}".upper())

    def _peer(self) -> int:
        now, title = self.clinic.clock.now(), f"P{secrets.token_hex(6)}".upper()
        with self.clinic.database.write() as tx:
            return insert_peer(tx, Peer(0, "Scanner", title, ("ENAMEL",), "192.0.2.45", None, now), None)

    def _certificate(self) -> int:
        now = self.clinic.clock.now()
        issued = Certificate(
            0, "Room 2", secrets.token_bytes(32), secrets.token_hex(16), now, now + timedelta(days=365),
            self.owner.account_key,
        )  # fmt: skip
        with self.clinic.database.write() as tx:
            return insert_certificate(tx, issued)

    def _held_certificate(self) -> int:
        key = self._certificate()
        with self.clinic.database.write() as tx:
            at = microseconds(self.clinic.clock.now())  # as after a restore
            tx.change("UPDATE device_certificates SET held_at = :at WHERE certificate_key = :key", at=at, key=key)
        return key

    def _day(self) -> int:
        with self.clinic.database.write() as tx:
            return days.add_day(tx, microseconds(self.clinic.clock.now()), 1, head(tx), [])

    def _emergency(self, *, is_over: bool) -> int:
        token, key = broken(self.clinic, with_app(self.clinic, Role.RECEPTION, f"broke.{secrets.token_hex(4)}"))
        if is_over:
            emergencies.end(self.clinic.accounts, session_of(self.clinic, token), ADDRESS)
        return key

    def _study(self) -> int:
        self._put += 1
        with self.clinic.database.write() as tx:
            return put(tx, PEOPLE[0], self.clinic.clock.now(), int(f"{self._put}{secrets.randbelow(10**6):06}"))

    def _due_study(self) -> int:
        study_key = self._study()
        with self.clinic.database.write() as tx:
            old = microseconds(self.clinic.clock.now() - timedelta(days=365 * 20))
            tx.change(
                "UPDATE studies SET study_date = '20050601', first_arrived_at = :old, last_arrived_at = :old "
                "WHERE study_key = :key",
                key=study_key,
                old=old,
            )
        return study_key

    def _has_rules(self) -> bool:
        with self.clinic.database.read() as tx:
            return bool(rules.rules(tx))

    def _set_up(self) -> None:
        """Let the clinic be one whose rules are chosen, whose jobs have run and whose clock is believed."""
        with self.clinic.database.write() as tx:
            believe_clock(tx, self.clinic.clock)
            for job in (PROVE_ERASURES, "backup", "tell"):
                jobs.plan(tx, job, "daily 05:30", self.clinic.clock.now())
        policy.choose_jurisdiction(self.clinic.context.retention, "es", OPERATOR)
