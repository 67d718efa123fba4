"""Meters, batteries and totals of panels: what answers do to their figures, whatever the cloud says."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.cloud.exceptions import (
    OpenApiAnswerError,
    OpenApiError,
    OpenApiNotFoundError,
    OpenApiPermissionError,
    OpenApiRequestError,
)
from custom_components.apsystems_openapi.cloud.models import Ecu, FlowDay, Flows, FlowTotals, StorageState, Summary
from custom_components.apsystems_openapi.schedule.calls import Call, Kind, Purpose, Slot
from custom_components.apsystems_openapi.schedule.options import Options
from custom_components.apsystems_openapi.schedule.sun import Site
from custom_components.apsystems_openapi.system.backlog import Backlog, Source, SourceKind
from custom_components.apsystems_openapi.system.clock import Clock
from custom_components.apsystems_openapi.system.day_end import advanced
from custom_components.apsystems_openapi.system.due import Situation
from custom_components.apsystems_openapi.system.energy import Energy, Reading
from custom_components.apsystems_openapi.system.house import (
    House,
    house_at_day,
    house_reading,
    self_consumption,
    self_sufficiency,
    with_agreement,
    with_house_day,
    with_storage_state,
    with_totals,
)
from custom_components.apsystems_openapi.system.house_updates import is_right, with_flow_day
from custom_components.apsystems_openapi.system.panel_totals import (
    due_totals,
    panels_at_day,
    with_inverter_summary,
    with_panels_today,
)
from custom_components.apsystems_openapi.system.reactions import LONGEST_RIGHT, after_failure, after_success
from custom_components.apsystems_openapi.system.state import SystemState
from custom_components.apsystems_openapi.system.updates import UPDATES
from custom_components.apsystems_openapi.system.waits import Reason

DAY = date(2026, 6, 15)
MIDNIGHT = datetime(2026, 6, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
SITE = Site(latitude=48.85, longitude=2.35, zone=UTC)
METER = Source(kind=SourceKind.METER, eid="M1")
BATTERY = Source(kind=SourceKind.BATTERY, eid="B1")
TODAY = Flows(produced=10.0, consumed=6.0, imported=2.0, exported=6.0)
LIFETIME = Flows(produced=900.0, consumed=700.0, imported=300.0, exported=500.0)
SWAPPED = replace(TODAY, imported=6.0, exported=2.0)


def reading(hours: float, day: date = DAY) -> Reading:
    midnight = MIDNIGHT + (day - DAY)
    return house_reading(
        Reading(
            at=midnight + hours * HOUR, midnight=midnight, sunrise=midnight + 4 * HOUR, last=midnight + 23.75 * HOUR
        )
    )


def totals(today: Flows = TODAY, lifetime: Flows = LIFETIME) -> FlowTotals:
    return FlowTotals(today=today, month=Flows(), year=Flows(), lifetime=lifetime)


def series(today: Flows = TODAY, newest: str | None = "13:00", power: Flows | None = None) -> FlowDay:
    known = power or Flows(produced=1000.0, consumed=400.0, imported=0.0, exported=600.0)
    return FlowDay(today=today, newest=newest, power=known, labels=("13:00",), energy={"imported": (0.5,)})


def plus(flows: Flows, **more: float) -> Flows:
    return replace(flows, **{name: (getattr(flows, name) or 0.0) + kwh for name, kwh in more.items()})


def figures(house: House) -> dict[str, tuple[float | None, float | None]]:
    return {name: (energy.today, energy.total) for name, energy in house.energies.items()}


KNOWN = with_totals(House(), totals(), reading(12), sees_all=True)


def test_a_summary_brings_todays_and_lifetime_energy_of_each_flow() -> None:
    assert figures(KNOWN) == {
        "produced": (10.0, 900.0),
        "consumed": (6.0, 700.0),
        "imported": (2.0, 300.0),
        "exported": (6.0, 500.0),
    }


@pytest.mark.parametrize(
    "wrong",
    [
        totals(today=Flows()),
        totals(today=replace(TODAY, consumed=None)),
        totals(today=SWAPPED, lifetime=replace(LIFETIME, imported=500.0, exported=300.0)),
        totals(today=replace(TODAY, consumed=7.0)),
        totals(lifetime=Flows()),
        totals(today=replace(TODAY, produced=9.0, consumed=5.0)),  # less than was known of the same day
    ],
    ids=["null", "one flow missing", "swapped", "unbalanced", "no lifetime", "fallen"],
)
def test_a_summary_that_contradicts_itself_or_the_day_changes_nothing(wrong: FlowTotals) -> None:
    assert figures(with_totals(KNOWN, wrong, reading(14), sees_all=True)) == figures(KNOWN)


def test_where_a_battery_takes_part_a_meter_does_not_balance_and_is_judged_by_the_day() -> None:
    with_charge = plus(TODAY, produced=3.0)
    house = with_totals(House(), totals(with_charge), reading(12), sees_all=False)
    assert figures(house)["produced"] == (13.0, 900.0)
    later = with_totals(house, totals(replace(with_charge, imported=6.0, exported=2.0)), reading(14), sees_all=False)
    assert figures(later) == figures(house)


def test_from_midnight_to_the_first_read_today_is_unknown_and_the_total_stays() -> None:
    morning = house_at_day(KNOWN, DAY + timedelta(days=1))
    assert figures(morning)["imported"] == (None, 300.0)
    assert house_at_day(morning, DAY + timedelta(days=1)) is morning
    today, tomorrow = replace(TODAY, imported=2.5, exported=6.5), DAY + timedelta(days=1)
    read = with_house_day(morning, tomorrow, series(today), reading(10, tomorrow), sees_all=True)
    assert read is not None
    assert figures(read)["imported"] == (2.5, 302.5)


def test_a_day_brings_the_newest_powers() -> None:
    house = with_house_day(KNOWN, DAY, series(plus(TODAY, produced=1.0, exported=1.0)), reading(13.2), sees_all=True)
    assert house is not None
    assert (house.day, house.newest, house.power.exported) == (DAY, "13:00", 600.0)
    assert figures(house)["exported"] == (7.0, 501.0)
    older = with_house_day(house, DAY - timedelta(days=1), series(newest="23:55"), reading(14), sees_all=True)
    assert older is not None
    assert (older.day, older.newest, older.closed and older.closed.day) == (DAY, "13:00", DAY - timedelta(days=1))


def test_powers_that_do_not_balance_are_unknown() -> None:
    flipped = Flows(produced=1000.0, consumed=400.0, imported=600.0, exported=0.0)
    house = with_house_day(KNOWN, DAY, series(power=flipped), reading(13.2), sees_all=True)
    assert house is not None
    assert house.power == Flows()


def test_a_sign_against_the_energy_of_its_slot_is_unknown_also_where_a_battery_takes_part() -> None:
    for energy, known in (
        ({"imported": (0.05,), "exported": (0.0,)}, None),
        ({"imported": (0.0,), "exported": (0.05,)}, 600.0),
        ({"imported": (None,), "exported": (None,)}, 600.0),
        ({}, 600.0),
    ):
        data = replace(series(), energy=energy)
        house = with_house_day(KNOWN, DAY, data, reading(13.2), sees_all=False)
        assert house is not None
        assert house.power.exported == known
        assert house.power.produced == 1000.0


@pytest.mark.parametrize(
    "data", [series(newest=None), series(today=SWAPPED), series(today=replace(TODAY, exported=None))]
)
def test_a_day_that_cannot_be_is_not_taken(data: FlowDay) -> None:
    assert with_house_day(KNOWN, DAY, data, reading(13.2), sees_all=True) is None


@pytest.mark.parametrize(
    ("label", "at", "day"),
    [("13:20", 13.5, DAY), ("23:55", 0.2, DAY - timedelta(days=1)), ("00:05", 0.2, DAY), (None, 13.5, None)],
)
def test_a_batterys_state_is_of_the_last_time_that_the_clock_showed(label: str | None, at: float, day: date) -> None:
    state = StorageState(
        time=label,
        soc=97.0,
        mode=1,
        power=Flows(produced=1000.0, consumed=300.0, imported=0.0, exported=0.0, charge=700.0, discharge=0.0),
    )
    house = with_storage_state(House(), state, reading(at), sees_all=True)
    assert house.day == day
    assert (house.soc, house.mode, house.power.charge) == ((97.0, 1, 700.0) if label else (None, None, None))


def test_an_older_state_of_a_battery_changes_nothing() -> None:
    power = Flows(produced=0.0, consumed=300.0, imported=0.0, exported=0.0, charge=0.0, discharge=300.0)
    newer = with_storage_state(
        House(), StorageState(time="13:20", soc=50.0, mode=3, power=power), reading(13.5), sees_all=True
    )
    older = StorageState(time="13:00", soc=60.0, mode=1, power=power)
    assert with_storage_state(newer, older, reading(13.6), sees_all=True) == newer


AMOUNT = st.none() | st.floats(0, 400, allow_nan=False)
FLOWS = st.builds(Flows, **dict.fromkeys(("produced", "consumed", "imported", "exported"), AMOUNT))


@settings(max_examples=150, deadline=None)
@given(
    answers=st.lists(st.tuples(st.floats(0, 70), st.booleans(), FLOWS | st.just(TODAY), FLOWS | st.just(LIFETIME))),
    sees_all=st.booleans(),
)
def test_no_total_falls_and_no_figure_of_a_day_does_whatever_the_cloud_says(
    answers: list[tuple[float, bool, Flows, Flows]], sees_all: bool
) -> None:
    house = KNOWN
    for hours, is_summary, today, lifetime in sorted(answers, key=lambda answer: answer[0]):
        day = DAY + timedelta(days=hours // 24)
        moved, now = house_at_day(house, day), reading(hours % 24, day)
        if is_summary:
            after = with_totals(moved, totals(today, lifetime), now, sees_all=sees_all)
        else:
            after = with_house_day(moved, day, series(today), now, sees_all=sees_all) or moved
        for name, (known_today, known_total) in figures(moved).items():
            assert (figures(after)[name][1] or 0.0) >= (known_total or 0.0)
            assert (figures(after)[name][0] or 0.0) >= (known_today or 0.0)
        house = after


def test_parts_of_a_day() -> None:
    assert self_consumption(TODAY) == 40.0
    assert self_sufficiency(TODAY) == pytest.approx(66.7)
    assert self_consumption(Flows()) is None
    assert self_consumption(Flows(produced=0.0, exported=0.0)) is None
    assert self_sufficiency(Flows(consumed=1.0, imported=2.0)) is None
    assert self_sufficiency(Flows(consumed=1.0, imported=1.02)) == 0.0


# A meter that reads the production


def test_a_meter_reads_the_production_after_three_days_on_which_both_agreed() -> None:
    house, day = KNOWN, DAY
    for made, agrees in ((10.1, False), (9.9, False), (9.85, True), (10.0, True), (10.3, False), (10.0, False)):
        house = with_agreement(house, day, made)
        assert house.reads_production is agrees
        assert house.produced() == (pytest.approx(9.85) if agrees else None)


@pytest.mark.parametrize("made", [None, 0.0])
def test_a_day_without_a_figure_says_nothing_about_agreement(made: float | None) -> None:
    assert with_agreement(KNOWN, DAY, made) == KNOWN
    assert with_agreement(KNOWN, DAY - timedelta(days=1), 10.0) == KNOWN
    assert with_agreement(House(), DAY, 10.0) == House()


def system(*ecus: Ecu, **more: object) -> SystemState:
    state = SystemState(energy=Energy(day=DAY, today=9.0, summary_today=10.0, anchor=100.0), **more)  # type: ignore[arg-type]
    return state.with_listing(ecus, MIDNIGHT)


WITH_METER = Ecu(eid="M1", timezone=None, inverters=(), type=1)
WITH_BATTERY = Ecu(eid="B1", timezone=None, inverters=(), type=2)


def slot(kind: Kind, target: str = "M1", day: date = DAY) -> Slot:
    at = MIDNIGHT + 13.2 * HOUR
    return Slot(at=at, until=at + HOUR, call=Call(kind=kind, target=target), day=day)


def test_its_production_of_today_counts_as_the_systems() -> None:
    house = replace(KNOWN, ratios=(0.99, 1.0, 1.01))
    state = with_flow_day(system(WITH_METER).with_house(METER, house), slot(Kind.METER_DAY), series(), reading(13.2))
    assert state.energy is not None
    assert state.energy.today == pytest.approx(9.9)
    other = with_flow_day(system(WITH_METER).with_house(METER, KNOWN), slot(Kind.METER_DAY), series(), reading(13.2))
    assert other.energy is not None
    assert other.energy.today == 9.0


@pytest.mark.parametrize(
    ("changed", "newest", "charge", "is_taken"),
    [
        pytest.param({}, "13:00", 200.0, True, id="right"),
        pytest.param({"exported": 280.0}, "13:00", 200.0, True, id="by losses"),
        pytest.param({"imported": 400.0, "exported": 0.0}, "13:00", 200.0, False, id="swapped"),
        pytest.param({"imported": 400.0, "exported": 0.0}, "12:45", 200.0, True, id="nothing to compare with"),
        pytest.param({"imported": 400.0, "exported": 0.0}, "13:00", None, True, id="charge not known"),
        pytest.param({"consumed": None}, "13:00", 200.0, True, id="consumption not known"),
    ],
)
def test_a_meter_is_compared_with_the_battery_at_the_time_of_its_sample(
    changed: dict[str, float | None], newest: str, charge: float | None, is_taken: bool
) -> None:
    power = replace(Flows(produced=1000.0, consumed=400.0, imported=0.0, exported=400.0), **changed)
    battery = House(day=DAY, newest=newest, power=Flows(charge=charge, discharge=0.0))
    state = system(WITH_METER, WITH_BATTERY).with_house(BATTERY, battery)
    after = with_flow_day(state, slot(Kind.METER_DAY), series(power=power), reading(13.2))
    assert (METER.eid in after.meters) is is_taken


def test_the_end_of_a_day_compares_the_meter_with_the_ecus() -> None:
    state = system(WITH_METER).with_house(METER, KNOWN)
    clock = Clock(now=MIDNIGHT + 24.1 * HOUR, site=SITE, options=Options())
    for has_recorder in (True, False):
        assert advanced(state, clock, has_recorder=has_recorder).meters["M1"].ratios == (1.0,)


# A day that has ended


BATTERY_DAY = plus(TODAY, charge=3.0, produced=3.0)
METER_DAY = replace(BATTERY_DAY, charge=None)


@pytest.mark.parametrize(
    ("kind", "day", "today", "closed", "right"),
    [
        (Kind.METER_DAY, DAY, SWAPPED, None, True),  # of the running day nothing is written as complete
        (Kind.METER_DAY, DAY - timedelta(days=1), TODAY, None, True),
        (Kind.STORAGE_DAY, DAY - timedelta(days=1), BATTERY_DAY, None, True),
        (Kind.STORAGE_DAY, DAY - timedelta(days=1), replace(BATTERY_DAY, charge=None), None, False),
        (Kind.METER_DAY, DAY - timedelta(days=1), METER_DAY, BATTERY_DAY, True),
        (Kind.METER_DAY, DAY - timedelta(days=1), plus(METER_DAY, consumed=1.0), BATTERY_DAY, False),
        (Kind.METER_DAY, DAY - timedelta(days=1), METER_DAY, None, True),  # the battery's part is not known
    ],
)
def test_a_day_that_has_ended_has_to_balance(
    kind: Kind, day: date, today: Flows, closed: Flows | None, right: bool
) -> None:
    state = system(WITH_METER, WITH_BATTERY)
    if closed is not None:
        read = with_house_day(House(), day, series(closed, newest="23:55"), reading(25.2), sees_all=True)
        assert read is not None
        state = state.with_house(BATTERY, read)
    target = "B1" if kind is Kind.STORAGE_DAY else "M1"
    assert is_right(state, slot(kind, target, day), series(today)) is right


def test_without_a_battery_a_meter_that_does_not_balance_is_wrong() -> None:
    assert not is_right(system(WITH_METER), slot(Kind.METER_DAY, day=DAY - timedelta(days=1)), series(SWAPPED))


# Rights


@pytest.mark.parametrize("failure", [OpenApiPermissionError(), OpenApiNotFoundError()])
def test_batteries_are_asked_under_either_prefix_and_then_once_a_month(failure: OpenApiError) -> None:
    clock, call = Clock(now=MIDNIGHT + 13 * HOUR, site=SITE, options=Options()), slot(Kind.STORAGE_STATE, "B1")
    state = after_failure(system(WITH_BATTERY), call, failure, clock)
    assert state.storage_as_installer
    assert state.waits.longest([Kind.STORAGE_STATE], clock.now) is None
    assert after_success(state, call, clock).storage_as_installer
    refused = after_failure(state, call, failure, clock)
    wait = refused.waits.longest([Kind.STORAGE_STATE], clock.now)
    assert wait is not None
    assert (wait.reason, wait.length, refused.storage_as_installer) == (Reason.REFUSED, LONGEST_RIGHT, False)
    assert not refused.plant(clock, has_recorder=True).batteries


OPTIONAL = [kind for kind, update in UPDATES.items() if update.is_optional]
NOON = Clock(now=MIDNIGHT + 13 * HOUR, site=SITE, options=Options())


@pytest.mark.parametrize("kind", OPTIONAL)
def test_an_optional_call_without_a_right_waits_for_a_month_and_one_that_fails_does_not(kind: Kind) -> None:
    state = replace(system(WITH_METER, WITH_BATTERY), storage_as_installer=True)
    refused = after_failure(state, slot(kind), OpenApiPermissionError(), NOON)
    assert refused.refusals == 0
    assert not refused.waits.allows(slot(kind), NOON.now + timedelta(days=29))
    assert refused.waits.allows(slot(kind), NOON.now + timedelta(days=30))
    failed = after_failure(state, slot(kind), OpenApiAnswerError(), NOON)
    assert failed.waits.allows(slot(kind), NOON.now + timedelta(hours=3))


def test_a_battery_that_has_answered_keeps_its_prefix_and_waits_for_hours() -> None:
    call = slot(Kind.STORAGE_STATE, "B1")
    state = after_success(system(WITH_BATTERY).with_house(BATTERY, KNOWN), call, NOON)
    refused = after_failure(state, call, OpenApiNotFoundError(), NOON)
    assert not refused.storage_as_installer
    assert refused.waits.allows(call, NOON.now + timedelta(hours=2))


@pytest.mark.parametrize("failure", [OpenApiPermissionError(), OpenApiRequestError(), OpenApiNotFoundError()])
def test_a_meter_that_answers_no_more_is_asked_ever_more_seldom_and_no_other_device_waits(
    failure: OpenApiError,
) -> None:
    other = Source(kind=SourceKind.METER, eid="M2")
    state = system(WITH_METER, replace(WITH_METER, eid="M2")).with_house(METER, KNOWN).with_house(other, KNOWN)
    clock, tries = NOON, 0
    while clock.now < NOON.now + timedelta(days=60):
        if state.waits.allows(slot(Kind.METER_DAY), clock.now):
            state, tries = after_failure(state, slot(Kind.METER_DAY), failure, clock), tries + 1
            assert state.plant(clock, has_recorder=True).meters == ("M2",)
            assert list(state.open_histories(clock)) == [None, other]
        clock = replace(clock, now=clock.now + timedelta(hours=1))
    assert tries < 12


def test_the_history_of_a_battery_that_is_refused_is_not_asked_for() -> None:
    clock, house = NOON, replace(House(), backlog=Backlog().begun(DAY, DAY - timedelta(days=60)))
    state = replace(system(WITH_BATTERY).with_house(BATTERY, house), storage_as_installer=True)
    asked = Situation(clock=clock, state=state, waits=state.waits, asked=lambda _: None).next_step()
    assert asked is not None
    assert asked.source == BATTERY
    refused = after_failure(state, asked.slot(clock.now), OpenApiPermissionError(), clock)
    refused = after_failure(refused, slot(Kind.STORAGE_STATE, "B1"), OpenApiPermissionError(), clock)
    assert refused.batteries == state.batteries  # no day becomes a gap
    assert Situation(clock=clock, state=refused, waits=refused.waits, asked=lambda _: None).next_step() is None
    assert not refused.plant(clock, has_recorder=True).backlog


def test_a_day_that_never_balances_is_given_up_and_many_of_them_end_the_import() -> None:
    house = replace(House(), backlog=Backlog().begun(DAY, DAY - timedelta(days=400)))
    house = replace(house, backlog=replace(house.backlog, month_cursor=None, cursor_is_ready=True))
    state, clock, calls = system(WITH_METER).with_house(METER, house), NOON, 0
    state = replace(state, backlog=Backlog())
    for _ in range(24 * 40):
        step = Situation(clock=clock, state=state, waits=state.waits, asked=lambda _: None).next_step()
        if step is not None:
            state, calls = after_failure(state, step.slot(clock.now), OpenApiAnswerError(), clock), calls + 1
        clock = replace(clock, now=clock.now + timedelta(hours=1))
    assert not state.meters["M1"].backlog.gaps
    assert calls < 28 * 6


def test_a_list_that_lacks_a_battery_or_its_type_takes_it_away_only_the_second_time() -> None:
    state = system(WITH_METER, WITH_BATTERY)
    assert state.with_listing((), MIDNIGHT).battery_ids == ("B1",)
    assert state.with_listing((replace(WITH_BATTERY, type=None),), MIDNIGHT).battery_ids == ("B1",)
    once = state.with_listing((WITH_METER,), MIDNIGHT)
    assert (once.battery_ids, once.is_listed(BATTERY)) == (("B1",), False)
    assert once.with_listing((WITH_METER,), MIDNIGHT + 20 * HOUR).battery_ids == ()
    assert state.with_listing((WITH_METER, replace(WITH_BATTERY, type=0)), MIDNIGHT).battery_ids == ()


def test_a_meter_list_that_lacks_a_meter_is_asked_for_again_a_day_later() -> None:
    state = system().with_meter_list(["M1", "M2"], MIDNIGHT)
    assert not state.wants_meter_list(MIDNIGHT + 29 * 24 * HOUR)
    once = state.with_meter_list(["M2"], MIDNIGHT + HOUR)
    assert (once.meter_ids, once.is_listed(METER)) == (("M1", "M2"), False)
    assert [once.wants_meter_list(MIDNIGHT + n * HOUR) for n in (20, 21)] == [False, True]
    twice = once.with_meter_list(["M2"], MIDNIGHT + 22 * HOUR)
    assert twice.meter_ids == ("M2",)
    assert once.with_meter_list(["M1", "M2"], MIDNIGHT + 22 * HOUR).is_listed(METER)
    assert once.without_house(METER).meter_ids == ("M2",)


def test_a_sample_after_midnight_does_not_make_yesterday_whole() -> None:
    tomorrow = DAY + timedelta(days=1)
    morning = house_at_day(KNOWN, tomorrow)
    early = with_house_day(morning, tomorrow, series(Flows(), newest="00:05"), reading(0.2, tomorrow), sees_all=False)
    assert early is not None
    assert not early.is_whole(DAY)
    whole = with_house_day(early, DAY, series(newest="23:55"), reading(1.2, tomorrow), sees_all=True)
    assert whole is not None
    assert whole.is_whole(DAY)


def test_the_meter_list_is_asked_for_in_the_set_up_and_once_a_month() -> None:
    state = replace(system(), energy=Energy(day=DAY, today=9.0, anchor=100.0, summary_at=MIDNIGHT + 9 * HOUR))
    clock = Clock(now=MIDNIGHT + 13.2 * HOUR, site=SITE, options=Options())
    read = replace(slot(Kind.SUMMARY, ""), purpose=Purpose.READ)
    for days, expected in ((None, True), (29, False), (31, True)):
        state = replace(state, meters_read=None if days is None else clock.now - timedelta(days=days))

        def last(key: str) -> datetime | None:
            return None if key == Kind.METERS else clock.now - 2 * HOUR

        due = Situation(clock=clock, state=state, waits=state.waits, asked=last).due([read])
        assert (Kind.METERS in {slot.call.kind for slot in due}) is expected
        without = replace(clock, options=Options(meter=False))
        due = Situation(clock=without, state=state, waits=state.waits, asked=last).due([read])
        assert Kind.METERS not in {slot.call.kind for slot in due}
    empty = SystemState()
    first = Situation(clock=clock, state=empty, waits=empty.waits, asked=lambda _: None).first_read()
    assert [slot.call.kind for slot in first] == [Kind.INVERTERS, Kind.SUMMARY, Kind.METERS]


# Totals of panels


def summary(today: float | None, lifetime: float | None) -> Summary:
    return Summary(today=today, month=None, year=None, lifetime=lifetime)


def test_totals_of_panels_grow_by_each_evenings_energy() -> None:
    night = replace(reading(21), sunrise=MIDNIGHT + 4 * HOUR, settled=None)
    known = with_inverter_summary({}, "I1", [summary(2.0, 100.0), summary(None, 50.0)], night)
    assert [energy.total for energy in known["I1"]] == [100.0, 50.0]
    evening = with_panels_today(known, {("I1", 1): 2.5, ("I1", 2): 1.0, ("I2", 1): 9.0}, night)
    assert [energy.total for energy in evening["I1"]] == [100.5, 50.0]  # the second has no figure of its midnight
    later = replace(night, at=night.at + timedelta(days=1), midnight=night.midnight + timedelta(days=1))
    later = replace(later, sunrise=later.midnight + 4 * HOUR, last=later.midnight + 23.75 * HOUR)
    moved = panels_at_day(evening, later)
    assert panels_at_day(moved, later) is moved
    assert [energy.total for energy in with_panels_today(moved, {("I1", 1): 3.0}, later)["I1"]] == [103.5, 50.0]
    again = with_inverter_summary(moved, "I1", [summary(3.0, 90.0)], later)
    assert [energy.total for energy in again["I1"]] == [100.5, 50.0]


def test_inverters_are_due_once_a_month_the_oldest_first_and_in_a_days_course_stay_so() -> None:
    read = {"a": MIDNIGHT - timedelta(days=31), "b": MIDNIGHT - timedelta(days=40), "c": MIDNIGHT - timedelta(days=5)}
    assert due_totals("abcd", read, MIDNIGHT) == ("d", "b", "a")
    assert due_totals("abcd", {**read, "d": MIDNIGHT + 20 * HOUR}, MIDNIGHT) == ("d", "b", "a")
    assert due_totals("abcd", {**read, "d": MIDNIGHT + 20 * HOUR}, MIDNIGHT + 24 * HOUR) == ("b", "a")
