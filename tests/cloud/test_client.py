"""Requests of the client and their parsed answers, over HTTP against the simulated cloud."""
# ruff: noqa: D103 -- test names say what they check

from datetime import date, datetime

import pytest

from custom_components.apsystems_openapi.cloud import EnergyLevel, InverterDay, Summary, normalize_base_url
from simulator import DEFAULT_APP_ID, Absent, Ecu, Fault, FaultKind

from .raw_server import RawServer
from .service import (
    DAY,
    DS3,
    EID,
    MIDNIGHT,
    NIGHT,
    NOON,
    PARIS,
    QT2,
    SID,
    Request,
    Service,
    every_request,
    serving,
    young_plant,
)

pytestmark = pytest.mark.usefixtures("socket_enabled")


@every_request
async def test_a_method_sends_one_signed_request(service: Service, request_: Request) -> None:
    await request_.send(service.client())
    (seen,) = service.cloud.calls
    assert (seen.kind, seen.sid, seen.target, seen.level, seen.date_range) == (
        request_.kind,
        SID,
        request_.target,
        request_.level,
        request_.date_range,
    )
    assert (seen.code, seen.app_id) == (0, DEFAULT_APP_ID)


async def test_a_path_in_front_of_the_api_is_kept(service: Service) -> None:
    async with RawServer() as server:
        await service.client(base_url=normalize_base_url(f"{server.url}/aps/user/api/v2/")).summary()
    assert server.requests[0].startswith(f"GET /aps/user/api/v2/systems/summary/{SID} HTTP".encode())


async def test_details_match_the_plant(service: Service) -> None:
    details = await service.client().details()
    assert (details.created, details.capacity_kw, details.timezone) == (date(2026, 5, 20), 3.28, "Europe/Paris")
    assert (details.ecus, details.light) == ((EID,), 1)


async def test_the_inverter_list_matches_the_plant(service: Service) -> None:
    ecus = await service.client().inverters()
    plant = service.cloud.plants[SID]
    assert [ecu.eid for ecu in ecus] == [ecu.eid for ecu in plant.ecus]
    assert [(i.uid, i.model, i.eid) for i in ecus[0].inverters] == [(i.uid, i.type, EID) for i in plant.inverters]


@pytest.mark.parametrize("absent", Absent)
async def test_an_ecu_without_inverters_is_listed(absent: Absent) -> None:
    ecu = Ecu(eid="002405253708", shared_prefix="2030000001236", without_inverters=absent)
    async with serving(young_plant(ecus=(ecu,))) as service:
        (listed,) = await service.client().inverters()
        assert (listed.eid, listed.inverters) == ("002405253708", ())
        assert (await service.client().details()).ecus == ("002405253708",)


async def test_the_summary_matches_the_production(service: Service) -> None:
    summary = await service.client().summary()
    truth = service.cloud.truth(SID)
    assert summary.today == pytest.approx(truth.today_kwh(), abs=1e-6)
    assert summary.lifetime == pytest.approx(truth.lifetime_kwh(), abs=0.006)
    assert summary.year == summary.lifetime
    month = truth.energy_kwh(datetime(2026, 6, 1, tzinfo=PARIS), NOON)
    assert summary.month == pytest.approx(month, abs=0.006)


async def test_today_is_unknown_at_night(service: Service) -> None:
    service.now = NIGHT
    summary = await service.client().summary()
    assert summary.today is None
    assert summary.lifetime == pytest.approx(service.cloud.lifetime_kwh(SID), abs=0.006)


async def test_hourly_energy_matches_the_production_of_closed_hours(service: Service) -> None:
    hours = await service.client().energy(EnergyLevel.HOURLY, DAY)
    truth = service.cloud.hourly_kwh(SID, DAY)
    assert hours[:13] == tuple(pytest.approx(kwh, abs=0.006) for kwh in truth[:13])
    assert hours[13:] == (0.0,) * 11
    assert truth[13] > 0


async def test_energy_of_longer_periods_ends_with_the_running_one(service: Service) -> None:
    client = service.client()
    days = await client.energy(EnergyLevel.DAILY, DAY)
    months = await client.energy(EnergyLevel.MONTHLY, DAY)
    years = await client.energy(EnergyLevel.YEARLY, DAY)
    assert (len(days), len(months), len(years)) == (15, 6, 1)
    assert days[-1] == pytest.approx(service.cloud.today_kwh(SID), abs=0.006)
    assert sum(kwh or 0 for kwh in days) == pytest.approx(months[-1], abs=0.1)
    assert sum(kwh or 0 for kwh in months) == pytest.approx(years[-1], abs=0.1)


async def test_months_before_the_registration_have_no_record(service: Service) -> None:
    months = await service.client().energy(EnergyLevel.MONTHLY, DAY)
    assert months[:4] == (None,) * 4
    assert None not in months[4:]


@pytest.mark.parametrize(("uid", "channels", "phases"), [(DS3, 2, 1), (QT2, 4, 3)])
async def test_an_inverters_day_has_its_channels_and_phases(
    service: Service, uid: str, channels: int, phases: int
) -> None:
    day = await service.client().inverter_day(uid, DAY)
    assert (day.day, len(day.channels), len(day.ac_voltages_v)) == (DAY, channels, phases)
    assert day.measured_at == day.times[-1] == "13:15"
    assert day.frequency_hz == 50.0
    for number, channel in enumerate(day.channels, start=1):
        kwh = service.cloud.energy_kwh(SID, MIDNIGHT, NOON, uid=uid, channel=number)
        # DC power is a few percent above the energy that is fed in (api.md §3).
        assert sum(watts or 0 for watts in channel.power_w) / 12000 == pytest.approx(kwh * 1.04, rel=0.02)
    kwh = service.cloud.energy_kwh(SID, MIDNIGHT, NOON, uid=uid)
    assert sum(watts or 0 for watts in day.ac_power_w) / 12000 == pytest.approx(kwh, rel=0.02)


async def test_ac_power_under_the_name_of_the_manual_is_read() -> None:
    async with serving(young_plant(ac_p_without_number=True)) as service:
        day = await service.client().inverter_day(DS3, DAY)
        kwh = service.cloud.energy_kwh(SID, MIDNIGHT, NOON, uid=DS3)
        assert sum(watts or 0 for watts in day.ac_power_w) / 12000 == pytest.approx(kwh, rel=0.02)


async def test_an_ecus_day_matches_the_production(service: Service) -> None:
    day = await service.client().ecu_day(EID, DAY)
    assert day.today == pytest.approx(service.cloud.today_kwh(SID), abs=0.006)
    assert (day.newest, day.power_w) == ("13:15", service.cloud.power_w(SID))
    for hour, truth in zip(day.hours, service.cloud.hourly_kwh(SID, DAY), strict=True):
        assert (hour or 0) == pytest.approx(truth, abs=0.011)


async def test_a_batch_covers_every_channel(service: Service) -> None:
    power = await service.client().batch_power(EID, DAY)
    energy = await service.client().batch_energy(EID, DAY)
    assert power.times[-1] == "13:15"
    assert set(power.power_w) == set(energy)
    assert len(energy) == 8
    for (uid, channel), kwh in energy.items():
        truth = service.cloud.energy_kwh(SID, MIDNIGHT, NOON, uid=uid, channel=channel)
        assert kwh == pytest.approx(truth, abs=1e-6)
        watts = power.power_w[uid, channel]
        assert sum(watt or 0 for watt in watts) / 12000 == pytest.approx(truth * 1.04, rel=0.02)


@pytest.mark.parametrize("content_type", ["application/json", "application/octet-stream", "text/html", "nonsense"])
async def test_an_answer_is_read_under_any_content_type(content_type: str) -> None:
    async with serving(content_types=(content_type,)) as service:
        assert (await service.client().summary()).lifetime is not None


async def test_an_answer_without_a_length_is_read_to_its_end(service: Service) -> None:
    async with RawServer() as server:
        assert (await service.client(base_url=server.url).summary()).lifetime == 1.0


@every_request
@pytest.mark.parametrize("kind", [FaultKind.NULLS, FaultKind.RAGGED, FaultKind.NONSENSE])
async def test_invalid_values_leave_an_answer_readable(service: Service, request_: Request, kind: FaultKind) -> None:
    service.cloud.order(Fault(kind=kind, value="NaN"))
    answer = await request_.send(service.client())
    assert "nan" not in repr(answer)
    if isinstance(answer, Summary) and kind is not FaultKind.RAGGED:
        assert answer == Summary(today=None, month=None, year=None, lifetime=None)
    if isinstance(answer, InverterDay):
        assert all(len(channel.power_w) == len(answer.times) for channel in answer.channels)


@every_request
async def test_an_empty_answer_is_valid(service: Service, request_: Request) -> None:
    service.cloud.order(Fault(kind=FaultKind.EMPTY_DATA))
    await request_.send(service.client())


async def test_a_slow_answer_is_awaited(service: Service) -> None:
    service.cloud.order(Fault(kind=FaultKind.SLOW, delay_s=0.2))
    assert (await service.client().summary()).lifetime is not None
