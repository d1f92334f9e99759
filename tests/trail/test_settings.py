"""A changed settings file is an event: once, with its group, without a value; and a start as ever is none."""

import time
from pathlib import Path
from threading import Event as Stop
from threading import Thread
from typing import Any

import msgspec
import pytest

from appliance.audit.numbers import SettingsGroup
from appliance.config import Settings, settings_from, settings_values
from appliance.trail import queries
from appliance.trail.settings import SettingsParts, group_of, keep_noted, note_settings
from tests.patience import PATIENCE
from tests.web.a_clinic import AClinic

SECRET = "https://hooks.invented.test/T0KEN"  # noqa: S105  of a service that was invented


@pytest.fixture
def clinic(tmp_path: Path) -> AClinic:
    return AClinic(tmp_path)


def parts(clinic: AClinic, **table: Any) -> SettingsParts:  # noqa: ANN401  a parsed settings file
    return SettingsParts(clinic.database, clinic.accounts.audit, settings_from(table))


def told(clinic: AClinic) -> list[tuple[str, str, int]]:
    with clinic.database.read() as tx:
        rows = tx.rows("SELECT event, actor_kind, number FROM audit_events ORDER BY sequence")
    return [(str(event), str(who), int(number)) for event, who, number in rows]


def test_the_first_start_only_keeps_and_a_start_as_ever_tells_nothing(clinic: AClinic) -> None:
    assert note_settings(parts(clinic, staff={"lock_after_seconds": 3600})) == ()
    assert note_settings(parts(clinic, staff={"lock_after_seconds": 3600})) == ()
    assert told(clinic) == []


def test_each_group_that_was_changed_is_told_once_and_again_when_it_is_put_back(clinic: AClinic) -> None:
    before = parts(clinic, syslog={"host": "audit.home.arpa"})
    note_settings(before)
    after = parts(
        clinic, staff={"lock_after_seconds": 86_400, "emergency_minutes": 240},
        passwords={"second_factor": "administrators"},
    )  # fmt: skip
    expected = (SettingsGroup.SESSIONS, SettingsGroup.PASSWORDS, SettingsGroup.TRAIL)
    assert note_settings(after) == expected
    assert note_settings(after) == ()
    assert note_settings(before) == expected
    assert told(clinic) == [("settings changed", "process", number) for number in (3, 4, 7)] * 2


@pytest.mark.parametrize(
    ("table", "group"),
    [
        ({"clinic_name": "Another"}, SettingsGroup.BOX), ({"data_folder": "/elsewhere"}, SettingsGroup.BOX),
        ({"receiver": {"accept_any_peer": True, "listen": "127.0.0.1"}}, SettingsGroup.NETWORK),
        ({"staff": {"port": 8443}}, SettingsGroup.NETWORK), ({"packs": {"most_percent": 0}}, SettingsGroup.PACKS),
        ({"webhook": {"url": SECRET}}, SettingsGroup.NOTICES), ({"mail": {"language": "es"}}, SettingsGroup.NOTICES),
        ({"syslog": {"study_uids": False}}, SettingsGroup.TRAIL),
        ({"passwords": {"days": 90}}, SettingsGroup.PASSWORDS),
    ],
)  # fmt: skip
def test_every_kind_of_setting_is_told_with_its_group(
    clinic: AClinic, table: dict[str, object], group: SettingsGroup
) -> None:
    note_settings(parts(clinic))
    assert note_settings(parts(clinic, **table)) == (group,)


def test_every_setting_has_a_group_and_every_group_a_setting() -> None:
    names = set(settings_values(Settings()))
    assert {group_of(name) for name in names} == set(SettingsGroup)
    assert {name for name in names if group_of(name) is SettingsGroup.BOX} == {
        "clinic_name", "data_folder", "run_folder", "time_zone", "log_level",
    }  # fmt: skip


def test_no_value_is_kept_or_told(clinic: AClinic) -> None:
    note_settings(parts(clinic))
    note_settings(parts(clinic, webhook={"url": SECRET}))
    with clinic.database.read() as tx:
        stored = repr([tx.rows(f"SELECT * FROM {table}") for table in ("settings_kept", "audit_events")])  # noqa: S608  two names of this file
    assert "T0KEN" not in stored
    assert SECRET.encode().hex() not in stored


def test_a_setting_that_a_release_brings_counts_only_with_a_value_of_its_own(clinic: AClinic) -> None:
    def updated(**table: Any) -> tuple[SettingsGroup, ...]:  # noqa: ANN401  a parsed settings file
        note_settings(parts(clinic))
        with clinic.database.write() as tx:
            tx.change("DELETE FROM settings_kept WHERE name = 'passwords.days'")
            tx.change("INSERT INTO settings_kept (name, digest) VALUES ('of.an.earlier.release', x'00')")
        return note_settings(parts(clinic, **table))

    assert updated() == ()
    with clinic.database.read() as tx:
        assert set(queries.kept_settings(tx)) == set(settings_values(Settings()))
    assert updated(passwords={"days": 30}) == (SettingsGroup.PASSWORDS,)


def test_settings_differ_in_nothing_but_what_was_written() -> None:
    one, other = settings_from({}), msgspec.structs.replace(settings_from({}), clinic_name='A "quoted" name\n')
    values, others = settings_values(one), settings_values(other)
    assert {name for name in values if values[name] != others[name]} == {"clinic_name"}
    assert set(values) == set(others)
    assert values["staff.lock_after_seconds"] == "300"


def test_of_two_processes_that_start_at_once_one_tells_it(clinic: AClinic) -> None:
    note_settings(parts(clinic))
    after, stop = parts(clinic, staff={"lock_after_seconds": 86_400}), Stop()
    threads = [Thread(target=keep_noted, args=(after, stop)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told(clinic) == [("settings changed", "process", 3)]


def test_a_catalogue_that_cannot_take_it_now_takes_it_later(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clinic = AClinic(tmp_path)
    note_settings(parts(clinic))
    clinic.database.close()
    file, aside = tmp_path / "catalogue.db", tmp_path / "aside.db"
    file.rename(aside)
    thread = Thread(target=keep_noted, args=(parts(clinic, clinic_name="Another"), Stop(), 0.02), daemon=True)
    thread.start()
    until = time.monotonic() + 10 * PATIENCE
    while "not compared yet" not in caplog.text and time.monotonic() < until:
        time.sleep(0.005)
    assert thread.is_alive()
    aside.rename(file)
    thread.join(10 * PATIENCE)
    assert not thread.is_alive()
    assert told(clinic) == [("settings changed", "process", 1)]


def test_a_process_that_is_told_to_stop_leaves_it_to_the_next(tmp_path: Path) -> None:
    clinic, stop = AClinic(tmp_path), Stop()
    clinic.database.close()
    (tmp_path / "catalogue.db").rename(tmp_path / "aside.db")
    thread = Thread(target=keep_noted, args=(parts(clinic), stop, 60.0), daemon=True)
    thread.start()
    stop.set()
    thread.join(10 * PATIENCE)
    assert not thread.is_alive()
