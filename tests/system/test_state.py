"""Answers in a system's state: listings, batches, telemetry, series and details."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

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
from custom_components.apsystems_openapi.system.energy import Energy
from custom_components.apsystems_openapi.system.state import WITH_BATTERY, SystemState

NOW = datetime(2026, 6, 15, 10, tzinfo=UTC)
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
    """Return a state with these ECUs; each inverter has telemetry."""
    state = SystemState().with_listing(ecus, NOW)
    return replace(state, telemetry={inverter.uid: inverter_day() for inverter in state.inverters})


def ecus_of(state: SystemState) -> dict[str, str]:
    return {inverter.uid: inverter.eid for inverter in state.inverters}


TWO = (ecu("E1", "a", "b"), ecu("E2", "c"))


# Listings


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
def test_an_inverter_is_removed_only_when_its_own_ecu_lists_others(
    listing: tuple[Ecu, ...], expected: dict[str, str]
) -> None:
    state = listed(*TWO).with_listing(listing, NOW)
    assert ecus_of(state) == expected
    assert set(state.telemetry) == {"a", "b", "c"} & set(expected)
    assert state.ecus == (listing or TWO)
    assert set(state.ecu_ids) == set(expected.values())


def test_a_listing_repeated_changes_nothing() -> None:
    assert listed(*TWO).with_listing(TWO, NOW) == listed(*TWO)


def test_listed_are_the_inverters_of_the_newest_listing() -> None:
    state = listed(*TWO).with_listing((ecu("E1"), ecu("E2", "c")), NOW)
    assert state.listed == {"c"}
    assert [inverter.uid for inverter in state.inverters] == ["c", "a", "b"]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    listings=st.lists(
        st.dictionaries(
            st.sampled_from(["E1", "E2", "E3"]), st.sets(st.sampled_from("abcdef"), max_size=4), max_size=3
        ),
        max_size=6,
    )
)
def test_no_sequence_of_listings_loses_or_doubles_an_inverter(listings: list[dict[str, set[str]]]) -> None:
    state = SystemState()
    for listing in listings:
        before, named = ecus_of(state), {uid for uids in listing.values() for uid in uids}
        state = state.with_listing(tuple(ecu(eid, *sorted(uids)) for eid, uids in listing.items()), NOW)
        after = ecus_of(state)
        assert len(after) == len(state.inverters)
        assert named <= set(after)
        assert set(before) - set(after) == {u for u, eid in before.items() if u not in named and listing.get(eid)}


def test_a_removed_inverter_leaves_no_telemetry() -> None:
    state = listed(*TWO).without_inverter("b")
    assert ecus_of(state) == {"a": "E1", "c": "E2"}
    assert set(state.telemetry) == {"a", "c"}


# Batches and telemetry


def batch(*keys: tuple[str, int], watts: float = 50.0) -> BatchPower:
    return BatchPower(times=("12:05",), power_w=dict.fromkeys(keys, (watts,)))


def test_an_unknown_inverter_in_a_batch_leads_to_one_listing() -> None:
    state = listed(*TWO).with_batch_power(DAY, batch(("a", 1), ("new", 1)))
    assert state.wants_listing(NOW)
    asked = state.with_listing(TWO, NOW)
    assert not asked.wants_listing(NOW)
    assert not asked.with_batch_power(DAY, batch(("new", 1))).wants_listing(NOW)
    assert asked.with_batch_power(DAY, batch(("newer", 1))).wants_listing(NOW)


def test_a_listing_is_asked_for_again_after_one_that_has_changed_something() -> None:
    state = listed(*TWO).with_batch_power(DAY, batch(("new", 1)))
    changed = state.with_listing((ecu("E1", "a", "b", "d"), ecu("E2", "c")), NOW)
    assert changed.with_batch_power(DAY, batch(("new", 1))).wants_listing(NOW)


def test_a_listing_lasts_a_week() -> None:
    state = listed(*TWO).with_listing(TWO, NOW)
    assert not state.wants_listing(NOW + timedelta(days=6))
    assert state.wants_listing(NOW + timedelta(days=7))


def test_an_unknown_inverter_that_is_listed_keeps_its_telemetry() -> None:
    state = listed(*TWO).with_batch_power(DAY, batch(("new", 2)))
    state = state.with_listing((ecu("E1", "a", "b", "new"), ecu("E2", "c")), NOW)
    assert ecus_of(state)["new"] == "E1"
    assert state.telemetry["new"].channels[1].power_w == (50.0,)


def test_a_batch_adds_to_the_day_of_its_inverters_and_of_no_other() -> None:
    before = listed(*TWO)
    state = before.with_batch_power(DAY, batch(("a", 1)))
    assert state.telemetry["a"].times == ("12:00", "12:05")
    assert state.telemetry["a"].channels[0].power_w == (100.0, 50.0)
    assert state.telemetry["a"].ac_power_w == (100.0, None)
    assert {uid: day for uid, day in state.telemetry.items() if uid != "a"} == {
        "b": before.telemetry["b"],
        "c": before.telemetry["c"],
    }


@pytest.mark.parametrize("answer", [BatchPower(times=(), power_w={}), BatchPower(times=("12:05",), power_w={})])
def test_an_empty_batch_removes_nothing(answer: BatchPower) -> None:
    assert listed(*TWO).with_batch_power(DAY, answer) == listed(*TWO)


def test_an_older_batch_does_not_replace_a_newer_day() -> None:
    assert listed(*TWO).with_batch_power(DAY_BEFORE, batch(("a", 1))) == listed(*TWO)


def test_a_newer_batch_does_replace_an_older_day() -> None:
    state = replace(listed(*TWO), telemetry={"a": inverter_day(DAY_BEFORE)})
    state = state.with_batch_power(DAY, batch(("a", 1)))
    assert (state.telemetry["a"].day, state.telemetry["a"].times, state.telemetry["a"].measured_at) == (
        DAY,
        ("12:05",),
        None,
    )


@pytest.mark.parametrize(
    ("fresh", "taken"),
    [
        (inverter_day(DAY, 200.0), True),
        (inverter_day(date(2026, 6, 16), 200.0), True),
        (inverter_day(DAY_BEFORE, 200.0), False),
        (InverterDay(day=date(2026, 6, 16), times=(), ac_power_w=(), channels=()), False),
    ],
)
def test_telemetry_replaces_a_day_that_is_not_newer_and_only_with_a_sample(fresh: InverterDay, taken: bool) -> None:
    state = listed(*TWO).with_inverter_day("a", fresh)
    assert state.telemetry["a"] == (fresh if taken else inverter_day())


def test_the_first_telemetry_is_stored() -> None:
    assert SystemState().with_inverter_day("a", inverter_day()).telemetry == {"a": inverter_day()}


# The whole state


def test_the_state_is_complete_once_energy_and_listing_were_answered() -> None:
    energy = Energy(day=DAY)
    assert not SystemState().is_complete
    assert not SystemState(energy=energy).is_complete
    assert not SystemState(ecus=()).is_complete
    assert SystemState(energy=energy, ecus=()).is_complete


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
def test_the_time_zone_is_that_of_the_registration_or_else_of_the_first_ecu(
    state: SystemState, zone: str | None
) -> None:
    assert state.timezone == zone


def test_details_without_a_value_keep_the_known_one() -> None:
    known = SystemDetails(
        created=date(2024, 4, 20), capacity_kw=3.28, timezone="Europe/Paris", ecus=("216200012345",), light=1
    )
    empty = SystemDetails(created=None, capacity_kw=None, timezone=None, ecus=(), light=None)
    state = SystemState(details=known)
    assert state.with_details(empty, NOW).details == state.details
    assert SystemState().with_details(empty, NOW).details == empty
    assert state.with_details(replace(empty, light=3), NOW).details == replace(known, light=3)


# ECUs that are not listed any more


@pytest.mark.parametrize(
    ("hours", "listing", "is_removed"),
    [
        (1, (ecu("E2", "c"),), False),
        (20, (ecu("E2", "c"),), True),
        (20, (), False),
        (20, TWO, False),
    ],
    ids=["too soon", "20 hours later", "an empty listing", "listed again"],
)
def test_an_ecu_that_two_listings_do_not_name_is_removed_with_its_inverters(
    hours: int, listing: tuple[Ecu, ...], is_removed: bool
) -> None:
    state = listed(*TWO).with_listing((ecu("E2", "c"),), NOW)
    assert set(ecus_of(state)) == {"a", "b", "c"}
    state = state.with_listing(listing, NOW + timedelta(hours=hours))
    assert set(ecus_of(state)) == ({"c"} if is_removed else {"a", "b", "c"})


@pytest.mark.parametrize(
    ("listings", "known"),
    [
        ([(0, (ecu("E1", "a"), ecu("E2")))], ("E1", "E2")),
        ([(0, (ecu("E1", "a"), ecu("E2"))), (1, (ecu("E1", "a"),))], ("E1", "E2")),
        ([(0, (ecu("E1", "a"), ecu("E2"))), (1, (ecu("E1", "a"),)), (20, (ecu("E1", "a"),))], ("E1", "E2")),
        ([(0, (ecu("E1", "a"), ecu("E2"))), (1, (ecu("E1", "a"),)), (21, (ecu("E1", "a"),))], ("E1",)),
        ([(0, (ecu("E1", "a"), ecu("E2"))), (1, (ecu("E1", "a"),)), (30, ())], ("E1", "E2")),
        ([(0, (ecu("E1", "a"), ecu("E2"))), (1, (ecu("E1", "a"),)), (30, (ecu("E1", "a"), ecu("E2")))], ("E1", "E2")),
        ([(0, (ecu("E1", "a"),)), (1, (ecu("E2", "a"),))], ("E2", "E1")),
        ([(0, (ecu("E1", "a"),)), (1, (ecu("E2", "a"),)), (21, (ecu("E2", "a"),))], ("E2",)),
    ],
    ids=[
        "listed", "unlisted", "19 hours", "20 hours", "an empty listing", "listed again", "replaced",
        "replaced for 20 hours",
    ],
)  # fmt: skip
def test_an_ecu_without_inverters_goes_by_the_same_rule(
    listings: list[tuple[int, tuple[Ecu, ...]]], known: tuple[str, ...]
) -> None:
    state = SystemState()
    for hours, listing in listings:
        state = state.with_listing(listing, NOW + timedelta(hours=hours))
    assert state.known_ecus == known


def test_an_ecu_that_was_listed_in_between_is_not_removed() -> None:
    state = listed(*TWO)
    for hours, listing in ((0, TWO[1:]), (10, TWO), (20, TWO[1:])):
        state = state.with_listing(listing, NOW + timedelta(hours=hours))
    assert set(ecus_of(state)) == {"a", "b", "c"}


# Meters and batteries


@pytest.mark.parametrize("first_battery", [None, "B1"])
def test_the_first_battery_never_becomes_another(first_battery: str | None) -> None:
    """None: by a version that did not store it."""
    one, two = (replace(ecu(eid), type=WITH_BATTERY) for eid in ("B1", "B2"))
    state = replace(listed(one, two), first_battery=first_battery)
    for listing in ((two, one), (two,), (), (two, one)):
        assert state.main_battery == "B1"
        state = state.with_listing(listing, NOW)
    assert (state.main_battery, state.battery_ids) == ("B1", ("B2", "B1"))
