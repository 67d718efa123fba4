"""The vocabulary of plans: a call to the cloud, when it is due and why, and the plant that is asked about."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, override

from .rhythm import Rhythm


class Kind(StrEnum):
    """The request that a call makes (`api.md` §4)."""

    DETAILS = "details"
    INVERTERS = "inverters"
    SUMMARY = "summary"
    HOURLY = "hourly"  # a day's energy of the system by hour
    DAILY = "daily"  # a month's energy of the system by day
    ECU_DAY = "ecu_day"  # a day's power and energy of an ECU every five minutes
    TELEMETRY = "telemetry"
    BATCH_POWER = "batch_power"
    BATCH_ENERGY = "batch_energy"
    INVERTER_SUMMARY = "inverter_summary"
    METERS = "meters"
    METER_DAY = "meter_day"  # a day's power and energy of a house every five minutes
    METER_MONTH = "meter_month"  # a month's energy of a house by day
    METER_SUMMARY = "meter_summary"
    STORAGE_STATE = "storage_state"
    STORAGE_DAY = "storage_day"
    STORAGE_MONTH = "storage_month"
    STORAGE_SUMMARY = "storage_summary"


class Purpose(StrEnum):
    """Why a call is planned."""

    DUTY = "duty"  # must be made
    READ = "read"  # for freshness alone; left out while reads bring nothing new
    HISTORY = "history"  # for the past; which kind of call and which day is chosen when it is due


HISTORY_KEY: Final = str(Purpose.HISTORY)


@dataclass(frozen=True, order=True, kw_only=True)
class Call:
    """One request; `target` is the id of the inverter or ECU where the kind needs one."""

    kind: Kind
    target: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.kind}:{self.target}" if self.target else str(self.kind)


@dataclass(frozen=True, order=True, kw_only=True)
class Slot:
    """A planned call. Slots are ordered by time."""

    at: datetime
    """When the call falls due, in UTC."""
    until: datetime
    """From when on it is not worth making, in UTC."""
    call: Call = field(compare=False)
    """For history a placeholder."""
    day: date = field(compare=False)
    """The site day that is asked about; for history a placeholder."""
    purpose: Purpose = field(default=Purpose.DUTY, compare=False)

    @property
    def key(self) -> str:
        """Under which the time of the last such call is kept."""
        return HISTORY_KEY if self.purpose is Purpose.HISTORY else str(self.call)

    @property
    def kind(self) -> str:
        """The subject of the call in log lines: the kind of the call, or the history."""
        return HISTORY_KEY if self.purpose is Purpose.HISTORY else str(self.call.kind)


@dataclass(frozen=True, kw_only=True)
class Plant:
    """The devices that calls can ask about."""

    ecus: tuple[str, ...] = ()
    """Ids of the ECUs that have inverters."""
    inverters: tuple[str, ...] = ()
    """Ids of the inverters."""
    ecu_days: bool = True
    """False where the cloud refuses this account an ECU's own series."""
    meters: tuple[str, ...] = ()
    """Ids of the meters."""
    meters_read_production: bool = False
    """Whether a read of the meters shows today's energy of the system as well."""
    batteries: tuple[str, ...] = ()
    """Ids of the ECUs with a battery."""
    totals: tuple[str, ...] = ()
    """Ids of the inverters whose lifetime energy is to be read on this day."""
    backlog: bool = False
    """True while days of the past are still to be fetched."""
    rhythms: tuple[Rhythm | None, ...] = ()
    """Each ECU's rhythm of uploads as known at the day's midnight, None where it is to be learned.

    Empty where reads neither follow nor learn.
    """

    @property
    def need(self) -> float:
        """The plant's weight among the systems of an App ID: about a day's reads and duties."""
        devices = len(self.meters) + len(self.batteries)
        return 20 + 2 * len(self.ecus) + min(len(self.inverters), 8) + 4 * devices
