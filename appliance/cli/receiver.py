"""`enamel receiver` on a path of its own: the process that scanners reach loads no code of any room.

Through the whole command line it would hold 110 MB of libraries, and all of
their code, of which it needs none.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.assembly.receiver import run_receiver
from appliance.assembly.running import Start
from appliance.cli.answers import exit_status
from appliance.config import find_settings
from appliance.errors import ApplianceError


def main(arguments: Sequence[str]) -> int:
    """Run the receiver until it is told to stop, and give the exit status."""
    parser = argparse.ArgumentParser(prog="enamel receiver", description="run the process that scanners reach")
    parser.add_argument("--data", type=Path, metavar="DIR", help="the data folder")
    parser.add_argument("--settings", type=Path, metavar="FILE", help="the settings file")
    parser.add_argument("--json", action="store_true", help="accepted as every command does; nothing is printed")
    given = parser.parse_args(arguments)
    try:
        run_receiver(Start(find_settings(given.data, given.settings), None))
    except ApplianceError as fault:
        print(f"enamel: {fault}", file=sys.stderr)  # noqa: T201  an operator reads it
        return exit_status(fault)
    return 0
