"""The owner's options, with the range and the default of each."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

SHORTEST_INTERVAL: Final = timedelta(minutes=30)  # between polls of the fixed schedule
LONGEST_INTERVAL: Final = timedelta(hours=2)  # between reads of either schedule
DEFAULT_INTERVAL: Final = SHORTEST_INTERVAL
MAX_OFFSET: Final = timedelta(minutes=120)
DEFAULT_OFFSET: Final = timedelta(minutes=30)
MAX_QUOTA: Final = 1_000_000  # calls a month; the smallest quota is 0
DEFAULT_QUOTA: Final = 1000  # of an account that pays nothing (`api.md` §5)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The owner's choices."""

    automatic: bool = True
    """Whether the planner chooses times and calls; otherwise the fixed schedule's table applies."""
    interval: timedelta = DEFAULT_INTERVAL
    """Between polls of the fixed schedule, from `SHORTEST_INTERVAL` to `LONGEST_INTERVAL`."""
    sunrise_offset: timedelta = DEFAULT_OFFSET
    """From sunrise to the start of the solar hours, from 0 to `MAX_OFFSET`."""
    sunset_offset: timedelta = DEFAULT_OFFSET
    """From sunset to the end of the solar hours, from 0 to `MAX_OFFSET`."""
    monthly_quota: int = DEFAULT_QUOTA
    """Calls that the App ID may make in a calendar month, from 0 to `MAX_QUOTA`."""
    live_power: bool = True
    """Whether reads bring the current power; otherwise the automatic schedule polls hourly energy."""
    import_history: bool = True
    """Whether days before the installation are fetched."""
    panel_statistics: bool = False
    """Whether each panel's energy goes to the long-term statistics, so that no day of it may be missed."""
    meter: bool = True
    """Whether meters are read."""
    battery: bool = True
    """Whether batteries are read."""
    production: bool = True
    """Whether production is read; otherwise only meters and batteries are."""
