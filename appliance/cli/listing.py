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
        "jobs work": "run the process that does what is due by the clock: copies, proofs, the disk",
        "locker": "run the process that unlocks a box whose processes systemd runs",
        "prove": "run the process that judges a backup; the restore test starts it",
        "caddy-config": "show the configuration that Caddy runs with",
    },
    "keys": {
        "keys init": "make a box: its root secret, its catalogue, its keys",
        "keys status": "say how the root secret is kept",
        "keys rotate": "make the next wrapping key and inbox key pair now; intake does it every 30 days by itself",
        "keys recover": "seal the root secret again, under a new passphrase, from two papers of the recovery kit or the"
        " recovery code",
        "lock": "stop every process that holds a key; receiving goes on",
        "unlock": "start them again",
        "status": "say whether the box runs, is locked, and what waits",
    },
    "restore": {
        "restore": "bring a box back on a new machine, from a backup and two papers of the recovery kit",
    },
    "recovery": {
        "kit make": "split the root secret into a recovery kit: three papers, any two of which bring the box back",
        "kit check": "read the kit back: type two shares, or the code, and see that they open this box",
        "kit list": "say which kits were made, who keeps them, and when they were last read back",
        "drills list": "say when the box was last restored elsewhere, and by when it has to be done again",
        "drills add": "enter how a drill went",
    },
    "roots": {
        "keys states": "say in which state each key is, since when, and what still needs it",
        "keys compromised": "say that somebody may know a key: another takes its place at once",
        "keys rotate-root": "give a locked box another root secret: new kit, new keys below it, new repositories",
        "catalogue rekey": "give the catalogue of a locked box its root's next key",
    },
    "devices": {
        "peers list": "say which devices may send",
        "peers add": "let a device send",
        "peers remove": "stop a device from sending",
        "peers certificate": "make a certificate and key that a device shows over DICOM TLS",
        "peers certificates": "list the certificates that devices were given",
        "peers revoke": "take a device's certificate back: whoever shows it is refused",
        "peers confirm": "say that a certificate which is held since a restore is good",
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
        "accounts invite": "print an invitation, with its link: for somebody new, or anew for somebody who is there",
        "accounts reset": "give a first password again and forget the second factor",
        "accounts disable": "close an account and end its sessions",
        "tokens list": "say which machines may use DICOMweb",
        "tokens add": "let a machine read by DICOMweb what its scopes open",
        "tokens issue": "the same as `tokens add`",
        "tokens revoke": "end a token",
    },
    "emergencies": {
        "emergencies": "say which access in an emergency waits for its review",
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
    },
    "integrity": {
        "check": "verify catalogue, audit chain and every stored file",
        "verify": "the same; with --targets also restore every copy in full, and compare all of it",
        "catalogue rebuild": "make a lost or damaged catalogue again, from a backup's and from what came after it",
    },
    "erasure": {
        "erasures list": "say what was erased for good, and what of it is not proved yet",
        "erasures show": "say of one erasure what each backup target still holds of it",
        "erasures certificate": "write the signed certificate of an erasure, a PDF",
        "erasures verify": "check a certificate, also on another machine and without a box",
    },
    "decommissioning": {
        "decommission propose": "propose to take the whole box out of service; nothing is destroyed yet",
        "decommission finish": "take it out of service: certificate first, then every key destroyed",
    },
    "packs": {
        "packs list": "list the series that are prepared for quick opening",
        "packs drop": "drop what was prepared; it is made again when a series is opened",
    },
    "jobs": {
        "jobs list": "say what the box does by itself, when it last did, and when it is due next",
        "jobs run": "have a job run now",
        "jobs runs": "show past runs, the newest first",
    },
    "backup": {
        "backup add": "copy to a disk, an SFTP or REST server, or an S3 store from now on",
        "backup key": "make the key pair by which an SFTP server lets this box in",
        "backup list": "list where copies go and ever went",
        "backup run": "copy to the targets now, as at night",
        "backup prune": "remove from the targets what is over",
        "backup status": "say how old the copies on each target are, and how many studies have how many",
        "backup change": "change a target's name, the time of its night, or when old copies warn and alarm",
        "backup remove": "copy to a target no more",
        "backup declare-destroyed": "say that nothing of a target is left",
    },
    "export": {
        "export study": "write a study as a package: DICOM, DICOMDIR, an index, checksums, a viewer page",
        "export patient": "write all studies of a patient as such a package",
        "export archive": "write everything the box keeps into a folder, in open formats; goes on where it was cut off",
        "export check": "compare a package or an archive in a folder with its checksums",
        "export list": "list what was exported, when, by whom, and whether to the end",
    },
    "notices": {
        "notices list": "say what the box has to tell the clinic",
        "notices acknowledge": "note that somebody knows: it is told no more unless it gets worse",
        "notices password": "keep the password of the clinic's mail server, or a webhook's secret, sealed",
        "notices test": "send a test by mail and webhook",
    },
    "retention": {
        "retention rules": "show the rules in force, and until when what is due is only listed",
        "retention places": "show every place's suggested rules, with source and confidence",
        "retention choose": "go by a place's rules",
        "retention due": "list the studies whose time is over, and what keeps them",
        "retention until": "say until when a study is kept, and why",
        "retention holds": "list the legal holds in force",
        "retention hold": "put a study, or all of a patient's, under a legal hold",
        "retention lift": "end a legal hold; asks for a code",
        "retention proposals": "list what is proposed to be erased, and what it waits for",
        "retention propose": "propose to erase something; asks for a code",
        "retention approve": "agree to what somebody else proposed; asks for a code",
        "retention cancel": "end a proposal: everything stays",
    },
    "trail": {
        "audit list": "show who did what, the newest first",
        "audit verify": "walk the record and say where it breaks, if it does",
        "audit anchors": "write the record's anchors, to be printed and kept elsewhere",
    },
}
SUMMARIES: Mapping[str, str] = {name: summary for module in MODULES.values() for name, summary in module.items()}


def find_command(name: str) -> Command:
    """Load a command of the listing."""
    module = next(module for module, names in MODULES.items() if name in names)
    commands: tuple[Command, ...] = import_module(f"appliance.cli.{module}").COMMANDS
    return next(command for command in commands if command.name == name)
