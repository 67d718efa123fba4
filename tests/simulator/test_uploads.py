"""Uploads in batches: the cloud knows exactly the samples that were uploaded by then."""
# ruff: noqa: D103 -- names of tests say what they are

from dataclasses import replace
from datetime import date, datetime, timedelta

from hypothesis import given, settings, strategies as st
import pytest

from simulator import Cloud, Plant, Uploads, big_plant
from tests.simulator.consistency import system_answers
from tests.simulator.setup import METER, NOON, SID, TODAY, Clock, Setups, house_plant, numbers, young_plant

MINUTE = timedelta(minutes=1)
DAY = NOON.date()


def plant_with(*uploads: Uploads, seed: int = 0) -> Plant:
    """Return a young plant with an ECU for each."""
    plant = big_plant(2 * len(uploads), len(uploads), sid=SID, create_date=date(2026, 6, 13), seed=seed)
    return replace(plant, ecus=tuple(replace(ecu, uploads=made) for ecu, made in zip(plant.ecus, uploads, strict=True)))


def upload_times(uploads: Uploads, seed: int = 0) -> list[datetime]:
    """Return the times of a day at which the cloud begins to serve an upload."""
    plant = plant_with(uploads, seed=seed)
    return Cloud(plant, now=Clock(NOON.replace(hour=23))).uploads(SID, plant.ecus[0].eid, DAY)


async def test_ecus_upload_at_their_own_phases_and_every_answer_agrees(setup: Setups) -> None:
    plant = plant_with(
        Uploads(phase_minutes=2),
        Uploads(phase_minutes=7, jitter_minutes=3, delay_minutes=4),
        Uploads(every_minutes=60, phase_minutes=31),
    )
    here = await setup(plant, at=NOON.replace(hour=5))
    one, two, three = (ecu.eid for ecu in plant.ecus)
    uploads = {time for eid in (one, two, three) for time in here.cloud.uploads(SID, eid, DAY)}
    for time in sorted(uploads)[60:75]:
        for seconds in (-1, 0):
            here.clock.time = time + timedelta(seconds=seconds)
            ecus = await system_answers(here, SID)
    assert len({ecus[eid].labels[-1] for eid in (one, two, three)}) > 1
    assert here.cloud.uploads(SID, three, DAY)[13].strftime("%H:%M") == "13:31"


@given(
    every=st.sampled_from([5, 15, 20, 60]),
    phase=st.integers(0, 59),
    jitter=st.integers(0, 9),
    delay=st.integers(0, 30),
    minute=st.integers(9 * 60, 20 * 60),
    seed=st.integers(0, 99),
)
@settings(max_examples=40, deadline=None)
def test_the_newest_sample_is_that_of_the_newest_upload(
    every: int, phase: int, jitter: int, delay: int, minute: int, seed: int
) -> None:
    uploads = Uploads(
        every_minutes=every, phase_minutes=phase, jitter_minutes=min(jitter, (every - 1) // 2), delay_minutes=delay
    )
    plant = plant_with(uploads, seed=seed)
    now = NOON.replace(hour=0, minute=0) + minute * MINUTE
    cloud = Cloud(plant, now=Clock(now))
    eid = plant.ecus[0].eid
    served = [time for time in cloud.uploads(SID, eid, DAY) if time <= now]
    newest = cloud.newest_sample(SID, eid)
    assert newest
    assert newest <= served[-1] - delay * MINUTE < newest + 5 * MINUTE
    assert cloud.newest_sample(SID, eid, served[-1] - timedelta(seconds=1)) <= newest


@pytest.mark.parametrize("jitter", [0, 3, 7])
def test_jitter_is_bounded_and_the_same_for_the_same_seed(jitter: int) -> None:
    exact = upload_times(Uploads(phase_minutes=8))
    early_or_late = upload_times(Uploads(phase_minutes=8, jitter_minutes=jitter), seed=4)
    assert len(exact) == len(early_or_late) == 96
    errors = [abs(b - a) for a, b in zip(exact, early_or_late, strict=True)]
    assert max(errors) <= jitter * MINUTE
    assert len(set(errors)) == (1 if jitter == 0 else len(set(errors)))
    assert early_or_late == upload_times(Uploads(phase_minutes=8, jitter_minutes=jitter), seed=4)
    assert early_or_late == sorted(early_or_late)
    if jitter:
        assert max(errors) > MINUTE
        assert early_or_late != upload_times(Uploads(phase_minutes=8, jitter_minutes=jitter), seed=5)


def test_a_restart_moves_the_phase_from_its_time_on() -> None:
    times = upload_times(Uploads(phase_minutes=3, phase_jumps=((NOON, 11), (NOON.replace(hour=18), 0))))
    minutes = [(f"{time:%H}", time.minute % 15) for time in times]
    assert {phase for hour, phase in minutes if hour < "13"} == {3}
    assert {phase for hour, phase in minutes if "14" <= hour < "18"} == {11}
    assert {phase for hour, phase in minutes if hour > "18"} == {0}
    assert [f"{time:%H:%M}" for time in times if time.hour == 13] == ["13:03", "13:18", "13:26", "13:41", "13:56"]


async def test_uploads_that_fail_bring_their_samples_later(setup: Setups) -> None:
    start, end = NOON.replace(hour=9, minute=0), NOON.replace(hour=12, minute=0)
    plant = plant_with(Uploads(phase_minutes=1, failures=((start, end),)))
    eid = plant.ecus[0].eid
    here = await setup(plant, at=end)
    assert (await system_answers(here, SID))[eid].labels[-1] == "08:45"
    assert (await here.data(f"details/{SID}"))["light"] == 1
    here.clock.time = end + MINUTE
    assert {"09:00", "10:30", "12:00"} <= set((await system_answers(here, SID))[eid].labels)
    assert not [time for time in here.cloud.uploads(SID, eid, DAY) if start <= time < end]


async def test_a_delay_is_the_time_until_the_cloud_serves_an_upload(setup: Setups) -> None:
    plant = plant_with(Uploads(delay_minutes=9))
    here = await setup(plant, at=NOON.replace(minute=23))
    eid = plant.ecus[0].eid
    assert (await system_answers(here, SID))[eid].labels[-1] == "13:00"
    here.clock.time += MINUTE
    assert (await system_answers(here, SID))[eid].labels[-1] == "13:15"


@pytest.mark.parametrize(("ahead", "newest"), [(10, "13:25"), (0, "13:15"), (-35, "12:40")])
async def test_a_wrong_clock_shifts_the_labels_and_the_hours(setup: Setups, ahead: int, newest: str) -> None:
    wrong, right = plant_with(Uploads(clock_ahead_minutes=ahead)), plant_with(Uploads())
    eid = right.ecus[0].eid
    here, there = await setup(wrong), await setup(right)
    assert (await system_answers(here, SID))[eid].labels[-1] == newest
    path = f"{SID}/devices/ecu/energy/{eid}"
    shifted, true = [await one.data(path, "minutely", TODAY) for one in (here, there)]
    assert shifted["power"] == true["power"]
    first = datetime.strptime(true["time"][0], "%H:%M") + ahead * MINUTE  # noqa: DTZ007 -- a clock time
    assert shifted["time"][0] == f"{first:%H:%M}"
    inverter = right.inverters[0].uid
    data = await here.data(f"{SID}/devices/inverter/energy/{inverter}", "minutely", TODAY)
    assert data["t"] == shifted["time"]
    energy = [one.cloud.energy_kwh(SID, NOON.replace(hour=9), NOON, uploaded=False) for one in (here, there)]
    assert energy[0] == energy[1]


async def test_a_wrong_clock_shifts_a_battery_as_well(setup: Setups) -> None:
    plant = house_plant()
    ahead = replace(plant, ecus=(replace(plant.ecus[0], uploads=Uploads(clock_ahead_minutes=15)),))
    here, there = await setup(ahead), await setup(plant)
    path = f"{SID}/devices/storage/period/{plant.ecus[0].eid}"
    shifted, true = [await one.data(path, "minutely", TODAY) for one in (here, there)]
    assert (shifted["time"][0], shifted["time"][-1]) == ("00:05", "13:30")
    assert shifted["power"]["charge"][3:] == true["power"]["charge"]
    latest = await here.data(f"{SID}/devices/storage/latest/{plant.ecus[0].eid}")
    assert (latest["time"], latest["charge"][:-1]) == ("13:30", shifted["power"]["charge"][-1])
    meter = await here.data(f"{SID}/devices/meter/period/{METER}", "minutely", TODAY)
    assert meter["time"] == true["time"]


@pytest.mark.parametrize("late", [True, False])
async def test_missing_days_come_late_or_are_lost(setup: Setups, late: bool) -> None:
    plant = plant_with(Uploads(phase_minutes=4), Uploads(phase_minutes=9))
    plant = replace(plant, create_date=date(2026, 6, 1))
    one, two = (ecu.eid for ecu in plant.ecus)
    here = await setup(plant)
    here.cloud.offline(one, datetime(2026, 6, 10, 12, tzinfo=NOON.tzinfo), NOON.replace(hour=12), late=late)
    here.clock.time = NOON.replace(hour=11, minute=0)
    ecus = await system_answers(here, SID)
    assert (ecus[one].labels, ecus[two].labels[-1]) == ((), "10:50")
    assert here.cloud.newest_sample(SID, one) == datetime(2026, 6, 10, 11, 45, tzinfo=NOON.tzinfo)
    here.clock.time = NOON
    ecus = await system_answers(here, SID)
    assert ("11:00" in ecus[one].labels) is late
    days = await here.data(f"{SID}/devices/ecu/energy/{one}", "daily", "2026-06")
    assert [text == "0" for text in days[10:14]] == [not late] * 4
    assert min(numbers(days[:10] + days[14:])) > 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"every_minutes": 0},
        {"jitter_minutes": 8},
        {"jitter_minutes": -1},
        {"delay_minutes": -1},
        {"clock_ahead_minutes": 3},
    ],
)
def test_uploads_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"uploads need|clock"):
        Uploads(**wrong)


def test_the_default_is_an_upload_of_all_devices_each_quarter_of_an_hour() -> None:
    cloud = Cloud(young_plant(), now=Clock(NOON))
    times = cloud.uploads(SID, "216200012345", DAY)
    assert {time.minute for time in times} == {0, 15, 30, 45}
    assert len(times) == 96
