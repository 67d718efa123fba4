"""An entry in our terms: settings that the original knows as well, the plant's place, and its time zone."""
# ruff: noqa: ANN401 -- stored data is of any type

from dataclasses import replace
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest

from custom_components.apsystems_openapi.schedule.options import Options
from custom_components.apsystems_openapi.settings import (
    async_find_zone,
    async_locate,
    async_unknown_zone,
    async_zone_elsewhere,
    in_step,
    location_of,
    options_of,
)
from tests.harness import House

OURS = {"auto_scan_interval": True, "scan_interval": 1800, "sunrise_offset": 30, "sunset_offset": 30}
OTHERS = {"auto_scan_interval": False, "scan_interval": 3600, "sunrise_offset": 5, "sunset_offset": 6}
CREDENTIALS = {"app_id": "a", "app_secret": "b", "sid": "c"}
KNOWN = CREDENTIALS | OURS | {"mirrored": OURS}


@pytest.mark.parametrize(
    ("data", "options", "expected"),
    [
        pytest.param(CREDENTIALS, OURS, OURS, id="a new entry"),
        pytest.param(CREDENTIALS, {}, {}, id="none at all"),
        pytest.param(KNOWN, OURS, OURS, id="nothing changed"),
        pytest.param(KNOWN, OTHERS, OTHERS, id="changed in our options"),
        pytest.param(KNOWN | OTHERS, OURS, OTHERS, id="changed by the original"),
        pytest.param(KNOWN | {"scan_interval": 3600}, OURS, OURS | {"scan_interval": 3600}, id="one changed"),
        pytest.param(KNOWN | {"scan_interval": None}, OURS, OURS, id="one removed"),
        pytest.param(KNOWN | {"scan_interval": 3600}, OTHERS, OTHERS, id="changed by both: the original was last"),
        pytest.param(
            KNOWN,
            {"auto_scan_interval": False, "scan_interval": 7200},
            OURS | {"auto_scan_interval": False, "scan_interval": 7200},
            id="the original's own options form, which replaces all options by two",
        ),
        pytest.param(CREDENTIALS | OTHERS, OURS, OTHERS, id="the original has written the entry anew"),
        pytest.param(KNOWN | {"mirrored": 5}, OURS, OURS, id="what was written cannot be read"),
        pytest.param(KNOWN | {"scan_interval": "never"}, OURS, OURS | {"scan_interval": "never"}, id="no number"),
    ],
)
def test_data_and_options_have_the_same_settings(
    data: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    """The newest change wins. Everything else in both stays, and a second pass changes nothing."""
    more = {"live_power": False, "poll_pv": True}
    new_data, new_options = in_step(data, options | more)
    assert new_options == expected | more
    assert new_data == data | expected | {"mirrored": expected}
    assert in_step(new_data, new_options) == (new_data, new_options)


async def test_a_setting_that_the_original_changes_applies_when_ours_is_back(house: House) -> None:
    """It writes `data`; one that the owner changes here is there when the original is back. No call is spent on it."""
    entry = await house.set_up(scan_interval=3600)
    assert entry.data["scan_interval"] == 3600
    await house.hass.config_entries.async_unload(entry.entry_id)
    house.hass.config_entries.async_update_entry(entry, data={**entry.data, "scan_interval": 7200})
    before = len(house.calls())
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert entry.options["scan_interval"] == entry.data["mirrored"]["scan_interval"] == 7200
    assert len(house.calls()) == before
    await house.pass_time(timedelta(hours=4))
    assert len(house.calls("energy", since=before)) == 2

    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "scan_interval": 1800})
    await house.reload(entry)
    assert entry.data["scan_interval"] == entry.data["mirrored"]["scan_interval"] == 1800


@given(st.dictionaries(st.sampled_from(list(OURS)), st.one_of(st.none(), st.text(), st.integers(), st.floats())))
def test_whatever_is_stored_makes_options_within_their_ranges(stored: dict[str, Any]) -> None:
    """The quota is the App ID's."""
    options = options_of({**stored, "monthly_quota": 5}, 777)
    assert timedelta(minutes=30) <= options.interval <= timedelta(hours=2)
    assert timedelta() <= options.sunrise_offset <= timedelta(minutes=120)
    assert timedelta() <= options.sunset_offset <= timedelta(minutes=120)
    assert options.monthly_quota == 777


def test_defaults_are_those_of_the_original() -> None:
    """And its panels have no statistics, unless the owner wants them."""
    assert options_of({}) == Options()


# The plant's place


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ({"latitude": 36.72, "longitude": -4.42}, (36.72, -4.42)),
        ({"latitude": "36.72", "longitude": 0}, (36.72, 0.0)),
        ({"latitude": 90, "longitude": -180}, (90, -180)),
        ({"latitude": 90.01, "longitude": 0}, None),
        ({"latitude": 0, "longitude": 180.01}, None),
        ({"latitude": float("nan"), "longitude": 0}, None),
        ({"latitude": 0, "longitude": float("inf")}, None),
        ({"latitude": None, "longitude": 0}, None),
        ({"latitude": 1}, None),
        ("Málaga", None),
        ([1, 2], None),
        (None, None),
    ],
)
def test_a_place_is_taken_only_where_it_is_on_earth(location: Any, place: tuple[float, float] | None) -> None:
    """Anything else means at home."""
    assert location_of({"location": location}) == place
    assert location_of({}) is None


@pytest.mark.parametrize(
    ("home", "zone", "location", "longitude", "is_assumed"),
    [
        ("Europe/Paris", "Europe/Paris", None, 2.35, False),
        ("Europe/Paris", None, None, 2.35, False),
        ("Europe/Paris", "Europe/Athens", None, 2.35, False),
        ("Europe/Paris", "Europe/Istanbul", None, 2.35, False),  # 1 hour in summer, 2 in standard time
        ("Europe/Paris", "Asia/Dubai", None, 60, True),
        ("Europe/Paris", "America/New_York", None, -75, True),
        ("Europe/Paris", "Australia/Sydney", None, 150, True),
        ("Asia/Dubai", "Europe/Athens", None, 2.35, False),
        ("Pacific/Kiritimati", "Pacific/Pago_Pago", None, -165, True),
        ("Europe/Paris", "America/New_York", (40.7, -74.0), -74.0, False),
        ("Europe/Paris", "Europe/Paris", (36.72, -4.42), -4.42, False),
        ("Europe/Paris", None, (36.72, -4.42), -4.42, False),
    ],
)
@pytest.mark.parametrize("now", ["2026-01-15 12:00:00+00:00", "2026-07-15 12:00:00+00:00"])
async def test_the_sun_is_that_of_the_place_else_of_the_home_unless_the_zone_excludes_it(
    hass: HomeAssistant,
    freezer: Any,
    home: str,
    zone: str | None,
    location: tuple[float, float] | None,
    longitude: float,
    now: str,
    *,
    is_assumed: bool,
) -> None:
    """By standard time, so that summer time on one side alone changes nothing."""
    freezer.move_to(now)
    await hass.config.async_update(latitude=48.85, longitude=2.35, time_zone=home)
    options = {} if location is None else {"location": {"latitude": location[0], "longitude": location[1]}}
    site, remark = await async_locate(hass, zone, options)
    assert site.longitude == longitude
    assert site.latitude == (48.85 if location is None else location[0])
    assert str(site.zone) == (zone or home)
    assert ("longitude" in (remark or "")) == is_assumed


async def test_a_longitude_that_is_assumed_is_logged_once(house: House) -> None:
    """And not again with every poll; a place in the options ends the assumption."""
    house.cloud.plants[house.sid] = replace(house.plant, reported_timezone="America/New_York")
    entry = await house.set_up()
    await house.pass_time(timedelta(hours=3), timedelta(minutes=30))
    assert len(house.log(text="longitude of -75°")) == 1
    place = {"latitude": 40.7, "longitude": -74.0}
    house.hass.config_entries.async_update_entry(entry, options={**entry.options, "location": place})
    await house.reload(entry)
    assert len(house.log(text="longitude of")) == 1


# Time zones

NO_ZONES = [
    "/Europe/Paris",
    "Asia/",
    "Asia",
    "../x",
    "../../etc/passwd",
    "x" * 300,
    "Europe/" + "é" * 300,
    "\0",
    "Europe/Paris\0",
    "Mars/Olympus",
    "GMT+25:00",
    "\ud800",
    " ",
    ".",
    "C:\\zones",
    "zone.tab",
    "__init__.py",
]


@pytest.mark.parametrize("name", NO_ZONES)
async def test_any_other_text_is_no_zone(hass: HomeAssistant, name: str) -> None:
    """And raises nothing."""
    assert await async_find_zone(name) is None
    assert await async_unknown_zone(name) == name
    assert await async_zone_elsewhere(name) is None
    site, remark = await async_locate(hass, name, {})
    assert site.zone == dt_util.get_default_time_zone()
    assert remark is not None
    assert remark.isprintable()


@pytest.mark.parametrize("name", [None, "", "Europe/Paris", "Canada/Mountain", "UTC"])
async def test_a_known_zone_or_none_needs_no_remark(hass: HomeAssistant, name: str | None) -> None:
    """The cloud may give none."""
    await hass.config.async_update(time_zone=name or "Europe/Paris")
    assert (await async_locate(hass, name, {}))[1] is None
    assert await async_unknown_zone(name) is None


@pytest.mark.parametrize("name", ["/Europe/Paris", "Asia/", "../x", "x" * 300, "a\0b", "Mars/Olympus"])
async def test_a_system_in_no_zone_is_set_up_and_polled(house: House, name: str) -> None:
    """Through the flow, by the home's time zone, with one line in the log."""
    house.cloud.plants[house.sid] = replace(house.plant, reported_timezone=name)
    entry = await house.complete_config_flow(auto_scan_interval=False)
    assert entry is not None
    await house.pass_time(timedelta(hours=2), timedelta(minutes=30))
    assert house.is_true()
    assert {call.code for call in house.calls() if call.kind != "meters"} == {0}
    assert len(house.log()) == ("\0" not in name)  # such a text is none
    assert all("Unknown time zone" in line for line in house.log())
