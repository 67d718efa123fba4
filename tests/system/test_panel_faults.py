"""Panels that produce less than they should are found in time, healthy ones raise no alarm, bad data is unknown."""
# ruff: noqa: D103 -- test names say what they check

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta
import math

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.schedule.sun import Site
from custom_components.apsystems_openapi.system.panel_alarms import Circumstances, alarmed, lacks_direct_sun
from custom_components.apsystems_openapi.system.panel_memory import (
    DullMark,
    Mark,
    Memory,
    PanelMemory,
    Problem,
    Reason,
)
from custom_components.apsystems_openapi.system.panel_readings import SLOTS, Curve, Panel, curve_of
from custom_components.apsystems_openapi.system.panels import Report, follow, judge, report
from simulator.roofs import CLIMATES, Climate, DefectKind, House, Plane, RoofPanel, random_house
from tests.panel_runner import SEEDS, Judge, defect_of, false_alarms, outcome
from tests.sampling import sampled

JUDGE = Judge(memory=Memory(), follow=follow, report=report, site=Site)
CLEAR = Climate(latitude=48.0, longitude=11.0, timezone="Europe/Berlin", clear=1.0, mixed=0.0)
FIRST = date(2025, 4, 1)
DAY = timedelta(days=1)
SOUTH, EAST, WEST = Plane(30, 180), Plane(30, 90), Plane(30, 270)

WITHOUT_SIBLINGS = 60  # sunny days: a group too small waits for dull days

type Change = Callable[[Panel, date, Curve], Curve]


def panel(number: int) -> Panel:
    """Return a panel of a house: two for each inverter."""
    return f"70000000000{number // 2}", number % 2 + 1


def house(*planes: Plane, unused: int = 0) -> House:
    """Return a house under a clear sky with a panel for each plane, the last ones without a panel."""
    panels = [
        RoofPanel(
            uid=panel(n)[0],
            channel=panel(n)[1],
            plane=n,
            variant=n % 3,
            factor=0.95 + n / 100,
            is_used=n < len(planes) - unused,
        )
        for n in range(len(planes))
    ]
    return House(seed=11, climate=CLEAR, planes=planes, panels=tuple(panels))


def days_of(made: House, days: int, change: Change | None = None) -> dict[date, dict[Panel, Curve]]:
    """Return the curves of some days, changed."""
    found: dict[date, dict[Panel, Curve]] = {}
    for day in (FIRST + n * DAY for n in range(days)):
        curves = made.day(day).curves
        found[day] = {key: change(key, day, curve) if change else curve for key, curve in curves.items()}
    return found


def after(made: House, days: int, change: Change | None = None, ecus: Mapping[str, str] | None = None) -> Report:
    """Return the report after some days."""
    site = Site(latitude=CLEAR.latitude, longitude=CLEAR.longitude, zone=CLEAR.zone)
    return report(judge(Memory(), site, days_of(made, days, change), ecus or dict.fromkeys(made.uids, "1")))


def broken(target: Panel, start: int, curve: Callable[[Curve], Curve]) -> Change:
    """Return a change of one panel's curves from a day on."""

    def change(key: Panel, day: date, before: Curve) -> Curve:
        return curve(before) if key == target and day >= FIRST + start * DAY else before

    return change


def times(share: float) -> Callable[[Curve], Curve]:
    return lambda curve: [None if value is None else value * share for value in curve]


@pytest.mark.parametrize("number", sampled(range(1, 28), 9))
@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (DefectKind.DEAD, 4),
        (DefectKind.DIODE, 9),
        (DefectKind.INTERMITTENT, 14),
        (DefectKind.INVERTER, 4),
        (DefectKind.SOILING, 400),
    ],
)
def test_a_defect_is_found_and_cleared_in_time_and_the_neighbours_are_left_alone(
    kind: DefectKind, most: int, number: int
) -> None:
    result = outcome(JUDGE, *defect_of(kind, SEEDS + number))
    assert result is not None
    assert result.found is not None
    has_siblings = result.siblings > 1 or kind is DefectKind.INVERTER
    assert result.found <= (most if has_siblings else max(most, WITHOUT_SIBLINGS))
    assert result.cleared is not None
    assert result.cleared <= 4
    assert result.others == 0
    assert kind is not DefectKind.SOILING or result.lost < 0.25


@pytest.mark.parametrize("number", sampled(range(30), 3))
def test_a_healthy_roof_raises_no_alarm(number: int) -> None:
    made = random_house(SEEDS + number, CLIMATES[number % len(CLIMATES)])
    assert false_alarms(JUDGE, made, 400) == []


def test_performance_is_unknown_until_14_sunny_days_are_known() -> None:
    made = house(*[SOUTH] * 4)
    sunny = sum(made.day(FIRST + n * DAY).is_sunny for n in range(13))
    assert sunny <= 13
    assert {shown.reason for shown in after(made, 13).panels.values()} == {Reason.LEARNING}
    for shown in after(made, 25).panels.values():
        assert shown.reason is None
        assert shown.performance == pytest.approx(1, abs=0.03)
        assert shown.day == FIRST + 24 * DAY


def test_the_usual_ratio_shows_weaker_panels() -> None:
    shown = after(house(*[SOUTH] * 5), 25).panels
    ratios = [shown[panel(n)].usual or 0 for n in range(5)]
    assert ratios[4] / ratios[0] == pytest.approx(0.99 / 0.95, rel=0.02)


def test_east_and_west_are_groups_of_their_own() -> None:
    shown = after(house(EAST, WEST, EAST, WEST, EAST, WEST), 25).panels
    assert set(shown[panel(0)].siblings) == {panel(2), panel(4)}
    assert set(shown[panel(1)].siblings) == {panel(3), panel(5)}


def test_an_input_that_never_made_anything_is_unused_and_compared_with_nothing() -> None:
    made = house(*[SOUTH] * 4, unused=1)
    assert after(made, 20).panels[panel(3)].reason is Reason.LEARNING
    shown = after(made, 45).panels
    assert shown[panel(3)].is_unused
    assert shown[panel(3)].siblings == ()
    assert panel(3) not in shown[panel(0)].siblings


def test_a_panel_that_worked_before_is_dead_and_not_unused() -> None:
    shown = after(house(*[SOUTH] * 4), 70, broken(panel(1), 25, times(0))).panels[panel(1)]
    assert not shown.is_unused
    assert shown.problem is not None
    assert shown.problem.since == FIRST + 25 * DAY
    assert shown.problem.share == 0
    assert shown.problem.days > 30


def test_a_panel_without_siblings_in_the_plant_is_not_judged() -> None:
    shown = after(house(SOUTH), 40, broken(panel(0), 30, times(0))).panels[panel(0)]
    assert shown.reason is not None
    assert shown.performance is None
    assert shown.problem is None


def test_a_panel_alone_on_its_plane_is_compared_with_its_own_past() -> None:
    made = house(EAST, SOUTH, SOUTH, SOUTH)
    well, dead = after(made, 40), after(made, 40, broken(panel(0), 30, times(0)))
    assert well.panels[panel(0)].siblings == ()
    assert well.panels[panel(0)].problem is None
    assert dead.panels[panel(0)].problem is not None
    assert [key for key, shown in dead.panels.items() if shown.problem] == [panel(0)]


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_fall_of_most_panels_is_no_alarm(share: float) -> None:
    def change(key: Panel, day: date, before: Curve) -> Curve:
        return times(share)(before) if day >= FIRST + 25 * DAY and key not in (panel(0), panel(1)) else before

    assert not any(shown.problem for shown in after(house(*[SOUTH] * 6), 40, change).panels.values())


def test_half_of_a_group_may_be_dead_without_a_mark_on_the_others() -> None:
    def change(key: Panel, day: date, before: Curve) -> Curve:
        return times(0)(before) if day >= FIRST + 25 * DAY and key in (panel(0), panel(1)) else before

    shown = after(house(*[SOUTH] * 4), 40, change).panels
    assert {key for key, one in shown.items() if one.problem} == {panel(0), panel(1)}
    assert shown[panel(2)].performance == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    "curve",
    [
        lambda _: [None] * SLOTS,
        lambda _: (),
        lambda curve: curve[:276],
        lambda curve: [*curve, *curve[:12]],
        lambda curve: [-5.0] * len(curve),
        lambda curve: [math.nan] * len(curve),
        lambda curve: [1e9] * len(curve),
        lambda curve: [value if n < 130 else None for n, value in enumerate(curve)],
    ],
    ids=["none", "empty", "short", "long", "negative", "not a number", "impossible", "half"],
)
def test_bad_data_is_unknown(curve: Callable[[Curve], Curve]) -> None:
    shown = after(house(*[SOUTH] * 4), 40, broken(panel(1), 25, curve)).panels
    assert shown[panel(1)].reason is Reason.NO_DATA
    assert shown[panel(1)].performance is None
    assert not any(one.problem for one in shown.values())


def test_an_alarm_stays_while_data_is_missing() -> None:
    def change(key: Panel, day: date, before: Curve) -> Curve:
        if key != panel(1) or day < FIRST + 25 * DAY:
            return before
        return times(0)(before) if day < FIRST + 35 * DAY else ()

    assert after(house(*[SOUTH] * 4), 45, change).panels[panel(1)].problem is not None


def test_an_inverter_is_silent_while_its_siblings_send() -> None:
    made = house(*[SOUTH] * 6)

    def change(key: Panel, day: date, before: Curve) -> Curve:
        return [None] * SLOTS if key[0] == panel(2)[0] and day >= FIRST + 25 * DAY else before

    shown = after(made, 40, change)
    assert list(shown.silent) == [panel(2)[0]]
    assert shown.silent[panel(2)[0]].since == FIRST + 25 * DAY
    assert after(made, 26, change).silent == {}
    assert not any(one.problem for one in shown.panels.values())


def test_an_ecu_off_line_does_not_make_its_inverters_silent() -> None:
    made = house(*[SOUTH] * 8)
    ecus = {uid: str(n // 2) for n, uid in enumerate(made.uids)}

    def change(key: Panel, day: date, before: Curve) -> Curve:
        return [None] * SLOTS if ecus[key[0]] == "0" and day >= FIRST + 25 * DAY else before

    assert after(made, 40, change, ecus).silent == {}


def test_a_replaced_inverter_is_forgotten_and_the_new_one_starts_anew() -> None:
    made = house(*[SOUTH] * 6)
    new = "799999999999"
    site = Site(latitude=CLEAR.latitude, longitude=CLEAR.longitude, zone=CLEAR.zone)
    memory = judge(Memory(), site, days_of(made, 25), dict.fromkeys(made.uids, "1"))
    ecus = dict.fromkeys((new, *made.uids[1:]), "1")
    day = FIRST + 25 * DAY
    curves = {
        (new if uid == made.uids[0] else uid, channel): one for (uid, channel), one in made.day(day).curves.items()
    }
    shown = report(follow(memory, site, day, curves, ecus)).panels
    assert {uid for uid, _ in shown} == set(ecus)
    assert shown[new, 1].reason is Reason.LEARNING


def test_a_panel_that_moves_to_another_roof_is_unknown_and_starts_anew() -> None:
    moved = house(*[SOUTH] * 3, WEST)
    made = house(*[SOUTH] * 3, EAST, EAST, EAST)

    def change(key: Panel, day: date, before: Curve) -> Curve:
        return moved.day(day).curves[key] if key == panel(3) and day >= FIRST + 25 * DAY else before

    assert not any(one.problem for one in after(made, 60, change).panels.values())
    assert after(made, 33, change).panels[panel(3)].reason is Reason.CHANGED
    assert after(made, 44, change).panels[panel(3)].reason is Reason.LEARNING


def test_changes_of_the_clock_change_nothing() -> None:
    site = Site(latitude=CLEAR.latitude, longitude=CLEAR.longitude, zone=CLEAR.zone)
    made = house(*[SOUTH] * 4)
    for changes in (date(2025, 3, 30), date(2025, 10, 26)):
        days = {day: made.day(day).curves for day in (changes + n * DAY for n in range(-24, 4))}
        shown = report(judge(Memory(), site, days, dict.fromkeys(made.uids, "1"))).panels
        assert [one.performance for one in shown.values()] == pytest.approx([1] * 4, abs=0.03)


def test_days_in_any_order_and_one_by_one_give_the_same() -> None:
    site = Site(latitude=CLEAR.latitude, longitude=CLEAR.longitude, zone=CLEAR.zone)
    made = house(*[SOUTH] * 4)
    ecus = dict.fromkeys(made.uids, "1")
    days = days_of(made, 30, broken(panel(1), 20, times(0.3)))
    whole = judge(Memory(), site, dict(reversed(days.items())), ecus)
    first = judge(Memory(), site, dict(list(days.items())[:18]), ecus)
    assert judge(first, site, days, ecus) == whole
    assert follow(whole, site, FIRST, days[FIRST], ecus) == whole


def test_a_curve_is_read_by_its_labels() -> None:
    curve = curve_of(("00:05", "12:00", "12:03", "23:59"), (1.0, 2.0, 3.0, None))
    assert len(curve) == SLOTS
    assert {slot: value for slot, value in enumerate(curve) if value is not None} == {0: 1.0, 143: 2.0, 144: 3.0}
    assert curve_of(("00:05",), ()) == ()


ANY = st.none() | st.floats(allow_nan=True, allow_infinity=True) | st.floats(0, 500)
CURVES = st.lists(ANY, min_size=1, max_size=4).map(lambda values: (values * SLOTS)[:SLOTS]) | st.lists(ANY, max_size=9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(curves=st.lists(st.lists(CURVES, min_size=4, max_size=4), min_size=1, max_size=8))
def test_any_curves_give_finite_figures_and_no_error(curves: list[list[Curve]]) -> None:
    def change(key: Panel, day: date, before: Curve) -> Curve:
        number = (day - FIRST).days - 22
        place = [panel(n) for n in range(4)].index(key)
        return curves[number][place] if 0 <= number < len(curves) else before

    for shown in after(house(*[SOUTH] * 4), 32, change).panels.values():
        assert shown.performance is None or math.isfinite(shown.performance)
        assert shown.usual is None or math.isfinite(shown.usual)


SIBLINGS = Circumstances(siblings=3, others_low=False, may_be_shade=False, was_in_shade=False)
SINKING = SIBLINGS._replace(may_be_shade=True)


def marked(shares: list[float], *, gap: int = 1, is_even: bool = False, **changes: object) -> PanelMemory:
    """Return a panel with a mark each `gap` days; those below 0.05 are of days on which it was off."""
    marks = tuple(Mark(FIRST + n * gap * DAY, share, share, share < 0.05, is_even) for n, share in enumerate(shares))
    well_on = max((mark.day for mark in marks if mark.share >= 0.9), default=None)
    return replace(PanelMemory(marks=marks, well_on=well_on, dull_usual=1.0), **changes)


def dull(ratios: dict[int, float]) -> tuple[DullMark, ...]:
    return tuple(DullMark(FIRST + n * DAY, ratio) for n, ratio in ratios.items())


@pytest.mark.parametrize(
    ("shares", "around", "days"),
    [
        ([1.0, 0.5, 0.5], SIBLINGS, None),
        ([1.0, 0.5, 0.5, 0.5], SIBLINGS, 3),
        ([0.5, 0.5, 1.0, 0.5, 0.5], SIBLINGS, None),
        ([1.0] + [0.7] * 6, SIBLINGS, None),
        ([1.0] + [0.7] * 7, SIBLINGS, 7),
        ([0.7, 1.0] * 6 + [0.7], SIBLINGS, 7),
        ([0.7] * 7 + [1.0], SIBLINGS, None),
        ([0.85] * 13, SIBLINGS, None),
        ([0.85] * 14, SIBLINGS, 14),
        ([0.88] * 20, SIBLINGS, None),
        ([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], SIBLINGS, None),
        ([0.0, 1.0] * 3 + [0.0], SIBLINGS, 4),
        ([0.5, 1.0] * 3 + [0.5], SIBLINGS, None),
        ([0.5] * 9, SIBLINGS._replace(others_low=True), None),
        ([0.5] * 10, SIBLINGS._replace(others_low=True), 10),
        ([0.7] * 14, SIBLINGS._replace(siblings=0), None),
        ([0.0] * 3, SIBLINGS._replace(siblings=0), 3),
        ([0.7] * 14, SIBLINGS._replace(siblings=1), None),
        ([0.5] * 3, SIBLINGS._replace(siblings=1), 3),
    ],
)
def test_an_alarm_needs_bad_days(shares: list[float], around: Circumstances, days: int | None) -> None:
    problem = alarmed(marked(shares), around).problem
    assert (problem and problem.days) == days


@pytest.mark.parametrize(
    ("panel", "around", "is_raised"),
    [
        (marked([*[1.0] * 4, 0.8, 0.65, 0.5, 0.4, 0.4, 0.4]), SINKING, False),
        (marked([*[1.0] * 4, 0.8, 0.65, 0.5, 0.4, 0.4, 0.4]), SIBLINGS, True),
        (marked([*[1.0] * 4, 0.4, 0.4, 0.4]), SINKING, True),
        (marked([*[1.0] * 4, 0.4, 0.4, 0.4], gap=6), SINKING, False),
        (marked([*[1.0] * 4, 0.4, 0.4, 0.4], gap=6, is_even=True), SINKING, True),
        (marked([*[1.0] * 4, 0.4, 0.4, 0.4], gap=8, is_even=True), SINKING, False),
        (marked([1.0, 0.8, 1.0, 1.0, 0.4, 0.4, 0.4], is_even=True), SINKING, False),
        (marked([*[1.0] * 4, 0.4, 0.4, 0.4]), SINKING._replace(was_in_shade=True), False),
        (marked([*[1.0] * 4, 0.4, 0.4, 0.4]), SIBLINGS._replace(was_in_shade=True), True),
        (marked([*[1.0] * 4, 0.4, 0.55, 0.4]), SIBLINGS._replace(was_in_shade=True), False),
        (marked([1.0, 0.0, 0.0, 0.0], gap=6), SINKING, True),
        (marked([1.0, 0.4, 0.4, 0.4], gap=6, dull_marks=dull({7: 0.4, 8: 0.4})), SINKING, True),
        (marked([1.0, 0.4, 0.4, 0.4], gap=6, dull_marks=dull({7: 0.4})), SINKING, False),
        (marked([1.0, 0.4, 0.4, 0.4], gap=6, dull_marks=dull({7: 0.4, 8: 1.0})), SINKING, False),
        (marked([1.0] + [0.75] * 7, dull_marks=dull({2: 0.75, 3: 0.74})), SINKING, True),
        (marked([1.0] + [0.75] * 7, dull_marks=dull({2: 0.95, 3: 0.95})), SINKING, False),
        (marked([0.94], dull_marks=dull(dict.fromkeys(range(-5, 0), 0.86))), SINKING, True),
        (marked([0.94], dull_marks=dull(dict.fromkeys(range(-4, 0), 0.86))), SINKING, False),
        (marked([0.94], dull_marks=dull(dict.fromkeys(range(-5, 0), 0.88))), SINKING, False),
        (marked([0.96], dull_marks=dull(dict.fromkeys(range(-5, 0), 0.86))), SINKING, False),
    ],
)
def test_new_shade_may_be_there_while_the_sun_sinks_unless_clouds_or_a_fall_at_once_show_a_fault(
    panel: PanelMemory, around: Circumstances, is_raised: bool
) -> None:
    assert (alarmed(panel, around).problem is not None) is is_raised


def test_the_alarm_waits_a_day_longer_after_snow() -> None:
    assert alarmed(marked([0.0] * 3, after_snow=True), SIBLINGS).problem is None
    assert alarmed(marked([0.0] * 4, after_snow=True), SIBLINGS).problem is not None


@pytest.mark.parametrize(
    ("shares", "around", "ends"),
    [
        ([0.0, 1.0, 1.0], SIBLINGS, False),
        ([0.0, 1.0, 1.0, 1.0], SIBLINGS, True),
        ([0.0, 0.85, 0.85, 0.85], SIBLINGS, True),
        ([0.7, 0.85, 0.85, 0.85], SIBLINGS, False),
        ([0.7, 0.85, 0.85, 0.85], SIBLINGS._replace(siblings=0), True),
        ([0.0, 0.7, 0.7, 0.7], SIBLINGS, False),
        ([0.0, 0.4, 0.4, 0.4], SINKING, True),
        ([0.24, 0.24, 0.36, 0.36, 0.36], SINKING, True),
        ([0.67, 0.4, 0.4, 0.4], SINKING, False),
    ],
)
def test_an_alarm_ends_after_three_good_days_or_after_a_rise_at_once(
    shares: list[float], around: Circumstances, ends: bool
) -> None:
    before = Problem(since=FIRST, share=0.0, days=3)
    assert (alarmed(marked(shares, problem=before, well_on=None), around).problem is None) is ends


@pytest.mark.parametrize(("share", "ends"), [(0.94, False), (0.96, True)])
def test_an_alarm_lasts_while_dull_days_show_the_fault_unless_rain_has_washed_it_off(share: float, ends: bool) -> None:
    before = Problem(since=FIRST, share=0.94, days=5)
    known = marked([0.94, *[share] * 3], problem=before, dull_marks=dull(dict.fromkeys(range(-5, 0), 0.86)))
    assert (alarmed(known, SIBLINGS).problem is None) is ends


@pytest.mark.parametrize(
    ("ratios", "expected"),
    [
        ({}, False),
        ({1: 1.0}, False),
        ({4: 1.0}, True),
        ({4: 0.7}, False),
        ({4: 0.7, 5: 1.0}, True),
        ({4: 1.0, 5: 0.7}, False),
    ],
)
def test_dull_days_after_the_first_bad_day_tell_shade_from_fault(ratios: dict[int, float], expected: bool) -> None:
    known = marked([1.0, 1.0, 1.0, 0.7], dull_marks=dull(ratios))
    assert lacks_direct_sun(known) is expected
    assert not lacks_direct_sun(replace(known, dull_usual=0.0))
