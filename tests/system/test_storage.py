"""The state as JSON and back: field by field, and the files of version 1.0."""
# ruff: noqa: D103 -- test names say what they check

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
import json
from typing import Any

from homeassistant.helpers.json import prepare_save_json
from homeassistant.util.json import json_loads
from hypothesis import given, settings, strategies as st
import pytest

from custom_components.apsystems_openapi.cloud.models import (
    ChannelDay,
    Ecu,
    EcuDay,
    Inverter,
    InverterDay,
    SystemDetails,
)
from custom_components.apsystems_openapi.cloud.parsing import parse_inverter_day
from custom_components.apsystems_openapi.schedule.rhythm import Observation
from custom_components.apsystems_openapi.system.backlog import Backlog, Extent
from custom_components.apsystems_openapi.system.energy import Energy
from custom_components.apsystems_openapi.system.state import EcuReport, Hours, PanelEnergy, Spent, SystemState
from custom_components.apsystems_openapi.system.storage import (
    dump,
    first_answers,
    load,
    migrate,
    with_first_answers,
)
from custom_components.apsystems_openapi.system.unwritten import (
    PRODUCTION,
    FetchedDay,
    FetchedMonth,
    PanelDay,
    Unwritten,
)
from custom_components.apsystems_openapi.system.waits import ENTRY, READS, Reason, Wait, Waits
from tests import payloads
from tests.paths import FIXTURES

DAY = date(2026, 6, 15)
NOON = datetime(2026, 6, 15, 10, tzinfo=UTC)


def stored(state: SystemState) -> Any:  # noqa: ANN401 -- JSON is of any type
    """Return a state as Home Assistant's store writes and reads it."""
    _, written = prepare_save_json(dump(state))
    return json_loads(written)


# Any state

DATES = st.dates()
TIMES = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
KWH = st.none() | st.floats(0, 1e9)
SERIES = st.lists(KWH, max_size=24).map(tuple)
SECONDS = st.integers(0, 2**40)  # since the epoch
OBSERVED = st.lists(st.builds(Observation, SECONDS, SECONDS), max_size=2).map(tuple)
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
WAITS = st.dictionaries(
    NAMES,
    st.builds(
        Wait,
        until=TIMES,
        reason=st.sampled_from(Reason),
        length=st.integers(0, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    ),
    max_size=3,
)
BACKLOGS = st.builds(
    Backlog,
    first=st.none() | DATES,
    settled=st.none() | DATES,
    gaps=st.lists(DATES, max_size=3).map(tuple),
    extents=st.dictionaries(NAMES, st.builds(Extent, oldest=TIMES, newest=TIMES), max_size=2),
    unwritten=st.builds(
        Unwritten,
        days=st.lists(
            st.builds(FetchedDay, day=DATES, hours=SERIES, closed=TIMES, total=KWH, is_fetched_again=st.booleans()),
            max_size=2,
        ).map(tuple),
        months=st.lists(st.builds(FetchedMonth, month=DATES, totals=SERIES), max_size=2).map(tuple),
        panels=st.lists(st.builds(PanelDay, day=DATES, uid=NAMES, kwh=SERIES), max_size=2).map(tuple),
    ),
)
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
        risen_at=st.none() | TIMES, summary_at=st.none() | TIMES,
    ),
    hours=st.none() | st.builds(Hours, day=DATES, kwh=SERIES, read_at=st.none() | TIMES),
    ecus=st.none()
    | st.lists(
        st.builds(Ecu, eid=NAMES, timezone=st.none() | NAMES, inverters=st.lists(INVERTERS, max_size=2).map(tuple)),
        max_size=2,
    ).map(tuple),
    inverters=st.lists(INVERTERS, max_size=3).map(tuple),
    unlisted=st.dictionaries(NAMES, TIMES, max_size=2),
    telemetry=st.dictionaries(NAMES, inverter_days(), max_size=3),
    panel_energy=st.dictionaries(NAMES, st.builds(PanelEnergy, day=DATES, kwh=SERIES), max_size=3),
    answered_causes=st.lists(NAMES, max_size=2).map(tuple),
    observations=st.dictionaries(NAMES, OBSERVED, max_size=2),
    refusals=st.integers(0, 3),
    spent=st.none() | st.builds(Spent, at=TIMES, calls=st.integers(0, 10**6)),
    backlog=BACKLOGS,
    waits=st.builds(Waits, by_scope=WAITS),
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(state=STATES)
def test_a_state_is_loaded_as_it_was_stored(state: SystemState) -> None:
    assert load(stored(state)) == (state, ())


def test_a_whole_day_of_telemetry_is_loaded_as_it_was_stored() -> None:
    day = parse_inverter_day(payloads.data("inverter_minutely_QT2_902000000021"), DAY)
    state = SystemState(telemetry={"902000000021": day})
    assert load(stored(state)) == (state, ())


# Single fields

UNEVEN = {"day": "2026-06-15", "times": ["12:00"], "ac_power_w": [], "channels": []}


def test_whole_numbers_are_loaded_as_figures() -> None:
    state, _ = load({"energy": {"day": "2026-06-15", "total": 5580}})
    assert state.energy == Energy(day=DAY, total=5580.0)
    assert isinstance(state.energy.total, float)


def test_unknown_fields_of_another_version_are_ignored() -> None:
    data = {"energy": {"day": "2026-06-15", "colour": "red"}, "weather": {}}
    assert load(data) == (SystemState(energy=Energy(day=DAY)), ())
    assert load({}) == (SystemState(), ())


@pytest.mark.parametrize(
    ("data", "unreadable"),
    [
        ({"energy": []}, "energy"),
        ({"energy": {}}, "energy"),
        ({"energy": {"day": 5}}, "energy"),
        ({"energy": {"day": "yesterday"}}, "energy"),
        ({"energy": {"day": "2026-06-15", "total": "5580"}}, "energy.total"),
        ({"energy": {"day": "2026-06-15", "total": True}}, "energy.total"),
        ({"energy": {"day": "2026-06-15", "total": float("nan")}}, "energy.total"),
        ({"energy": {"day": "2026-06-15", "total": 10**400}}, "energy.total"),
        ({"energy": {"day": "2026-06-15", "summary_at": "2026-06-15T12:00:00"}}, "energy.summary_at"),
        ({"ecus": "E1"}, "ecus"),
        ({"ecus": {"eid": "E1"}}, "ecus"),
        ({"ecus": [{"eid": "E1"}]}, "ecus"),
        ({"inverters": [{"uid": 5, "model": None, "eid": "E1"}]}, "inverters"),
        ({"inverters": None}, "inverters"),
        ({"answered_causes": "abc"}, "answered_causes"),
        ({"telemetry": []}, "telemetry"),
        ({"telemetry": {"a": None}}, "telemetry[1]"),
        ({"telemetry": {"a": UNEVEN}}, "telemetry[1]"),
        ({"backlog": {"gaps": ["never"]}}, "backlog.gaps"),
        ({"waits": 5}, "waits"),
    ],
)  # fmt: skip
def test_an_unreadable_field_is_dropped_alone_and_named(data: dict[str, Any], unreadable: str) -> None:
    known = {"refusals": 1, "spent": {"at": NOON.isoformat(), "calls": 7}}
    state, names = load({**known, **data})
    assert names == (unreadable,)
    assert (state.refusals, state.spent) == (1, Spent(at=NOON, calls=7))


@pytest.mark.parametrize("data", [None, "state", 5, [], ["energy"]])
def test_what_is_no_object_raises(data: object) -> None:
    with pytest.raises(TypeError):
        load(data)


FULL = stored(
    SystemState(
        details=SystemDetails(created=DAY, capacity_kw=3.28, timezone="Europe/Paris", ecus=("E1",), light=1),
        energy=Energy(day=DAY, today=5.0, total=5580.0, summary_at=NOON),
        hours=Hours(day=DAY, kwh=(None, 1.0)),
        ecus=(Ecu(eid="E1", timezone=None, inverters=(Inverter(uid="a", model="DS3", eid="E1"),)),),
        inverters=(Inverter(uid="a", model="DS3", eid="E1"),),
        telemetry={"a": parse_inverter_day(payloads.data("inverter_minutely_DS3_703000000011"), DAY)},
        waits=Waits(by_scope={READS: Wait(until=NOON, reason=Reason.NOTHING_NEW, length=timedelta(hours=1))}),
    )
)


def places(value: Any) -> list[tuple[Any, Any]]:  # noqa: ANN401
    """Return every container of a member with the member's key or index."""
    keys = list(value) if isinstance(value, dict) else range(min(8, len(value))) if isinstance(value, list) else []
    return [place for key in keys for place in ((value, key), *places(value[key]))]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(draw=st.data(), junk=payloads.JSON)
def test_any_changed_file_gives_a_state_that_can_be_stored(draw: st.DataObject, junk: object) -> None:
    data = json.loads(json.dumps(FULL))
    container, key = draw.draw(st.sampled_from(places(data)))
    container[key] = junk
    state, _ = load(data)
    assert load(stored(state)) == (state, ())


# What a config flow has fetched

DETAILS = SystemDetails(created=DAY, capacity_kw=3.28, timezone="Europe/Paris", ecus=("E1",), light=1)
LISTING = (Ecu(eid="E1", timezone=None, inverters=(Inverter(uid="a", model="DS3", eid="E1"),)),)
ANSWERS = json.loads(json.dumps(first_answers(DETAILS, LISTING, NOON)))


@pytest.mark.parametrize(
    ("answers", "details", "ecus", "dropped"),
    [
        (ANSWERS, DETAILS, LISTING, None),
        (ANSWERS | {"ecus": None}, DETAILS, None, None),
        (ANSWERS | {"ecus": "E1"}, DETAILS, None, "ecus"),
        (ANSWERS | {"details": {"created": "today"}}, None, LISTING, "details"),
        (ANSWERS | {"details": 5, "ecus": [5]}, None, None, "details, ecus"),
        (ANSWERS | {"answered": "yesterday"}, None, None, "answered"),
        ("answers", None, None, "everything"),
        ({}, None, None, None),
    ],
)
def test_the_answers_to_a_config_flow_are_taken_as_far_as_they_can_be_read(
    caplog: pytest.LogCaptureFixture,
    answers: object,
    details: SystemDetails | None,
    ecus: tuple[Ecu, ...] | None,
    dropped: str | None,
) -> None:
    state = with_first_answers(SystemState(refusals=2), answers)
    assert (state.details, state.ecus, state.refusals) == (details, ecus, 0)
    lines = [record.getMessage() for record in caplog.records]
    assert [line.rpartition(": ")[2] for line in lines] == ([] if dropped is None else [dropped])


# Files of version 1.0; `tests/fixtures/README.md` says how they were made.


def migrated(name: str) -> SystemState:
    """Return the state of a file of version 1.0."""
    state, unreadable = load(migrate(payloads.answer(name)["data"]))
    assert unreadable == ()
    return state


def test_every_field_of_version_1_0_is_kept() -> None:
    state, old = migrated("state_1_0"), payloads.data("state_1_0")
    assert state.details == SystemDetails(
        created=date(2024, 4, 20), capacity_kw=1.64, timezone="Europe/Paris", ecus=("216200012345",), light=1
    )
    assert state.energy == Energy(
        day=DAY,
        today=6.18,
        risen_at=datetime(2026, 6, 15, 10, 35, tzinfo=UTC),
        anchor=6875.78,
        total=6881.96,
        month=221.14,
        year=1434.68,
        summary_at=datetime(2026, 6, 14, 20, 30, tzinfo=UTC),
    )
    assert state.hours == Hours(day=DAY, kwh=tuple(old["hours"]["kwh"]))
    assert [inverter.uid for inverter in state.inverters] == list(old["days"])
    assert state.listed == set(old["days"])
    assert (state.answered_causes, state.timezone) == (("inverter 902000000021",), "Europe/Paris")
    assert state.answered == datetime(2026, 6, 15, 10, 35, tzinfo=UTC)
    assert state.spent == Spent(at=datetime(2026, 6, 15, 10, 55, tzinfo=UTC), calls=113)
    assert state.waits == Waits()


def test_telemetry_series_and_panels_of_version_1_0_are_kept() -> None:
    state, old = migrated("state_1_0"), payloads.data("state_1_0")
    for uid, day in old["days"].items():
        assert state.telemetry[uid].ac_power_w == tuple(day["ac_power_w"])
        assert len(state.telemetry[uid].channels) == len(day["channels"])
        assert state.panel_energy[uid] == PanelEnergy(day=date(2026, 6, 14), kwh=tuple(old["panels"][uid]["kwh"]))
    (report,) = old["ecu_reads"].values()
    data = EcuDay(**{**report["data"], "hours": tuple(report["data"]["hours"])})
    assert state.ecu_days == {"216200012345": EcuReport(day=DAY, data=data)}


def test_the_backlog_of_version_1_0_is_kept() -> None:
    past = payloads.data("state_1_0")["past"]
    assert migrated("state_1_0").backlog == Backlog(
        first=date(2024, 4, 20),
        since=date(2026, 5, 1),
        settled=date(2026, 6, 14),
        month_cursor=date(2024, 3, 1),
        day_cursor=date(2026, 4, 27),
        gaps=tuple(date.fromisoformat(day) for day in past["gaps"]),
        checks=(date(2026, 5, 1),),
        recent=(date(2026, 6, 1),),
        checked=date(2026, 6, 13),
        extents={
            PRODUCTION: Extent(
                oldest=datetime(2024, 4, 20, 10, tzinfo=UTC), newest=datetime(2026, 6, 15, 9, tzinfo=UTC)
            )
        },
    )


def test_the_rows_of_a_backlog_without_flows_are_those_of_the_production() -> None:
    oldest, newest = "2024-04-20T10:00:00+00:00", "2026-06-15T09:00:00+00:00"
    known = Extent(oldest=datetime.fromisoformat(oldest), newest=datetime.fromisoformat(newest))
    state, unreadable = load(migrate({"backlog": {"oldest_row": oldest, "newest_row": newest, "empty_days": 3}}))
    assert (state.backlog, unreadable) == (Backlog(extents={PRODUCTION: known}, empty_days=3), ())
    assert load(migrate(stored(state))) == (state, ())
    without, _ = load(migrate({"backlog": {"oldest_row": None, "newest_row": None}}))
    assert without.backlog == Backlog()


@pytest.mark.parametrize(("refused", "reason"), [(False, Reason.FIRST_READ), (True, Reason.CREDENTIALS)])
def test_an_unfinished_first_read_of_version_1_0_becomes_a_wait(refused: bool, reason: Reason) -> None:
    old = payloads.data("state_1_0_unfinished")
    state, unreadable = load(migrate({**old, "retry": {**old["retry"], "refused": refused}}))
    wait = Wait(until=datetime(2026, 6, 15, 10, 55, tzinfo=UTC), reason=reason, length=timedelta(minutes=5))
    assert unreadable == ()
    assert state.waits == Waits(by_scope={ENTRY: wait})
    assert not state.is_complete
    assert len(state.inverters) == 3


def test_a_migrated_state_is_loaded_as_it_was_stored() -> None:
    state = migrated("state_1_0")
    assert load(stored(state)) == (state, ())
    assert replace(state, waits=Waits()) == state


def test_the_fixtures_are_files_of_version_1_0() -> None:
    for path in FIXTURES.glob("*_1_0*.json"):
        file = json.loads(path.read_text(encoding="utf-8"))
        assert (file["version"], file["minor_version"]) == (1, 1), path.name
