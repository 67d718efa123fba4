"""A house with a meter and a battery: losses and limits, and figures that agree over all levels and in time."""
# ruff: noqa: ANN401, D103 -- JSON is of any type; names of tests say what they are

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from simulator import Plant, options
from simulator.control import system
from simulator.flows import Flow, household
from simulator.process import plant_of
from simulator.production import KWH_PER_UNIT, W_AC_PER_UNIT
from simulator.view import View
from tests.simulator.setup import EID, METER, NOON, PARIS, SID, TODAY, Setup, Setups, house_plant, numbers, young_plant

FLOWS = ("produced", "consumed", "imported", "exported", "charge", "discharge")
KINDS = {EID: "storage", METER: "meter"}


def slots_of(plant: Plant, day: date, days: int) -> Iterator[tuple[Flow, int]]:
    """Yield the flows of each slot, and the state of charge at its end."""
    house, view = household(plant), View(plant=plant, now=NOON)
    for slot in view.span(day, day + timedelta(days=days - 1)):
        yield house.total(range(slot, slot + 1)), house.soc(slot)


@pytest.mark.parametrize(("into_w", "out_w"), [(2500, 3000), (800, 3000), (3000, 200), (0, 500)])
def test_a_battery_has_a_limit_for_each_direction(into_w: int, out_w: int) -> None:
    plant = house_plant(battery_charge_w=into_w, battery_discharge_w=out_w)
    slots = [flow for flow, _ in slots_of(plant, date(2026, 6, 1), 7)]
    assert max(flow.charge for flow in slots) * W_AC_PER_UNIT <= into_w + 0.001
    assert max(flow.discharge for flow in slots) * W_AC_PER_UNIT <= out_w + 0.001
    assert any(flow.charge for flow in slots) is (into_w > 0)
    assert not any(flow.charge and flow.discharge for flow in slots)


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.2])
def test_what_a_battery_loses_never_comes_back(loss: float) -> None:
    """Over weeks, what comes out is what went in without the loss of both ways, but for the rest inside."""
    plant = house_plant(battery_loss=loss, battery_kwh=5.0)
    slots = list(slots_of(plant, plant.create_date, 21))
    into, out = (sum(getattr(flow, name) for flow, _ in slots) * KWH_PER_UNIT for name in ("charge", "discharge"))
    inside = (slots[-1][1] - 10) / 100 * 5.0
    assert out == pytest.approx((into * (1 - loss) - inside) * (1 - loss), abs=0.05)
    assert into > 30


def test_a_battery_is_never_overfull_nor_emptied() -> None:
    plant = house_plant(battery_kwh=4.0)
    charges = [soc for _, soc in slots_of(plant, plant.create_date, 21)]
    assert (min(charges), max(charges)) == (10, 100)


def test_what_comes_is_what_goes_in_every_slot() -> None:
    for flow, _ in slots_of(house_plant(), date(2026, 6, 1), 14):
        assert flow.produced + flow.imported + flow.discharge == flow.consumed + flow.exported + flow.charge
        assert min(flow) >= 0


async def period(here: Setup, eid: str, level: str, date_range: str = "") -> Any:
    return await here.data(f"{SID}/devices/{KINDS[eid]}/period/{eid}", level, date_range)


@pytest.mark.parametrize("eid", [EID, METER])
async def test_all_levels_agree_with_each_other_and_with_the_truth(setup: Setups, eid: str) -> None:
    here = await setup(house_plant(), at=NOON.replace(hour=23, minute=59))
    summary = await here.data(f"{SID}/devices/{KINDS[eid]}/summary/{eid}")
    minutely, hourly = await period(here, eid, "minutely", TODAY), await period(here, eid, "hourly", TODAY)
    daily, monthly = await period(here, eid, "daily", "2026-06"), await period(here, eid, "monthly", "2026")
    yearly = await period(here, eid, "yearly")
    midnight = NOON.replace(hour=0, minute=0)
    truth = here.cloud.truth(SID)
    today = truth.flows_kwh(eid, midnight, midnight + timedelta(days=1))
    for name in FLOWS if eid == EID else FLOWS[:4]:
        kwh = {span: float(block[name]) for span, block in summary.items()}
        assert kwh["today"] == float(minutely["today"][name]) == pytest.approx(today[name], abs=1e-6)
        assert sum(numbers(minutely["energy"][name])) == pytest.approx(kwh["today"], abs=1e-3)
        assert sum(numbers(hourly[name])[:23]) <= kwh["today"] + 0.12
        assert sum(numbers(daily[name])) == pytest.approx(kwh["month"], abs=0.1)
        assert numbers(monthly[name])[-1] == pytest.approx(kwh["month"], abs=0.006)
        assert sum(numbers(yearly[name])) == pytest.approx(kwh["lifetime"], abs=0.01)


async def test_the_newest_sample_is_the_last_of_the_series(setup: Setups) -> None:
    here = await setup(house_plant(battery_mode=3))
    latest = await here.data(f"{SID}/devices/storage/latest/{EID}")
    series = await period(here, EID, "minutely", TODAY)
    truth = here.cloud.truth(SID)
    assert (latest["mode"], latest["time"]) == ("3", series["time"][-1])
    assert int(latest["soc"]) == truth.soc(EID)
    for name, watts in truth.flows_w(EID).items():
        assert float(latest[name]) == pytest.approx(watts, abs=0.001)
        assert float(series["power"][name][-1]) == pytest.approx(watts, abs=0.006)
    imported_exported = (await period(here, METER, "minutely", TODAY))["power"]["imported_exported"][-1]
    by_meter = truth.flows_w(METER)
    assert float(imported_exported) == pytest.approx(by_meter["imported"] - by_meter["exported"], abs=0.011)


async def test_figures_only_rise_and_a_day_that_is_over_stays(setup: Setups) -> None:
    here = await setup(house_plant(), at=NOON.replace(hour=20))
    totals, yesterday = [], []
    for _ in range(12):
        here.clock.time += timedelta(hours=2, minutes=35)
        block = (await here.data(f"{SID}/devices/storage/summary/{EID}"))["lifetime"]
        totals.append({name: float(block[name]) for name in FLOWS})
        yesterday.append(await period(here, EID, "minutely", "2026-06-14"))
    assert all(after[name] >= before[name] for before, after in pairwise(totals) for name in FLOWS)
    assert all(series == yesterday[0] for series in yesterday)


async def test_a_house_before_its_first_sample_has_no_figures(setup: Setups) -> None:
    here = await setup(house_plant(create_date=date(2026, 6, 16)))
    truth = here.cloud.truth(SID)
    assert (truth.flows_w(METER), truth.soc(EID)) == ({}, None)
    assert set(truth.flows_kwh(METER, NOON, NOON + timedelta(days=1)).values()) == {0.0}


async def test_a_plant_without_a_battery_keeps_nothing(setup: Setups) -> None:
    here = await setup(young_plant(meters=(METER,)))
    flows = here.cloud.truth(SID).flows_kwh(METER, datetime(2026, 5, 20, tzinfo=PARIS), NOON)
    assert (flows["charge"], flows["discharge"], here.cloud.truth(SID).soc(METER)) == (0, 0, 0)
    assert flows["exported"] > 0 < flows["imported"]


@pytest.mark.parametrize(
    ("arguments", "types", "meters"),
    [
        ([], [0, 0], ()),
        (["--meter"], [1, 0], ("216200012345",)),
        (["--battery=7.5"], [2, 0], ()),
        (["--battery=7.5", "--meter"], [2, 0], (METER,)),
    ],
)
def test_the_command_line_gives_a_plant_a_meter_and_a_battery(
    arguments: list[str], types: list[int], meters: tuple[str, ...]
) -> None:
    plant = plant_of(options.parse(["--ecus=2", *arguments]), NOON)
    assert ([ecu.type for ecu in plant.ecus], plant.meters) == (types, meters)
    assert plant.battery_kwh == (7.5 if plant.has_storage else 10.0)


def test_the_truth_of_a_house_agrees_with_its_production_and_over_its_days() -> None:
    """As the demo asks for it over HTTP."""
    view = View(plant=house_plant(), now=NOON)
    truth = system(view, view.today - timedelta(days=2))
    for device in (*truth["meters"], *truth["batteries"]):  # type: ignore[misc]
        device: Any
        today, lifetime, past = (device[key] for key in ("today_kwh", "lifetime_kwh", "past_kwh"))
        assert today["produced"] == pytest.approx(truth["today_kwh"], abs=1.5)  # uploaded at other times
        assert all(lifetime[name] >= past[name] + today[name] - 0.001 for name in FLOWS)
        assert 10 <= device["soc"] <= 100
        assert device["power_w"]["consumed"] > 0
