"""Parsers of the `data` of each answer: JSON in, models out (`api.md` §3).

Tolerant of values, strict about shapes. A value can be text, a number, null, "" or missing: anything but a finite
number in range becomes None, never 0. List members that make no sense are skipped. An answer of the wrong shape (an
object for a list, a text, null) raises ShapeError.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
import math
import re
from typing import Final

from .models import (
    DAYS,
    FLOWS,
    HOURS,
    MAX_CHANNELS,
    MAX_PHASES,
    BatchEnergy,
    BatchPower,
    ChannelDay,
    Ecu,
    EcuDay,
    FlowDay,
    Flows,
    FlowTotals,
    Inverter,
    InverterDay,
    Series,
    StorageState,
    Summary,
    SystemDetails,
)

LARGEST: Final = 1e9
"""Largest number accepted in any unit: 1 TWh in kWh, 1 GW in W."""

MOST_SOC: Final = 100

_CHANNELS = {str(number): number for number in range(1, MAX_CHANNELS + 1)}
_NO_TOTALS = Summary(today=None, month=None, year=None, lifetime=None)
_LABEL = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


class ShapeError(ValueError):
    """An answer does not have the shape that `api.md` §3 gives."""


def parse_number(value: object) -> float | None:
    """Return a number, or a text that is one, as float; None for anything else, NaN, or above LARGEST."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) <= LARGEST else None


def parse_amount(value: object) -> float | None:
    """Return a quantity that cannot be negative (energy, power, voltage) as float; None for anything else."""
    number = parse_number(value)
    return abs(number) if number is not None and number >= 0 else None  # "-0.00" becomes 0.0


def parse_details(data: object) -> SystemDetails:
    """Parse system details. Raises ShapeError when `data` is not an object."""
    details = _object(data)
    light = parse_number(details.get("light"))
    return SystemDetails(
        created=_day(details.get("create_date")),
        capacity_kw=parse_amount(details.get("capacity")) or None,
        timezone=_text(details.get("timezone")),
        ecus=tuple(dict.fromkeys(filter(None, map(_eid, _list_or_empty(details.get("ecu")))))),
        light=int(light) if light is not None and light in {1, 2, 3, 4} else None,
    )


def parse_inverters(data: object) -> tuple[Ecu, ...]:
    """Parse the inverter list; of an inverter that is listed twice only the first entry counts.

    Raises ShapeError when `data` is not a list.
    """
    seen: set[str] = set()
    ecus = []
    for entry in map(_object_or_empty, _list(data)):
        if (eid := _eid(entry.get("eid"))) is None:
            continue
        inverters = []
        for item in map(_object_or_empty, _list_or_empty(entry.get("inverter"))):
            if (uid := _text(item.get("uid"))) is not None and uid not in seen:
                seen.add(uid)
                inverters.append(Inverter(uid=uid, model=_text(item.get("type")), eid=eid))
        timezone, kind = _text(entry.get("timezone")), _whole(entry.get("type"))
        ecus.append(Ecu(eid=eid, timezone=timezone, inverters=tuple(inverters), type=kind))
    return tuple(ecus)


def parse_summary(data: object) -> Summary:
    """Parse the summary of a system. Raises ShapeError when `data` is not an object."""
    return _totals(_object(data), ("today", "month", "year", "lifetime"))


def parse_energy(data: object) -> Series:
    """Parse the daily, monthly or yearly energy of a system, kWh from the start of the period.

    Keeps apart two kinds of zero: `"0"` (or the integer 0) means that the cloud has no record and becomes None,
    `"0.00"` (or the float 0.0) is a recorded zero. Raises ShapeError when `data` is not a list.
    """
    return tuple(None if _is_no_record(value) else parse_amount(value) for value in _list(data))


def parse_hours(data: object) -> Series:
    """Parse the hourly energy of a system: always 24 values in kWh.

    Every zero is 0.0 here, `"0"` included: the cloud writes it for hours of the night and for the running hour, and no
    rule separates these from missing records. Raises ShapeError when `data` is not a list.
    """
    hours = tuple(map(parse_amount, _list(data)[:HOURS]))
    return hours + (None,) * (HOURS - len(hours))


def parse_inverter_day(data: object, day: date) -> InverterDay:
    """Parse the minutely energy of an inverter; voltages, currents, frequency and temperature are of one label.

    Raises ShapeError when `data` is not an object.
    """
    table = _Table(_object(data), "t")
    numbers = range(1, table.count("dc_p", "dc_v", "dc_i", most=MAX_CHANNELS) + 1)
    phases = range(1, table.count("ac_v", most=MAX_PHASES) + 1)
    ac_power = _ac_power(table)
    newest = _newest(
        [ac_power, table.series("ac_v1"), *(table.series(f"{name}{n}") for name in ("dc_p", "dc_v") for n in numbers)]
    )
    return InverterDay(
        day=day,
        times=table.labels,
        ac_power_w=ac_power,
        channels=tuple(
            ChannelDay(
                power_w=table.series(f"dc_p{n}"),
                voltage_v=table.value(f"dc_v{n}", newest),
                current_a=table.value(f"dc_i{n}", newest),
            )
            for n in numbers
        ),
        measured_at=None if newest is None else table.labels[newest],
        ac_voltages_v=tuple(table.value(f"ac_v{n}", newest) for n in phases),
        frequency_hz=table.value("ac_f", newest),
        temperature_c=table.value("ac_t", newest, parse_number),
    )


def parse_ecu_day(data: object) -> EcuDay:
    """Parse the minutely energy of an ECU. Raises ShapeError when `data` is not an object."""
    answer = _object(data)
    table = _Table(answer, "time")
    powers, energies = table.series("power"), table.series("energy")
    newest = _newest([powers, energies])
    return EcuDay(
        today=parse_amount(answer.get("today")),
        newest=None if newest is None else table.labels[newest],
        power_w=None if newest is None else powers[newest],
        hours=_hours(table.labels, energies),
    )


def parse_batch_energy(data: object) -> BatchEnergy:
    """Parse a batch of energy: texts such as `703000000011-1-2.932981`, split from the right.

    Raises ShapeError when `data` is not an object.
    """
    energies = {}
    for item in _list_or_empty(_object(data).get("energy")):
        key, _, kwh = item.rpartition("-") if isinstance(item, str) else ("", "", "")
        channel, energy = _channel(key), parse_amount(kwh)
        if channel is not None and energy is not None:
            energies[channel] = energy
    return energies


def parse_batch_power(data: object) -> BatchPower:
    """Parse a batch of power: keys such as `703000000011-1`, split from the right.

    Raises ShapeError when `data` is not an object.
    """
    answer = _object(data)
    table = _Table(answer, "time")
    power_w = {
        channel: table.ordered(values)
        for key, values in _object_or_empty(answer.get("power")).items()
        if (channel := _channel(key)) is not None
    }
    return BatchPower(times=table.labels, power_w=power_w)


def parse_meters(data: object) -> tuple[str, ...]:
    """Parse the meter list: ids, each once; none where the cloud sends null. Raises ShapeError for anything else."""
    return tuple(dict.fromkeys(filter(None, map(_eid, [] if data is None else _list(data)))))


def parse_flow_totals(data: object) -> FlowTotals:
    """Parse the summary of a meter or a battery; a block may be null.

    Raises ShapeError when `data` is not an object.
    """
    totals = _object(data)
    return FlowTotals(
        today=_flows(totals.get("today")),
        month=_flows(totals.get("month")),
        year=_flows(totals.get("year")),
        lifetime=_flows(totals.get("lifetime")),
    )


def parse_flow_day(data: object) -> FlowDay:
    """Parse the minutely period of a meter or a battery.

    A meter has one signed power for the grid, positive for import; a battery has both. Raises ShapeError when `data`
    is not an object.
    """
    answer = _object(data)
    table = _Table(answer, "time")
    energies, powers = _object_or_empty(answer.get("energy")), _object_or_empty(answer.get("power"))
    energy = {name: table.ordered(energies[name]) for name in FLOWS if name in energies}
    power = {name: table.ordered(powers[name]) for name in FLOWS if name in powers}
    if "imported_exported" in powers:
        traded = table.ordered(powers["imported_exported"], parse_number)
        power["imported"] = tuple(None if watt is None else max(0.0, watt) for watt in traded)
        power["exported"] = tuple(None if watt is None else max(0.0, -watt) for watt in traded)
    newest = _newest([*energy.values(), *power.values()])
    labels = tuple(map(_label, _list_or_empty(answer.get("time"))))
    return FlowDay(
        today=_flows(answer.get("today")),
        newest=None if newest is None else table.labels[newest],
        power=Flows() if newest is None else Flows(**{name: series[newest] for name, series in power.items()}),
        labels=tuple(label for label in labels if label is not None),
        energy={name: _parallel(labels, energies[name]) for name in energy},
    )


def parse_flow_month(data: object) -> Mapping[str, Series]:
    """Parse the days of a month (kWh by flow) of a meter or a battery, by their numbers and not by their places.

    Raises ShapeError when `data` is not an object.
    """
    answer = _object(data)
    numbers = [_whole(label) for label in _list_or_empty(answer.get("time"))]
    months: dict[str, Series] = {}
    for name in (name for name in FLOWS if name in answer):
        days: list[float | None] = [None] * DAYS
        for number, value in zip(numbers, _list_or_empty(answer[name]), strict=False):
            if number is not None and 1 <= number <= DAYS:
                days[number - 1] = None if _is_no_record(value) else parse_amount(value)
        months[name] = tuple(days)
    return months


def parse_storage_state(data: object) -> StorageState:
    """Parse the latest values of a battery. Raises ShapeError when `data` is not an object."""
    state = _object(data)
    soc = parse_amount(state.get("soc"))
    return StorageState(
        time=_label(state.get("time")),
        soc=soc if soc is not None and soc <= MOST_SOC else None,
        mode=_whole(state.get("mode")),
        power=_flows(state),
    )


def parse_inverter_summary(data: object) -> tuple[Summary, ...]:
    """Parse the summary of an inverter: channels 1, 2, … up to the last one with a value.

    Raises ShapeError when `data` is not an object.
    """
    summary = _object(data)
    channels = [_totals(summary, (f"d{n}", f"m{n}", f"y{n}", f"t{n}")) for n in _CHANNELS.values()]
    while channels and channels[-1] == _NO_TOTALS:
        channels.pop()
    return tuple(channels)


class _Table:
    """Parallel lists of an answer, sorted by their time labels.

    Invalid labels are dropped with their values, of a label that comes twice the later values count. `00:00` closes
    the day before (`api.md` §3), so it is dropped as well. A list that is shorter than its labels ends in None.
    """

    def __init__(self, answer: Mapping[str, object], key: str) -> None:
        """Take an answer and the key of its labels."""
        self._answer = answer
        positions: dict[str, int] = {}
        for position, label in enumerate(_list_or_empty(answer.get(key))):
            if (name := _label(label)) is not None and name != "00:00":
                positions[name] = position
        self.labels = tuple(sorted(positions))
        self._positions = tuple(positions[label] for label in self.labels)

    def ordered(self, values: object, parse: Callable[[object], float | None] = parse_amount) -> Series:
        """Return amounts in the order of the labels."""
        members = _list_or_empty(values)
        return tuple(parse(members[i]) if i < len(members) else None for i in self._positions)

    def series(self, key: str) -> Series:
        """Return the amounts of a list in the order of the labels."""
        return self.ordered(self._answer.get(key))

    def value(
        self, key: str, index: int | None, parse: Callable[[object], float | None] = parse_amount
    ) -> float | None:
        """Return the value of a list at the label with this index."""
        members = _list_or_empty(self._answer.get(key))
        position = len(members) if index is None else self._positions[index]
        return parse(members[position]) if position < len(members) else None

    def count(self, *names: str, most: int) -> int:
        """Return the highest number, up to `most`, of a list `<name><number>` that has an amount."""
        return max((n for n in range(1, most + 1) if any(self.has_amount(f"{name}{n}") for name in names)), default=0)

    def has_amount(self, key: str) -> bool:
        """Whether a list has any amount."""
        return any(parse_amount(value) is not None for value in _list_or_empty(self._answer.get(key)))


def _totals(block: Mapping[str, object], keys: tuple[str, str, str, str]) -> Summary:
    """Return the totals of a block whose keys are those of day, month, year and lifetime."""
    today, month, year, lifetime = (parse_amount(block.get(key)) for key in keys)
    return Summary(today=today, month=month, year=year, lifetime=lifetime)


def _flows(block: object) -> Flows:
    """Return the amounts of a block by name; none of one that is null or no object."""
    known = _object_or_empty(block)
    return Flows(**{name: parse_amount(known.get(name)) for name in FLOWS})


def _label(value: object) -> str | None:
    """Return a time as HH:MM."""
    match = _LABEL.fullmatch(value.strip()) if isinstance(value, str) else None
    return f"{int(match[1]):02}:{match[2]}" if match else None


def _whole(value: object) -> int | None:
    number = parse_amount(value)
    return int(number) if number is not None and number.is_integer() else None


def _ac_power(table: _Table) -> Series:
    """Return the AC power: the sum of `ac_p1` to `ac_p3` as live data has it, else `ac_p` of the manual."""
    keys = [f"ac_p{n}" for n in range(1, MAX_PHASES + 1) if table.has_amount(f"ac_p{n}")]
    if not keys:
        return table.series("ac_p")
    return tuple(_sum(values) for values in zip(*map(table.series, keys), strict=True))


def _hours(labels: Iterable[str], energies: Series) -> Series:
    """Return 24 hourly sums of slots; a label marks the end of its slot, so 13:00 is in the hour from 12:00."""
    slots: list[list[float | None]] = [[] for _ in range(HOURS)]
    for label, energy in zip(labels, energies, strict=True):
        last_minute = int(label[:2]) * 60 + int(label[3:]) - 1
        slots[last_minute // 60].append(energy)
    return tuple(map(_sum, slots))


def _parallel(labels: Sequence[str | None], values: object) -> Series:
    """Return the amounts of a list, in its order, at the labels that are valid; a list that is shorter ends in None."""
    members = _list_or_empty(values)
    return tuple(
        parse_amount(members[position]) if position < len(members) else None
        for position, label in enumerate(labels)
        if label is not None
    )


def _newest(columns: Iterable[Series]) -> int | None:
    """Return the index of the newest label at which any of the series has a value."""
    return max((i for column in columns for i, value in enumerate(column) if value is not None), default=None)


def _sum(values: Iterable[float | None]) -> float | None:
    """Return the sum without noise of floating point; None when no value is known."""
    known = [value for value in values if value is not None]
    return round(sum(known), 6) if known else None


def _is_no_record(value: object) -> bool:
    return value.strip() == "0" if isinstance(value, str) else type(value) is int and value == 0


def _object(data: object) -> dict[str, object]:
    if not isinstance(data, dict):
        raise ShapeError(f"expected an object, got {type(data).__name__}")
    return data


def _object_or_empty(data: object) -> dict[str, object]:
    return data if isinstance(data, dict) else {}


def _list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise ShapeError(f"expected a list, got {type(data).__name__}")
    return data


def _list_or_empty(data: object) -> list[object]:
    return data if isinstance(data, list) else []


def _text(value: object) -> str | None:
    """Return an id or a name without blanks; None when it has characters that cannot be printed, sent or stored."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return text if text and text.isprintable() else None


def _eid(value: object) -> str | None:
    """Return the id of an ECU: of a shared sub-user's ECU the part after the dash (`api.md` §3, details)."""
    text = _text(value)
    return None if text is None else text.rpartition("-")[2] or None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat((_text(value) or "")[:10])
    except ValueError:
        return None


def _channel(key: object) -> tuple[str, int] | None:
    """Return inverter and channel of a key such as `703000000011-1`."""
    uid, _, number = key.rpartition("-") if isinstance(key, str) else ("", "", "")
    owner, channel = _text(uid), _CHANNELS.get(number)
    return None if owner is None or channel is None else (owner, channel)
