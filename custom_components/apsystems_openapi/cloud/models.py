"""Answers of the OpenAPI as frozen dataclasses (`api.md` §3).

Conventions: a value that the cloud does not give is None, never 0. Time labels are texts HH:MM in the time zone of the
system; each marks the end of its slot of about 5 minutes. Ids: an ECU (`eid`) and an inverter (`uid`) have 12 digits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Final

HOURS: Final = 24
DAYS: Final = 31
"""Values of an hourly series."""

MAX_CHANNELS: Final = 4
"""Channels (DC inputs) of the largest inverter; channels are numbered from 1."""

MAX_PHASES: Final = 3
"""AC phases of the largest inverter."""

type Series = tuple[float | None, ...]
"""Values in order of time; None where the cloud has no value."""

type BatchEnergy = Mapping[tuple[str, int], float]
"""Energy of one day in kWh by inverter (`uid`) and channel, for example `{("703000000011", 1): 2.93}`."""


@dataclass(frozen=True, kw_only=True)
class SystemDetails:
    """Registration of a system; the `authorization_code` of the answer is a secret and is dropped."""

    created: date | None
    """Date of registration; None when it is missing or not a date."""

    capacity_kw: float | None
    """Installed DC power; None when it is missing, empty or 0."""

    timezone: str | None
    """Name of the time zone as registered, not validated, for example `Europe/Paris` or `Canada/Mountain`."""

    ecus: tuple[str, ...]
    """Ids of the ECUs, without the prefix of a shared sub-user; empty when none are registered."""

    light: int | None
    """Status light: 1 all well, 2 inverters alarm, 3 ECU without network, 4 nothing uploaded; None when unknown."""


@dataclass(frozen=True, kw_only=True)
class Inverter:
    """A micro-inverter of the inverter list."""

    uid: str
    """Id of the inverter, for example `703000000011`."""

    model: str | None
    """Model as free text, for example `DS3`. Does not determine the number of channels."""

    eid: str
    """Id of the ECU that the inverter reports to."""


@dataclass(frozen=True, kw_only=True)
class Ecu:
    """An ECU of the inverter list."""

    eid: str
    """Id of the ECU, without the prefix of a shared sub-user, for example `216200012345`."""

    timezone: str | None
    """Name of the time zone, not validated; None when it is missing."""

    inverters: tuple[Inverter, ...]
    """Inverters of the ECU; empty also when the cloud sent null or no list."""

    type: int | None = None
    """0 an ECU, 1 with a meter, 2 with a battery; None when it is unknown."""


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Energy totals in kWh, of a system or of one channel of an inverter, as of the last upload."""

    today: float | None
    """Energy of the day; None before the first upload of the day."""

    month: float | None
    """Energy of the calendar month."""

    year: float | None
    """Energy of the calendar year."""

    lifetime: float | None
    """Energy since registration. Can decrease slightly when the cloud recalculates."""


@dataclass(frozen=True, kw_only=True)
class ChannelDay:
    """One channel (DC input) of an inverter on one day."""

    power_w: Series = ()
    """DC power in W, parallel to `InverterDay.times`."""

    voltage_v: float | None = None
    """DC voltage at `InverterDay.measured_at`."""

    current_a: float | None = None
    """DC current at `InverterDay.measured_at`."""


@dataclass(frozen=True, kw_only=True)
class InverterDay:
    """Telemetry of an inverter on one day."""

    day: date
    """Date in the time zone of the system."""

    times: tuple[str, ...]
    """Labels HH:MM of the slots, ascending, each once, never `00:00` (which closes the day before)."""

    ac_power_w: Series
    """AC power in W, sum of the phases, parallel to `times`."""

    channels: tuple[ChannelDay, ...]
    """Channels 1, 2, … up to the last one with a value; a channel without values keeps its place."""

    measured_at: str | None = None
    """Newest label with a measurement of the inverter; None when there is none yet."""

    ac_voltages_v: Series = ()
    """AC voltage in V of each phase at `measured_at`: one value, or three of a three-phase inverter."""

    frequency_hz: float | None = None
    """Grid frequency at `measured_at`."""

    temperature_c: float | None = None
    """Temperature of the inverter in °C at `measured_at`; can be negative."""

    def __post_init__(self) -> None:
        """Raise ValueError when a series is not parallel to `times`."""
        if any(len(series) != len(self.times) for series in (self.ac_power_w, *(c.power_w for c in self.channels))):
            raise ValueError("a series is not parallel to the times")


@dataclass(frozen=True, kw_only=True)
class EcuDay:
    """Energy and power of all inverters of an ECU on one day."""

    today: float | None
    """Energy of the day in kWh; None before the first upload of the day."""

    newest: str | None
    """Label HH:MM of the newest sample; None when there is none yet."""

    power_w: float | None
    """AC power in W at `newest`; None also when that sample has energy only."""

    hours: Series
    """24 values in kWh, summed from the slots: `hours[12]` is 12:00 to 13:00. None for an hour without a sample."""


@dataclass(frozen=True, kw_only=True)
class BatchPower:
    """DC power of every channel of an ECU on one day."""

    times: tuple[str, ...]
    """Labels HH:MM of the slots, ascending, each once, never `00:00`."""

    power_w: Mapping[tuple[str, int], Series]
    """DC power in W by inverter (`uid`) and channel; each series is parallel to `times`."""


@dataclass(frozen=True, kw_only=True)
class Flows:
    """Energy in kWh, or power in W, of a house; each 0 or more, None where the cloud has no value.

    Where all six are complete: produced + imported + discharge = consumed + exported + charge.
    """

    produced: float | None = None
    """By the solar system."""

    consumed: float | None = None
    """By the house."""

    imported: float | None = None
    """From the grid."""

    exported: float | None = None
    """To the grid."""

    charge: float | None = None
    """Into the battery; None also of a meter, which does not see it."""

    discharge: float | None = None
    """Out of the battery."""


FLOWS: Final = tuple(flow.name for flow in fields(Flows))
"""Their names."""


@dataclass(frozen=True, kw_only=True)
class FlowTotals:
    """Energy totals of a meter or a battery in kWh, as of the last upload."""

    today: Flows
    """Of the day; everything is None before the first upload of the day."""

    month: Flows
    """Of the calendar month."""

    year: Flows
    """Of the calendar year."""

    lifetime: Flows
    """Since registration."""


@dataclass(frozen=True, kw_only=True)
class FlowDay:
    """Energy and power of a meter or a battery on one day."""

    today: Flows
    """Energy of the day in kWh."""

    newest: str | None
    """Label HH:MM of the newest sample; None when there is none yet."""

    power: Flows
    """Power in W at `newest`."""

    labels: tuple[str, ...]
    """Labels HH:MM of the slots, in the order of the answer: where the clock is set back, some come twice."""

    energy: Mapping[str, Series]
    """Energy of the slots in kWh by name of the flow; each series is parallel to `labels`."""


@dataclass(frozen=True, kw_only=True)
class StorageState:
    """A battery, and the flows of its house, at one time."""

    time: str | None
    """Label HH:MM; None when it is missing, so that the age of the values is unknown."""

    soc: float | None
    """State of charge in percent, 0 to 100."""

    mode: int | None
    """Mode of operation: 1 self-consumption, 3 time-based; other numbers are not documented."""

    power: Flows
    """Power in W."""
