"""Automatic mode in Home Assistant: calls as planned, fresh figures, entities, restarts."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from statistics import fmean

from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import FaultKind, big_plant, sample_plant
from tests.harness import House, paris, restarted
from tests.log_lines import QUOTA_SPENT, SUMMARIES_INSTEAD

AUTO = {"auto_scan_interval": True, "import_history": False}
ECU = "216200012345"


async def pass_planned_calls(house: House, until: str) -> None:
    """Let time pass to each planned call, in steps of five minutes at most."""
    end = paris(until)
    while house.now < end:
        planned = house.state("next_read").state
        at = dt_util.parse_datetime(planned) if planned != "unknown" else None
        step = min(house.now + timedelta(minutes=5), end)
        house.move_to(min(at, step) if at and at > house.now else step)
        await house.settle()


# Days


async def test_a_day_of_june_goes_as_planned_and_is_fresh(house: House) -> None:
    """The planned number of calls, by day but for the evening's duties, and figures that follow the cloud's."""
    house.move_to("2026-06-15 02:00")
    await house.set_up(**AUTO)
    before = len(house.calls())
    planned = house.state("api_calls_month").attributes["planned_today"]
    energy, power = [], []
    for hour in range(6, 22):
        for minute in range(0, 60, 10):
            await pass_planned_calls(house, f"2026-06-15 {hour:02}:{minute:02}")
            shown = house.value("today_energy")
            assert shown is not None
            assert shown <= house.truth.today_kwh() + 0.01
            time, made = house.now, 0.0
            # The figure's age: how long ago the plant had produced no more than that.
            while time > house.now - timedelta(hours=3):
                made = house.cloud.energy_kwh(house.sid, paris("2026-06-15 00:00"), time, uploaded=False)
                if made <= shown + 0.001:
                    break
                time -= timedelta(minutes=5)
            energy.append((house.now - time) / timedelta(minutes=1))
            power.append(house.value("power"))
    await pass_planned_calls(house, "2026-06-16 00:00")
    calls = house.calls(since=before)
    assert len(calls) == planned
    assert {call.code for call in calls} == {0}
    by_night = [call for call in calls if not paris("2026-06-15 05:45") < call.time < paris("2026-06-15 22:00")]
    assert Counter(call.kind for call in by_night) == {"summary": 1, "batch": 2, "energy": 1, "inverter_summary": 2}
    assert fmean(energy) < 40
    # The sun is above 5 degrees from 6:25 on, and the first read soon after.
    assert power.count(None) <= 4
    assert None not in power[5:]
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.01)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.02)
    assert not house.log()


@pytest.mark.parametrize("plant", [big_plant(5, 2)])
async def test_days_of_two_ecus_are_called_as_planned(house: House) -> None:
    """Each ECU's panels at least once a day, telemetry of every inverter, and rounds for the power."""
    house.move_to("2026-12-14 02:00")
    await house.set_up(**AUTO)
    asked: list[str] = []
    for day in (14, 15):
        before = len(house.calls())
        planned = house.state("api_calls_month").attributes["planned_today"]
        await pass_planned_calls(house, f"2026-12-{day + 1} 00:01")
        calls = house.calls(since=before)
        assert len(calls) == planned
        for ecu in house.plant.ecus:
            assert {c.level for c in calls if c.kind == "batch" and c.target == ecu.eid} >= {"power"}
            assert sum(c.kind == "ecu_energy" and c.target == ecu.eid for c in calls) >= 2
        asked += [str(call.target) for call in calls if call.kind == "inverter_energy"]
        assert house.value("today_energy") == 0
    assert sorted(asked) == sorted(inverter.uid for inverter in house.plant.inverters)
    assert not house.log()


async def test_in_the_far_north_a_day_is_closed_after_midnight_with_its_own_date(house: House) -> None:
    """The call after midnight names the day before."""
    await house.hass.config.async_update(latitude=65.0, longitude=25.5, time_zone="Europe/Helsinki")
    house.cloud.plants.clear()
    north = sample_plant(latitude=65.0, longitude=25.5, timezone="Europe/Helsinki")
    house.cloud.plants[north.sid] = north
    house.move_to("2026-06-20 20:00")
    await house.set_up(**AUTO)
    before = len(house.calls())
    await pass_planned_calls(house, "2026-06-21 12:00")
    hours = [call for call in house.calls("energy", since=before) if call.level == "hourly"]
    assert [call.date_range for call in hours] == ["2026-06-20"]
    assert hours[0].time.astimezone(north.zone).strftime("%m-%d") == "06-21"


# Restarts


async def test_ten_reloads_by_day_make_at_most_one_call(house: House) -> None:
    """The plan for the rest of the day does not change."""
    entry = await house.set_up(**AUTO)
    await house.pass_time(timedelta(minutes=50))
    planned, before = house.state("next_read").state, len(house.calls())
    for _ in range(10):
        house.freezer.tick(7)
        await house.reload(entry)
    assert len(house.calls(since=before)) <= 1
    assert house.state("next_read").state == planned or len(house.calls(since=before)) == 1


async def test_a_restart_while_the_stored_figures_are_fresh_costs_no_call(house: House) -> None:
    """The next call is made at its planned time."""
    entry = await house.set_up(**AUTO)
    await house.pass_time(timedelta(minutes=50))
    planned = dt_util.parse_datetime(house.state("next_read").state)
    assert planned is not None
    shown = {state.entity_id: state.state for state in house.hass.states.async_all("sensor")}
    before = len(house.calls())
    async with restarted(house, entry) as other:
        assert {state.entity_id: state.state for state in other.hass.states.async_all("sensor")} == shown
        await other.pass_time(planned - timedelta(seconds=2), timedelta(minutes=2))
        assert len(house.calls()) == before
        await other.pass_time(timedelta(minutes=1), timedelta(seconds=30))
        assert len(house.calls()) > before


# Entities


async def test_the_systems_power_is_what_the_cloud_last_reported(house: House) -> None:
    """0 by night; unknown by day before the first sample, and when the last sample is too old."""
    house.move_to("2026-06-15 03:00")
    entry = await house.set_up(**AUTO)
    assert house.value("power") == 0
    await house.pass_time("2026-06-15 06:02")
    assert house.value("power") is None
    await house.pass_time("2026-06-15 12:00")
    reads = house.calls("ecu_energy")
    assert reads
    read_at = reads[-1].time
    now = house.now
    house.move_to(read_at)
    assert house.value("power") == house.truth.power_w()
    house.move_to(now)
    sample = dt_util.parse_datetime(house.state("data_time").state)
    assert sample is not None
    assert timedelta() <= read_at - sample <= timedelta(minutes=20)

    house.refuse(5000)
    await house.pass_time(sample + timedelta(minutes=60))
    assert house.value("power") is not None
    await house.pass_time(sample + timedelta(hours=3))
    assert house.value("power") is None
    house.cloud.clear_faults()
    await house.pass_time(timedelta(hours=2))
    assert house.value("power") is not None
    await house.pass_time("2026-06-15 23:00", timedelta(minutes=15))
    assert house.value("power") == 0
    assert entry.state.recoverable


@pytest.mark.parametrize("plant", [big_plant(4, 2)])
async def test_the_power_of_two_ecus_is_their_sum(house: House) -> None:
    """By each ECU's newest sample."""
    await house.set_up(**AUTO)
    await house.pass_time("2026-06-15 19:00")
    last = house.calls("ecu_energy")[-1].time
    shown, now = house.value("power"), house.now
    house.move_to(last)
    assert shown == house.truth.power_w()
    house.move_to(now)


@pytest.mark.parametrize("options", [{"live_power": False, "auto_scan_interval": True}, {"auto_scan_interval": False}])
async def test_without_live_power_there_is_no_power_of_the_system(house: House, options: dict[str, bool]) -> None:
    """The hourly energy is fetched instead."""
    await house.set_up(**options)
    assert er.async_get(house.hass).async_get_entity_id("sensor", DOMAIN, f"{house.sid}_power") is None
    await house.pass_time(timedelta(hours=3))
    assert house.calls("energy")
    assert not house.calls("ecu_energy")


async def test_the_calls_of_the_month_are_shown_with_quota_and_estimate(house: House) -> None:
    """Quota, left, planned today and an estimate of the month."""
    house.move_to("2026-06-01 00:10")
    await house.set_up(**AUTO)
    await house.pass_time("2026-06-01 12:00")
    state = house.state("api_calls_month")
    assert int(state.state) == house.cloud.spent() + round(1000 * 10 / 60 / 24 / 30)
    assert state.attributes["quota"] == 1000
    assert state.attributes["left"] <= 990 - house.cloud.spent()
    assert 25 <= state.attributes["planned_today"] <= 45
    assert 900 <= state.attributes["estimate_month"] <= 990


async def test_month_and_year_begin_at_0_by_the_clock(house: House) -> None:
    """Disabled by default."""
    house.move_to("2026-12-31 15:00")
    entry = await house.set_up(**AUTO)
    registry = er.async_get(house.hass)
    for key in ("month_energy", "year_energy"):
        entity_id = house.entity_id(key)
        registered = registry.async_get(entity_id)
        assert registered is not None
        assert registered.disabled_by is er.RegistryEntryDisabler.INTEGRATION
        registry.async_update_entity(entity_id, disabled_by=None)
    await house.reload(entry)
    await house.pass_time("2026-12-31 23:50", timedelta(minutes=10))
    assert (house.value("year_energy") or 0) > (house.value("month_energy") or 0) > 0
    await house.pass_time("2027-01-01 00:01")
    for key in ("month_energy", "year_energy"):
        assert house.value(key) == 0
        assert house.state(key).attributes["last_reset"] == "2027-01-01T00:00:00+01:00"


async def test_the_energy_of_each_panel_has_its_date(house: House) -> None:
    """From the batch of the evening."""
    house.move_to("2026-06-15 20:00")
    await house.set_up(**AUTO)
    await house.pass_time("2026-06-15 23:59")
    for inverter in house.plant.inverters:
        for channel in range(1, inverter.channels + 1):
            key = f"inverter_{inverter.uid}_energy_today_ch{channel}"
            made = house.cloud.energy_kwh(
                house.sid, paris("2026-06-15 00:00"), house.now, uid=inverter.uid, channel=channel
            )
            assert house.value(key) == pytest.approx(made, abs=0.001)
            assert house.state(key).attributes["data_date"] == "2026-06-15"
            assert house.state(key).attributes["last_reset"] == "2026-06-15T00:00:00+02:00"


async def test_energy_of_panels_is_not_fetched_in_fixed_mode(house: House) -> None:
    """The original does not fetch it."""
    house.move_to("2026-06-15 20:00")
    await house.set_up()
    await house.pass_time("2026-06-15 23:59")
    assert {call.level for call in house.calls("batch")} == {"power"}


# Failures


@pytest.mark.parametrize("plant", [sample_plant(), big_plant(4, 3)])
async def test_reads_of_an_offline_ecu_become_rarer_until_it_is_back(house: House) -> None:
    """The calls that this saves are spent afterwards."""
    house.move_to("2026-06-15 07:00")
    await house.set_up(**AUTO)
    reads = ("ecu_energy", "summary")
    await house.pass_time("2026-06-15 10:00")
    usual = {call.time for call in house.calls(*reads)}
    for ecu in house.plant.ecus:
        house.cloud.offline(ecu.eid)
    before = len(house.calls())
    await house.pass_time("2026-06-15 19:00")
    rare = sorted({call.time for call in house.calls(*reads, since=before)})
    assert len(rare) <= 7 < 3 * len(usual)
    assert max(b - a for a, b in pairwise(rare)) <= timedelta(hours=2, minutes=30)
    assert max(b - a for a, b in pairwise(rare)) >= timedelta(minutes=75)

    for ecu in house.plant.ecus:
        house.cloud.online(ecu.eid)
    before = len(house.calls())
    await house.pass_time("2026-06-16 12:00")
    morning = paris("2026-06-16 07:00")
    often = sorted({call.time for call in house.calls(*reads, since=before) if call.time > morning})
    assert fmean((b - a).total_seconds() for a, b in pairwise(often)) < 75 * 60
    assert house.value("today_energy") is not None


async def test_refused_ecu_series_are_replaced_by_summaries(house: House) -> None:
    """Logged once; today's energy is as fresh, the power unknown. Scanning inverters tries the series again."""
    house.move_to("2026-06-15 07:00")
    await house.set_up(**AUTO)
    before = len(house.calls())
    house.refuse(2004, on="ecu_energy")
    await house.pass_time("2026-06-15 16:00")
    assert len(house.calls("ecu_energy", since=before)) == 1
    assert len(house.calls("summary", since=before)) >= 6
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=5)
    assert house.value("power") is None
    assert len(house.log(text=SUMMARIES_INSTEAD)) == 1
    house.cloud.clear_faults()
    await house.press("scan_inverters")
    await house.pass_time("2026-06-15 18:00")
    assert house.value("power") is not None


async def test_one_refusal_of_a_working_series_does_not_stop_it(house: House) -> None:
    """A 4000 that passes."""
    await house.set_up(**AUTO)
    await house.pass_time("2026-06-15 16:00")
    house.refuse(4000, on="ecu_energy", times=1)
    before = len(house.calls())
    await house.pass_time("2026-06-15 18:00")
    assert len(house.calls("ecu_energy", since=before)) >= 3
    assert house.value("power") is not None


async def test_a_failed_read_is_repeated_once(house: House) -> None:
    """While the cloud is down, reads do not double."""
    await house.set_up(**AUTO)
    await house.pass_time("2026-06-15 14:00")
    house.order(FaultKind.STATUS, status=500, on="ecu_energy", times=1)
    before = len(house.calls())
    await house.pass_time("2026-06-15 15:00")
    times = [call.time for call in house.calls("ecu_energy", since=before)]
    failed = next(n for n, call in enumerate(house.calls("ecu_energy", since=before)) if call.fault)
    assert times[failed + 1] - times[failed] <= timedelta(minutes=10)

    house.order(FaultKind.STATUS, status=500, on="ecu_energy")
    before = len(house.calls())
    await house.pass_time("2026-06-15 20:00")
    assert len(house.calls("ecu_energy", since=before)) <= 12


async def test_a_quota_spent_by_another_program_stops_calls_until_the_next_month(house: House) -> None:
    """2005 comes early, every figure stays, and the log names the day on which calls go on."""
    house.move_to("2026-06-29 08:00")
    await house.set_up(**AUTO)
    await house.pass_time("2026-06-29 10:00")
    total = house.value("total_energy")
    house.cloud.spend(1000)
    before = len(house.calls())
    await house.pass_time("2026-06-30 16:00", timedelta(minutes=10))
    assert len(house.calls(since=before)) <= 2
    assert (house.value("total_energy") or 0) >= (total or 0)
    assert len([line for line in house.log() if "2026-06-30" in line]) == 1
    # In China, where this cloud counts, July begins at six in the evening in Paris.
    await house.pass_time("2026-06-30 21:00")
    assert {call.code for call in house.calls() if call.time > paris("2026-06-30 18:30")} == {0}
    assert house.calls(since=before + 2)


async def test_options_changed_at_noon_of_the_31st_keep_the_month(house: House) -> None:
    """With any quota, figures stay and the month is not overspent."""
    house.move_to("2026-07-31 02:00")
    entry = await house.set_up(**AUTO)
    await house.pass_time("2026-07-31 12:00")
    for quota in (0, 100, 1000):
        await house.set_quota(quota)
        await house.reload(entry)
        await house.pass_time(timedelta(hours=1))
        assert house.value("total_energy") is not None
    await house.pass_time("2026-08-01 12:00", timedelta(minutes=10))
    assert house.cloud.spent() < 60
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=4)


@pytest.mark.parametrize("plant", [big_plant(500, 1), replace(sample_plant(), ecus=())])
async def test_plants_of_any_size_are_set_up_and_called_as_planned(house: House) -> None:
    """With hundreds of inverters, and with none."""
    house.move_to("2026-06-15 10:30")
    await house.set_up(**AUTO)
    before = len(house.calls())
    await house.pass_time("2026-06-15 12:45", timedelta(minutes=15))
    assert len(house.calls("inverter_energy", since=before)) <= 10
    assert 1 <= len(house.calls(since=before)) <= 20
    assert not [line for line in house.log() if QUOTA_SPENT in line]
