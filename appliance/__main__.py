"""Run `python -m appliance` as the command `enamel`."""

import sys
from importlib import import_module


def main() -> int:
    """Hand over to the receiver's own small path, or to the command line."""
    arguments = sys.argv[1:]
    receiver = arguments[:1] == ["receiver"]
    command = import_module("appliance.cli.receiver" if receiver else "appliance.cli.main")
    return int(command.main(arguments[1:] if receiver else arguments))


if __name__ == "__main__":
    raise SystemExit(main())
