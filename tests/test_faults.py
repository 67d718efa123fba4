"""Figures in fixed mode under every fault of the simulated cloud; without `--all`, under a third of them.

`test_fault_matrix.py` always orders every fault, in automatic mode.
"""

from collections import Counter
from datetime import date, timedelta
import logging
import re

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, State, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.apsystems_openapi.const import DOMAIN
from simulator import Fault, FaultKind, Kind, Level, Plant, parse_fault, sample_plant
from tests.faults import PASSING, REFUSING_CODES, SPIKE
from tests.harness import House
from tests.log_lines import AUTHENTICATION_WORKS, FETCH_FAILED, FETCH_WORKS, REAUTHENTICATION
from tests.sampling import sampled

HOUR = timedelta(hours=1)
HALF_HOUR = timedelta(minutes=30)
DS3 = "703000000011"

# It hits energies only, the summary once: see the note at SPIKE.
INSTEAD = {SPIKE: (f"summary:{SPIKE}x1", f"energy:{SPIKE}")}
CALLS = {
    "inverters": Kind.INVERTERS,
    "summary": Kind.SUMMARY,
    "hourly": Kind.ENERGY,
    "telemetry": Kind.INVERTER_ENERGY,
    "batch": Kind.BATCH,
}


@pytest.fixture
def plant() -> Plant:
    """Return a plant of some days, which the simulator adds up quickly."""
    return sample_plant(create_date=date(2026, 6, 10))


class Watch:
    """Observes every state that is written, and notes each that no figure may have."""

    def __init__(self, house: House) -> None:
        self.wrong: list[str] = []
        self._house = house
        self._total, self._today = house.entity_id("total_energy"), house.entity_id("today_energy")
        self._powers = {house.entity_id(f"inverter_{i.uid}_power") for i in house.plant.inverters}
        self._most = max(i.channels for i in house.plant.inverters) * house.plant.panel_w * 1.1
        self._ids = self._registered()
        self.stop = house.hass.bus.async_listen(EVENT_STATE_CHANGED, self._note)

    def _registered(self) -> set[str]:
        return set(self._house.devices()) | set(er.async_get(self._house.hass).entities)

    @callback
    def _note(self, event: Event[EventStateChangedData]) -> None:
        entity_id, old, new = event.data["entity_id"], event.data["old_state"], event.data["new_state"]
        if new is None or new.state == "unavailable":
            self.wrong.append(f"{entity_id} is gone")
        elif entity_id in (self._total, self._today) and old is not None:
            self._note_energy(entity_id, old, new)
        elif entity_id in self._powers and new.state != "unknown" and not 0 <= float(new.state) <= self._most:
            self.wrong.append(f"{entity_id} shows {new.state}")

    def _note_energy(self, entity_id: str, old: State, new: State) -> None:
        """Today's may become unknown, but only from the 0 with which a day begins that then has no sample."""
        before, after = (None if state.state == "unknown" else float(state.state) for state in (old, new))
        begun = old.attributes.get("last_reset") != new.attributes.get("last_reset")
        if after is None and (before or entity_id == self._total):
            self.wrong.append(f"{entity_id} was {old.state} and is unknown")
        if before is not None and after is not None and after < before and not begun:
            self.wrong.append(f"{entity_id} falls from {old.state} to {new.state}")

    def check(self) -> None:
        """Check that no wrong state was written, no entity removed, and no energy is above the plant's."""
        assert not self.wrong
        assert self._ids <= self._registered()
        made = self._house.truth
        total, today = self._house.value("total_energy"), self._house.value("today_energy")
        assert total is not None
        # The hours of a day have two decimals each.
        assert 0 < total <= made.lifetime_kwh() + 0.15
        assert 0 <= (today or 0) <= made.today_kwh() + 0.15


def logged(house: House, line: re.Pattern[str]) -> Counter[str]:
    """Return how often a line was logged, by kind of call."""
    return Counter(found[1] for text in house.log(logging.INFO) if (found := line.match(text)))


def assert_logged_once(house: House) -> None:
    """Check that each kind of call was logged once to fail and once to work again, and that nothing else was."""
    failed, works = logged(house, FETCH_FAILED), logged(house, FETCH_WORKS)
    assert set(failed.values()) <= {1}, failed
    assert set(works.values()) <= {1}, works
    assert set(works) <= set(failed)
    assert len(house.log()) == len(failed)
    assert_no_error(house)


def assert_no_error(house: House) -> None:
    """Check that the log has no error, no traceback and no deprecation of the integration."""
    for record in house.caplog.records:
        text = record.getMessage()
        ours = DOMAIN in record.name or DOMAIN in text
        assert not (ours and (record.exc_info or record.levelno >= logging.ERROR)), text
        assert not (ours and "deprecat" in text), text


@pytest.mark.parametrize("fault", sampled(PASSING, always=INSTEAD))
async def test_a_day_and_a_night_of_a_faulty_cloud_change_no_figure_for_the_worse(house: House, fault: str) -> None:
    """Every call fails from noon to the next morning; afterwards every figure is true again by itself."""
    house.move_to("2026-06-15 11:50")
    await house.set_up()
    watch = Watch(house)
    house.cloud.order(*map(parse_fault, INSTEAD.get(fault, (fault,))))
    before = len(house.calls())
    # After telemetry, the last poll, batch power and midnight.
    for time in ("15 12:40", "15 22:30", "15 23:01", "15 23:59", "16 00:01", "16 05:00", "16 09:00"):
        await house.pass_time(f"2026-06-{time}", HOUR)
        watch.check()
    assert {call.kind for call in house.calls(since=before)} >= {Kind.ENERGY, Kind.INVERTER_ENERGY, Kind.SUMMARY}
    # A failing cloud gets at most one repetition of each call.
    assert len(house.calls(since=before)) <= 2 * 40

    house.cloud.clear_faults()
    await house.pass_time("2026-06-16 23:10", HALF_HOUR)
    watch.check()
    watch.stop()
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.3)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.15)
    assert house.state(f"inverter_{DS3}_power").attributes["data_date"] == "2026-06-16"
    assert_logged_once(house)


@pytest.mark.parametrize("code", REFUSING_CODES)
async def test_refused_credentials_change_no_figure_for_the_worse(house: House, code: str) -> None:
    """At most a few calls are made meanwhile; when the cloud accepts them again the plan goes on."""
    house.move_to("2026-06-15 11:50")
    await house.set_up()
    watch, before = Watch(house), len(house.calls())
    house.cloud.order(parse_fault(code))
    for time in ("15 13:10", "15 22:30", "15 23:01", "16 00:01", "16 05:00", "16 09:00"):
        await house.pass_time(f"2026-06-{time}", HALF_HOUR)
        watch.check()
    assert 1 <= len(house.calls(since=before)) <= 5
    assert len(house.log(text=REAUTHENTICATION)) == 1

    house.cloud.clear_faults()
    await house.pass_time("2026-06-17 23:10", HALF_HOUR)
    watch.check()
    watch.stop()
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.3)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=0.15)
    assert len(house.log(logging.INFO, AUTHENTICATION_WORKS)) == 1
    assert_no_error(house)


@pytest.mark.parametrize("code", REFUSING_CODES)
async def test_a_first_installation_with_refused_credentials_succeeds_by_a_reload(house: House, code: str) -> None:
    """Once the cloud accepts them."""
    house.cloud.order(parse_fault(code))
    entry = await house.set_up(None)
    assert entry.state in {ConfigEntryState.SETUP_ERROR, ConfigEntryState.SETUP_RETRY}
    assert len(house.calls()) <= 2
    house.cloud.clear_faults()
    house.freezer.tick(timedelta(minutes=6))
    await house.reload(entry)
    assert entry.state is ConfigEntryState.LOADED
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=0.01)


# Faults of one kind of call

OF_ONE = ("1001", "5000", "2004", "4000", "9999", "http500", "timeout", "half", "notjson", "swapped", "null", "empty")
TIMES = {"summary": ("22:10", "22:30"), "hourly": ("13:10", "13:30"), "telemetry": ("12:20", "12:40")}


@pytest.mark.parametrize("fault", sampled(OF_ONE))
@pytest.mark.parametrize("name", TIMES)
async def test_a_fault_of_one_call_leaves_the_others_alone(house: House, name: str, fault: str) -> None:
    """Known figures stay; the log names the call once, and says when it works again."""
    start, end = TIMES[name]
    house.move_to(f"2026-06-15 {start}")
    await house.set_up()
    watch, before = Watch(house), len(house.calls())
    house.cloud.order(Fault(**{**vars(parse_fault(fault)), "on": CALLS[name]}))
    await house.pass_time(f"2026-06-15 {end}")
    hit = [call for call in house.calls(CALLS[name], since=before) if call.fault]
    assert hit
    watch.check()
    is_failure = fault not in {"1001", "empty"}
    assert logged(house, FETCH_FAILED) == ({name: 1} if is_failure else {})

    house.cloud.clear_faults()
    await house.pass_time(f"2026-06-16 {end}", HALF_HOUR)
    watch.check()
    watch.stop()
    assert logged(house, FETCH_WORKS) == ({name: 1} if is_failure else {})
    assert_logged_once(house)


@pytest.mark.parametrize("fault", OF_ONE)
async def test_a_batch_that_fails_keeps_the_telemetry_of_the_day(house: House, fault: str) -> None:
    """At 23:00, when no other call is made."""
    house.move_to("2026-06-15 22:50")
    await house.set_up()
    before = house.state(f"inverter_{DS3}_power").attributes
    house.cloud.order(Fault(**{**vars(parse_fault(fault)), "on": Kind.BATCH, "level": Level.POWER}))
    await house.pass_time("2026-06-15 23:04", timedelta(minutes=1))
    assert [call.fault for call in house.calls("batch")] == [parse_fault(fault).kind]
    await house.pass_time("2026-06-16 02:00", HALF_HOUR)
    assert house.state(f"inverter_{DS3}_power").attributes == before
    assert len(house.calls("batch")) == 1
    assert_logged_once(house)


@pytest.mark.parametrize("fault", sampled(fault for fault in PASSING if fault not in INSTEAD))
async def test_a_first_installation_in_a_faulty_cloud_ends_with_true_figures(house: House, fault: str) -> None:
    """Set up at once or after a retry: no entity shows a wrong figure, and in the end all are there."""
    house.cloud.order(parse_fault(fault))
    entry = await house.set_up(None)
    assert entry.state in {ConfigEntryState.LOADED, ConfigEntryState.SETUP_RETRY}
    if entry.state is ConfigEntryState.LOADED:
        made = house.truth.lifetime_kwh()
        assert (house.value("total_energy") or 0) <= made + 0.15
        assert house.value("total_energy") != 0 or fault == "nonsense=0"

    house.cloud.clear_faults()
    await house.pass_time(HOUR, timedelta(minutes=10))
    assert entry.state is ConfigEntryState.LOADED
    if set(house.devices()) == {house.sid}:
        await house.press("scan_inverters")
    # A jump is accepted when a second summary confirms it.
    for time in ("15 22:20", "16 06:20", "16 13:30"):
        await house.pass_time(f"2026-06-{time}", HOUR)
    assert house.value("total_energy") == pytest.approx(house.truth.lifetime_kwh(), abs=2)
    assert house.value("today_energy") == pytest.approx(house.truth.today_kwh(), abs=2)
    assert house.value(f"inverter_{DS3}_power")
    assert_no_error(house)


async def test_a_lifetime_that_steps_back_leaves_the_total_unchanged_until_it_has_caught_up(house: House) -> None:
    """The total never falls, and never counts an energy twice."""
    await house.set_up()
    shown = house.value("total_energy")
    assert shown is not None
    house.order(FaultKind.LIFETIME_BACK, kwh=10)
    await house.pass_time("2026-06-15 22:30", HOUR)
    first_evening = house.value("total_energy")
    assert first_evening is not None
    assert shown <= first_evening <= house.truth.lifetime_kwh() + 0.15
    await house.pass_time("2026-06-17 22:30", HOUR)
    assert house.value("total_energy") == pytest.approx(max(first_evening, house.truth.lifetime_kwh() - 10), abs=0.3)


async def test_buttons_pressed_in_a_faulty_cloud_lose_nothing(house: House) -> None:
    """Each press raises a translated error, or changes no figure for the worse."""
    await house.set_up()
    watch = Watch(house)
    for fault in PASSING:
        if fault in INSTEAD:
            continue
        house.cloud.clear_faults()
        house.cloud.order(parse_fault(fault))
        house.freezer.tick(timedelta(minutes=16))  # so that there may be something newer
        for key in ("scan_inverters", "refresh_inverter_energy"):
            try:
                await house.press(key)
            except HomeAssistantError as error:
                assert error.translation_key in {"cannot_connect", "invalid_answer", "invalid_auth"}, fault  # noqa: PT017
            await house.settle()
    watch.check()
    watch.stop()
    assert_no_error(house)
