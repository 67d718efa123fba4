"""Parsers: every value that makes sense is read, everything else becomes None or is skipped."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import date

import pytest

from custom_components.apsystems_openapi.cloud import BatchPower, ChannelDay, Inverter, InverterDay, Series, Summary
from custom_components.apsystems_openapi.cloud.parsing import (
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
from tests import payloads

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
def test_a_number_is_finite_and_in_range_or_none(value: object, number: float | None) -> None:
    assert parse_number(value) == number


@pytest.mark.parametrize(("value", "amount"), [("-0.01", None), (-1, None), ("0", 0.0), ("3.28", 3.28)])
def test_an_amount_is_not_negative(value: object, amount: float | None) -> None:
    assert parse_amount(value) == amount


@pytest.mark.parametrize("value", ["-0", "-0.00", -0.0])
def test_an_amount_is_never_minus_zero(value: object) -> None:
    assert str(parse_amount(value)) == "0.0"


# Recorded answers and variations of them.


def test_recorded_details() -> None:
    details = parse_details(payloads.data("details"))
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
def test_an_invalid_detail_affects_only_its_field(changes: dict[str, object], name: str, value: object) -> None:
    expected = replace(parse_details(payloads.data("details")), **{name: value})  # type: ignore[arg-type]  # by name
    assert parse_details({**payloads.data("details"), **changes}) == expected


def test_recorded_inverter_list() -> None:
    (ecu,) = parse_inverters(payloads.data("inverters"))
    assert (ecu.eid, ecu.timezone) == (EID, "Europe/Paris")
    assert ecu.inverters == (
        Inverter(uid=DS3, model="DS3", eid=EID),
        Inverter(uid=OTHER, model="DS3", eid=EID),
        Inverter(uid=QT2, model="QT2", eid=EID),
    )


@pytest.mark.parametrize(
    "listing", [{"inverter": None}, {"inverter": []}, {}, {"inverter": "none"}, {"inverter": [None, 5]}]
)
def test_an_ecu_without_an_inverter_list_has_no_inverters(listing: dict[str, object]) -> None:
    (ecu,) = parse_inverters([{"eid": EID, **listing}])
    assert (ecu.eid, ecu.timezone, ecu.inverters) == (EID, None, ())


def test_of_an_inverter_listed_twice_the_first_entry_counts() -> None:
    first, second = {"uid": DS3, "type": "DS3"}, {"uid": DS3, "type": "QS1"}
    ecus = parse_inverters([{"eid": "1", "inverter": [first, second, first]}, {"eid": "2", "inverter": [second]}])
    assert [ecu.inverters for ecu in ecus] == [(Inverter(uid=DS3, model="DS3", eid="1"),), ()]


def test_the_id_of_a_shared_sub_users_ecu_is_the_part_after_the_dash() -> None:
    listing = [{"eid": "2030000001236-002405253708", "inverter": [{"uid": 703000000011, "type": ""}]}]
    (ecu,) = parse_inverters(listing)
    assert ecu.eid == "002405253708"
    assert ecu.inverters == (Inverter(uid=DS3, model=None, eid="002405253708"),)


def test_entries_of_the_inverter_list_without_an_id_are_skipped() -> None:
    assert parse_inverters([None, {}, {"eid": ""}, {"eid": "5-"}, {"eid": ["x"]}, []]) == ()


def test_recorded_summaries_by_day_and_by_night() -> None:
    day = Summary(today=22.969638, month=254.37, year=1827.08, lifetime=5582.17)
    assert parse_summary(payloads.data("system_summary_day")) == day
    assert parse_summary(payloads.data("system_summary_night")) == replace(day, today=None)
    assert parse_summary({"today": "", "lifetime": -1}) == Summary(today=None, month=None, year=None, lifetime=None)


def test_an_hourly_series_has_24_values() -> None:
    hours = parse_hours(payloads.data("energy_hourly_full_day"))
    assert len(hours) == 24
    assert sum(hour or 0 for hour in hours) == pytest.approx(22.97, abs=0.2)
    assert hours[6] == 0.07
    assert parse_hours(["1.5", None, ""]) == (1.5,) + (None,) * 23
    assert parse_hours(["1"] * 30) == (1.0,) * 24
    assert parse_hours([]) == (None,) * 24


def test_longer_periods_keep_the_length_of_the_answer() -> None:
    assert len(parse_energy(payloads.data("energy_daily_current_month"))) == 15
    assert parse_energy(payloads.data("energy_yearly")) == (2444.49, 3310.60, 1827.08)
    assert parse_energy(["1", None, "x"]) == (1.0, None, None)


@pytest.mark.parametrize(
    ("value", "kwh"),
    [
        ("0", None),
        (" 0 ", None),
        (0, None),
        ("0.00", 0.0),
        ("0.0", 0.0),
        ("-0.00", 0.0),
        (0.0, 0.0),
        ("0.01", 0.01),
        (3, 3.0),
        (None, None),
        ("", None),
        (False, None),
        ("-1", None),
    ],
)
def test_days_without_a_record_differ_from_days_without_production(value: object, kwh: float | None) -> None:
    (parsed,) = parse_energy([value])
    assert parsed == kwh


@pytest.mark.parametrize("value", ["0", 0, "0.00", 0.0])
def test_every_zero_of_an_hour_is_zero(value: object) -> None:
    assert parse_hours([value, "1"])[:2] == (0.0, 1.0)


def test_recorded_day_of_an_inverter() -> None:
    data = payloads.data("inverter_minutely_DS3_703000000011")
    day = parse_day(data)
    assert day.day == DAY
    assert (len(day.times), day.times[0], day.times[-1], day.measured_at) == (186, "06:00", "21:25", "21:25")
    assert len(day.channels) == 2
    assert [channel.power_w for channel in day.channels] == [
        tuple(map(float, data["dc_p1"])),
        tuple(map(float, data["dc_p2"])),
    ]
    assert day.ac_power_w == tuple(map(float, data["ac_p1"]))
    assert (day.channels[0].voltage_v, day.channels[0].current_a) == (34.5, 0.0)
    assert (day.ac_voltages_v, day.frequency_hz, day.temperature_c) == ((230.0,), 50.0, 22.0)


def test_ac_power_of_a_three_phase_inverter_is_the_sum_of_its_phases() -> None:
    data = payloads.data("inverter_minutely_QT2_902000000021")
    day = parse_day(data)
    assert len(day.channels) == 4
    assert day.ac_voltages_v == (230.0, 231.0, 232.0)
    noon = day.times.index("13:00")
    assert day.ac_power_w[noon] == pytest.approx(sum(float(data[f"ac_p{n}"][noon]) for n in (1, 2, 3)))


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
def test_ac_power_is_read_under_each_of_its_names(powers: dict[str, object], expected: Series) -> None:
    assert parse_day({"t": ["12:00", "12:05"], **powers}).ac_power_w == expected


def test_lists_that_are_shorter_than_the_labels_end_in_none() -> None:
    day = parse_day(
        {"t": ["12:00", "12:05", "12:10"], "dc_p1": ["100"], "ac_p1": ["95", ""], "ac_v1": None, "ac_t": ["40"]}
    )
    assert day.channels == (ChannelDay(power_w=(100.0, None, None)),)
    assert day.ac_power_w == (95.0, None, None)
    assert (day.measured_at, day.temperature_c) == ("12:00", 40.0)


def test_electrical_values_are_all_of_the_newest_label() -> None:
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


def test_labels_are_sorted_and_midnight_is_dropped() -> None:
    day = parse_day(
        {"t": ["00:00", "9:05", "12:00", "08:55", "nonsense", None, "25:00"], "dc_p1": [9, 1, 2, 0, 7, 8, 9]}
    )
    assert day.times == ("08:55", "09:05", "12:00")
    assert day.channels[0].power_w == (0.0, 1.0, 2.0)


def test_of_a_duplicate_label_the_later_value_counts() -> None:
    day = parse_day({"t": ["12:00", "12:05", "12:00"], "dc_p1": ["1", "2", "3"]})
    assert (day.times, day.channels[0].power_w) == (("12:00", "12:05"), (3.0, 2.0))


@pytest.mark.parametrize("data", [{}, {"t": None}, {"t": []}, {"t": "12:00"}, {"t": ["12:00"], "dc_p1": [None]}])
def test_a_day_without_a_sample_has_no_measurements(data: dict[str, object]) -> None:
    day = parse_day(data)
    assert (day.measured_at, day.channels, day.frequency_hz, day.temperature_c) == (None, (), None, None)


def test_a_channel_without_values_between_others_keeps_its_number() -> None:
    day = parse_day({"t": ["12:00"], "dc_p1": ["1"], "dc_v3": ["33"]})
    assert [channel.power_w for channel in day.channels] == [(1.0,), (None,), (None,)]
    assert day.channels[2].voltage_v == 33.0


def test_recorded_day_of_an_ecu() -> None:
    data = payloads.data("ecu_minutely")
    day = parse_ecu_day(data)
    assert (day.today, day.newest, day.power_w) == (22.97, "21:25", 0.0)
    assert sum(hour or 0 for hour in day.hours) == pytest.approx(22.97, abs=0.001)
    assert day.hours[3] is None


def test_a_label_marks_the_end_of_its_slot() -> None:
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


def test_an_ecu_without_a_sample_has_no_power() -> None:
    day = parse_ecu_day({"today": None})
    assert (day.today, day.newest, day.power_w, day.hours) == (None, None, None, (None,) * 24)


def test_recorded_batch_energy_is_by_inverter_and_channel() -> None:
    energies = parse_batch_energy(payloads.data("batch_energy"))
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
def test_an_invalid_member_of_batch_energy_is_skipped(item: object) -> None:
    assert parse_batch_energy({"energy": [item, "a-b-2-1.5"]}) == {("a-b", 2): 1.5}
    assert parse_batch_energy({"energy": None}) == {}


def test_recorded_batch_power_is_by_inverter_and_channel() -> None:
    data = payloads.data("batch_power")
    batch = parse_batch_power(data)
    assert (len(batch.times), len(batch.power_w)) == (186, 8)
    assert batch.power_w[QT2, 3] == tuple(map(float, data["power"]["902000000021-3"]))


@pytest.mark.parametrize(
    "key", ["703000000011", "-1", "x-", "x-0", "x-5", "x-٣", "x- 1", "x-1.0", "x-" + "9" * 5000, "\ud800-1"]
)
def test_an_invalid_key_of_batch_power_is_skipped(key: str) -> None:
    batch = parse_batch_power({"time": ["12:00"], "power": {key: ["1"], "a-b-4": ["2"]}})
    assert batch.power_w == {("a-b", 4): (2.0,)}


@pytest.mark.parametrize("data", [{}, {"time": None, "power": None}, {"time": [], "power": []}])
def test_an_empty_batch_is_empty(data: object) -> None:
    assert parse_batch_power(data) == BatchPower(times=(), power_w={})
