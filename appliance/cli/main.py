"""The command `enamel`: parses the line and hands over to one command."""

import argparse
import sys
import traceback
from collections.abc import Sequence
from typing import Any

from appliance import __version__
from appliance.cli.answers import BUG, INTERRUPTED, exit_status, shown
from appliance.cli.line import Command, Invocation, common_arguments
from appliance.cli.listing import SUMMARIES, find_command
from appliance.clock import SystemClock
from appliance.errors import ApplianceError


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
    top = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=_CommandParser)
    groups: dict[str, argparse._SubParsersAction[_CommandParser]] = {}
    for name, summary in SUMMARIES.items():
        group, _, verb = name.rpartition(" ")
        if group and group not in groups:
            verbs = top.add_parser(group, help=_verbs(group))
            groups[group] = verbs.add_subparsers(metavar="VERB", required=True)
        place = groups[group] if group else top
        place.add_parser(verb, help=summary, description=summary).name = name
    return parser


class _CommandParser(argparse.ArgumentParser):
    """A command's parser, which learns the command's own arguments when it is the one that is asked for."""

    name = ""

    def parse_known_args(self, *given: Any, **named: Any) -> Any:  # noqa: ANN401  whatever argparse passes itself
        """Learn the arguments, and parse."""
        if self.name:
            command = find_command(self.name)
            self.name = ""
            common_arguments(self)
            command.arguments(self)
            self.set_defaults(command=command)
        return super().parse_known_args(*given, **named)


def _verbs(group: str) -> str:
    return ", ".join(name.split()[1] for name in SUMMARIES if name.startswith(f"{group} "))
