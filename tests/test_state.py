"""What is known stays known: listings, batches and telemetry as they come; the state on disk and back."""
# ruff: noqa: D103 -- names of tests say what they are

from dataclasses import replace
from datetime import UTC, date, datetime
import json
from typing import Any

from homeassistant.helpers.json import prepare_save_json
from homeassistant.util.json import json_loads
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.cloud.models import (
    BatchPower,
    ChannelDay,
    Ecu,
    Inverter,
    InverterDay,
    SystemDetails,
)
from custom_components.apsystems_openapi.cloud.parsing import parse_inverter_day
from custom_components.apsystems_openapi.system.energy import Energy
from custom_components.apsystems_openapi.system.state import (
    Hours,
    Retry,
    SystemState,
    dump,
    load,
    merged,
    with_batch_power,
    with_day,
    with_listing,
    without,
)
from tests import samples

DAY, DAY_BEFORE = date(2026, 6, 15), date(2026, 6, 14)


def ecu(eid: str, *uids: str) -> Ecu:
    return Ecu(eid=eid, timezone="Europe/Paris", inverters=tuple(Inverter(uid=u, model="DS3", eid=eid) for u in uids))


def inverter_day(day: date = DAY, watts: float = 100.0) -> InverterDay:
    return InverterDay(
        day=day,
        times=("12:00",),
        ac_power_w=(watts,),
        channels=(ChannelDay(power_w=(watts,), voltage_v=34.5),),
        measured_at="12:00",
    )


def listed(*ecus: Ecu) -> SystemState:
    """Return a plant of these ECUs, each inverter with a day."""
    state = with_listing(SystemState(), ecus)
    return replace(state, days={inverter.uid: inverter_day() for inverter in state.inverters})


def homes(state: SystemState) -> dict[str, str]:
    return {inverter.uid: inverter.eid for inverter in state.inverters}


TWO = (ecu("E1", "a", "b"), ecu("E2", "c"))


# Listings.


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        pytest.param(TWO, {"a": "E1", "b": "E1", "c": "E2"}, id="the same"),
        pytest.param((ecu("E1", "a"), ecu("E2", "c")), {"a": "E1", "c": "E2"}, id="gone from its own list"),
        pytest.param((ecu("E1"), ecu("E2", "c")), {"c": "E2", "a": "E1", "b": "E1"}, id="its list is empty or null"),
        pytest.param((ecu("E2", "c"),), {"c": "E2", "a": "E1", "b": "E1"}, id="its ECU is not listed"),
        pytest.param((), {"a": "E1", "b": "E1", "c": "E2"}, id="nothing is listed"),
        pytest.param((ecu("E1", "a"), ecu("E2", "c", "b")), {"a": "E1", "c": "E2", "b": "E2"}, id="moved"),
        pytest.param((ecu("E1"), ecu("E2", "c", "a")), {"c": "E2", "a": "E2", "b": "E1"}, id="one of two moved"),
        pytest.param((ecu("E3", "a", "b", "c"),), {"a": "E3", "b": "E3", "c": "E3"}, id="the ECU was replaced"),
        pytest.param((*TWO, ecu("E3", "d")), {"a": "E1", "b": "E1", "c": "E2", "d": "E3"}, id="new"),
    ],
)
def test_an_inverter_is_gone_only_when_its_own_ecu_answers_without_it(
    listing: tuple[Ecu, ...], expected: dict[str, str]
) -> None:
    state = with_listing(listed(*TWO), listing)
    assert homes(state) == expected
    assert set(state.days) == {"a", "b", "c"} & set(expected)
    assert state.ecus == listing
    assert set(state.plant.inverters) == set(expected)
    assert set(state.plant.ecus) == set(expected.values())


def test_a_listing_repeated_changes_nothing() -> None:
    assert with_listing(listed(*TWO), TWO) == listed(*TWO)


def test_what_the_newest_listing_names_is_told_from_what_is_only_kept() -> None:
    state = with_listing(listed(*TWO), (ecu("E1"), ecu("E2", "c")))
    assert state.listed == {"c"}
    assert state.plant.inverters == ("c", "a", "b")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    listings=st.lists(
        st.dictionaries(
            st.sampled_from(["E1", "E2", "E3"]), st.sets(st.sampled_from("abcdef"), max_size=4), max_size=3
        ),
        max_size=6,
    )
)
def test_whatever_the_listings_say_no_inverter_is_lost_or_there_twice(listings: list[dict[str, set[str]]]) -> None:
    state = SystemState()
    for listing in listings:
        before, named = homes(state), {uid for uids in listing.values() for uid in uids}
        state = with_listing(state, tuple(ecu(eid, *sorted(uids)) for eid, uids in listing.items()))
        after = homes(state)
        assert len(after) == len(state.inverters)
        assert named <= set(after)
        assert set(before) - set(after) == {u for u, eid in before.items() if u not in named and listing.get(eid)}


def test_a_forgotten_inverter_leaves_nothing_behind() -> None:
    state = without(listed(*TWO), "b")
    assert homes(state) == {"a": "E1", "c": "E2"}
    assert set(state.days) == {"a", "c"}


# Batches and telemetry.


def batch(*keys: tuple[str, int], watts: float = 50.0) -> BatchPower:
    return BatchPower(times=("12:05",), power_w=dict.fromkeys(keys, (watts,)))


def test_a_stranger_in_a_batch_is_sought_once() -> None:
    state = with_batch_power(listed(*TWO), DAY, batch(("a", 1), ("new", 1)))
    assert state.strangers == {"new"}
    asked = with_listing(state, TWO)
    assert asked.strangers == frozenset()
    assert with_batch_power(asked, DAY, batch(("new", 1))).strangers == frozenset()
    assert with_batch_power(asked, DAY, batch(("newer", 1))).strangers == {"newer"}


def test_a_stranger_that_is_listed_keeps_its_day() -> None:
    state = with_batch_power(listed(*TWO), DAY, batch(("new", 2)))
    state = with_listing(state, (ecu("E1", "a", "b", "new"), ecu("E2", "c")))
    assert homes(state)["new"] == "E1"
    assert state.days["new"].channels[1].power_w == (50.0,)


def test_a_batch_adds_to_the_day_of_its_inverters_and_of_no_other() -> None:
    before = listed(*TWO)
    state = with_batch_power(before, DAY, batch(("a", 1)))
    assert state.days["a"].times == ("12:00", "12:05")
    assert state.days["a"].channels[0].power_w == (100.0, 50.0)
    assert state.days["a"].ac_power_w == (100.0, None)
    assert {uid: day for uid, day in state.days.items() if uid != "a"} == {"b": before.days["b"], "c": before.days["c"]}


@pytest.mark.parametrize("answer", [BatchPower(times=(), power_w={}), BatchPower(times=("12:05",), power_w={})])
def test_an_empty_batch_takes_nothing_away(answer: BatchPower) -> None:
    assert with_batch_power(listed(*TWO), DAY, answer) == listed(*TWO)


def test_an_older_batch_does_not_replace_a_newer_day() -> None:
    assert with_batch_power(listed(*TWO), DAY_BEFORE, batch(("a", 1))) == listed(*TWO)


def test_a_newer_batch_does_replace_an_older_day() -> None:
    state = replace(listed(*TWO), days={"a": inverter_day(DAY_BEFORE)})
    state = with_batch_power(state, DAY, batch(("a", 1)))
    assert (state.days["a"].day, state.days["a"].times, state.days["a"].measured_at) == (DAY, ("12:05",), None)


@pytest.mark.parametrize(
    ("fresh", "taken"),
    [
        (inverter_day(DAY, 200.0), True),
        (inverter_day(date(2026, 6, 16), 200.0), True),
        (inverter_day(DAY_BEFORE, 200.0), False),
        (InverterDay(day=date(2026, 6, 16), times=(), ac_power_w=(), channels=()), False),
    ],
)
def test_telemetry_replaces_what_is_not_newer_and_only_with_a_sample(fresh: InverterDay, taken: bool) -> None:
    state = with_day(listed(*TWO), "a", fresh)
    assert state.days["a"] == (fresh if taken else inverter_day())


def test_the_first_telemetry_is_taken() -> None:
    assert with_day(SystemState(), "a", inverter_day()).days == {"a": inverter_day()}


# The whole.


def test_the_state_is_complete_once_energy_and_listing_were_answered() -> None:
    energy = Energy(day=DAY)
    assert not SystemState().complete
    assert not SystemState(energy=energy).complete
    assert not SystemState(ecus=()).complete
    assert SystemState(energy=energy, ecus=()).complete


def details(timezone: str | None) -> SystemDetails:
    return SystemDetails(created=DAY, capacity_kw=3.28, timezone=timezone, ecus=("E1",), light=1)


@pytest.mark.parametrize(
    ("state", "zone"),
    [
        (SystemState(), None),
        (SystemState(details=details("Asia/Kathmandu"), ecus=TWO), "Asia/Kathmandu"),
        (SystemState(details=details(None), ecus=TWO), "Europe/Paris"),
        (SystemState(ecus=(replace(ecu("E1"), timezone=None), ecu("E2"))), "Europe/Paris"),
        (SystemState(details=details(None), ecus=()), None),
    ],
)
def test_the_zone_is_the_registrations_or_else_the_first_ecus(state: SystemState, zone: str | None) -> None:
    assert state.timezone == zone


# On disk and back.


def stored(state: SystemState) -> Any:  # noqa: ANN401 -- JSON is of any type
    """Return a state as Home Assistant's store writes and reads it."""
    _, written = prepare_save_json(dump(state))
    return json_loads(written)


DATES = st.dates()
MOMENTS = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
KWH = st.none() | st.floats(0, 1e9)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5)
LABELS = st.lists(st.sampled_from(["06:00", "12:00", "12:05", "23:55"]), unique=True).map(sorted).map(tuple)


@st.composite
def inverter_days(draw: st.DrawFn) -> InverterDay:
    times = draw(LABELS)
    watts = st.lists(KWH, min_size=len(times), max_size=len(times)).map(tuple)
    channels = st.builds(ChannelDay, power_w=watts, voltage_v=KWH, current_a=KWH)
    return InverterDay(
        day=draw(DATES),
        times=times,
        ac_power_w=draw(watts),
        channels=tuple(draw(st.lists(channels, max_size=4))),
        measured_at=draw(st.none() | st.sampled_from(["12:00"])),
        ac_voltages_v=tuple(draw(st.lists(KWH, max_size=3))),
        frequency_hz=draw(KWH),
        temperature_c=draw(st.none() | st.floats(-40, 100)),
    )


INVERTERS = st.builds(Inverter, uid=NAMES, model=st.none() | NAMES, eid=NAMES)
STATES = st.builds(
    SystemState,
    details=st.none()
    | st.builds(
        SystemDetails,
        created=st.none() | DATES,
        capacity_kw=KWH,
        timezone=st.none() | NAMES,
        ecus=st.lists(NAMES, max_size=2).map(tuple),
        light=st.none() | st.integers(1, 4),
    ),
    energy=st.none()
    | st.builds(
        Energy, day=DATES, today=KWH, anchor=KWH, total=KWH, month=KWH, year=KWH, doubted=KWH,
        risen_at=st.none() | MOMENTS, summary_at=st.none() | MOMENTS,
    ),
    hours=st.none() | st.builds(Hours, day=DATES, kwh=st.lists(KWH, max_size=24).map(tuple)),
    ecus=st.none()
    | st.lists(
        st.builds(Ecu, eid=NAMES, timezone=st.none() | NAMES, inverters=st.lists(INVERTERS, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    inverters=st.lists(INVERTERS, max_size=3).map(tuple),
    days=st.dictionaries(NAMES, inverter_days(), max_size=3),
    sought=st.lists(NAMES, max_size=2).map(tuple),
    retry=st.none() | st.builds(Retry, at=MOMENTS, wait_s=st.floats(0, 1e6)),
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(state=STATES)
def test_a_state_comes_back_from_disk_as_it_was(state: SystemState) -> None:
    assert load(stored(state)) == state


def test_a_whole_day_comes_back_from_disk() -> None:
    day = parse_inverter_day(samples.data("inverter_minutely_QT2_902000000021"), DAY)
    state = replace(listed(*TWO), days={"a": day})
    assert load(stored(state)) == state


def test_whole_numbers_on_disk_are_read_as_figures() -> None:
    state = load({"energy": {"day": "2026-06-15", "total": 5580}})
    assert state.energy == Energy(day=DAY, total=5580.0)
    assert isinstance(state.energy.total, float)


def test_a_state_of_another_version_is_read_as_far_as_it_is_known() -> None:
    assert load({"energy": {"day": "2026-06-15", "colour": "red"}, "weather": {}}) == SystemState(
        energy=Energy(day=DAY)
    )
    assert load({}) == SystemState()


@pytest.mark.parametrize(
    "data",
    [
        None,
        "state",
        5,
        [],
        ["energy"],
        {"energy": []},
        {"energy": {}},
        {"energy": {"day": 5}},
        {"energy": {"day": "yesterday"}},
        {"energy": {"day": "2026-06-15", "total": "5580"}},
        {"energy": {"day": "2026-06-15", "total": True}},
        {"energy": {"day": "2026-06-15", "total": float("nan")}},
        {"energy": {"day": "2026-06-15", "total": 10**400}},
        {"energy": {"day": "2026-06-15", "summary_at": "2026-06-15T12:00:00"}},
        {"retry": {"at": "2026-06-15"}},
        {"retry": {"at": "2026-06-15T12:00:00+00:00"}},
        {"ecus": "E1"},
        {"ecus": {"eid": "E1"}},
        {"ecus": [{"eid": "E1"}]},
        {"inverters": [{"uid": 5, "model": None, "eid": "E1"}]},
        {"inverters": None},
        {"sought": "abc"},
        {"days": []},
        {"days": {"a": None}},
        {"days": {"a": {"day": "2026-06-15", "times": ["12:00"], "ac_power_w": [], "channels": []}}},
        {"days": {"a": {"day": "2026-06-15", "times": [], "ac_power_w": [], "channels": [{"power_w": [1.0]}]}}},
    ],
)
def test_what_is_no_state_is_refused(data: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        load(data)


WHOLE = stored(
    SystemState(
        details=details("Europe/Paris"),
        energy=Energy(day=DAY, today=5.0, total=5580.0, summary_at=datetime(2026, 6, 15, 10, tzinfo=UTC)),
        hours=Hours(day=DAY, kwh=(None, 1.0)),
        ecus=TWO,
        inverters=TWO[0].inverters,
        days={"a": inverter_day()},
        retry=Retry(at=datetime(2026, 6, 15, 10, tzinfo=UTC), wait_s=300.0),
    )
)


def places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401
    """Return every holder of a member with the member's key or index."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else []
    return [place for key in keys for place in ((value, key), *places(value[key]))]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(draw=st.data(), junk=samples.JSON)
def test_a_file_that_was_tampered_with_is_read_or_refused_in_a_way_that_is_expected(
    draw: st.DataObject, junk: object
) -> None:
    data = json.loads(json.dumps(WHOLE))
    holder, key = draw.draw(st.sampled_from(places(data)))
    holder[key] = junk
    try:
        state = load(data)
    except AttributeError, KeyError, TypeError, ValueError:
        return
    assert load(stored(state)) == state


def test_details_that_say_nothing_take_nothing_away() -> None:
    held = SystemDetails(
        created=date(2024, 4, 20), capacity_kw=3.28, timezone="Europe/Paris", ecus=("216200012345",), light=1
    )
    empty = SystemDetails(created=None, capacity_kw=None, timezone=None, ecus=(), light=None)
    assert merged(held, empty) == held
    assert merged(None, empty) == empty
    assert merged(held, replace(empty, light=3)) == replace(held, light=3)
