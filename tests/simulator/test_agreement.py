"""The answers agree with each other and with the truth."""
# ruff: noqa: D103 -- names of tests say what they are; JSON is of any type

from datetime import date, datetime, timedelta

import pytest

from simulator import big_plant, sample_plant
from tests.simulator.setup import (
    DS3,
    EID,
    METER,
    NOON,
    PARIS,
    QT2,
    SID,
    TODAY,
    Setups,
    house_plant,
    numbers,
    young_plant,
)


async def test_all_figures_of_a_system_agree(setup: Setups) -> None:
    here = await setup(sample_plant(create_date=date(2025, 11, 5)), at=NOON.replace(hour=23))
    summary = {key: float(text) for key, text in (await here.data(f"summary/{SID}")).items()}
    ecu = await here.data(f"{SID}/devices/ecu/energy/{EID}", "minutely", TODAY)
    hours = numbers(await here.data(f"energy/{SID}", "hourly", TODAY))
    days = numbers(await here.data(f"energy/{SID}", "daily", "2026-06"))
    months = numbers(await here.data(f"energy/{SID}", "monthly", "2026"))
    years = numbers(await here.data(f"energy/{SID}", "yearly"))
    batch = (await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "energy", TODAY))["energy"]
    assert sum(numbers(ecu["energy"])) == pytest.approx(float(ecu["today"]), abs=1e-9)
    assert float(ecu["today"]) == pytest.approx(summary["today"], abs=0.005)
    assert sum(hours) == pytest.approx(summary["today"], abs=0.12)
    assert days[-1] == pytest.approx(summary["today"], abs=0.006)
    assert sum(days) == pytest.approx(summary["month"], abs=0.1)
    assert months[-1] == pytest.approx(summary["month"], abs=0.011)
    assert sum(months) == pytest.approx(summary["year"], abs=0.1)
    assert sum(years) == pytest.approx(summary["lifetime"], abs=0.02)
    assert sum(float(text.rpartition("-")[2]) for text in batch) == pytest.approx(summary["today"], abs=1e-5)
    channels = 0.0
    for uid in (DS3, "703000000012", QT2):
        totals = await here.data(f"{SID}/devices/inverter/summary/{uid}")
        channels += sum(float(text) for key, text in totals.items() if key.startswith("t"))
    assert channels == pytest.approx(summary["lifetime"], abs=0.05)
    integrated = sum(ecu["power"]) / 12000
    assert 1.035 < integrated / summary["today"] < 1.05


async def test_ecus_add_up_to_the_system(setup: Setups) -> None:
    plant = big_plant(7, 3, create_date=date(2026, 6, 1))
    here = await setup(plant)
    parts = [await here.data(f"{plant.sid}/devices/ecu/summary/{ecu.eid}") for ecu in plant.ecus]
    whole = await here.data(f"summary/{plant.sid}")
    assert len({inverter.uid for inverter in plant.inverters}) == 7
    assert sum(float(part["today"]) for part in parts) == pytest.approx(float(whole["today"]), abs=1e-5)
    assert sum(float(part["lifetime"]) for part in parts) == pytest.approx(float(whole["lifetime"]), abs=0.03)
    hours = [await here.data(f"{plant.sid}/devices/ecu/energy/{e.eid}", "hourly", TODAY) for e in plant.ecus]
    system = numbers(await here.data(f"energy/{plant.sid}", "hourly", TODAY))
    assert sum(float(ecu[12]) for ecu in hours) == pytest.approx(system[12], abs=0.03)


async def test_answers_agree_with_the_truth(setup: Setups) -> None:
    here = await setup()
    summary = await here.data(f"summary/{SID}")
    hours = numbers(await here.data(f"energy/{SID}", "hourly", TODAY))
    truth = here.cloud.hourly_kwh(SID, NOON.date())
    assert float(summary["today"]) == pytest.approx(here.cloud.today_kwh(SID), abs=1e-6)
    assert float(summary["lifetime"]) == pytest.approx(here.cloud.lifetime_kwh(SID), abs=0.005)
    assert hours[:13] == pytest.approx(truth[:13], abs=0.005)
    assert truth[13] > 0
    assert sum(truth) == pytest.approx(here.cloud.today_kwh(SID))
    ecu = await here.data(f"{SID}/devices/ecu/energy/{EID}", "minutely", TODAY)
    assert ecu["power"][-1] == here.cloud.power_w(SID)
    batch = (await here.data(f"{SID}/devices/inverter/batch/energy/{EID}", "energy", TODAY))["energy"]
    midnight = NOON.replace(hour=0, minute=0)
    third = here.cloud.energy_kwh(SID, midnight, NOON, uid=QT2, channel=3)
    assert f"{QT2}-3-{third:.6f}" in batch
    assert here.cloud.energy_kwh(SID, midnight, NOON, eid=EID) == here.cloud.today_kwh(SID)
    assert here.cloud.energy_kwh(SID, midnight, NOON, eid="elsewhere") == 0
    made = here.cloud.energy_kwh(SID, midnight, NOON + timedelta(hours=1), uploaded=False)
    assert made > here.cloud.today_kwh(SID) + 0.5


async def test_electrical_values_fit_together(setup: Setups) -> None:
    data = await (await setup()).data(f"{SID}/devices/inverter/energy/{QT2}", "minutely", TODAY)
    watts, volts, amperes = (numbers(data[f"dc_{what}3"]) for what in "pvi")
    for watt, volt, ampere in zip(watts, volts, amperes, strict=True):
        assert volt * ampere == pytest.approx(watt, abs=0.3 + watt * 0.005)
    direct = sum(float(data[f"dc_p{channel}"][-1]) for channel in range(1, 5))
    alternating = sum(float(data[f"ac_p{phase}"][-1]) for phase in (1, 2, 3))
    assert alternating == pytest.approx(0.96 * direct, rel=0.01)
    assert {float(text) for text in data["ac_f"]} == {50.0}
    assert 220 < min(numbers(data["ac_v1"])) <= max(numbers(data["ac_v3"])) < 240
    assert {len(series) for series in data.values()} == {len(data["t"])}


async def test_ac_power_may_have_the_manuals_name(setup: Setups) -> None:
    here = await setup(young_plant(ac_p_without_number=True))
    one = await here.data(f"{SID}/devices/inverter/energy/{DS3}", "minutely", TODAY)
    three = await here.data(f"{SID}/devices/inverter/energy/{QT2}", "minutely", TODAY)
    assert ("ac_p" in one, "ac_p1" in one, "ac_p" in three, "ac_p3" in three) == (True, False, False, True)


async def test_energy_in_equals_energy_out_at_meter_and_battery(setup: Setups) -> None:
    here = await setup(house_plant(), at=NOON.replace(hour=23))
    system = await here.data(f"summary/{SID}")
    meter = await here.data(f"{SID}/devices/meter/summary/{METER}")
    storage = await here.data(f"{SID}/devices/storage/summary/{EID}")
    for name in ("today", "month", "year", "lifetime"):
        flow = {key: float(text) for key, text in storage[name].items()}
        assert {key: float(text) for key, text in meter[name].items()}.items() <= flow.items()
        came = flow["produced"] + flow["imported"] + flow["discharge"]
        assert came == pytest.approx(flow["consumed"] + flow["exported"] + flow["charge"], abs=1e-5)
        assert flow["produced"] == pytest.approx(float(system[name]), abs=0.006)
        assert min(flow.values()) >= 0
    days = await here.data(f"{SID}/devices/meter/period/{METER}", "daily", "2026-06")
    assert sum(numbers(days["consumed"])) == pytest.approx(float(meter["month"]["consumed"]), abs=0.1)
    assert days["time"] == [f"{day:02}" for day in range(1, 16)]
    minutely = await here.data(f"{SID}/devices/storage/period/{EID}", "minutely", TODAY)
    assert sum(numbers(minutely["energy"]["charge"])) == pytest.approx(float(minutely["today"]["charge"]), abs=0.001)
    latest = await here.data(f"{SID}/devices/storage/latest/{EID}")
    assert latest["time"] == minutely["time"][-1] == "23:15"
    consumed_w = float(minutely["power"]["consumed"][-1])
    assert float(latest["consumed"]) == pytest.approx(consumed_w, abs=0.006)
    assert 0 <= int(latest["soc"]) <= 100


async def test_series_of_a_meter_have_the_same_zeros(setup: Setups) -> None:
    here = await setup(house_plant())
    path = f"{SID}/devices/meter/period/{METER}"
    hours = await here.data(path, "hourly", TODAY)
    assert hours["time"] == [f"{hour:02}" for hour in range(24)]
    assert (float(hours["consumed"][3]) > 0, hours["consumed"][13:15]) == (True, ["0.00", "0"])
    assert (await here.data(path, "yearly"))["time"] == ["2026"]
    assert (await here.data(path, "monthly", "2026"))["time"] == [f"{month:02}" for month in range(1, 7)]
    here.clock.time = datetime(2026, 6, 16, 0, 5, tzinfo=PARIS)
    assert (await here.data(f"{SID}/devices/meter/summary/{METER}"))["today"] is None
    for level in ("hourly", "minutely"):
        assert (await here.get(path, level, "2026-06-16")).code == 1001
    unborn = await setup(house_plant(create_date=date(2026, 6, 16)))
    assert (await unborn.get(f"{SID}/devices/storage/latest/{EID}")).code == 1001


@pytest.mark.parametrize("refusal", [2004, 404])
async def test_storage_may_need_the_installers_prefix(setup: Setups, refusal: int) -> None:
    here = await setup(house_plant(), storage_prefix="installer", storage_refusal=refusal)
    reply = await here.get(f"{SID}/devices/storage/latest/{EID}")
    assert (reply.status if refusal == 404 else reply.code) == refusal
    assert (await here.get(f"{SID}/devices/storage/latest/{EID}", prefix="installer")).code == 0
    assert (await here.get(f"details/{SID}", prefix="user")).code == 0
