"""The commands that are processes: the supervisor, and each duty of a box on its own."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from appliance.assembly import locker
from appliance.assembly.box import sealed_root
from appliance.assembly.caddy import caddy_config
from appliance.assembly.embedded import Renewal, embedded_works
from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_supervisor
from appliance.assembly.running import Start, leave_no_core
from appliance.assembly.supervisor import Supervisor
from appliance.cli.answers import Answer
from appliance.cli.line import Command, Invocation
from appliance.config import Settings, find_settings
from appliance.keys.sealing import asks_passphrase
from appliance.logs import set_up_logging


def _keys_argument(parser: ArgumentParser) -> None:
    parser.add_argument("--keys-fd", type=int, metavar="N", help="an inherited descriptor that gives the keyring")


def _run(call: Invocation) -> Answer:
    settings = call.settings()
    leave_no_core()
    set_up_logging("supervisor", settings.log_level)
    with held_by_supervisor(Folders.of(settings)):
        _supervise(call, settings)
    return Answer({"stopped": True})


def _supervise(call: Invocation, settings: Settings) -> None:
    supervisor = Supervisor(embedded_works(settings, _settings_file(call), call.clock), call.clock)
    if not asks_passphrase(sealed_root(Folders.of(settings))):
        locker.unlock_alone(replace(supervisor.recorded, unattended=True))
    supervisor.run(Renewal(supervisor, settings, call.clock).each_tick)


def _process(name: str, module: str = "") -> Callable[[Invocation], Answer]:
    """Give the command of one process, which loads that process's code and no other's."""

    def command(call: Invocation) -> Answer:
        run = getattr(import_module(f"appliance.assembly.{module or name}"), f"run_{name}")
        run(Start(_settings_file(call), getattr(call.given, "keys_fd", None)))
        return Answer({"stopped": True})

    return command


def _prove(call: Invocation) -> Answer:
    run = import_module("appliance.assembly.prove").run_prove
    run(call.given.keys_fd)
    return Answer(None)


def _caddy_config(call: Invocation) -> Answer:
    settings = call.settings()
    config = caddy_config(settings.staff, Folders.of(settings))
    return Answer(json.loads(config), config.decode())


def _settings_file(call: Invocation) -> Path:
    return find_settings(call.given.data, call.given.settings)


COMMANDS = (
    Command("run", _run),
    Command("receiver", _process("receiver")),
    Command("intake", _process("intake"), _keys_argument),
    Command("staff", _process("staff"), _keys_argument),
    Command("jobs work", _process("jobs"), _keys_argument),
    Command("locker", _process("locker", "unit_lock")),
    Command("prove", _prove, _keys_argument),
    Command("caddy-config", _caddy_config),
)
