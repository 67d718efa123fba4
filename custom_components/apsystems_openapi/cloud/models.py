"""What the cloud answers, as frozen dataclasses (`api.md` §3)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

HOURS = 24
MAX_CHANNELS = 4
MAX_PHASES = 3

type Series = tuple[float | None, ...]
type BatchEnergy = Mapping[tuple[str, int], float]


@dataclass(frozen=True, kw_only=True)
class SystemDetails:
    """The system as registered; `created` is its first day, `light` 1 to 4 (`api.md`, details)."""

    created: date | None
    capacity_kw: float | None
    timezone: str | None
    ecus: tuple[str, ...]
    light: int | None


@dataclass(frozen=True, kw_only=True)
class Inverter:
    """A micro-inverter, its model as free text, and the ECU that it reports to."""

    uid: str
    model: str | None
    eid: str


@dataclass(frozen=True, kw_only=True)
class Ecu:
    """An ECU and the inverters that its listing names; empty also where the cloud sent null."""

    eid: str
    timezone: str | None
    inverters: tuple[Inverter, ...]


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Energy of the running day, month and year and of the whole life, kWh."""

    today: float | None
    month: float | None
    year: float | None
    lifetime: float | None


@dataclass(frozen=True, kw_only=True)
class ChannelDay:
    """One channel's day: DC power as a series parallel to the inverter's `times`; the newest voltage and current."""

    power_w: Series = ()
    voltage_v: float | None = None
    current_a: float | None = None


@dataclass(frozen=True, kw_only=True)
class InverterDay:
    """An inverter's telemetry of one site day; `times` are labels HH:MM, ascending, each the end of its slot.

    `ac_power_w` adds the phases up. `measured_at` is the newest label at which the inverter itself reported:
    voltages (one per phase), frequency and temperature are of that moment.
    """

    day: date
    times: tuple[str, ...]
    ac_power_w: Series
    channels: tuple[ChannelDay, ...]
    measured_at: str | None = None
    ac_voltages_v: Series = ()
    frequency_hz: float | None = None
    temperature_c: float | None = None

    def __post_init__(self) -> None:
        if any(len(series) != len(self.times) for series in (self.ac_power_w, *(c.power_w for c in self.channels))):
            raise ValueError("a series is not parallel to the times")


@dataclass(frozen=True, kw_only=True)
class EcuDay:
    """An ECU's day: the energy so far (kWh), the power (W) at the newest label HH:MM, and the energy by the hour.

    A label marks the end of its slot, so what is labelled 13:00 belongs to the hour from 12 (`api.md` §3).
    """

    today: float | None
    newest: str | None
    power_w: float | None
    hours: Series


@dataclass(frozen=True, kw_only=True)
class BatchPower:
    """DC power (W) of every channel of an ECU over a day; each series is parallel to `times`."""

    times: tuple[str, ...]
    power_w: Mapping[tuple[str, int], Series]


def with_batch(reading: InverterDay | None, uid: str, day: date, batch: BatchPower) -> InverterDay | None:
    """Return the inverter's day with the batch's DC series laid over it, by label; None where there is nothing.

    A batch says nothing of AC, voltages and the rest: those stay as they were measured, on a new day as unknown. An
    inverter keeps the channels and phases that it has shown.
    """
    fresh = {channel: values for (owner, channel), values in batch.power_w.items() if owner == uid}
    if not fresh:
        return reading
    if reading is None or reading.day != day:
        phases = len(reading.ac_voltages_v) if reading else 0
        channels_shown = (ChannelDay(),) * (len(reading.channels) if reading else 0)
        reading = InverterDay(day=day, times=(), ac_power_w=(), channels=channels_shown, ac_voltages_v=(None,) * phases)
    times = tuple(sorted({*reading.times, *batch.times}))

    def spread(labels: tuple[str, ...], values: Series) -> dict[str, float | None]:
        return {label: value for label, value in zip(labels, values, strict=True) if value is not None}

    channels = []
    for number in range(1, max(len(reading.channels), *fresh) + 1):
        old = reading.channels[number - 1] if number <= len(reading.channels) else ChannelDay()
        known = spread(reading.times, old.power_w or (None,) * len(reading.times))
        known |= spread(batch.times, fresh.get(number, (None,) * len(batch.times)))
        channels.append(replace(old, power_w=tuple(map(known.get, times))))
    ac_power = spread(reading.times, reading.ac_power_w)
    return replace(reading, times=times, ac_power_w=tuple(map(ac_power.get, times)), channels=tuple(channels))


def latest(series: Series) -> float | None:
    """Return the newest figure of a series."""
    return next((value for value in reversed(series) if value is not None), None)


def peak(series: Series) -> float | None:
    """Return the highest figure of a series."""
    return max((value for value in series if value is not None), default=None)
