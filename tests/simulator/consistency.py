"""Checks that all answers about a plant at one time fit together."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from tests.simulator.setup import Setup, numbers


@dataclass(frozen=True)
class EcuAnswers:
    """The answers about one ECU today."""

    eid: str
    labels: tuple[str, ...]
    """Of ECU minutely; empty before the first sample of the day."""
    today_kwh: float


async def ecu_answers(here: Setup, sid: str, eid: str) -> EcuAnswers:
    """Fetch everything about an ECU and its inverters, and check that it fits together."""
    day = here.clock.time.date().isoformat()
    minutely = await here.get(f"{sid}/devices/ecu/energy/{eid}", "minutely", day)
    summary = await here.data(f"{sid}/devices/ecu/summary/{eid}")
    batch = f"{sid}/devices/inverter/batch/energy/{eid}"
    if minutely.code == 1001:
        assert summary["today"] is None
        assert [(await here.get(batch, level, day)).code for level in ("power", "energy")] == [1001, 1001]
        return EcuAnswers(eid, (), 0.0)
    labels, today = minutely.data["time"], float(minutely.data["today"])
    assert sum(numbers(minutely.data["energy"])) == pytest.approx(today, abs=1e-6)
    assert float(summary["today"]) == pytest.approx(today, abs=0.006)
    by_hour = [0.0] * 24
    for label, energy in zip(labels, numbers(minutely.data["energy"]), strict=True):
        by_hour[int(label[:2]) - (label[3:] == "00")] += energy
    hourly = numbers(await here.data(f"{sid}/devices/ecu/energy/{eid}", "hourly", day))
    closed = here.clock.time.hour
    assert hourly[:closed] == pytest.approx(by_hour[:closed], abs=0.02)
    assert hourly[closed:] == [0.0] * (24 - closed)
    power = await here.data(batch, "power", day)
    assert power["time"] == labels
    energy = (await here.data(batch, "energy", day))["energy"]
    assert {entry.rpartition("-")[0] for entry in energy} == set(power["power"])
    newest = here.cloud.newest_sample(sid, eid)
    assert newest
    assert newest.strftime("%H:%M") == labels[-1]
    return EcuAnswers(eid, tuple(labels), float(summary["today"]))


async def system_answers(here: Setup, sid: str) -> dict[str, EcuAnswers]:
    """Fetch everything about a system and its listed ECUs, and check that it fits together. Returns ECUs by id."""
    listing = await here.data(f"inverters/{sid}")
    eids = [entry["eid"] for entry in listing]
    assert (await here.data(f"details/{sid}"))["ecu"] == eids
    ecus = {eid: await ecu_answers(here, sid, eid) for eid in eids}
    summary = await here.data(f"summary/{sid}")
    truth = here.cloud.truth(sid)
    today = here.clock.time.date()
    assert float(summary["today"] or 0) == pytest.approx(truth.today_kwh(), abs=2e-6)
    assert float(summary["lifetime"]) == pytest.approx(truth.lifetime_kwh(), abs=0.006)
    days = numbers(await here.data(f"energy/{sid}", "daily", f"{today:%Y-%m}"))
    assert days[-1] == pytest.approx(float(summary["today"] or 0), abs=0.006)
    assert sum(days) == pytest.approx(float(summary["month"]), abs=0.2)
    months = numbers(await here.data(f"energy/{sid}", "monthly", f"{today:%Y}"))
    assert sum(months) == pytest.approx(float(summary["year"]), abs=0.1)
    hours = await here.get(f"energy/{sid}", "hourly", today.isoformat())
    if hours.code == 0:
        closed = here.clock.time.hour
        assert numbers(hours.data)[:closed] == pytest.approx(truth.hourly_kwh(today)[:closed], abs=0.006)
    midnight = here.clock.time.replace(hour=0, minute=0)
    removed = sum(
        truth.energy_kwh(midnight, midnight + timedelta(days=1), eid=ecu.eid)
        for ecu in truth.view.plant.removed
        if ecu.eid not in eids
    )
    assert sum(ecu.today_kwh for ecu in ecus.values()) + removed == pytest.approx(truth.today_kwh(), abs=1e-5)
    return ecus
