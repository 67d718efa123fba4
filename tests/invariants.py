"""Rules that hold at any time, under every fault: for figures, for calls and for the log."""

from collections import Counter
from datetime import timedelta
import logging
import re

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er

from custom_components.apsystems_openapi.const import DOMAIN
from tests.harness import Disk, House
from tests.log_lines import AUTHENTICATION_WORKS, CALLS_WORK, FETCH_FAILED, FETCH_WORKS

RISING = ("total_energy", "today_energy", "month_energy", "year_energy")
RISING_OF_DEVICES = re.compile(r"(meter|storage)_.*_(energy|today)|inverter_.*_energy(_ch\d)?")
ALWAYS_KNOWN = ("total_energy", "today_energy")
QUARTER_S = 900
ROUNDING = 0.15
"""The hours of a day have two decimals each."""


def assert_booked(house: House, disk: Disk) -> None:
    """Check that the ledgers on the disk contain every call of the last thirty days."""
    since = (house.now - timedelta(days=30)).timestamp() // QUARTER_S * QUARTER_S
    ledgers = [stored["data"]["spent"] for key, stored in disk.items() if key.startswith(f"{DOMAIN}.ledger")]
    booked = sum(calls for spent in ledgers for q, calls in spent.items() if int(q) * QUARTER_S >= since)
    received = sum(call.time.timestamp() >= since for call in house.cloud.calls)
    assert received <= booked, (received, booked)


def _owner(name: str) -> str:
    """Return the id of the ECU, the inverter or the system that a device's identifier is about."""
    return name.removeprefix("ecu_").partition("_")[0]


class Rules:
    """Observes every state that is written and every line of the log, and notes each that breaks a rule.

    Create it once the entry is set up.
    """

    def __init__(self, house: House, disk: Disk) -> None:
        self.broken: list[str] = []
        self.house = house
        self.logged = Counter[str]()
        """Warnings by text; "failed" and "works again" for fetches of all kinds."""
        self._disk = disk
        self._rising: dict[str, str | None] = {}
        """The key of each figure that never falls, by entity; None for other entities."""
        self._powers = {house.entity_id(f"inverter_{i.uid}_power") for i in house.plant.inverters}
        self._most_w = max(i.channels for i in house.plant.inverters) * house.plant.panel_w * 1.1
        self._ids = self._registered()
        self._figures: dict[str, tuple[float, str | None]] = {}
        self._clock_jumps = False
        self._lines_read = 0
        self._failing: set[str] = set()
        self._repeatable: Counter[str] = Counter()
        self.stop = house.hass.bus.async_listen(EVENT_STATE_CHANGED, self._note)

    # Figures

    def _registered(self) -> dict[str, str]:
        """Return devices and entities, each with the id of the ECU, the inverter or the system that it belongs to."""
        devices = self.house.devices()
        owners = {device.id: _owner(name) for name, device in devices.items()}
        entities = er.async_get(self.house.hass).entities.values()
        return {name: _owner(name) for name in devices} | {
            entity.entity_id: owners[entity.device_id] for entity in entities if entity.device_id in owners
        }

    def _lost(self) -> set[str]:
        """Return the devices and entities that are gone although the inverter list names what they belong to."""
        plant = self.house.plant
        listed = {ecu.eid: ecu.listed_inverters for ecu in plant.ecus if ecu.listed_inverters}
        present = {plant.sid, *listed, *(inverter.uid for inverters in listed.values() for inverter in inverters)}
        gone = self._ids.keys() - self._registered().keys()
        lost = {name for name in gone if self._ids[name] in present}
        self._ids = {name: owner for name, owner in self._ids.items() if name not in gone - lost}
        return lost

    @callback
    def _note(self, event: Event[EventStateChangedData]) -> None:
        entity_id, new = event.data["entity_id"], event.data["new_state"]
        if self._key_of_rising(entity_id):
            self._note_rising(entity_id, None if new is None else new.state, new and new.attributes.get("last_reset"))
        elif entity_id in self._powers and new is not None:
            watts = 0.0 if new.state in {"unknown", "unavailable"} else float(new.state)
            if not 0 <= watts <= self._most_w:
                self._break(f"{entity_id} shows {new.state}")

    def _key_of_rising(self, entity_id: str) -> str | None:
        """Return the key of a figure that never falls within its day, or never at all; None for any other entity."""
        if entity_id not in self._rising:
            entry = er.async_get(self.house.hass).async_get(entity_id)
            if entry is None:
                return None
            key = entry.unique_id.removeprefix(f"{self.house.sid}_") if entry.platform == DOMAIN else ""
            self._rising[entity_id] = key if key in RISING or RISING_OF_DEVICES.fullmatch(key) else None
        return self._rising[entity_id]

    def _note_rising(self, entity_id: str, text: str | None, reset: str | None) -> None:
        last = self._figures.get(entity_id)
        if text in {None, "unavailable"}:
            return  # during a reload; `check` finds it at other times
        if text == "unknown" or text is None:
            if self._clock_jumps and last is not None and reset != last[1]:
                del self._figures[entity_id]
            elif last is not None and last[0] and self._rising[entity_id] in ALWAYS_KNOWN:  # 0 may prove too early
                self._break(f"{entity_id} was {last[0]} and is unknown")
            return
        value = float(text)
        if last is not None and value < last[0] and reset == last[1]:
            self._break(f"{entity_id} falls from {last[0]} to {value}")
        if last is not None and reset is not None and last[1] is not None and reset < last[1]:
            self._break(f"{entity_id} begins at {reset}, before {last[1]}")
        if value < 0 or value == float("inf"):
            self._break(f"{entity_id} shows {value}")
        self._figures[entity_id] = value, reset

    def _break(self, words: str) -> None:
        self.broken.append(f"{self.house.now:%d %H:%M} {words}")

    def clock_jumps(self) -> None:
        """Allow that today's energy becomes unknown: after a midnight that no timer saw, it is until the next fetch."""
        self._clock_jumps = True

    # The log

    def restarted(self) -> None:
        """Allow that everything is logged once more, as after a reload."""
        self._read_log()
        self._failing.clear()
        self._repeatable.clear()

    def cleared(self) -> None:
        """Allow each warning once more, as for the next failure."""
        self._read_log()
        self._repeatable.clear()

    @property
    def failing(self) -> set[str]:
        """Kinds of calls that were logged to fail and not yet to work again."""
        self._read_log()
        return self._failing

    def _read_log(self) -> None:
        records = self.house.caplog.records
        for record in records[self._lines_read :]:
            text = record.getMessage()
            ours = DOMAIN in record.name or DOMAIN in text
            if record.levelno >= logging.ERROR or (ours and (record.exc_info or "deprecat" in text)):
                self._break(f"log: {text} {record.exc_info and record.exc_info[1]!r}")
            if record.name.startswith(f"custom_components.{DOMAIN}"):
                self._read_line(record, text)
        self._lines_read = len(records)

    def _read_line(self, record: logging.LogRecord, text: str) -> None:
        if failed := FETCH_FAILED.match(text):
            if failed[1] in self._failing:
                self._break(f"logged twice: {text}")
            self._failing.add(failed[1])
            self.logged["failed"] += 1
        elif works := FETCH_WORKS.match(text):
            if works[1] not in self._failing:
                self._break(f"logged without a failure: {text}")
            self._failing.discard(works[1])
            self.logged["works again"] += 1
        elif CALLS_WORK in text or AUTHENTICATION_WORKS in text:
            self._repeatable.clear()
        elif record.levelno >= logging.WARNING:
            self.logged[str(record.msg)] += 1
            self._repeatable[str(record.msg)] += 1
            if self._repeatable[str(record.msg)] > 1:
                self._break(f"logged twice: {text}")

    # All rules

    def check(self) -> None:
        """Check every rule now."""
        house = self.house
        self._read_log()
        self._clock_jumps = False
        assert not self.broken, self.broken
        lost = self._lost()
        assert not lost, (house.now, lost)
        assert_booked(house, self._disk)
        truth = house.truth
        total, today = house.value("total_energy"), house.value("today_energy") or 0.0
        if total is None and not house.is_available:
            return
        assert total is not None
        assert 0 < total <= truth.lifetime_kwh() + ROUNDING, (house.now, total, truth.lifetime_kwh())
        days = {now.astimezone(house.plant.zone).date() for now in (house.now, house.cloud.now())}
        assert today >= 0
        if len(days) == 1:  # both clocks agree on the day
            assert today <= truth.today_kwh() + ROUNDING, (house.now, today, truth.today_kwh())
