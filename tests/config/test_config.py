"""The settings file."""

from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

from appliance.config import (
    ReceiverSettings,
    Settings,
    StaffSettings,
    child_environment,
    read_settings,
    settings_from,
    settings_text,
)
from appliance.errors import Unsuitable


def written(folder: Path, text: str) -> Path:
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_an_empty_file_gives_the_defaults_with_folders_beside_the_file(tmp_path: Path) -> None:
    settings = read_settings(written(tmp_path, ""))
    assert settings.data_folder == str(tmp_path.resolve())
    assert settings.run_folder == str(tmp_path.resolve() / "run")
    assert settings.receiver == ReceiverSettings()


def test_all_faults_are_told_together() -> None:
    table = {
        "clinic": "x",
        "receiver": {"port": 70000, "ae_title": "a\\b", "portt": 1, "listen": "nowhere"},
        "staff": 3,
        "log_level": "loud",
    }
    with pytest.raises(Unsuitable) as caught:
        settings_from(table)
    for place in ("clinic:", "receiver.port:", "receiver.ae_title:", "receiver.portt:", "staff:", "log_level:"):
        assert place in str(caught.value)


@pytest.mark.parametrize("text", ["a = ", "clinic_name = 1", "[receiver]\nunknown = 1", "\x00"])
def test_a_faulty_file_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unsuitable):
        read_settings(written(tmp_path, text))


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unsuitable, match="there are no settings"):
        read_settings(tmp_path / "settings.toml")


def test_any_peer_is_admitted_on_loopback_only() -> None:
    with pytest.raises(Unsuitable, match="accept_any_peer"):
        settings_from({"receiver": {"accept_any_peer": True, "listen": "192.0.2.1"}})
    assert settings_from({"receiver": {"accept_any_peer": True, "listen": "127.0.0.1"}}).receiver.accept_any_peer


def test_listening_addresses_are_addresses_and_ports_differ() -> None:
    with pytest.raises(Unsuitable) as caught:
        settings_from({"receiver": {"listen": "here", "port": 5, "tls_port": 5}, "staff": {"listen": "there"}})
    assert str(caught.value).count("must be an IP address") == 2
    assert "plain port" in str(caught.value)


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    settings = Settings(
        clinic_name='Clínica "Ñandú" 歯科',
        data_folder=str(tmp_path.resolve()),
        run_folder=str(tmp_path.resolve()),
        receiver=ReceiverSettings(listen="127.0.0.1", accept_any_peer=True, ae_title_aliases=("A", "B C")),
        staff=StaffSettings(names=("scan.example.org", "10.0.0.5")),
    )
    assert read_settings(written(tmp_path, settings_text(settings))) == settings


def test_a_child_gets_an_environment_without_surprises() -> None:
    ours = {"LC_ALL", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "OPENBLAS_NUM_THREADS"}
    assert set(child_environment(Path("/"))) <= ours | {"PATH", "HOME", "TMPDIR", "TZ"}


def test_every_setting_is_described_in_the_operators_guide() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations" / "settings.md").read_text(encoding="utf-8")
    missing = [name for name in names(Settings) if f"`{name}`" not in guide]
    assert not missing


def names(kind: type[msgspec.Struct], place: str = "") -> list[str]:
    found = []
    for name, hint in get_type_hints(kind).items():
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
            found += names(hint, f"{place}{name}.")
        else:
            found.append(f"{place}{name}")
    return found
