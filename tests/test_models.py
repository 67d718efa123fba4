"""What the cloud answers is read as far as it makes sense, and no further."""
# ruff: noqa: D103 -- names of tests say what they are

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import date
from itertools import pairwise
import math
import re

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.cloud.models import (
    BatchPower,
    ChannelDay,
    Inverter,
    InverterDay,
    Series,
    Summary,
    latest,
    peak,
    with_batch,
)
from custom_components.apsystems_openapi.cloud.parsing import (
    ShapeError,
    parse_amount,
    parse_batch_energy,
    parse_batch_power,
    parse_details,
    parse_ecu_day,
    parse_energy,
    parse_hours,
    parse_inverter_day,
    parse_inverters,
    parse_number,
    parse_summary,
)
from tests import samples

DAY = date(2026, 6, 15)
DS3, OTHER, QT2 = "703000000011", "703000000012", "902000000021"
EID = "216200012345"


def parse_day(data: object) -> InverterDay:
    return parse_inverter_day(data, DAY)


# Numbers.


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("22.969638", 22.969638),
        ("0.00", 0.0),
        (" 5 ", 5.0),
        (4, 4.0),
        (0.5, 0.5),
        ("-3.5", -3.5),
        *(
            (nothing, None)
            for nothing in (None, "", " ", "-", "12,5", "abc", "NaN", "inf", "1e999", True, False, [], {})
        ),
        *((nothing, None) for nothing in (float("nan"), float("inf"), 10**400, "1e10", -1e10)),
    ],
)
def test_a_number_is_finite_and_of_believable_size_or_none(value: object, number: float | None) -> None:
    assert parse_number(value) == number


@pytest.mark.parametrize(("value", "amount"), [("-0.01", None), (-1, None), ("0", 0.0), ("3.28", 3.28)])
def test_an_amount_is_not_negative(value: object, amount: float | None) -> None:
    assert parse_amount(value) == amount


@pytest.mark.parametrize("value", ["-0", "-0.00", -0.0])
def test_no_amount_is_minus_zero(value: object) -> None:
    assert str(parse_amount(value)) == "0.0"


# Samples.


def test_details_of_the_sample() -> None:
    details = parse_details(samples.data("details"))
    assert details.created == date(2024, 4, 20)
    assert (details.capacity_kw, details.timezone, details.ecus, details.light) == (3.28, "Europe/Paris", (EID,), 1)
    assert "0f0e0d0c0b0a09080706050403020100" not in repr(details)


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"capacity": ""}, "capacity_kw", None),
        ({"capacity": None}, "capacity_kw", None),
        ({"capacity": "0"}, "capacity_kw", None),
        ({"light": "2"}, "light", 2),
        ({"light": 5}, "light", None),
        ({"light": 1.5}, "light", None),
        ({"create_date": "2024-04-20 13:00:00"}, "created", date(2024, 4, 20)),
        ({"create_date": "20/04/2024"}, "created", None),
        ({"create_date": None}, "created", None),
        ({"timezone": ""}, "timezone", None),
        ({"timezone": " Canada/Mountain "}, "timezone", "Canada/Mountain"),
        ({"ecu": None}, "ecus", ()),
        ({"ecu": [EID, EID, None, "", 5.5]}, "ecus", (EID,)),
        ({"ecu": ["2030000001236-002405253708", "-", int(EID)]}, "ecus", ("002405253708", EID)),
        ({"ecu": ["\ud800", "a\x00b", "a\nb"]}, "ecus", ()),
    ],
)
def test_details_with_an_odd_member_lose_only_that(changes: dict[str, object], name: str, value: object) -> None:
    expected = replace(parse_details(samples.data("details")), **{name: value})  # type: ignore[arg-type]  # by name
    assert parse_details({**samples.data("details"), **changes}) == expected


def test_inverters_of_the_sample() -> None:
    (ecu,) = parse_inverters(samples.data("inverters"))
    assert (ecu.eid, ecu.timezone) == (EID, "Europe/Paris")
    assert ecu.inverters == (
        Inverter(uid=DS3, model="DS3", eid=EID),
        Inverter(uid=OTHER, model="DS3", eid=EID),
        Inverter(uid=QT2, model="QT2", eid=EID),
    )


@pytest.mark.parametrize(
    "listing", [{"inverter": None}, {"inverter": []}, {}, {"inverter": "none"}, {"inverter": [None, 5]}]
)
def test_an_ecu_without_a_list_is_still_an_ecu(listing: dict[str, object]) -> None:
    (ecu,) = parse_inverters([{"eid": EID, **listing}])
    assert (ecu.eid, ecu.timezone, ecu.inverters) == (EID, None, ())


def test_an_inverter_named_twice_counts_once_where_it_stands_first() -> None:
    first, second = {"uid": DS3, "type": "DS3"}, {"uid": DS3, "type": "QS1"}
    ecus = parse_inverters([{"eid": "1", "inverter": [first, second, first]}, {"eid": "2", "inverter": [second]}])
    assert [ecu.inverters for ecu in ecus] == [(Inverter(uid=DS3, model="DS3", eid="1"),), ()]


def test_a_shared_sub_users_ecu_is_known_by_the_part_after_the_dash() -> None:
    listing = [{"eid": "2030000001236-002405253708", "inverter": [{"uid": 703000000011, "type": ""}]}]
    (ecu,) = parse_inverters(listing)
    assert ecu.eid == "002405253708"
    assert ecu.inverters == (Inverter(uid=DS3, model=None, eid="002405253708"),)


def test_members_of_a_listing_without_an_id_are_passed_over() -> None:
    assert parse_inverters([None, {}, {"eid": ""}, {"eid": "5-"}, {"eid": ["x"]}, []]) == ()


def test_summary_of_the_sample_by_day_and_by_night() -> None:
    day = Summary(today=22.969638, month=254.37, year=1827.08, lifetime=5582.17)
    assert parse_summary(samples.data("system_summary_day")) == day
    assert parse_summary(samples.data("system_summary_night")) == replace(day, today=None)
    assert parse_summary({"today": "", "lifetime": -1}) == Summary(today=None, month=None, year=None, lifetime=None)


def test_an_hourly_series_has_24_values() -> None:
    hours = parse_hours(samples.data("energy_hourly_full_day"))
    assert len(hours) == 24
    assert sum(hour or 0 for hour in hours) == pytest.approx(22.97, abs=0.2)
    assert hours[6] == 0.07
    assert parse_hours(["1.5", None, ""]) == (1.5,) + (None,) * 23
    assert parse_hours(["1"] * 30) == (1.0,) * 24
    assert parse_hours([]) == (None,) * 24


def test_longer_periods_keep_the_length_that_the_cloud_gave() -> None:
    assert len(parse_energy(samples.data("energy_daily_current_month"))) == 15
    assert parse_energy(samples.data("energy_yearly")) == (2444.49, 3310.60, 1827.08)
    assert parse_energy(["1", None, "x"]) == (1.0, None, None)


def test_an_inverters_day_of_the_sample() -> None:
    data = samples.data("inverter_minutely_DS3_703000000011")
    day = parse_day(data)
    assert day.day == DAY
    assert (len(day.times), day.times[0], day.times[-1], day.measured_at) == (186, "06:00", "21:25", "21:25")
    assert len(day.channels) == 2
    assert [peak(channel.power_w) for channel in day.channels] == [
        max(map(float, data["dc_p1"])),
        max(map(float, data["dc_p2"])),
    ]
    assert day.ac_power_w == tuple(map(float, data["ac_p1"]))
    assert (day.channels[0].voltage_v, day.channels[0].current_a) == (34.5, 0.0)
    assert (day.ac_voltages_v, day.frequency_hz, day.temperature_c) == ((230.0,), 50.0, 22.0)


def test_a_three_phase_inverters_ac_power_is_the_sum_of_its_phases() -> None:
    data = samples.data("inverter_minutely_QT2_902000000021")
    day = parse_day(data)
    assert len(day.channels) == 4
    assert day.ac_voltages_v == (230.0, 231.0, 232.0)
    noon = day.times.index("13:00")
    assert day.ac_power_w[noon] == pytest.approx(sum(float(data[f"ac_p{n}"][noon]) for n in (1, 2, 3)))
    assert day.ac_power_w[noon] == pytest.approx(latest(day.ac_power_w[: noon + 1]))


@pytest.mark.parametrize(
    ("powers", "expected"),
    [
        ({"ac_p": ["10", "20"]}, (10.0, 20.0)),
        ({"ac_p1": ["10", "20"]}, (10.0, 20.0)),
        ({"ac_p1": ["10", "20"], "ac_p2": [1, None], "ac_p3": ["2"]}, (13.0, 20.0)),
        ({"ac_p": ["13", "26"], "ac_p1": ["10", "20"], "ac_p2": ["3", "6"]}, (13.0, 26.0)),
        ({"ac_p": ["13", "26"], "ac_p1": [None, ""], "ac_p2": None}, (13.0, 26.0)),
        ({"ac_p2": [None, "7"]}, (None, 7.0)),
        ({"ac_p1": []}, (None, None)),
        ({}, (None, None)),
    ],
)
def test_ac_power_by_any_of_its_names_counts_once(powers: dict[str, object], expected: Series) -> None:
    assert parse_day({"t": ["12:00", "12:05"], **powers}).ac_power_w == expected


def test_lists_that_are_shorter_than_the_labels_end_in_nothing() -> None:
    day = parse_day(
        {"t": ["12:00", "12:05", "12:10"], "dc_p1": ["100"], "ac_p1": ["95", ""], "ac_v1": None, "ac_t": ["40"]}
    )
    assert day.channels == (ChannelDay(power_w=(100.0, None, None)),)
    assert day.ac_power_w == (95.0, None, None)
    assert (day.measured_at, day.temperature_c) == ("12:00", 40.0)


def test_the_electrical_values_are_those_of_the_newest_report_together() -> None:
    day = parse_day(
        {
            "t": ["12:00", "12:05", "12:10"],
            "dc_p1": ["100", "110", ""],
            "dc_v1": ["34", None, None],
            "dc_i1": ["2.9", "3.1", "9"],
            "ac_f": ["50.0", "50.1", "60"],
            "ac_t": ["-5", "-6", "99"],
        }
    )
    assert (day.measured_at, day.frequency_hz, day.temperature_c) == ("12:05", 50.1, -6.0)
    assert (day.channels[0].voltage_v, day.channels[0].current_a) == (None, 3.1)


def test_labels_are_put_in_order_and_the_one_that_closes_the_day_before_is_dropped() -> None:
    day = parse_day(
        {"t": ["00:00", "9:05", "12:00", "08:55", "nonsense", None, "25:00"], "dc_p1": [9, 1, 2, 0, 7, 8, 9]}
    )
    assert day.times == ("08:55", "09:05", "12:00")
    assert day.channels[0].power_w == (0.0, 1.0, 2.0)


def test_of_a_label_that_comes_twice_the_later_value_counts() -> None:
    day = parse_day({"t": ["12:00", "12:05", "12:00"], "dc_p1": ["1", "2", "3"]})
    assert (day.times, day.channels[0].power_w) == (("12:00", "12:05"), (3.0, 2.0))


@pytest.mark.parametrize("data", [{}, {"t": None}, {"t": []}, {"t": "12:00"}, {"t": ["12:00"], "dc_p1": [None]}])
def test_a_day_without_a_sample_has_no_moment(data: dict[str, object]) -> None:
    day = parse_day(data)
    assert (day.measured_at, day.channels, day.frequency_hz, day.temperature_c) == (None, (), None, None)


def test_channels_in_the_middle_that_are_silent_keep_their_number() -> None:
    day = parse_day({"t": ["12:00"], "dc_p1": ["1"], "dc_v3": ["33"]})
    assert [channel.power_w for channel in day.channels] == [(1.0,), (None,), (None,)]
    assert day.channels[2].voltage_v == 33.0


def test_an_ecus_day_of_the_sample() -> None:
    data = samples.data("ecu_minutely")
    day = parse_ecu_day(data)
    assert (day.today, day.newest, day.power_w) == (22.97, "21:25", 0.0)
    assert sum(hour or 0 for hour in day.hours) == pytest.approx(22.97, abs=0.001)
    assert day.hours[3] is None


def test_an_ecus_energy_belongs_to_the_hour_in_which_its_slot_ends() -> None:
    day = parse_ecu_day(
        {
            "today": "0.6",
            "time": ["12:55", "13:00", "13:05", "00:00"],
            "energy": ["0.1", "0.2", "0.3", "9"],
            "power": [1, 2, 3, 4],
        }
    )
    assert (day.hours[12], day.hours[13], day.hours[14]) == (pytest.approx(0.3), pytest.approx(0.3), None)
    assert (day.newest, day.power_w) == ("13:05", 3.0)


def test_an_ecu_without_a_report_has_no_power_and_no_moment() -> None:
    day = parse_ecu_day({"today": None})
    assert (day.today, day.newest, day.power_w, day.hours) == (None, None, None, (None,) * 24)


def test_batch_energy_of_the_sample_is_by_inverter_and_channel() -> None:
    energies = parse_batch_energy(samples.data("batch_energy"))
    assert len(energies) == 8
    assert energies[DS3, 1] == 2.932981
    assert energies[QT2, 4] == 2.789493


@pytest.mark.parametrize(
    "item",
    [
        "703000000011-1",
        "703000000011-1-",
        "703000000011-1--2",
        "-1-2.5",
        "x-5-1",
        "x-0-1",
        "x-1-NaN",
        5,
        None,
        ["a-1-1"],
    ],
)
def test_an_odd_member_of_a_batch_of_energy_is_passed_over(item: object) -> None:
    assert parse_batch_energy({"energy": [item, "a-b-2-1.5"]}) == {("a-b", 2): 1.5}
    assert parse_batch_energy({"energy": None}) == {}


def test_batch_power_of_the_sample_is_by_inverter_and_channel() -> None:
    data = samples.data("batch_power")
    batch = parse_batch_power(data)
    assert (len(batch.times), len(batch.power_w)) == (186, 8)
    assert batch.power_w[QT2, 3] == tuple(map(float, data["power"]["902000000021-3"]))


@pytest.mark.parametrize(
    "key", ["703000000011", "-1", "x-", "x-0", "x-5", "x-٣", "x- 1", "x-1.0", "x-" + "9" * 5000, "\ud800-1"]
)
def test_a_batch_key_that_is_no_channel_of_an_inverter_is_passed_over(key: str) -> None:
    batch = parse_batch_power({"time": ["12:00"], "power": {key: ["1"], "a-b-4": ["2"]}})
    assert batch.power_w == {("a-b", 4): (2.0,)}


@pytest.mark.parametrize("data", [{}, {"time": None, "power": None}, {"time": [], "power": []}])
def test_an_empty_batch_is_empty(data: object) -> None:
    assert parse_batch_power(data) == BatchPower(times=(), power_w={})


# Whatever comes.

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
every_parser = pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)


@every_parser
@pytest.mark.parametrize("data", [None, "success", 42, 1.5, True])
def test_a_payload_of_the_wrong_shape_is_said_to_be_one(parse: Callable[[object], object], data: object) -> None:
    with pytest.raises(ShapeError):
        parse(data)


@every_parser
def test_a_list_for_an_object_and_an_object_for_a_list_are_the_wrong_shape(parse: Callable[[object], object]) -> None:
    is_list = isinstance(samples.data(PARSERS[parse][0]), list)
    with pytest.raises(ShapeError):
        parse({} if is_list else [])


def figures(value: object, name: str = "") -> Iterator[tuple[str, float]]:
    """Return all floats of an answer, each with the name of its field."""
    if isinstance(value, float):
        yield name, value
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from figures(getattr(value, field.name), field.name)
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from figures(item, name)
    elif isinstance(value, tuple):
        for item in value:
            yield from figures(item, name)


def is_ascending(times: tuple[str, ...]) -> bool:
    return all(re.fullmatch("[0-9]{2}:[0-9]{2}", label) for label in times) and all(a < b for a, b in pairwise(times))


def is_sound(value: object) -> bool:
    """Tell whether an answer keeps what its dataclass promises."""
    for name, figure in figures(value):
        assert math.isfinite(figure)
        assert figure >= 0 or name == "temperature_c"
        assert math.copysign(1, figure) > 0 or figure < 0 or name == "temperature_c"
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
    return True


def reads_or_refuses(parse: Callable[[object], object], data: object) -> None:
    try:
        value = parse(data)
    except ShapeError:
        return
    assert is_sound(value)


@every_parser
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=samples.JSON)
def test_any_json_is_read_soundly_or_refused(parse: Callable[[object], object], data: object) -> None:
    reads_or_refuses(parse, data)


@every_parser
@settings(max_examples=60, deadline=None, derandomize=True)
@given(draw=st.data())
def test_a_sample_that_was_tampered_with_is_read_soundly_or_refused(
    parse: Callable[[object], object], draw: st.DataObject
) -> None:
    name = draw.draw(st.sampled_from(PARSERS[parse]))
    reads_or_refuses(parse, draw.draw(samples.mutations(name)))


# A batch laid over a day.

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
@given(reading=days(), batch=batches())
def test_a_batch_adds_its_power_and_takes_nothing(reading: InverterDay, batch: BatchPower) -> None:
    merged = with_batch(reading, DS3, DAY, batch)
    assert merged is not None
    assert is_sound(merged)
    mine = {channel: values for (uid, channel), values in batch.power_w.items() if uid == DS3}
    if not mine:
        assert merged == reading
        return
    assert set(merged.times) == {*reading.times, *batch.times}
    assert by_label(merged.times, merged.ac_power_w) == by_label(reading.times, reading.ac_power_w)
    unmeasured = {"times": reading.times, "ac_power_w": reading.ac_power_w, "channels": reading.channels}
    assert replace(merged, **unmeasured) == reading  # type: ignore[arg-type]  # by name
    for number, channel in enumerate(merged.channels, start=1):
        old = reading.channels[number - 1] if number <= len(reading.channels) else None
        known = by_label(reading.times, old.power_w) if old else {}
        fresh = by_label(batch.times, mine[number]) if number in mine else {}
        assert by_label(merged.times, channel.power_w) == known | fresh
        assert channel.voltage_v == (old.voltage_v if old else None)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(reading=st.none() | days(), batch=batches())
def test_a_batch_laid_over_twice_changes_nothing_more(reading: InverterDay | None, batch: BatchPower) -> None:
    once = with_batch(reading, DS3, DAY, batch)
    assert with_batch(once, DS3, DAY, batch) == once


def test_a_batch_of_another_day_replaces_what_was_measured_on_that() -> None:
    batch = BatchPower(times=("12:00",), power_w={(DS3, 2): (50.0,)})
    reading = parse_inverter_day(samples.data("inverter_minutely_DS3_703000000011"), date(2026, 6, 14))
    merged = with_batch(reading, DS3, DAY, batch)
    assert merged == InverterDay(
        day=DAY,
        times=("12:00",),
        ac_power_w=(None,),
        channels=(ChannelDay(power_w=(None,)), ChannelDay(power_w=(50.0,))),
        ac_voltages_v=(None,),
    )


def test_a_batch_without_the_inverter_says_nothing_of_it() -> None:
    batch = BatchPower(times=("12:00",), power_w={(QT2, 1): (50.0,)})
    assert with_batch(None, DS3, DAY, batch) is None


@pytest.mark.parametrize(
    ("values", "newest", "highest"),
    [((), None, None), ((None, 3.0, 1.0, None), 1.0, 3.0), ((None,), None, None), ((0.0,), 0.0, 0.0)],
)
def test_the_newest_and_the_highest_figure_of_a_series(
    values: Series, newest: float | None, highest: float | None
) -> None:
    assert (latest(values), peak(values)) == (newest, highest)
