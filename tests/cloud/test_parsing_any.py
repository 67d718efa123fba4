"""Properties of the parsers: any JSON gives a valid model or a ShapeError."""
# ruff: noqa: D103 -- test names say what they check

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from itertools import pairwise
import math
import re

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.cloud import BatchPower, InverterDay
from custom_components.apsystems_openapi.cloud.parsing import (
    ShapeError,
    parse_batch_energy,
    parse_batch_power,
    parse_details,
    parse_ecu_day,
    parse_energy,
    parse_flow_day,
    parse_flow_totals,
    parse_hours,
    parse_inverter_day,
    parse_inverter_summary,
    parse_inverters,
    parse_meters,
    parse_storage_state,
    parse_summary,
)
from tests import payloads


def parse_day(data: object) -> InverterDay:
    return parse_inverter_day(data, date(2026, 6, 15))


PARSERS: dict[Callable[[object], object], tuple[str, ...]] = {
    parse_details: ("details",),
    parse_inverters: ("inverters",),
    parse_summary: ("system_summary_day", "system_summary_night"),
    parse_energy: ("energy_daily_current_month", "energy_monthly_current_year"),
    parse_hours: ("energy_hourly_at_13h20",),
    parse_day: ("inverter_minutely_DS3_703000000011", "inverter_minutely_QT2_902000000021"),
    parse_ecu_day: ("ecu_minutely",),
    parse_batch_power: ("batch_power",),
    parse_batch_energy: ("batch_energy",),
}
WITHOUT_FIXTURE = (parse_flow_day, parse_flow_totals, parse_inverter_summary, parse_meters, parse_storage_state)
every_parser = pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)


@every_parser
@pytest.mark.parametrize("data", [None, "success", 42, 1.5, True])
def test_a_value_for_an_object_or_a_list_is_the_wrong_shape(parse: Callable[[object], object], data: object) -> None:
    with pytest.raises(ShapeError):
        parse(data)


@every_parser
def test_a_list_for_an_object_or_an_object_for_a_list_is_the_wrong_shape(parse: Callable[[object], object]) -> None:
    is_list = isinstance(payloads.data(PARSERS[parse][0]), list)
    with pytest.raises(ShapeError):
        parse({} if is_list else [])


def numbers(value: object, name: str = "") -> Iterator[tuple[str, float]]:
    """Yield every number of a model with the name of its field."""
    if isinstance(value, float):
        yield name, value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from numbers(getattr(value, field.name), field.name)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from numbers(item, name)
    elif isinstance(value, tuple):
        for item in value:
            yield from numbers(item, name)


def is_ascending(times: tuple[str, ...]) -> bool:
    return all(re.fullmatch("[0-9]{2}:[0-9]{2}", label) for label in times) and all(a < b for a, b in pairwise(times))


def assert_valid(value: object) -> None:
    """Check a model against the docstrings of its fields."""
    for name, number in numbers(value):
        assert math.isfinite(number)
        assert number >= 0 or name == "temperature_c"
        assert math.copysign(1, number) > 0 or number < 0 or name == "temperature_c"
    match value:
        case InverterDay():
            assert is_ascending(value.times)
            assert "00:00" not in value.times
            assert value.measured_at is None or value.measured_at in value.times
            assert len(value.ac_power_w) == len(value.times)
            assert all(len(channel.power_w) == len(value.times) for channel in value.channels)
            assert len(value.channels) <= 4
            assert len(value.ac_voltages_v) <= 3
        case BatchPower():
            assert is_ascending(value.times)
            assert all(len(series) == len(value.times) for series in value.power_w.values())
            assert all(uid and 1 <= channel <= 4 for uid, channel in value.power_w)


def parse_or_refuse(parse: Callable[[object], object], data: object) -> None:
    try:
        value = parse(data)
    except ShapeError:
        return
    assert_valid(value)


@pytest.mark.parametrize("parse", [*PARSERS, *WITHOUT_FIXTURE], ids=lambda parse: parse.__name__)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=payloads.JSON)
def test_any_json_is_parsed_or_refused(parse: Callable[[object], object], data: object) -> None:
    parse_or_refuse(parse, data)


@every_parser
@settings(max_examples=60, deadline=None, derandomize=True)
@given(draw=st.data())
def test_a_mutated_answer_is_parsed_or_refused(parse: Callable[[object], object], draw: st.DataObject) -> None:
    name = draw.draw(st.sampled_from(PARSERS[parse]))
    parse_or_refuse(parse, draw.draw(payloads.mutations(name)))
