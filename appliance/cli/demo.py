"""`enamel demo`: a whole clinic on loopback, for a person or for a test from outside."""

import json
import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from dataclasses import dataclass, field, replace
from pathlib import Path

from appliance.accounts.totp import current_code, secret_from_text
from appliance.assembly.certificates import CA_FILE
from appliance.assembly.children import ending_with_this
from appliance.assembly.demo import (
    AE_TITLE,
    HOST,
    SENDER,
    Clinic,
    Ports,
    demo_folders,
    find_person,
    has_clinic,
    has_samples,
    note_samples,
    prepare_clinic,
    told,
)
from appliance.assembly.embedded import REPOSITORY, embedded_works
from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_supervisor
from appliance.assembly.running import leave_no_core
from appliance.assembly.samples import push_corpus, push_phantoms
from appliance.assembly.supervisor import Supervisor
from appliance.cli.answers import Answer
from appliance.cli.line import Command, Invocation
from appliance.cli.readiness import no_answer, silent_processes
from appliance.clock import SystemClock
from appliance.config import child_environment
from appliance.dicom_scp.sender import Destination
from appliance.logs import set_up_logging

_GIVE_UP_SECONDS = 60.0


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--ports-from", type=int, metavar="N", help="listen on N (DICOM), N+1 (DICOM TLS), N+2 (HTTPS)")
    parser.add_argument("--no-samples", action="store_true", help="begin empty")
    parser.add_argument("--accept-any-peer", action="store_true", help="admit whoever sends from this machine")
    parser.add_argument(
        "--give-up-after", type=float, default=_GIVE_UP_SECONDS, metavar="SECONDS",
        help="how long the processes may take until all of them answer (60)",
    )  # fmt: skip


def _demo(call: Invocation) -> Answer:
    folder = call.given.data or Path("data")
    ports = Ports() if call.given.ports_from is None else Ports.starting_at(call.given.ports_from)
    with held_by_supervisor(demo_folders(folder)):
        return _show(call, folder, ports)


def _show(call: Invocation, folder: Path, ports: Ports) -> Answer:
    if not call.given.json:
        _say(f"Opening the clinic in {folder} ..." if has_clinic(folder) else f"Making a clinic in {folder} ...")
    clinic = prepare_clinic(folder, ports, accept_any_peer=call.given.accept_any_peer, clock=call.clock)
    if not call.given.json:
        _say("Starting receiver, intake, staff and Caddy ...")
    leave_no_core()
    set_up_logging("supervisor", "warning")
    supervisor = Supervisor(embedded_works(clinic.settings, clinic.settings_file, call.clock), call.clock)
    replace(supervisor.recorded, unattended=True).unlock(None)
    show = Show(call, clinic, supervisor)
    try:
        supervisor.run(show.each_tick)
    finally:
        show.end()
    return Answer(None, f"\nStopped. The data is kept in {clinic.settings.data_folder}.")


@dataclass
class Show:
    """Tells once that all answers, then has the samples sent; gives up on processes that never answer."""

    call: Invocation
    clinic: Clinic
    supervisor: Supervisor
    _ready: bool = False
    _began_at: float | None = None
    _samples: "subprocess.Popen[bytes] | None" = field(default=None)

    def each_tick(self) -> None:
        """Look whether all answers; once it does, tell.

        Raises:
            Unavailable: It does not within the time given.
        """
        if not self._ready and self._all_answer():
            self._ready = True
            self._tell()

    def end(self) -> None:
        """Stop sending."""
        if self._samples is not None:
            self._samples.terminate()
            self._samples.wait()

    def _all_answer(self) -> bool:
        now, patience = self.call.clock.monotonic(), self.call.given.give_up_after
        self._began_at = now if self._began_at is None else self._began_at
        silent = silent_processes(self.clinic, self.supervisor.status().processes)
        if silent and now - self._began_at >= patience:
            raise no_answer(self.clinic, silent, patience)
        return not silent

    def _tell(self) -> None:
        numbers = {"supervisor": os.getpid(), **self.supervisor.status().processes}
        if self.call.given.json:
            _say(json.dumps(told(self.clinic, numbers), ensure_ascii=False))
        else:
            _say(_greeting(self.clinic, self.call.clock))
        if not self.call.given.no_samples and not has_samples(Path(self.clinic.settings.data_folder)):
            self._send_samples()

    def _send_samples(self) -> None:
        command = [sys.executable, "-m", "appliance", "demo-samples", "--settings", str(self.clinic.settings_file)]
        self._samples = subprocess.Popen(  # noqa: S603  our own command
            command,
            env=child_environment(REPOSITORY),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if self.call.given.json else None,
            stderr=subprocess.DEVNULL if self.call.given.json else None,
            process_group=0,
            preexec_fn=ending_with_this(),  # noqa: PLW1509  the supervisor has one thread
        )


def _greeting(clinic: Clinic, clock: SystemClock) -> str:
    people = "\n".join(
        f"    {person.user:10} {person.password:38} {current_code(secret_from_text(person.totp_secret), clock.now())}"
        for person in (clinic.dentist, clinic.administrator)
    )
    receiver, data, enamel = clinic.settings.receiver, clinic.settings.data_folder, sys.argv[0]
    called = f"-aec {AE_TITLE} {HOST} {receiver.port} YOUR.dcm"
    return f"""
  Enamel is running:  https://localhost:{clinic.settings.staff.port}

    user       password                               code now
{people}

    Codes change every 30 seconds and each works once. A fresh one:
      {enamel} demo-code {clinic.dentist.user} --data {data}
    Your browser does not know this box yet. Go on past its warning, or let it trust
      {Folders.of(clinic.settings).tls / CA_FILE}

  Scanners send to AE title {AE_TITLE} at {HOST}, port {receiver.port} (TLS {receiver.tls_port}).

  Try
    storescu -aet {SENDER} {called}
      and see the study come into the list
    storescu -aet CONSOLE2 {called}
      which is refused, until {clinic.administrator.user} lets that sender in on the page Scanners
    {enamel} lock --data {data}
      nobody can look any more, scanners can still send; `unlock` lists all of it

  Ctrl-C stops everything. A second start keeps the data.
"""


def _samples(call: Invocation) -> Answer:
    receiver = call.settings().receiver
    destination = Destination(HOST, receiver.port, receiver.ae_title, SENDER)
    tell = _progress if sys.stdout.isatty() else _final_only
    stored = push_corpus(destination, tell) + push_phantoms(destination, tell)
    note_samples(Folders.of(call.settings()).data)
    if sys.stdout.isatty():
        _say("")
    return Answer({"stored": stored}, f"  {stored} sample objects were stored. Look at them in the list.")


def _code(call: Invocation) -> Answer:
    person = find_person(Folders.of(call.settings()).data, call.given.user)
    code = current_code(secret_from_text(person.totp_secret), call.clock.now())
    return Answer({"user": person.user, "password": person.password, "code": code}, code)


def _code_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("user", help="admin or dentist")


def _final_only(text: str) -> None:
    done, total = re.findall(r"\d+", text)[-2:]
    if done == total:
        _say(text)


def _progress(text: str) -> None:
    sys.stdout.write(f"\r\x1b[K{text}")
    sys.stdout.flush()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


COMMANDS = (
    Command("demo", _demo, _arguments),
    Command("demo-samples", _samples),
    Command("demo-code", _code, _code_arguments),
)
