"""Dated changes of a plant: every answer follows them, and energy that was made stays in the totals."""
# ruff: noqa: D103 -- names of tests say what they are

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import pytest

from simulator import (
    Absent,
    AddEcu,
    AddInverter,
    Change,
    Ecu,
    Inverter,
    ListInverters,
    MoveInverter,
    RemoveEcu,
    RemoveInverter,
    ReplaceEcu,
    ReplaceInverter,
    Uploads,
    big_plant,
)
from tests.simulator.consistency import system_answers
from tests.simulator.setup import NOON, TODAY, Setup, Setups, numbers

PLANT = big_plant(4, 2, create_date=NOON.date() - timedelta(days=20))
SID = PLANT.sid
E1, E2 = (ecu.eid for ecu in PLANT.ecus)
(I1, I3), (I2, I4) = ([inverter.uid for inverter in ecu.inverters] for ecu in PLANT.ecus)
E9, I9 = "216200199999", "703000199999"
TEN = NOON.replace(hour=10, minute=0)


async def listed(here: Setup) -> dict[str, list[str] | None]:
    """Return the uids of each ECU in the inverter list; None for null or a missing key."""
    return {
        entry["eid"]: entry.get("inverter") and [inverter["uid"] for inverter in entry["inverter"]]
        for entry in await here.data(f"inverters/{SID}")
    }


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (AddEcu(at=TEN, ecu=Ecu(eid=E9, inverters=(Inverter(uid=I9),))), {E1: [I1, I3], E2: [I2, I4], E9: [I9]}),
        (RemoveEcu(at=TEN, eid=E1), {E2: [I2, I4]}),
        (ReplaceEcu(at=TEN, eid=E1, new_eid=E9), {E9: [I1, I3], E2: [I2, I4]}),
        (AddInverter(at=TEN, eid=E2, inverter=Inverter(uid=I9)), {E1: [I1, I3], E2: [I2, I4, I9]}),
        (RemoveInverter(at=TEN, uid=I1), {E1: [I3], E2: [I2, I4]}),
        (ReplaceInverter(at=TEN, uid=I1, new_uid=I9), {E1: [I9, I3], E2: [I2, I4]}),
        (MoveInverter(at=TEN, uid=I1, eid=E2), {E1: [I3], E2: [I2, I4, I1]}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Change) else "",
)
async def test_every_answer_follows_a_change_from_its_time_on(
    setup: Setups, change: Change, after: dict[str, list[str]]
) -> None:
    here = await setup(PLANT, at=TEN - timedelta(minutes=1))
    here.cloud.change(SID, change)
    assert await listed(here) == {E1: [I1, I3], E2: [I2, I4]}
    await system_answers(here, SID)
    before = await here.data(f"summary/{SID}")
    lifetime = float(before["lifetime"])
    for minutes in (1, 20, 200, 24 * 60):
        here.clock.time = TEN + timedelta(minutes=minutes)
        assert await listed(here) == after
        await system_answers(here, SID)
        later = float((await here.data(f"summary/{SID}"))["lifetime"])
        assert later >= lifetime
        lifetime = later
    yesterday = numbers(await here.data(f"energy/{SID}", "daily", TODAY[:7]))[-2]
    assert yesterday > float(before["today"]) > 0


@pytest.mark.parametrize("code", [1001, 4001])
async def test_a_replaced_ecu_answers_with_its_code_and_the_new_one_begins_at_that_time(
    setup: Setups, code: Literal[1001, 4001]
) -> None:
    here = await setup(PLANT)
    here.cloud.change(SID, ReplaceEcu(at=TEN, eid=E1, new_eid=E9, code=code))
    paths = (f"{SID}/devices/ecu/summary/", f"{SID}/devices/ecu/energy/", f"{SID}/devices/inverter/batch/energy/")
    for path, level in zip(paths, ("", "minutely", "power"), strict=True):
        assert (await here.get(path + E1, level, TODAY if level else "")).code == code
        assert (await here.get(path + E9, level, TODAY if level else "")).code == 0
    new = await here.data(paths[1] + E9, "minutely", TODAY)
    assert new["time"][0] == "10:10"
    whole_day = await here.data(f"{SID}/devices/inverter/energy/{I1}", "minutely", TODAY)
    assert {"09:55", "10:00", "10:10", "13:15"} <= set(whole_day["t"])
    assert "10:05" not in whole_day["t"]
    batch = await here.data(paths[2] + E9, "power", TODAY)
    assert batch["time"] == new["time"]


async def test_a_removed_ecu_answers_with_its_code_and_its_energy_stays(setup: Setups) -> None:
    here = await setup(PLANT, at=TEN)
    removed = float((await here.data(f"{SID}/devices/ecu/summary/{E1}"))["lifetime"])
    here.cloud.change(SID, RemoveEcu(at=TEN, eid=E1, code=1001))
    here.clock.time = NOON
    assert (await here.get(f"{SID}/devices/ecu/summary/{E1}")).code == 1001
    assert (await here.get(f"{SID}/devices/inverter/summary/{I1}")).code == 4001
    left = float((await here.data(f"{SID}/devices/ecu/summary/{E2}"))["lifetime"])
    assert float((await here.data(f"summary/{SID}"))["lifetime"]) == pytest.approx(left + removed, abs=0.02)
    assert here.cloud.newest_sample(SID, E1) is None


async def test_readings_that_were_not_uploaded_before_the_removal_are_lost(setup: Setups) -> None:
    here = await setup(PLANT)
    here.cloud.change(SID, RemoveEcu(at=TEN + timedelta(minutes=14), eid=E1))
    made, known = (here.cloud.energy_kwh(SID, TEN, NOON, eid=E1, uploaded=uploaded) for uploaded in (False, True))
    assert made > known == 0


async def test_an_inverter_that_moves_keeps_its_energy_and_each_ecu_has_its_part(setup: Setups) -> None:
    here = await setup(PLANT)
    before = float((await here.data(f"{SID}/devices/inverter/summary/{I1}"))["t1"])
    here.cloud.change(SID, MoveInverter(at=NOON.replace(minute=0), uid=I1, eid=E2))
    here.clock.time = NOON.replace(hour=18)
    energies = await here.data(f"{SID}/devices/inverter/batch/energy/{E2}", "energy", TODAY)
    assert f"{I1}-1" in {entry.rpartition("-")[0] for entry in energies["energy"]}
    after = float((await here.data(f"{SID}/devices/inverter/summary/{I1}"))["t1"])
    assert after > before
    midnight = NOON.replace(hour=0, minute=0)
    parts = [here.cloud.energy_kwh(SID, midnight, here.clock.time, uid=I1, eid=eid) for eid in (E1, E2)]
    assert min(parts) > 0.1
    assert sum(parts) == pytest.approx(here.cloud.energy_kwh(SID, midnight, here.clock.time, uid=I1))


@pytest.mark.parametrize("absent", Absent)
async def test_an_ecu_is_listed_without_inverters_for_a_time(setup: Setups, absent: Absent) -> None:
    here = await setup(PLANT)
    here.cloud.change(
        SID,
        ListInverters(at=TEN, eid=E1, absent=absent),
        ListInverters(at=NOON + timedelta(hours=1), eid=E1),
    )
    entry = (await here.data(f"inverters/{SID}"))[0]
    assert {Absent.EMPTY: entry.get("inverter") == [], Absent.NULL: "inverter" in entry and entry["inverter"] is None,
            Absent.MISSING: "inverter" not in entry}[absent]  # fmt: skip
    ecus = await system_answers(here, SID)
    assert ecus[E1].today_kwh > 1
    here.clock.time += timedelta(hours=1)
    assert (await listed(here))[E1] == [I1, I3]


async def test_a_new_ecu_gets_its_inverters_later(setup: Setups) -> None:
    new = Ecu(eid=E9, without_inverters=Absent.NULL, uploads=Uploads(phase_minutes=2))
    here = await setup(PLANT, at=TEN)
    here.cloud.change(
        SID, AddEcu(at=TEN, ecu=new), AddInverter(at=NOON.replace(minute=0), eid=E9, inverter=Inverter(uid=I9))
    )
    assert (await listed(here))[E9] is None
    assert (await system_answers(here, SID))[E9].labels == ()
    here.clock.time = NOON
    assert (await listed(here))[E9] == [I9]
    assert (await system_answers(here, SID))[E9].labels == ("13:10", "13:15")
    assert here.cloud.uploads(SID, E9, NOON.date())[0] == TEN.replace(minute=2)


async def test_an_ecu_may_be_removed_and_come_back(setup: Setups) -> None:
    here = await setup(PLANT, at=NOON.replace(hour=18))
    here.cloud.change(
        SID,
        RemoveEcu(at=TEN, eid=E1),
        AddEcu(at=NOON.replace(minute=0), ecu=PLANT.ecus[0]),
    )
    labels = (await here.data(f"{SID}/devices/ecu/energy/{E1}", "minutely", TODAY))["time"]
    assert {"09:55", "10:00", "13:10"} <= set(labels)
    assert not {"10:15", "12:00", "13:00"} & set(labels)
    assert float((await here.data(f"summary/{SID}"))["today"]) == pytest.approx(here.cloud.today_kwh(SID), abs=2e-6)


async def test_changes_of_the_plant_itself_hold_from_their_times(setup: Setups) -> None:
    changes = (RemoveInverter(at=NOON, uid=I1), MoveInverter(at=TEN, uid=I2, eid=E1))
    here = await setup(big_plant(4, 2, create_date=PLANT.create_date, changes=changes), at=TEN)
    assert await listed(here) == {E1: [I1, I3, I2], E2: [I4]}
    here.clock.time = NOON
    assert await listed(here) == {E1: [I3, I2], E2: [I4]}


async def test_a_plant_with_changes_can_be_assigned_as_well(setup: Setups) -> None:
    here = await setup(PLANT)
    here.cloud.change(SID, RemoveEcu(at=TEN, eid=E1), RemoveInverter(at=NOON + timedelta(hours=1), uid=I2))
    before = here.cloud.lifetime_kwh(SID)
    now = here.cloud.plants[SID]
    here.cloud.plants[SID] = replace(PLANT, ecus=now.ecus, changes=now.changes)
    assert here.cloud.lifetime_kwh(SID) == pytest.approx(before)
    here.clock.time += timedelta(hours=1)
    assert await listed(here) == {E2: [I4]}


@pytest.mark.parametrize(
    "change",
    [
        RemoveEcu(at=NOON, eid="1"),
        ReplaceEcu(at=NOON, eid="1", new_eid="2"),
        AddInverter(at=NOON, eid="1", inverter=Inverter(uid="2")),
        RemoveInverter(at=NOON, uid="1"),
        ReplaceInverter(at=NOON, uid="1", new_uid="2"),
        MoveInverter(at=NOON, uid="1", eid=E1),
        MoveInverter(at=NOON, uid=I1, eid="1"),
        ListInverters(at=NOON, eid="1"),
    ],
)
async def test_a_change_of_an_unknown_device_is_refused(setup: Setups, change: Change) -> None:
    here = await setup(PLANT)
    with pytest.raises(ValueError, match=r"no (ECU|inverter) 1"):
        here.cloud.change(SID, change)
    assert await listed(here) == {E1: [I1, I3], E2: [I2, I4]}


async def test_the_truth_of_another_time_has_the_devices_of_that_time(setup: Setups) -> None:
    here = await setup(PLANT)
    here.cloud.change(SID, ReplaceEcu(at=TEN, eid=E1, new_eid=E9))

    def eids(time: datetime) -> list[str]:
        return [ecu.eid for ecu in here.cloud.truth(SID, time).view.plant.ecus]

    assert eids(TEN - timedelta(seconds=1)) == [E1, E2]
    assert eids(TEN) == [E9, E2]
    assert here.cloud.newest_sample(SID, E1, TEN - timedelta(minutes=1)) == TEN.replace(hour=9, minute=45)
    assert here.cloud.newest_sample(SID, E9) == NOON.replace(minute=15)
