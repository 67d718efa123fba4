"""Meters, batteries and the totals of an inverter: requests over HTTP against the simulated cloud, and parsing."""
# ruff: noqa: D103 -- test names say what they check

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import astuple, replace
from datetime import datetime, timedelta

import pytest

from custom_components.apsystems_openapi.cloud import (
    Flows,
    OpenApiClient,
    OpenApiNoDataError,
    OpenApiNotFoundError,
    OpenApiPermissionError,
)
from custom_components.apsystems_openapi.cloud.parsing import (
    ShapeError,
    parse_flow_day,
    parse_flow_totals,
    parse_inverter_summary,
    parse_meters,
    parse_storage_state,
)
from simulator import Absent, Ecu, Kind

from .service import DAY, DS3, MIDNIGHT, NIGHT, NOON, QT2, SID, Service, serving, young_plant

pytestmark = pytest.mark.usefixtures("socket_enabled")
METER, BATTERY = "216200099999", "216200088888"
ENERGY = ("produced", "imported", "discharge"), ("consumed", "exported", "charge")


@pytest.fixture
async def home(socket_enabled: None) -> AsyncIterator[Service]:  # noqa: ARG001
    """Return the cloud of a home with a meter and a battery."""
    plant = young_plant()
    home = replace(plant, meters=(METER,), ecus=(*plant.ecus, Ecu(eid=BATTERY, type=2)), battery_kwh=5.0)
    async with serving(home) as service:
        yield service


def balance(flows: Flows) -> float:
    """Return by how much the flows into a house and those out of it differ."""
    into, out = (sum(getattr(flows, name) or 0.0 for name in names) for names in ENERGY)
    return into - out


REQUESTS: dict[str, tuple[Callable[[OpenApiClient], Awaitable[object]], Kind, str]] = {
    "inverter_summary": (lambda client: client.inverter_summary(DS3), Kind.INVERTER_SUMMARY, DS3),
    "meters": (lambda client: client.meters(), Kind.METERS, SID),
    "meter_summary": (lambda client: client.meter_summary(METER), Kind.METER_SUMMARY, METER),
    "meter_day": (lambda client: client.meter_day(METER, DAY), Kind.METER_ENERGY, METER),
    "storage_state": (lambda client: client.storage_state(BATTERY), Kind.STORAGE_LATEST, BATTERY),
    "storage_summary": (lambda client: client.storage_summary(BATTERY), Kind.STORAGE_SUMMARY, BATTERY),
    "storage_day": (lambda client: client.storage_day(BATTERY, DAY), Kind.STORAGE_PERIOD, BATTERY),
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_a_method_sends_one_signed_request(home: Service, name: str) -> None:
    send, kind, target = REQUESTS[name]
    await send(home.client())
    (seen,) = home.cloud.calls
    assert (seen.kind, seen.target, seen.code) == (kind, target, 0)
    assert (seen.level, seen.date_range) == (("minutely", "2026-06-15") if name.endswith("_day") else (None, None))


async def test_the_totals_of_an_inverter_are_those_of_its_channels(home: Service) -> None:
    for uid, channels in ((DS3, 2), (QT2, 4)):
        totals = await home.client().inverter_summary(uid)
        assert len(totals) == channels
        for channel in totals:
            today, month, year, lifetime = astuple(channel)
            assert 0 < today <= month <= year <= lifetime
    home.now = NIGHT
    assert {channel.today for channel in await home.client().inverter_summary(DS3)} == {None}


async def test_a_meters_day_balances_and_its_hours_are_those_of_the_day() -> None:
    async with serving(young_plant(meters=(METER,))) as home:
        day = await home.client().meter_day(METER, DAY)
        produced = home.cloud.energy_kwh(SID, MIDNIGHT, NOON)
    assert day.newest is not None
    assert balance(day.today) == pytest.approx(0, abs=0.03)
    assert set(day.energy) == {"produced", "consumed", "imported", "exported"}
    for name, energy in day.energy.items():
        assert sum(kwh or 0.0 for kwh in energy) == pytest.approx(getattr(day.today, name), abs=0.01)
    assert day.today.charge is None
    assert day.power.imported == 0 or day.power.exported == 0
    assert day.today.produced == pytest.approx(produced, abs=0.4)


async def test_a_batterys_day_balances_with_all_six_flows(home: Service) -> None:
    home.now = datetime(2026, 6, 15, 21, tzinfo=NOON.tzinfo)
    day, state = await home.client().storage_day(BATTERY, DAY), await home.client().storage_state(BATTERY)
    assert None not in astuple(day.today)
    assert balance(day.today) == pytest.approx(0, abs=0.05)
    assert 0 <= (state.soc or -1) <= 100
    assert state.mode == 4
    assert state.time is not None
    assert balance(state.power) == pytest.approx(0, abs=1)


async def test_totals_grow_with_the_period(home: Service) -> None:
    client = home.client()
    for totals in (await client.meter_summary(METER), await client.storage_summary(BATTERY)):
        consumed = [block.consumed for block in (totals.today, totals.month, totals.year, totals.lifetime)]
        assert consumed == sorted(consumed)
        assert consumed[0]


@pytest.mark.parametrize("refusal", [2004, 404])
async def test_a_battery_is_read_under_the_other_prefix(refusal: int) -> None:
    plant = young_plant()
    home = replace(plant, ecus=(*plant.ecus, Ecu(eid=BATTERY, type=2)), battery_kwh=5.0)
    expected = OpenApiNotFoundError if refusal == 404 else OpenApiPermissionError
    async with serving(home, storage_prefix="installer", storage_refusal=refusal) as service:
        client = service.client()
        with pytest.raises(expected):
            await client.storage_state(BATTERY)
        assert (await client.storage_state(BATTERY, as_installer=True)).soc is not None
        assert (await client.storage_summary(BATTERY, as_installer=True)).today.consumed
        assert (await client.storage_day(BATTERY, DAY, as_installer=True)).newest


@pytest.mark.parametrize("absent", [Absent.EMPTY, Absent.NULL, Absent.MISSING])
async def test_a_system_without_a_meter_has_none(absent: Absent) -> None:
    async with serving(young_plant(without_meters=absent)) as service:
        try:
            assert await service.client().meters() == ()
        except OpenApiNoDataError:
            assert absent is Absent.MISSING


async def test_a_battery_without_a_sample_today_has_no_data(home: Service) -> None:
    with pytest.raises(OpenApiNoDataError):
        await home.client().storage_day(BATTERY, DAY + timedelta(days=1))


# Parsing


def test_blocks_that_are_null_or_no_objects_are_unknown() -> None:
    totals = parse_flow_totals(
        {"today": None, "month": [], "year": "12", "lifetime": {"consumed": "7.5", "charge": ""}}
    )
    assert (totals.today, totals.month, totals.year) == (Flows(), Flows(), Flows())
    assert totals.lifetime == Flows(consumed=7.5)


@pytest.mark.parametrize(
    ("traded", "power"),
    [
        ("120.5", Flows(imported=120.5, exported=0.0)),
        ("-80", Flows(imported=0.0, exported=80.0)),
        ("0", Flows(imported=0.0, exported=0.0)),
        ("-0.00", Flows(imported=0.0, exported=0.0)),
        (None, Flows()),
        ("much", Flows()),
    ],
)
def test_the_power_of_the_grid_is_import_where_it_is_positive(traded: object, power: Flows) -> None:
    data = {"time": ["12:00"], "power": {"imported_exported": [traded]}, "energy": {"consumed": ["0.1"]}}
    assert parse_flow_day(data).power == power
    assert "-0.0" not in repr(parse_flow_day(data).power)


@pytest.mark.parametrize(
    ("soc", "percent"), [("97", 97.0), (0, 0.0), ("101", None), ("-1", None), ("", None), (None, None), (True, None)]
)
def test_a_state_of_charge_is_a_percentage_or_unknown(soc: object, percent: float | None) -> None:
    assert parse_storage_state({"soc": soc}).soc == percent


def test_a_mode_is_a_number_and_passed_on() -> None:
    modes = [parse_storage_state({"mode": mode}).mode for mode in ("1", 3, "17", "1.5", "off", None)]
    assert modes == [1, 3, 17, None, None, None]


@pytest.mark.parametrize("label", ["25:00", "", None, 1320, "noon"])
def test_a_time_that_is_none_is_unknown(label: object) -> None:
    assert parse_storage_state({"time": label}).time is None


def test_lists_of_different_length_end_in_none() -> None:
    data = {
        "time": ["00:05", "01:00", "23:55"],
        "power": {},
        "energy": {"charge": ["0.5"], "produced": ["1", "2", "3"]},
    }
    day = parse_flow_day(data)
    assert day.labels == ("00:05", "01:00", "23:55")
    assert day.energy == {"charge": (0.5, None, None), "produced": (1.0, 2.0, 3.0)}


def test_labels_keep_their_order_and_invalid_ones_go_with_their_values() -> None:
    data = {"time": ["02:55", "noon", "02:00", "00:00"], "energy": {"consumed": ["1", "2", "3", ""]}}
    day = parse_flow_day(data)
    assert (day.labels, day.energy) == (("02:55", "02:00", "00:00"), {"consumed": (1.0, 3.0, None)})
    assert day.newest == "02:55"


def test_meters_are_listed_once_without_the_prefix_of_a_shared_user() -> None:
    assert parse_meters(["2030000001236-216200099999", "216200099999", None, "", {}]) == (METER,)
    with pytest.raises(ShapeError):
        parse_meters({"meters": []})


def test_channels_of_an_inverter_keep_their_number() -> None:
    assert parse_inverter_summary({}) == ()
    totals = parse_inverter_summary({"t1": None, "t3": "12.5", "d3": "-1"})
    assert [channel.lifetime for channel in totals] == [None, None, 12.5]
    assert totals[2].today is None
