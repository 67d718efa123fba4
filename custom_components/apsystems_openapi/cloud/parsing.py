"""The tolerant reading of each payload (`api.md` §3).

Any figure may come as string, number, null, "" or not at all: what is not a finite number in range is `None`, never 0.
A payload of the wrong *shape* raises `ShapeError`; one with odd members loses only those.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
import math
import re

from .models import (
    HOURS,
    MAX_CHANNELS,
    MAX_PHASES,
    BatchEnergy,
    BatchPower,
    ChannelDay,
    Ecu,
    EcuDay,
    Inverter,
    InverterDay,
    Series,
    Summary,
    SystemDetails,
)

# Nobody's roof makes more: 1 TWh of lifetime energy, 1 GW. What is larger is not a figure.
LARGEST = 1e9

_CHANNELS = {str(number): number for number in range(1, MAX_CHANNELS + 1)}
_LABEL = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


class ShapeError(ValueError):
    """The payload is not of the shape that `api.md` gives."""


def parse_number(value: object) -> float | None:
    """Return a finite number of believable size, or None."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        number = float(value)
    except ValueError, OverflowError:
        return None
    return number if math.isfinite(number) and abs(number) <= LARGEST else None


def parse_amount(value: object) -> float | None:
    """Return an energy, a power, a voltage: a number that is not negative."""
    number = parse_number(value)
    return abs(number) if number is not None and number >= 0 else None  # "-0.00" is 0


def parse_details(data: object) -> SystemDetails:
    """Read the answer of `details`; of a shared sub-user's ECU the part after the dash is its id."""
    details = _object(data)
    capacity = parse_amount(details.get("capacity"))
    light = parse_number(details.get("light"))
    return SystemDetails(
        created=_day(details.get("create_date")),
        capacity_kw=capacity or None,
        timezone=_text(details.get("timezone")),
        ecus=tuple(dict.fromkeys(filter(None, map(_eid, _list_or_empty(details.get("ecu")))))),
        light=int(light) if light is not None and light in {1, 2, 3, 4} else None,
    )


def parse_inverters(data: object) -> tuple[Ecu, ...]:
    """Read the inverter list; an inverter named twice counts once, where it stands first."""
    seen: set[str] = set()
    ecus = []
    for member in _list(data):
        ecu = _object_or_empty(member)
        if (eid := _eid(ecu.get("eid"))) is None:
            continue
        inverters = []
        for item in map(_object_or_empty, _list_or_empty(ecu.get("inverter"))):
            if (uid := _text(item.get("uid"))) is not None and uid not in seen:
                seen.add(uid)
                inverters.append(Inverter(uid=uid, model=_text(item.get("type")), eid=eid))
        ecus.append(Ecu(eid=eid, timezone=_text(ecu.get("timezone")), inverters=tuple(inverters)))
    return tuple(ecus)


def parse_summary(data: object) -> Summary:
    """Read a system's summary."""
    summary = _object(data)
    return Summary(
        today=parse_amount(summary.get("today")),
        month=parse_amount(summary.get("month")),
        year=parse_amount(summary.get("year")),
        lifetime=parse_amount(summary.get("lifetime")),
    )


def parse_energy(data: object) -> Series:
    """Read a system's energy in period: kWh from the start of the period on."""
    return tuple(map(parse_amount, _list(data)))


def parse_hours(data: object) -> Series:
    """Read an hourly series: 24 values, None where the cloud has none."""
    hours = parse_energy(data)[:HOURS]
    return hours + (None,) * (HOURS - len(hours))


def parse_inverter_day(data: object, day: date) -> InverterDay:
    """Read an inverter's minutely energy; AC power is called `ac_p1` to `ac_p3`, or else `ac_p`."""
    answer = _object(data)
    labels, order = _labels(answer.get("t"))

    def series(key: str) -> Series:
        return _pick(answer.get(key), order)

    def newest(key: str, at: int | None) -> float | None:
        return None if at is None else series(key)[at]

    phases = [series(f"ac_p{n}") for n in range(1, MAX_PHASES + 1) if _has(answer.get(f"ac_p{n}"))]
    ac_power = tuple(map(_sum, zip(*phases, strict=True))) if phases else series("ac_p")
    channels = range(1, _count(answer, ("dc_p", "dc_v", "dc_i"), MAX_CHANNELS) + 1)
    powers = [series(f"dc_p{n}") for n in channels]
    reported = [ac_power, *powers, *(series(f"dc_v{n}") for n in channels), series("ac_v1")]
    last = _last_index(reported)
    return InverterDay(
        day=day,
        times=labels,
        ac_power_w=ac_power,
        channels=tuple(
            ChannelDay(power_w=power, voltage_v=newest(f"dc_v{n}", last), current_a=newest(f"dc_i{n}", last))
            for n, power in zip(channels, powers, strict=True)
        ),
        measured_at=None if last is None else labels[last],
        ac_voltages_v=tuple(newest(f"ac_v{n}", last) for n in range(1, _count(answer, ("ac_v",), MAX_PHASES) + 1)),
        frequency_hz=newest("ac_f", last),
        temperature_c=None if last is None else _pick(answer.get("ac_t"), order, parse_number)[last],
    )


def parse_ecu_day(data: object) -> EcuDay:
    """Read an ECU's minutely energy; its power is of all its inverters."""
    answer = _object(data)
    labels, order = _labels(answer.get("time"))
    powers, energies = _pick(answer.get("power"), order), _pick(answer.get("energy"), order)
    newest = _last_index([powers, energies])
    hours: list[float | None] = [None] * HOURS
    for label, energy in zip(labels, energies, strict=True):
        if energy is not None:
            minutes = int(label[:2]) * 60 + int(label[3:]) - 1
            hours[minutes // 60] = round((hours[minutes // 60] or 0) + energy, 6)
    return EcuDay(
        today=parse_amount(answer.get("today")),
        newest=None if newest is None else labels[newest],
        power_w=None if newest is None else powers[newest],
        hours=tuple(hours),
    )


def parse_batch_energy(data: object) -> BatchEnergy:
    """Read a batch answer of energy: texts of uid, channel and kWh, split from the right."""
    energies = {}
    for item in _list_or_empty(_object(data).get("energy")):
        key, _, kwh = item.rpartition("-") if isinstance(item, str) else ("", "", "")
        channel, energy = _channel(key), parse_amount(kwh)
        if channel is not None and energy is not None:
            energies[channel] = energy
    return energies


def parse_batch_power(data: object) -> BatchPower:
    """Read a batch answer of power: keys are uid-channel, split from the right."""
    answer = _object(data)
    labels, order = _labels(answer.get("time"))
    series = {
        channel: _pick(values, order)
        for key, values in _object_or_empty(answer.get("power")).items()
        if (channel := _channel(key)) is not None
    }
    return BatchPower(times=labels, power_w=series)


def _object(data: object) -> dict[str, object]:
    if not isinstance(data, dict):
        raise ShapeError(f"an object was due, not {type(data).__name__}")
    return data


def _object_or_empty(data: object) -> dict[str, object]:
    return data if isinstance(data, dict) else {}


def _list(data: object) -> list[object]:
    if not isinstance(data, list):
        raise ShapeError(f"a list was due, not {type(data).__name__}")
    return data


def _list_or_empty(data: object) -> list[object]:
    return data if isinstance(data, list) else []


def _text(value: object) -> str | None:
    """Return an id or a name; none holds what cannot be printed, sent or kept on disk."""
    text = str(value).strip() if isinstance(value, (str, int)) and not isinstance(value, bool) else ""
    return text if text and text.isprintable() else None


def _eid(value: object) -> str | None:
    text = _text(value)
    return None if text is None else text.rpartition("-")[2] or None


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat((_text(value) or "")[:10])
    except ValueError:
        return None


def _channel(key: object) -> tuple[str, int] | None:
    uid, _, number = key.rpartition("-") if isinstance(key, str) else ("", "", "")
    owner, channel = _text(uid), _CHANNELS.get(number)
    return None if owner is None or channel is None else (owner, channel)


def _labels(times: object) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the valid labels in ascending order, as HH:MM, and where each stands in the answer.

    The label 00:00 closes the day before (`api.md`), so it is no label of this day.
    """
    found: dict[str, int] = {}
    for position, label in enumerate(_list_or_empty(times)):
        match = _LABEL.fullmatch(label.strip()) if isinstance(label, str) else None
        if match and (name := f"{int(match[1]):02}:{match[2]}") != "00:00":
            found[name] = position
    labels = tuple(sorted(found))
    return labels, tuple(found[label] for label in labels)


def _pick(values: object, order: Sequence[int], parse: Callable[[object], float | None] = parse_amount) -> Series:
    """Return the figures at the given positions; a list that is shorter than its labels ends in None."""
    figures = _list_or_empty(values)
    return tuple(parse(figures[i]) if i < len(figures) else None for i in order)


def _has(values: object) -> bool:
    return any(parse_amount(value) is not None for value in _list_or_empty(values))


def _count(answer: Mapping[str, object], prefixes: Iterable[str], most: int) -> int:
    """Return the highest number under which any of the prefixes carries a figure."""
    return max((n for n in range(1, most + 1) for p in prefixes if _has(answer.get(f"{p}{n}"))), default=0)


def _sum(figures: Iterable[float | None]) -> float | None:
    known = [figure for figure in figures if figure is not None]
    return round(sum(known), 3) if known else None


def _last_index(columns: Iterable[Series]) -> int | None:
    return max((i for column in columns for i, value in enumerate(column) if value is not None), default=None)
