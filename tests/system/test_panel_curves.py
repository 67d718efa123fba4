"""Curves of DC power are kept for 30 days: small, whole, and each for itself."""
# ruff: noqa: D103 -- test names say what they check

from collections.abc import Mapping
from datetime import date, timedelta
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.system.panel_curves import PanelCurves, dump, load, pack, unpack
from custom_components.apsystems_openapi.system.panel_readings import SLOTS, Curve, Panel
from simulator.roofs import CLIMATES, Climate, random_house

FIRST = date(2025, 6, 1)
DAY = timedelta(days=1)
PANEL, OTHER = ("700000000001", 1), ("700000000001", 2)
MOST_BYTES = 8000


def flat(power_w: float | None) -> Curve:
    return [power_w] * SLOTS


def kept(days: Mapping[date, Mapping[Panel, Curve]]) -> PanelCurves:
    curves = PanelCurves()
    for day, of_day in days.items():
        curves = curves.with_day(day, of_day)
    return curves


def restored(curves: PanelCurves) -> tuple[PanelCurves, tuple[str, ...]]:
    return load(json.loads(json.dumps(dump(curves))))


@settings(derandomize=True)
@given(st.lists(st.none() | st.integers(0, 65535), min_size=SLOTS, max_size=SLOTS))
def test_any_curve_of_a_day_comes_back(curve: list[float | None]) -> None:
    assert unpack(pack(curve)) == curve


@pytest.mark.parametrize(
    ("power_w", "expected"),
    [(12.4, 12), (12.6, 13), (-1.0, None), (float("nan"), None), (float("inf"), None), (1e6, None)],
)
def test_power_is_kept_in_whole_watts_and_what_is_none_is_unknown(power_w: float, expected: int | None) -> None:
    assert unpack(pack(flat(power_w))) == flat(expected)


@pytest.mark.parametrize("climate", CLIMATES, ids=lambda climate: climate.timezone)
def test_thirty_days_of_a_panel_are_small(climate: Climate) -> None:
    made = random_house(5, climate)
    panel = (made.panels[0].uid, made.panels[0].channel)
    days = {day: {panel: made.day(day).curves[panel]} for day in (FIRST + n * DAY for n in range(30))}
    curves = kept(days)
    assert restored(curves) == (curves, ())
    assert dict(curves) == days
    assert 1000 < len(json.dumps(dump(curves))) <= MOST_BYTES


def test_curves_of_a_day_come_one_by_one_and_those_that_are_no_day_are_left_out() -> None:
    curves = kept({FIRST: {PANEL: flat(1)}}).with_day(FIRST, {OTHER: flat(2)}).with_day(FIRST, {PANEL: [3.0] * 12})
    assert curves[FIRST] == {PANEL: flat(1), OTHER: flat(2)}
    assert curves.with_day(FIRST, {PANEL: flat(4)})[FIRST] == {PANEL: flat(4), OTHER: flat(2)}


def test_days_leave_after_thirty_days() -> None:
    curves = kept({FIRST + n * DAY: {PANEL: flat(n)} for n in range(40)})
    leaving, staying = curves.parted(FIRST + 39 * DAY)
    assert list(leaving) == [FIRST + n * DAY for n in range(10)]
    assert list(staying) == [FIRST + n * DAY for n in range(10, 40)]
    assert staying[FIRST + 10 * DAY] == {PANEL: flat(10)}


@pytest.mark.parametrize(
    "text",
    ["", "#", "no base 85: \n", pack(flat(5))[:-3], pack(flat(5)[:-1]), pack([*flat(5), 1.0]), "Ä", None, 7, {}],
)
def test_a_damaged_curve_costs_no_other(text: object) -> None:
    data = dump(kept({FIRST: {PANEL: flat(1), OTHER: flat(2)}, FIRST + DAY: {PANEL: flat(3)}}))
    data[f"{PANEL[0]}-{PANEL[1]}"][FIRST.isoformat()] = text
    curves, unreadable = load(data)
    assert dict(curves) == {FIRST: {OTHER: flat(2)}, FIRST + DAY: {PANEL: flat(3)}}
    assert len(unreadable) == 1


@settings(derandomize=True)
@given(place=st.integers(0, 200), character=st.characters(min_codepoint=33, max_codepoint=126))
def test_another_character_is_noticed(place: int, character: str) -> None:
    curve = [float(n * n % 311) for n in range(SLOTS)]
    text = pack(curve)
    changed = text[:place] + character + text[place + 1 :]
    try:
        assert unpack(changed) == curve
    except ValueError:
        assert changed != text


@pytest.mark.parametrize(
    "data",
    [
        {"700000000001": {}},
        {"700000000001-x": {}},
        {"700000000001-1": None},
        {"700000000001-1": {"someday": pack(flat(1))}},
    ],
)
def test_what_is_no_panel_or_day_is_named(data: dict[str, Any]) -> None:
    curves, unreadable = load(data | {"700000000001-2": {FIRST.isoformat(): pack(flat(2))}})
    assert dict(curves) == {FIRST: {OTHER: flat(2)}}
    assert len(unreadable) == 1


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(TypeError):
        load([])
