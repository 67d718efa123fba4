"""What is asked of the cloud, when, for which plant and by whose wishes: the words in which plans are written."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, override

SHORTEST_INTERVAL: Final = timedelta(minutes=30)
LONGEST_INTERVAL: Final = timedelta(hours=2)


class Kind(StrEnum):
    """What is asked."""

    DETAILS = "details"
    INVERTERS = "inverters"
    SUMMARY = "summary"
    HOURLY = "hourly"
    ECU_DAY = "ecu_day"
    TELEMETRY = "telemetry"
    BATCH_POWER = "batch_power"
    BATCH_ENERGY = "batch_energy"
    PAST = "past"  # what of the past is next is only known when it is due


@dataclass(frozen=True, order=True, kw_only=True)
class Call:
    """One call; `target` is the inverter's or the ECU's id where there is one."""

    kind: Kind
    target: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.kind}:{self.target}" if self.target else str(self.kind)


@dataclass(frozen=True, order=True, kw_only=True)
class Slot:
    """A call that falls due at `at` and is not worth making from `until` on, both in UTC; `day` is what it asks about.

    A `read` is for freshness alone: while it brings nothing new, it may be left out.
    """

    at: datetime
    until: datetime
    call: Call = field(compare=False)
    day: date = field(compare=False)
    read: bool = field(default=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The owner's choices."""

    automatic: bool = True
    interval: timedelta = SHORTEST_INTERVAL
    sunrise_offset: timedelta = timedelta(minutes=30)
    sunset_offset: timedelta = timedelta(minutes=30)
    monthly_quota: int = 1000
    live_power: bool = True
    import_history: bool = True
    panel_statistics: bool = False


@dataclass(frozen=True, kw_only=True)
class Plant:
    """What there is to ask for: ids of the ECUs that have inverters, and of the inverters.

    `ecu_days` is false where the cloud refuses this account an ECU's own series, `behind` true while days of the past
    are still to be fetched.
    """

    ecus: tuple[str, ...] = ()
    inverters: tuple[str, ...] = ()
    ecu_days: bool = True
    behind: bool = False

    @property
    def need(self) -> float:
        """Return what the plant needs of an App ID's calls, beside its others: a day's reads and duties."""
        return 20 + 2 * len(self.ecus) + min(len(self.inverters), 8)
