"""The process `jobs`: what the box does by itself, by the clock; talks only to where copies go.

Guards: one such process on one data folder, as intake holds it: a second would run every job twice.
"""

from contextlib import nullcontext
from threading import Event, Thread

from appliance.accounts.jobs import AccountParts, account_jobs
from appliance.assembly.backup_parts import backup_parts
from appliance.assembly.erasing import erasing_of, proving_of
from appliance.assembly.folders import Folders
from appliance.assembly.held import held_by_jobs
from appliance.assembly.integrity_parts import integrity_parts
from appliance.assembly.proof_parts import proof_parts
from appliance.assembly.rooms import Rooms, open_rooms, retention_of
from appliance.assembly.running import Start, begin, find_keyring, give_way
from appliance.assembly.service_manager import Pulse, ServiceManager
from appliance.assembly.settings_noted import note_settings_soon
from appliance.backup.jobs import backup_jobs
from appliance.clock import SystemClock
from appliance.errors import KeysSealed
from appliance.health.disk import DiskParts, disk_jobs
from appliance.health.telling import HealthParts, note_outcome, telling_jobs
from appliance.integrity.jobs import integrity_jobs, proof_jobs
from appliance.jobs.job import Job
from appliance.jobs.running import Runner
from appliance.jobs.schedule import zone_of
from appliance.jobs.scheduler import Scheduler
from appliance.jobs.timetable import Timetable
from appliance.keys.hierarchy import Subkey
from appliance.recovery.jobs import recovery_jobs
from appliance.retention.erasure_jobs import erasure_jobs
from appliance.retention.jobs import retention_jobs
from appliance.trail.days import DayParts
from appliance.trail.forwarding import ForwardingParts
from appliance.trail.jobs import trail_jobs
from appliance.trail.syslog import Server

_NICENESS = 15  # as in systemd/enamel-jobs.service


def run_jobs(start: Start) -> None:
    """Do what is due until told to stop.

    Raises:
        KeysSealed: No keyring was given: the box is locked.
        WrongKey: The catalogue is another root's.
        Unavailable: A supervisor, or another such process, works on this data folder.
    """
    settings, manager, stop = begin("jobs", start)
    keyring = find_keyring(start)
    if keyring is None:
        raise KeysSealed("jobs run only while the box is unlocked")
    with held_by_jobs(Folders.of(settings)) if start.keys_fd is None else nullcontext():
        _work(open_rooms(settings, keyring, SystemClock()), manager, stop)


def all_jobs(rooms: Rooms) -> tuple[Job, ...]:
    """Give every job of this release, each made by its own part; a line for each part."""
    erasing = erasing_of(rooms)
    health = HealthParts(rooms.settings, rooms.database, rooms.clock, rooms.keyring.key(Subkey.KEY_WRAPPING))
    return (
        *disk_jobs(DiskParts(rooms.folders.data, rooms.database, rooms.clock, rooms.settings.receiver.reserve_bytes)),
        *telling_jobs(health),
        *backup_jobs(backup_parts(rooms), zone_of(rooms.settings.time_zone)),
        *retention_jobs(retention_of(rooms), erasing),
        *integrity_jobs(integrity_parts(rooms)),
        *erasure_jobs(proving_of(rooms)),
        *proof_jobs(proof_parts(rooms), zone_of(rooms.settings.time_zone)),
        *recovery_jobs(rooms.database),
        *account_jobs(AccountParts(rooms.database, rooms.audit, rooms.clock)),
        *trail_jobs(DayParts(rooms.database, rooms.clock, zone_of(rooms.settings.time_zone)), forwarding_of(rooms)),
    )


def forwarding_of(rooms: Rooms) -> ForwardingParts:
    """Say where the record is sent on to, as the settings name it."""
    given = rooms.settings.syslog
    server = Server(given.host, given.port, given.certificate_file) if given.host else None
    return ForwardingParts(rooms.database, rooms.clock, server, rooms.settings.clinic_name, given.study_uids)


def _work(rooms: Rooms, manager: ServiceManager, stop: Event) -> None:
    pulse = Pulse()
    timetable = Timetable(all_jobs(rooms), zone_of(rooms.settings.time_zone), rooms.database, rooms.clock)
    timetable.open()
    note_settings_soon(rooms, stop)
    runner = Runner(
        rooms.database, rooms.clock, stop.is_set, lambda tx, _job, _outcome: note_outcome(tx, rooms.clock.now())
    )
    scheduler = Scheduler(timetable, runner, pulse.beat)
    give_way(_NICENESS)
    manager.ready()
    Thread(target=manager.attend, args=(stop, pulse.moved), daemon=True).start()
    scheduler.run(stop)
    manager.stopping()
