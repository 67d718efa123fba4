"""Version 1.0 upgraded: its stored state and ledger go on; `tests/fixtures/README.md` describes the files."""

from datetime import timedelta

from homeassistant.config_entries import ConfigEntryState

from tests.harness import AUTOMATIC, Disk, House
from tests.payloads import answer


def store(disk: Disk, *names: str) -> None:
    """Put files of version 1.0 on the disk."""
    for name in names:
        file = answer(name)
        disk[file["key"]] = file


async def test_stored_figures_are_shown_and_only_due_calls_are_made(house: House, hass_storage: Disk) -> None:
    """The files are of 13:00, when the wait of the ledger ends."""
    store(hass_storage, "state_1_0", "ledger_1_0")
    await house.set_up(**AUTOMATIC, panel_statistics=True)
    assert {str(call.kind) for call in house.calls()} <= {"ecu_energy", "details", "meters"}
    assert (house.value("total_energy") or 0) >= 6881.96
    assert (house.value("today_energy") or 0) >= 6.18
    assert (house.value("api_calls_month") or 0) >= 113
    assert {inverter.uid for inverter in house.plant.inverters} <= house.devices().keys()
    assert house.value("inverter_703000000011_power") == 411.1
    assert house.state("inverter_902000000021_energy_today_ch4").attributes["data_date"] == "2026-06-14"
    assert not house.log()


async def test_figures_are_true_a_day_later(house: House, hass_storage: Disk) -> None:
    """And nothing that is known was fetched again."""
    store(hass_storage, "state_1_0", "ledger_1_0")
    await house.set_up(**AUTOMATIC)
    await house.pass_time("2026-06-16 13:00", timedelta(minutes=10))
    assert house.is_true()
    assert len(house.calls("details", "inverters")) <= 1
    assert not house.log()


async def test_an_unfinished_first_read_waits_and_makes_only_the_missing_calls(
    house: House, hass_storage: Disk
) -> None:
    """The inverter list was fetched; the summary failed at 12:50."""
    store(hass_storage, "state_1_0_unfinished")
    house.move_to("2026-06-15 12:52")
    entry = await house.set_up(ConfigEntryState.SETUP_RETRY)
    assert not house.calls()
    await house.pass_time(timedelta(minutes=20), timedelta(minutes=1))
    assert entry.state is ConfigEntryState.LOADED
    assert not house.calls("inverters")
    assert len(house.calls("summary")) == 1
