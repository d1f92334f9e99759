"""The command `enamel`: parses the line and hands over to one command."""

import argparse
import sys
import traceback
from collections.abc import Sequence

from appliance import __version__
from appliance.cli import archive, demo, devices, keys, people, processes
from appliance.cli.answers import BUG, INTERRUPTED, exit_status, shown
from appliance.cli.line import Command, Invocation, common_arguments
from appliance.clock import SystemClock
from appliance.errors import ApplianceError

COMMANDS: tuple[Command, ...] = (
    *demo.COMMANDS,
    *processes.COMMANDS,
    *keys.COMMANDS,
    *devices.COMMANDS,
    *people.COMMANDS,
    *archive.COMMANDS,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    given = command_parser().parse_args(arguments)
    try:
        command: Command = given.command
        answer = command.run(Invocation(given, SystemClock()))
        text = shown(answer, as_json=given.json)
        if text:
            print(text, flush=True)  # noqa: T201  a command's answer goes to standard output
    except ApplianceError as fault:
        print(f"enamel: {fault}", file=sys.stderr)  # noqa: T201  an operator reads it
        return exit_status(fault)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return BUG
    except Exception:  # noqa: BLE001  a bug: told with its place in the code, never taken for success
        traceback.print_exc()
        return BUG
    return answer.status


def command_parser() -> argparse.ArgumentParser:
    """Give the parser of every command."""
    parser = argparse.ArgumentParser(prog="enamel", description="A clinic's own encrypted archive for CBCT scans.")
    parser.add_argument("--version", action="version", version=f"enamel {__version__}")
    top = parser.add_subparsers(metavar="COMMAND", required=True)
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    for command in COMMANDS:
        group, _, verb = command.name.rpartition(" ")
        if group and group not in groups:
            groups[group] = top.add_parser(group, help=_summary(group)).add_subparsers(metavar="VERB", required=True)
        place = groups[group] if group else top
        one = place.add_parser(verb, help=command.summary, description=command.summary)
        common_arguments(one)
        command.arguments(one)
        one.set_defaults(command=command)
    return parser


def _summary(group: str) -> str:
    return ", ".join(command.name.split()[1] for command in COMMANDS if command.name.startswith(f"{group} "))
