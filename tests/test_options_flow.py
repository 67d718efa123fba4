"""The options, through Home Assistant's flow."""
# ruff: noqa: ANN401 -- form fields are of any type

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry, ConfigEntryState, ConfigFlowResult
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Plant, big_plant, sample_plant
from tests.harness import AUTOMATIC, FIXED, Disk, House, field_values
from tests.texts import below, english

DEFAULTS = {"auto_scan_interval": True, "scan_interval": 1800, "sunrise_offset": 30, "sunset_offset": 30}
# The selectors of Home Assistant's frontend send floats.
TYPED = {"auto_scan_interval": False, "scan_interval": 2400.0, "sunrise_offset": 15.0, "sunset_offset": 45.0}
CHOSEN = {"auto_scan_interval": False, "scan_interval": 2400, "sunrise_offset": 15, "sunset_offset": 45}
HOURLY = {**FIXED, "scan_interval": 3600}
MALAGA = {"latitude": 36.72, "longitude": -4.42}


async def fill_in(house: House, entry: ConfigEntry[Any], place: Any = None, **choice: Any) -> ConfigFlowResult:
    """Send the options form, with a place as one that is elsewhere; return what follows."""
    options = house.hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    assert form["type"] is FlowResultType.FORM
    typed = {**TYPED, **choice} if place is None else {**TYPED, "elsewhere": True, **choice}
    step = await options.async_configure(form["flow_id"], typed)
    if place is not None:
        assert (step["type"], step["step_id"]) == (FlowResultType.FORM, "location")
        step = await options.async_configure(form["flow_id"], {"location": place})
    return step


async def choose(house: House, entry: ConfigEntry[Any], place: Any = None, **choice: Any) -> None:
    """Go through all steps of the options, and save them."""
    step = await fill_in(house, entry, place, **choice)
    assert (step["type"], step["step_id"]) == (FlowResultType.MENU, "confirm")
    result = await follow(house, step, "save")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await house.settle()


async def follow(house: House, menu: ConfigFlowResult, step: str) -> ConfigFlowResult:
    """Choose a step in a menu."""
    return await house.hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": step})


def outlook(step: ConfigFlowResult) -> str:
    """Return the sentence about calls."""
    shown = step["description_placeholders"]
    assert shown is not None
    assert "{" not in shown["outlook"]
    return str(shown["outlook"])


def has_no_float(options: Any) -> bool:
    """Return whether no number is a float."""
    return not any(isinstance(value, float) for value in options.values())


@pytest.fixture
def reloads() -> Iterator[list[str]]:
    """Return the entries that are set up from now on."""
    seen: list[str] = []
    set_up = ConfigEntry.async_setup

    async def async_setup(self: ConfigEntry, *args: Any, **kwargs: Any) -> Any:
        if kwargs.get("integration") is None:  # otherwise for a platform
            seen.append(self.entry_id)
        return await set_up(self, *args, **kwargs)

    with patch.object(ConfigEntry, "async_setup", async_setup):
        yield seen


async def test_the_options_form_shows_the_current_settings(house: House) -> None:
    """An entry without options shows the defaults, another one its own."""
    entry = await house.set_up(sunset_offset=7)
    await house.set_quota(1234)
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    shown = FIXED | {"sunset_offset": 7, "monthly_quota": 1234, "elsewhere": False, "panel_statistics": False}
    assert field_values(form).items() >= shown.items()

    house.hass.config_entries.async_update_entry(entry, options={})
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert field_values(form).items() >= DEFAULTS.items()


async def test_options_are_whole_numbers_and_apply_at_once(house: House, reloads: list[str]) -> None:
    """By one reload, which costs no call."""
    entry = await house.set_up()
    before = len(house.calls())
    reloads.clear()
    await choose(house, entry, scan_interval=7200.0)
    assert reloads == [entry.entry_id]
    assert dict(entry.options).items() >= (CHOSEN | {"scan_interval": 7200}).items()
    assert has_no_float(entry.options)
    assert len(house.calls()) == before

    await house.pass_time(timedelta(hours=4))
    times = [call.time for call in house.calls("energy", since=before)]
    assert len(times) == 2
    assert times[1] - times[0] == pytest.approx(timedelta(hours=2), abs=timedelta(minutes=5))


async def test_options_are_mirrored_for_the_original(house: House) -> None:
    """It reads them from `data`, where it finds the four settings that it knows."""
    entry = await house.set_up()
    await choose(house, entry)
    assert entry.data == house.data() | CHOSEN | {"mirrored": CHOSEN}


async def test_options_that_have_no_field_in_the_form_are_kept(house: House) -> None:
    """Such as those of a fork with storage."""
    other = {"poll_pv": False, "poll_storage_hourly": True, "of_another_version": 1}
    entry = await house.set_up(**other)
    await choose(house, entry)
    assert entry.options.items() >= other.items()


# Meter and battery

SWITCHES = {"meter", "battery", "poll_pv"}


def with_house(plant: Plant, ecu_type: int, *meters: str) -> Plant:
    """Return a plant with its first ECU of another type, and with meters."""
    return replace(plant, ecus=(replace(plant.ecus[0], type=ecu_type),), meters=meters)


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (sample_plant(), set()),
        (with_house(sample_plant(), 1, "216200012345"), {"meter", "poll_pv"}),
        (with_house(sample_plant(), 0, "216300054321"), {"meter", "poll_pv"}),
        (with_house(sample_plant(), 2), {"battery", "poll_pv"}),
        (with_house(sample_plant(), 2, "216300054321"), SWITCHES),
    ],
)
async def test_the_form_has_a_switch_for_what_the_plant_has(house: House, expected: set[str]) -> None:
    """All are on at first. Each has a name and says what it does."""
    entry = await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(hours=1))
    shown = field_values(await house.hass.config_entries.options.async_init(entry.entry_id))
    assert {key: shown[key] for key in shown.keys() & SWITCHES} == dict.fromkeys(expected, True)
    step = below(english(), "options", "step", "init")
    assert below(step, "data").keys() == below(step, "data_description").keys() >= SWITCHES


@pytest.mark.parametrize("key", sorted(SWITCHES))
async def test_what_is_switched_off_can_be_switched_on_again(house: House, key: str) -> None:
    """Also where the plant has no such thing; a caller that leaves the field out changes nothing."""
    entry = await house.set_up(**{key: False})
    shown = field_values(await house.hass.config_entries.options.async_init(entry.entry_id))
    assert {name: shown[name] for name in shown.keys() & SWITCHES} == {key: False}
    await choose(house, entry)
    assert entry.options[key] is False
    await choose(house, entry, **{key: True})
    assert entry.options[key] is True
    assert key not in field_values(await house.hass.config_entries.options.async_init(entry.entry_id))


@pytest.mark.parametrize("plant", [with_house(sample_plant(), 2, "216300054321")])
async def test_a_switch_changes_what_is_read_and_what_a_month_takes(house: House) -> None:
    """Without the production, only meter and battery take calls; without all three, nothing does."""
    entry = await house.set_up(**AUTOMATIC)
    await house.pass_time(timedelta(hours=1))
    on = dict.fromkeys(SWITCHES, True) | {"auto_scan_interval": True}
    alone = outlook(await fill_in(house, entry, **on | {"poll_pv": False}))
    assert "all of them for meter and battery" in alone
    assert "no call is made" in outlook(await fill_in(house, entry, **dict.fromkeys(SWITCHES, False)))
    await choose(house, entry, **on | {"meter": False})
    before = len(house.calls())
    await house.pass_time(timedelta(days=1), timedelta(minutes=10))
    kinds = {str(call.kind) for call in house.calls(since=before)}
    assert any(kind.startswith("storage") for kind in kinds)
    assert not any(kind.startswith("meter") for kind in kinds)


async def test_options_can_be_changed_without_a_stored_plant(house: House, hass_storage: Disk) -> None:
    """With an invalid state and with none; the preview is that of an empty plant."""
    entry = await house.set_up()
    key = f"{DOMAIN}.{house.sid}"
    hass_storage[key] = {**hass_storage[key], "data": {"ecus": 5}}
    await choose(house, entry)
    del hass_storage[key]
    await choose(house, entry, sunset_offset=5)
    assert entry.options["sunset_offset"] == 5


# The quota belongs to the App ID


async def add_second(house: House) -> MockConfigEntry:
    """Add a second system of the same App ID."""
    other = big_plant(2, 1, create_date=date(2026, 6, 1))
    house.cloud.plants[other.sid] = other
    entry = MockConfigEntry(
        domain=DOMAIN, unique_id=other.sid, data=house.data(sid=other.sid), options=FIXED, minor_version=3, title="two"
    )
    entry.add_to_hass(house.hass)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert entry.state is ConfigEntryState.LOADED
    return entry


async def test_the_quota_is_that_of_all_systems_of_the_app_id(house: House, reloads: list[str]) -> None:
    """Changed in the options of one, it applies to the other at once, without a reload or a call."""
    entry = await house.set_up(auto_scan_interval=True)
    second = await add_second(house)
    before = len(house.calls())
    reloads.clear()
    await choose(house, second, monthly_quota=5000.0, **FIXED)
    assert reloads in ([], [second.entry_id])
    assert len(house.calls()) == before
    quotas = {
        state.attributes["quota"] for state in house.hass.states.async_all("sensor") if "quota" in state.attributes
    }
    assert quotas == {5000}
    assert "monthly_quota" not in {*entry.options, *second.options}
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert field_values(form)["monthly_quota"] == 5000
    assert house.log(0, "quota 5000")


async def test_a_changed_quota_alone_reloads_nothing(house: House, reloads: list[str]) -> None:
    """The plan is made anew."""
    entry = await house.set_up()
    await choose(house, entry, live_power=True, import_history=True, panel_statistics=False)
    before, options = len(house.calls()), dict(entry.options)
    reloads.clear()
    await choose(house, entry, monthly_quota=3000)
    assert (reloads, dict(entry.options)) == ([], options)
    assert len(house.calls()) == before


async def test_the_menu_shows_the_quota_that_was_typed(house: House) -> None:
    """Before it is saved."""
    entry = await house.set_up()
    step = await fill_in(house, entry, auto_scan_interval=True, monthly_quota=200)
    assert "up to 196 of 200 calls" in outlook(step)
    house.hass.config_entries.options.async_abort(step["flow_id"])
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert field_values(form)["monthly_quota"] == 1000


# Save, or change again


async def test_the_menu_offers_to_save_or_to_change_again(house: House) -> None:
    """In words of the language; nothing is saved before."""
    entry = await house.set_up()
    before = dict(entry.options)
    step = await fill_in(house, entry, monthly_quota=5000)
    assert step["menu_options"] == ["save", "init"]
    assert set(below(english(), "options", "step", "confirm", "menu_options")) == {"save", "init"}
    assert dict(entry.options) == before
    form = await follow(house, step, "init")
    assert (form["type"], form["step_id"], form["errors"]) == (FlowResultType.FORM, "init", {})
    assert field_values(form).items() >= (CHOSEN | {"monthly_quota": 5000}).items()
    assert dict(entry.options) == before


async def test_changing_again_keeps_the_place(house: House) -> None:
    """Until the switch is off."""
    entry = await house.set_up()
    step = await fill_in(house, entry, MALAGA)
    form = await follow(house, step, "init")
    typed = {key: value for key, value in field_values(form).items() if value is not None}
    assert typed["elsewhere"] is True
    options = house.hass.config_entries.options
    step = await options.async_configure(form["flow_id"], typed)
    assert field_values(step)["location"] == MALAGA
    step = await options.async_configure(form["flow_id"], {"location": MALAGA})
    form = await follow(house, step, "init")
    step = await options.async_configure(form["flow_id"], {**typed, "elsewhere": False})
    await follow(house, step, "save")
    await house.settle()
    assert "location" not in entry.options


# The sentence about calls


async def test_the_sentence_names_months_in_the_language_of_home_assistant(house: House) -> None:
    """By the translations of the integration."""
    entry = await house.set_up()
    text = outlook(await fill_in(house, entry, auto_scan_interval=True))
    assert "in July, and every" in text
    assert "in December" in text


@pytest.mark.parametrize(
    ("place", "choice", "expected"),
    [
        (None, {"monthly_quota": 0}, "no call is made"),
        (None, {"monthly_quota": 0, "auto_scan_interval": True}, "no call is made"),
        (None, {"monthly_quota": 1, "auto_scan_interval": True}, "up to 1 of 1 calls, with hardly more than one read"),
        (None, {"monthly_quota": 2000, "scan_interval": 1800}, "a read every 30 minutes."),
        ({"latitude": 78.2, "longitude": 15.6}, {"auto_scan_interval": True}, "hardly more than one read a day"),
        ({"latitude": 90, "longitude": 0}, {"scan_interval": 7200, "monthly_quota": 5000}, "one read a day"),
        ({"latitude": 0, "longitude": 0}, {"auto_scan_interval": True, "monthly_quota": 1_000_000}, "every 5 minutes."),
    ],
)
async def test_no_options_lack_a_sentence(house: House, place: Any, choice: Any, expected: str) -> None:
    """Without calls, in polar night, with a fixed interval, and with more calls than can be made."""
    text = outlook(await fill_in(house, await house.set_up(), place, **choice))
    assert expected in text
    assert " - " not in text
    assert "0 of 0" not in text


# Options that do not fit together


async def test_an_interval_that_calls_do_not_suffice_for_is_refused(house: House) -> None:
    """With the shortest one that fits, which is then accepted. The form keeps its values."""
    entry = await house.set_up()
    form = await fill_in(house, entry, scan_interval=1800)
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "init")
    assert form["errors"] == {"scan_interval": "interval_too_short"}
    assert field_values(form).items() >= (CHOSEN | {"scan_interval": 1800}).items()
    shown = form["description_placeholders"] or {}
    assert int(shown["calls"]) > int(shown["payable"]) == 990
    least = int(shown["least_seconds"])
    house.hass.config_entries.options.async_abort(form["flow_id"])
    assert (await fill_in(house, entry, scan_interval=least - 60))["errors"]
    assert (await fill_in(house, entry, scan_interval=least))["type"] is FlowResultType.MENU


async def test_a_quota_that_pays_for_no_fixed_interval_is_refused(house: House) -> None:
    """It is enough for the automatic one; a quota of 0 means that no call is wanted."""
    entry = await house.set_up()
    form = await fill_in(house, entry, monthly_quota=100)
    assert form["errors"] == {"monthly_quota": "quota_too_small"}
    house.hass.config_entries.options.async_abort(form["flow_id"])
    step = await fill_in(house, entry, monthly_quota=100, auto_scan_interval=True)
    assert step["type"] is FlowResultType.MENU


async def test_the_place_counts_for_the_interval(house: House) -> None:
    """The longest days decide; after the error the place is suggested again."""
    entry = await house.set_up()
    choice = {"scan_interval": 1800, "monthly_quota": 1200}
    form = await fill_in(house, entry, {"latitude": 60.0, "longitude": 2.0}, **choice)
    assert form["errors"] == {"scan_interval": "interval_too_short"}
    house.hass.config_entries.options.async_abort(form["flow_id"])
    step = await fill_in(house, entry, {"latitude": 0.0, "longitude": 2.0}, **choice)
    assert step["type"] is FlowResultType.MENU


def test_every_reason_says_what_to_do() -> None:
    """At its field."""
    errors = below(english(), "options", "error")
    for key in ("interval_too_short", "quota_too_small"):
        assert "{payable}" in str(errors[key])
        assert "automatically" in str(errors[key])


# The plant is elsewhere


async def test_a_plant_elsewhere_has_its_own_sun(house: House) -> None:
    """The home in Oslo, the plant in Málaga, in one zone's time: solar hours end with the plant's sunset."""
    await house.hass.config.async_update(latitude=59.91, longitude=10.75, time_zone="Europe/Oslo")
    house.cloud.plants[house.sid] = replace(house.plant, reported_timezone="Europe/Madrid")
    house.move_to("2026-01-15 15:00")
    entry = await house.set_up()
    await house.pass_time("2026-01-15 17:30", timedelta(minutes=10))
    assert house.state("total_energy").attributes["solar_hours_active"] is False
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert "Europe/Madrid" in (form["description_placeholders"] or {})["hint"]

    await choose(house, entry, MALAGA, **HOURLY)
    assert entry.options["location"] == MALAGA
    assert house.state("total_energy").attributes["solar_hours_active"] is True
    form = await house.hass.config_entries.options.async_init(entry.entry_id)
    assert field_values(form)["elsewhere"] is True


async def test_the_place_is_suggested_kept_and_taken_away(house: House) -> None:
    """The map opens at the stored place, else at the home; switched off, the plant is at home again."""
    entry = await house.set_up()
    options = house.hass.config_entries.options

    async def suggested() -> Any:
        form = await options.async_init(entry.entry_id)
        step = await options.async_configure(form["flow_id"], {**TYPED, "elsewhere": True})
        options.async_abort(form["flow_id"])
        return field_values(step)["location"]

    assert await suggested() == {"latitude": 48.85, "longitude": 2.35}
    await choose(house, entry, {**MALAGA, "radius": 10})
    assert entry.options["location"] == MALAGA
    assert await suggested() == MALAGA
    await choose(house, entry, elsewhere=False)
    assert "location" not in entry.options


async def test_a_place_that_is_not_on_earth_shows_an_error(house: House) -> None:
    """The map keeps it, to be corrected."""
    entry = await house.set_up()
    options = house.hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    await options.async_configure(form["flow_id"], {**TYPED, "elsewhere": True})
    typed = {"latitude": 91.0, "longitude": 0.0}
    result = await options.async_configure(form["flow_id"], {"location": typed})
    assert result["errors"] == {"location": "invalid_location"}
    assert field_values(result)["location"] == typed
    assert "invalid_location" in below(english(), "options", "error")
