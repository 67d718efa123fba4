"""Merging DC power of a batch into the telemetry of an inverter, and single values of a series."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import date

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.cloud.models import BatchPower, ChannelDay, InverterDay, Series
from custom_components.apsystems_openapi.cloud.parsing import parse_inverter_day
from custom_components.apsystems_openapi.system.telemetry import latest, peak, with_batch
from tests import payloads

DAY = date(2026, 6, 15)
DS3, QT2 = "703000000011", "902000000021"

LABEL = st.integers(0, 287).map(lambda n: f"{n // 12:02}:{n % 12 * 5:02}").filter(lambda label: label != "00:00")
TIMES = st.lists(LABEL, unique=True, max_size=8).map(sorted).map(tuple)
WATTS = st.none() | st.floats(0, 900)


def series(length: int) -> st.SearchStrategy[Series]:
    return st.lists(WATTS, min_size=length, max_size=length).map(tuple)


@st.composite
def batches(draw: st.DrawFn) -> BatchPower:
    times = draw(TIMES)
    channels = st.tuples(st.sampled_from([DS3, QT2]), st.integers(1, 4))
    return BatchPower(times=times, power_w=draw(st.dictionaries(channels, series(len(times)), max_size=6)))


@st.composite
def days(draw: st.DrawFn) -> InverterDay:
    times = draw(TIMES)
    return InverterDay(
        day=DAY,
        times=times,
        ac_power_w=draw(series(len(times))),
        channels=tuple(
            ChannelDay(power_w=draw(series(len(times))), voltage_v=34.5) for _ in range(draw(st.integers(0, 4)))
        ),
        measured_at=times[-1] if times else None,
        ac_voltages_v=(230.0,),
        frequency_hz=50.0,
        temperature_c=22.0,
    )


def by_label(times: tuple[str, ...], values: Series) -> dict[str, float]:
    return {label: value for label, value in zip(times, values, strict=True) if value is not None}


@settings(max_examples=100, deadline=None, derandomize=True)
@given(day=days(), batch=batches())
def test_a_batch_adds_power_and_removes_no_measurement(day: InverterDay, batch: BatchPower) -> None:
    merged = with_batch(day, DS3, DAY, batch)
    assert merged is not None
    assert list(merged.times) == sorted(set(merged.times))
    mine = {channel: values for (uid, channel), values in batch.power_w.items() if uid == DS3}
    if not mine:
        assert merged == day
        return
    assert set(merged.times) == {*day.times, *batch.times}
    assert by_label(merged.times, merged.ac_power_w) == by_label(day.times, day.ac_power_w)
    unmeasured = {"times": day.times, "ac_power_w": day.ac_power_w, "channels": day.channels}
    assert replace(merged, **unmeasured) == day  # type: ignore[arg-type]  # by name
    for number, channel in enumerate(merged.channels, start=1):
        old = day.channels[number - 1] if number <= len(day.channels) else None
        known = by_label(day.times, old.power_w) if old else {}
        fresh = by_label(batch.times, mine[number]) if number in mine else {}
        assert by_label(merged.times, channel.power_w) == known | fresh
        assert channel.voltage_v == (old.voltage_v if old else None)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(day=st.none() | days(), batch=batches())
def test_merging_a_batch_again_changes_nothing(day: InverterDay | None, batch: BatchPower) -> None:
    once = with_batch(day, DS3, DAY, batch)
    assert with_batch(once, DS3, DAY, batch) == once


def test_a_batch_of_another_day_starts_an_empty_day_with_the_same_channels_and_phases() -> None:
    batch = BatchPower(times=("12:00",), power_w={(DS3, 2): (50.0,)})
    day = parse_inverter_day(payloads.data("inverter_minutely_DS3_703000000011"), date(2026, 6, 14))
    merged = with_batch(day, DS3, DAY, batch)
    assert merged == InverterDay(
        day=DAY,
        times=("12:00",),
        ac_power_w=(None,),
        channels=(ChannelDay(power_w=(None,)), ChannelDay(power_w=(50.0,))),
        ac_voltages_v=(None,),
    )


def test_a_batch_without_the_inverter_changes_nothing() -> None:
    batch = BatchPower(times=("12:00",), power_w={(QT2, 1): (50.0,)})
    assert with_batch(None, DS3, DAY, batch) is None


@pytest.mark.parametrize(
    ("values", "newest", "highest"),
    [((), None, None), ((None, 3.0, 1.0, None), 1.0, 3.0), ((None,), None, None), ((0.0,), 0.0, 0.0)],
)
def test_newest_and_highest_value_of_a_series(values: Series, newest: float | None, highest: float | None) -> None:
    assert (latest(values), peak(values)) == (newest, highest)
