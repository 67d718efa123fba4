"""What holds whatever happens: rules for figures, for calls and for the log, watched over any length of time."""

from collections import Counter
from datetime import timedelta
import logging

from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import entity_registry as er

from custom_components.apsystems_openapi.const import DOMAIN
from tests.conftest import Disk
from tests.house import House

RISING = ("total_energy", "today_energy", "month_energy", "year_energy")
KNOWN = ("total_energy", "today_energy")
QUARTER_S = 900
ROUNDING = 0.15
"""Each hour of a day is told with two decimals."""


def assert_booked(house: House, disk: Disk) -> None:
    """Check that the books on the disk have every call of the last thirty days."""
    since = (house.now - timedelta(days=30)).timestamp() // QUARTER_S * QUARTER_S
    books = [kept["data"]["spent"] for key, kept in disk.items() if key.startswith(f"{DOMAIN}.ledger")]
    booked = sum(calls for spent in books for q, calls in spent.items() if int(q) * QUARTER_S >= since)
    seen = sum(call.moment.timestamp() >= since for call in house.cloud.calls)
    assert seen <= booked, (seen, booked)


class Rules:
    """Looks at every state that is written and every line of the log, and notes each that breaks a rule.

    To be made when the entry is set up.
    """

    def __init__(self, house: House, disk: Disk) -> None:
        self.broken: list[str] = []
        self.house = house
        self._disk = disk
        registry = er.async_get(house.hass)
        self._rising = {
            entity_id: key
            for key in RISING
            if (entity_id := registry.async_get_entity_id("sensor", DOMAIN, f"{house.sid}_{key}"))
        }
        self._powers = {house.entity_id(f"inverter_{i.uid}_power") for i in house.plant.inverters}
        self._most_w = max(i.channels for i in house.plant.inverters) * house.plant.panel_w * 1.1
        self._ids = self._registered()
        self._figures: dict[str, tuple[float, str | None]] = {}
        self._slept = False
        self._lines = 0
        self._failing: set[str] = set()
        self._said: Counter[str] = Counter()
        self.told = Counter[str]()
        self.stop = house.hass.bus.async_listen(EVENT_STATE_CHANGED, self._note)

    # Figures

    def _registered(self) -> set[str]:
        return set(self.house.devices()) | set(er.async_get(self.house.hass).entities)

    @callback
    def _note(self, event: Event[EventStateChangedData]) -> None:
        entity_id, new = event.data["entity_id"], event.data["new_state"]
        if entity_id in self._rising:
            self._note_rising(entity_id, None if new is None else new.state, new and new.attributes.get("last_reset"))
        elif entity_id in self._powers and new is not None:
            watts = 0.0 if new.state in {"unknown", "unavailable"} else float(new.state)
            if not 0 <= watts <= self._most_w:
                self._break(f"{entity_id} shows {new.state}")

    def _note_rising(self, entity_id: str, text: str | None, reset: str | None) -> None:
        former = self._figures.get(entity_id)
        if text in {None, "unavailable"}:
            return  # a reload; that nothing else is, `check` sees
        if text == "unknown" or text is None:
            if self._slept and former is not None and reset != former[1]:
                del self._figures[entity_id]
            elif former is not None and self._rising[entity_id] in KNOWN:
                self._break(f"{entity_id} was {former[0]} and is unknown")
            return
        value = float(text)
        if former is not None and value < former[0] and reset == former[1]:
            self._break(f"{entity_id} falls from {former[0]} to {value}")
        if former is not None and reset is not None and former[1] is not None and reset < former[1]:
            self._break(f"{entity_id} begins at {reset}, before {former[1]}")
        if value < 0 or value == float("inf"):
            self._break(f"{entity_id} shows {value}")
        self._figures[entity_id] = value, reset

    def _break(self, words: str) -> None:
        self.broken.append(f"{self.house.now:%d %H:%M} {words}")

    def sleep(self) -> None:
        """Know that the clock is about to jump: nobody sees a midnight pass, and by day the new day is unknown."""
        self._slept = True

    # The log

    def restarted(self) -> None:
        """Know that a reload forgets what it has said."""
        self._read_log()
        self._failing.clear()
        self._said.clear()

    def cleared(self) -> None:
        """Know that from here on another failure may be told."""
        self._read_log()
        self._said.clear()

    @property
    def failing(self) -> set[str]:
        """Return what was said to fail and not yet to work again."""
        self._read_log()
        return self._failing

    def _read_log(self) -> None:
        records = self.house.caplog.records
        for record in records[self._lines :]:
            text = record.getMessage()
            ours = DOMAIN in record.name or DOMAIN in text
            if record.levelno >= logging.ERROR or (ours and (record.exc_info or "deprecat" in text)):
                self._break(f"log: {text} {record.exc_info and record.exc_info[1]!r}")
            if record.name.startswith(f"custom_components.{DOMAIN}"):
                self._read_line(record, text)
        self._lines = len(records)

    def _read_line(self, record: logging.LogRecord, text: str) -> None:
        match text.split():
            case ["Reading", kind, "failed,", *_]:
                if kind in self._failing:
                    self._break(f"log says again: {text}")
                self._failing.add(kind)
                self.told["failed"] += 1
            case ["Reading", kind, "works", *_]:
                if kind not in self._failing:
                    self._break(f"log says unasked: {text}")
                self._failing.discard(kind)
                self.told["works again"] += 1
            case ["The", "cloud", "takes", *_]:
                self._said.clear()
            case _ if record.levelno >= logging.WARNING:
                self.told[str(record.msg)] += 1
                self._said[str(record.msg)] += 1
                if self._said[str(record.msg)] > 1:
                    self._break(f"log says again: {text}")

    # All of it

    def check(self) -> None:
        """Check every rule as of now."""
        house = self.house
        self._read_log()
        self._slept = False
        assert not self.broken, self.broken
        assert self._ids <= self._registered()
        assert_booked(house, self._disk)
        made = house.truth
        total, today = house.value("total_energy"), house.value("today_energy") or 0.0
        assert total is not None
        assert 0 < total <= made.lifetime_kwh() + ROUNDING, (house.now, total, made.lifetime_kwh())
        days = {moment.astimezone(house.plant.zone).date() for moment in (house.now, house.cloud.now())}
        assert today >= 0
        if len(days) == 1:  # nobody's clock is wrong by a midnight
            assert today <= made.today_kwh() + ROUNDING, (house.now, today, made.today_kwh())
