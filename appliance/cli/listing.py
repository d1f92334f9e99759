"""Every command by name, for `--help`, and which module of this package does it.

A command's module, and all that it stands on, is loaded when the command is
the one that was asked for, and not before: `enamel status` needs no web
framework: 0.15 s instead of 0.9.
"""

from collections.abc import Mapping
from importlib import import_module

from appliance.cli.line import Command

MODULES: Mapping[str, Mapping[str, str]] = {
    "demo": {
        "demo": "run a whole clinic on this machine, from nothing",
        "demo-samples": "send the demonstration's samples to it",
        "demo-code": "show the sign-in code of one of the demonstration's people",
    },
    "processes": {
        "run": "run every process of a box until Ctrl-C, under this user",
        "receiver": "run the process that scanners reach",
        "intake": "run the process that catalogues what was received",
        "staff": "run the process that serves the clinic's pages",
        "locker": "run the process that unlocks a box whose processes systemd runs",
        "caddy-config": "show the configuration that Caddy runs with",
    },
    "keys": {
        "keys init": "make a box: its root secret, its catalogue, its keys",
        "keys status": "say how the root secret is kept",
        "keys rotate": "make the next wrapping key and inbox key pair now; intake does it every 30 days by itself",
        "keys recover": "seal the root secret again from its recovery code",
        "lock": "stop every process that holds a key; receiving goes on",
        "unlock": "start them again",
        "status": "say whether the box runs, is locked, and what waits",
    },
    "devices": {
        "peers list": "say which devices may send",
        "peers add": "let a device send",
        "peers remove": "stop a device from sending",
        "peers certificate": "make a certificate and key that a device shows over DICOM TLS",
        "senders list": "say who tried to send and was refused",
        "senders approve": "let one of them send",
        "senders dismiss": "put one of them away; it stays refused",
        "send": "send files to a DICOM port, as a scanner does",
    },
    "reaching": {
        "peers test": "ask a device by C-ECHO whether it is there and takes this box's associations",
    },
    "people": {
        "accounts list": "say who may come in",
        "accounts add": "add a person, who chooses a password at first sign-in",
        "accounts reset": "give a first password again and forget the second factor",
        "accounts disable": "close an account and end its sessions",
        "tokens list": "say which machines may use DICOMweb",
        "tokens add": "let a machine read by DICOMweb what its scopes open",
        "tokens issue": "the same as `tokens add`",
        "tokens revoke": "end a token",
    },
    "archive": {
        "studies list": "list studies, or those that match words",
        "studies show": "show one study: its series, whether they are complete, what is odd, further versions, damage",
        "quarantine list": "list what was kept and could not be listed as a study",
        "quarantine show": "say what is known of one of them",
        "quarantine export": "copy one of them, decrypted, to a file",
        "quarantine retry": "read one of them anew, and list it if it can be",
        "quarantine resolve": "dismiss one of them: it waits no longer, and nothing of it is deleted",
        "quarantine reopen": "let one that was dismissed wait again",
        "conflicts list": "list whose identity a person has to decide, by keys alone",
        "check": "verify catalogue, audit chain and every stored file",
    },
    "packs": {
        "packs list": "list the series that are prepared for quick opening",
        "packs drop": "drop what was prepared; it is made again when a series is opened",
    },
    "trail": {
        "audit list": "show who did what, the newest first",
        "audit verify": "walk the record and say where it breaks, if it does",
    },
}
SUMMARIES: Mapping[str, str] = {name: summary for module in MODULES.values() for name, summary in module.items()}


def find_command(name: str) -> Command:
    """Load a command of the listing."""
    module = next(module for module, names in MODULES.items() if name in names)
    commands: tuple[Command, ...] = import_module(f"appliance.cli.{module}").COMMANDS
    return next(command for command in commands if command.name == name)
