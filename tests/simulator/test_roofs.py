"""Roofs with panels: what their curves look like, healthy and with defects."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import date, timedelta

import pytest

from simulator.roofs import (
    CLIMATES,
    SLOTS,
    Climate,
    DayCurve,
    Defect,
    DefectKind,
    House,
    Plane,
    RoofPanel,
    Shade,
    random_house,
)

CLEAR = Climate(latitude=48.0, longitude=11.0, timezone="Europe/Berlin", clear=1.0, mixed=0.0)
DULL = replace(CLEAR, clear=0.0)
JUNE = date(2025, 6, 10)
PANEL = ("700000000001", 1)


def house(climate: Climate = CLEAR, plane: Plane | None = None, **changes: object) -> House:
    panel = RoofPanel(uid=PANEL[0], channel=1, plane=0, variant=0, factor=1.0)
    made = House(seed=3, climate=climate, planes=(plane or Plane(30, 180),), panels=(replace(panel, **changes),))
    assert made.day(JUNE).curves.keys() == {PANEL}
    return made


def energy(curve: DayCurve) -> int:
    return sum(value or 0 for value in curve)


def energy_of(made: House, day: date = JUNE) -> int:
    return energy(made.day(day).curves[PANEL])


def noon_of(curve: DayCurve) -> float:
    return sum(slot * (value or 0) for slot, value in enumerate(curve)) / energy(curve) / 12


@pytest.mark.parametrize("climate", CLIMATES, ids=lambda climate: climate.timezone)
def test_a_day_depends_on_seed_and_date_only(climate: Climate) -> None:
    made, again = random_house(4, climate), random_house(4, climate)
    days = [JUNE + timedelta(days=n) for n in range(6)]
    assert [made.day(day) for day in days] == [again.day(day) for day in reversed(days)][::-1]
    assert made.day(JUNE) != random_house(5, climate).day(JUNE)


def test_a_curve_has_a_value_for_each_slot_of_the_clock() -> None:
    for day in (date(2025, 3, 30), JUNE, date(2025, 10, 26)):
        curve = house().day(day).curves[PANEL]
        assert len(curve) == SLOTS
        assert curve[0] is None
        assert all(value is None or value >= 0 for value in curve)


def test_the_clock_of_summer_time_moves_the_curve_by_an_hour() -> None:
    before, after = (noon_of(house().day(day).curves[PANEL]) for day in (date(2025, 3, 29), date(2025, 3, 30)))
    assert after - before == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(("azimuth", "is_early"), [(90, True), (270, False)])
def test_planes_face_their_azimuth(azimuth: float, is_early: bool) -> None:
    noon = noon_of(house().day(JUNE).curves[PANEL])
    assert (noon_of(house(plane=Plane(30, azimuth)).day(JUNE).curves[PANEL]) < noon) is is_early


def test_shade_takes_energy_in_its_season_only() -> None:
    shaded = house(shades=(Shade(180, 20, 25, 0.2),))
    assert energy_of(shaded) > 0.9 * energy_of(house())
    winter = date(2025, 12, 20)
    assert energy_of(shaded, winter) < 0.8 * energy_of(house(), winter)


def test_clear_days_are_sunny_and_dull_ones_are_not() -> None:
    days = [JUNE + timedelta(days=n) for n in range(30)]
    assert sum(house().day(day).is_sunny for day in days) > 25
    assert not any(house(DULL).day(day).is_sunny for day in days)


def test_no_winter_day_of_the_far_north_is_sunny() -> None:
    north = replace(CLEAR, latitude=59.0)
    assert not any(house(north).day(date(2025, 12, day)).is_sunny for day in range(1, 32))


def test_snow_falls_where_it_is_cold() -> None:
    def covered(climate: Climate) -> int:
        days = [date(2025, 1, 1) + timedelta(days=n) for n in range(60)]
        return sum(energy_of(house(climate), day) < 200 for day in days)

    assert covered(DULL) > covered(replace(DULL, latitude=20.0))


def test_an_input_without_a_panel_makes_nothing() -> None:
    assert energy_of(house(is_used=False)) == 0


def test_an_inverter_clips() -> None:
    curve = replace(house(), clip_w=200).day(JUNE).curves[PANEL]
    assert max(value or 0 for value in curve) == 200


@pytest.mark.parametrize(
    ("kind", "day", "share"),
    [
        (DefectKind.DEAD, 0, 0.0),
        (DefectKind.DIODE, 0, 0.67),
        (DefectKind.SOILING, 70, 0.9),
        (DefectKind.INVERTER, 0, 0.0),
    ],
)
def test_defects_take_their_share(kind: DefectKind, day: int, share: float) -> None:
    broken = replace(house(), defects=(Defect(kind=kind, panel=PANEL, start=JUNE),))
    at = JUNE + timedelta(days=day)
    assert energy_of(broken, at) == pytest.approx(share * energy_of(house(), at), rel=0.02)
    assert energy_of(broken, JUNE - timedelta(days=1)) == energy_of(house(), JUNE - timedelta(days=1))


def test_a_dead_inverter_sends_nothing_until_it_is_repaired() -> None:
    defect = Defect(kind=DefectKind.INVERTER, panel=PANEL, start=JUNE, end=JUNE + timedelta(days=2))
    broken = replace(house(), defects=(defect,))
    assert set(broken.day(JUNE).curves[PANEL]) == {None}
    assert energy_of(broken, JUNE + timedelta(days=2)) > 0


def test_a_loose_connection_fails_on_most_days_for_a_part_of_them() -> None:
    broken = replace(house(), defects=(Defect(kind=DefectKind.INTERMITTENT, panel=PANEL, start=JUNE),))
    days = [JUNE + timedelta(days=n) for n in range(60)]
    lost = [1 - energy_of(broken, day) / energy_of(house(), day) for day in days if energy_of(house(), day)]
    assert 30 < sum(share > 0.1 for share in lost) < 55
    assert sum(0.1 < share < 0.9 for share in lost) > 20


def test_random_houses_are_of_all_kinds() -> None:
    made = [random_house(seed, CLIMATES[0]) for seed in range(60)]
    assert {len(one.planes) for one in made} == {1, 2, 3}
    assert {one.clip_w is None for one in made} == {True, False}
    assert {len(one.panels) // len(one.uids) for one in made} == {2, 4}
    panels = [panel for one in made for panel in one.panels]
    assert 0 < sum(not panel.is_used for panel in panels) < len(panels) / 4
    assert 0.1 < sum(bool(panel.shades) for panel in panels) / len(panels) < 0.5
