"""Run `python -m appliance` as the command `enamel`."""

from appliance.cli.main import main

if __name__ == "__main__":
    raise SystemExit(main())
