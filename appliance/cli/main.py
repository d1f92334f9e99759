"""The command `enamel`: parses the line and hands over to one command."""

import argparse
from collections.abc import Sequence

from appliance import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit status."""
    parser = argparse.ArgumentParser(prog="enamel", description="A clinic's own encrypted archive for CBCT scans.")
    parser.add_argument("--version", action="version", version=f"enamel {__version__}")
    parser.parse_args(arguments)
    parser.print_help()
    return 0
